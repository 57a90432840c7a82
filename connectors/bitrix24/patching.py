"""Changing contacts and companies: only what is to differ is sent, so that nobody else's change is written over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.bitrix24 import fields as custom
from connectors.bitrix24.client import id_of
from connectors.bitrix24.directory import Directory, Kind
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import item_of
from connectors.bitrix24.tags import tags_of
from provodka.crm import CardKind
from provodka.errors import Ambiguous
from provodka.operation import Done, Outcome

LONGEST_NAME: Final = 255
_TYPES: Final = {"PHONE": "MOBILE", "EMAIL": "WORK"}


def item_add(kind: Kind, fields: Json) -> Command:
    return Command("crm.item.add", {"entityTypeId": kind.type_id, "fields": fields})


def item_update(kind: Kind, one: str, fields: Json) -> Command:
    return Command("crm.item.update", {"entityTypeId": kind.type_id, "id": one, "fields": fields})


def item_done(result: object) -> Outcome:
    """What `crm.item.add` and `.update` answer."""
    one = id_of(item_of(result))
    return Done(one) if one else Ambiguous("the answer holds no card")


def responsible(directory: Directory, login: str) -> Json:
    """Who is responsible; nothing where nobody is named."""
    return {"assignedById": directory.user(login).id} if login else {}


def values_of(directory: Directory, kind: CardKind, fields: Mapping[str, str]) -> Json:
    """Fields by their names; Rejected for what the card cannot take."""
    zone = directory.portal().zone
    wanted = [(directory.card_field(kind, name), text) for name, text in fields.items()]
    return {str(field.id): custom.encode(field, text, zone) for field, text in wanted}


def shown_fields(directory: Directory, kind: CardKind, item: Json) -> dict[str, str]:
    """The filled fields of a card as people see them; of two that are called alike the client's own wins."""
    tags = directory.tags_field(kind)
    fields = [one for one in directory.card_fields(kind) if one != tags]
    texts = ((field.name, custom.decode(field, item.get(str(field.id)))) for field in reversed(fields))
    return {name: text for name, text in texts if text}


def shown_tags(directory: Directory, kind: CardKind, item: Json) -> tuple[str, ...]:
    return tuple(tags_of(item, directory.tags_field(kind)))


def multi_values(item: Json, code: str) -> list[str]:
    """The phones or emails of a card as they were typed."""
    rows = item.get("fm")
    found = rows if isinstance(rows, list) else []
    return [str(row.get("value") or "") for row in found if isinstance(row, dict) and row.get("typeId") == code]


def multi_rows(phones: Sequence[str], emails: Sequence[str]) -> Json:
    """Phones and emails to be added, as the universal family takes them."""
    wanted = [("PHONE", one) for one in phones] + [("EMAIL", one) for one in emails]
    rows = {f"n{n}": {"typeId": code, "valueType": _TYPES[code], "value": one} for n, (code, one) in enumerate(wanted)}
    return {"fm": rows} if rows else {}
