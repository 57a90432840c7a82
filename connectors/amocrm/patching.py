"""Changing cards: only what is to differ is sent, so that nobody else's change is written over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.amocrm import fields as custom
from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.directory import Directory
from connectors.amocrm.room import Room
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import KnownParty, clean_tags, emails_of, phones_of
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


class PartyWrites:
    """Changes of contacts or companies, told to the mirror beforehand: their echoes are no news."""

    def __init__(self, room: Room, kind: str, entity: str, gone: str) -> None:
        self._room = room
        self._entity = entity
        self._gone = gone
        self._expectations = Expectations[KnownParty](room, kind)

    def patch(self, bodies: Sequence[Json]) -> list[Outcome]:
        """An outcome for each body, as `patch` gives it."""
        ids = [str(body["id"]) for body in bodies]
        changes = list(zip(ids, bodies, strict=True))
        aims = self._expectations.expect(changes, self._expectations.known(ids), self._aim)
        outcomes = patch(self._room, f"/{self._entity}", bodies, self._gone)
        self._expectations.settle(list(zip(ids, outcomes, strict=True)), aims)
        return outcomes

    def _aim(self, card: KnownParty, body: Json) -> Aim:
        """The members of the card as they will be when amoCRM has done what `body` says."""
        names = {"name": "name", "responsible_id": "responsible_user_id"}
        aim: Aim = {member: body[key] for member, key in names.items() if key in body}
        added, removed = ({tag["name"] for tag in body.get(key, ())} for key in ("tags_to_add", "tags_to_delete"))
        if card.tags is not None and (added or removed):
            aim["tags"] = tuple(sorted((set(card.tags) | added) - removed))
        values = body.get("custom_fields_values", ())
        for member, code, read in (("phones", "PHONE", phones_of), ("emails", "EMAIL", emails_of)):
            rows = [row for item in values if item.get("field_code") == code for row in item["values"]]
            if rows:
                aim[member] = read([str(row.get("value") or "") for row in rows])
        if card.fields is not None and (own := [item for item in values if "field_id" in item]):
            by_id = {one.id: one for one in self._room.directory.fields(self._entity)}
            new = {str(item["field_id"]): custom.shown(by_id[item["field_id"]], item, self._room.zone) for item in own}
            aim["fields"] = new
        return aim
