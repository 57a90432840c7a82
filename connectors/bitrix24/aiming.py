"""What a card will be like when the portal has carried out a change: so that the echo of our own write is no news."""

from __future__ import annotations

from connectors.bitrix24 import fields as custom
from connectors.bitrix24.directory import Directory
from connectors.bitrix24.query import Json
from connectors.crm.expecting import Aim
from connectors.crm.mirror import KnownParty, emails_of, phones_of
from provodka.crm import CardKind


def aim_of(card: KnownParty, body: Json, directory: Directory, kind: CardKind) -> Aim:
    """The members of a contact or company as they will be when the portal has done what `body` says."""
    names = (("name", "name"), ("name", "title"), ("responsible_id", "assignedById"))
    aim: Aim = {member: body[key] for member, key in names if key in body}
    rows = list(body.get("fm", {}).values())
    for code, member, read in (("PHONE", "phones", phones_of), ("EMAIL", "emails", emails_of)):
        if new := read([str(row["value"]) for row in rows if row["typeId"] == code]):
            aim[member] = tuple(dict.fromkeys((*getattr(card, member), *new)))
    written = [field for field in directory.card_fields(kind) if str(field.id) in body]
    classic = {field.code for field in directory.own_fields(kind)}
    new_texts = {one.code: custom.decode(one, body[str(one.id)]) for one in written if one.code in classic}
    if card.fields is not None and new_texts:
        aim["fields"] = {one: text for one, text in {**card.fields, **new_texts}.items() if text}
    return aim
