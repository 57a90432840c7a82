"""What a card will be like when amoCRM has carried out a change: so that the echo of our own write is no news."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.amocrm import fields as custom
from connectors.amocrm.client import Json
from connectors.amocrm.directory import Directory
from connectors.crm.expecting import Aim
from connectors.crm.mirror import KnownLead, KnownParty, emails_of, phones_of

_NAMES: Final = {
    "pipeline_id": "pipeline_id",
    "status_id": "status_id",
    "responsible_id": "responsible_user_id",
    "price": "price",
}
_IDENTITIES: Final = (("PHONE", "phones", phones_of), ("EMAIL", "emails", emails_of))


def aim_of(card: KnownLead | KnownParty, body: Json, directory: Directory, entity: str) -> Aim:
    """The members of the card as they will be when amoCRM has done what `body` says."""
    names = {"title" if isinstance(card, KnownLead) else "name": "name", **_NAMES}
    aim: Aim = {member: body[key] for member, key in names.items() if key in body}
    added, removed = ({tag["name"] for tag in body.get(key, ())} for key in ("tags_to_add", "tags_to_delete"))
    if card.tags is not None and (added or removed):
        aim["tags"] = tuple(sorted((set(card.tags) | added) - removed))
    values: Sequence[Json] = body.get("custom_fields_values", ())
    for code, member, read in _IDENTITIES:
        for item in values:
            if item.get("field_code") == code:
                aim[member] = read([str(row["value"]) for row in item["values"]])
    own = [item for item in values if "field_id" in item]
    if card.fields is not None and own:
        aim["fields"] = _fields(card.fields, own, directory, entity)
    return aim


def _fields(old: dict[str, str], items: Sequence[Json], directory: Directory, entity: str) -> dict[str, str]:
    zone = directory.account().zone
    by_id = {field.id: field for field in directory.fields(entity)}
    new = {str(item["field_id"]): custom.shown(by_id[item["field_id"]], item, zone) for item in items}
    return {one: text for one, text in {**old, **new}.items() if text}
