"""Changing cards: only what is to differ is sent, so that nobody else's change is written over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.amocrm import fields as custom
from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.directory import Directory
from connectors.amocrm.room import Room
from connectors.crm.mirror import clean_tags
from connectors.http import Reply
from provodka.errors import Rejected
from provodka.operation import Done, Outcome

ROBOT: Final = 0  # the author that the feed shows instead of the person who gave the token
LONGEST_NAME: Final = 255


def patch(room: Room, path: str, bodies: Sequence[Json], gone: str) -> list[Outcome]:
    """An outcome for each body, which names its card by `id`; `gone` is the hint for a card that is not there.

    The answer's collection is called as the last part of the path is. amoCRM does not mention cards that are gone.
    """
    collection = path.rpartition("/")[2]

    def answers(reply: Reply, indices: list[int]) -> dict[int, Outcome]:
        changed = {int(row["id"]) for row in embedded(reply.data, collection)}
        absent = Rejected(f"amoCRM's answer does not mention this one of {collection}", hint=gone, status=reply.status)
        return {i: Done(str(bodies[i]["id"])) if bodies[i]["id"] in changed else absent for i in indices}

    outcomes = deliver(
        bodies,
        send=lambda items: room.client.write("PATCH", path, items, accept=(400,)),
        answers=answers,
        size=room.settings.batch,
    )
    return [_with_hint(outcome, gone) for outcome in outcomes]


def _with_hint(outcome: Outcome, gone: str) -> Outcome:
    """Lists say of a card that is not there that its `id` is wrong."""
    if isinstance(outcome, Rejected) and not outcome.hint and outcome.reason.startswith("id:"):
        return Rejected(outcome.reason, hint=gone, status=outcome.status, code=outcome.code)
    return outcome


def head(card_id: str, name: str) -> Json:
    """The beginning of a change: which card, by whom, and its new name if it gets one."""
    body: Json = {"id": number(card_id), "updated_by": ROBOT}
    return {**body, "name": name.strip()[:LONGEST_NAME]} if name.strip() else body


def number(card_id: str) -> int:
    """The id as amoCRM writes it; Rejected for what cannot be one (of another CRM, or of nothing)."""
    if not card_id.isdecimal():
        raise Rejected(f"«{card_id}» is no id of amoCRM", hint=f"«{card_id}» не похоже на номер карточки amoCRM.")
    return int(card_id)


def responsible(directory: Directory, login: str) -> Json:
    """The member that makes this user responsible; nothing where nobody is named."""
    return {"responsible_user_id": int(directory.user(login).id)} if login else {}


def values_of(directory: Directory, entity: str, fields: Mapping[str, str]) -> list[Json]:
    """Items of `custom_fields_values` for fields by their names; Rejected for what the card cannot take."""
    zone = directory.account().zone
    return [custom.encode(directory.field_of(entity, name), text, zone) for name, text in fields.items()]


def tag_changes(add: tuple[str, ...], remove: tuple[str, ...]) -> Json:
    """Tags by name, without touching those that are not named."""
    named = {"tags_to_add": clean_tags(add), "tags_to_delete": clean_tags(remove)}
    return {key: [{"name": tag} for tag in tags] for key, tags in named.items() if tags}
