"""Adding phones and emails to known contacts: read, merge, write, since a written list replaces the old one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.known import multitext_rows, read_contact
from connectors.amocrm.patching import ROBOT, patch
from connectors.amocrm.people import People
from connectors.amocrm.room import Room
from connectors.crm.expecting import adding
from connectors.crm.mirror import KnownContact, lacking
from provodka.crm import ContactAddition
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

GONE: Final = "Контакта нет в amoCRM: его удалили или объединили с другим."


class Additions:
    """`add_to_contacts` of one account."""

    def __init__(self, room: Room, people: People) -> None:
        self._room = room
        self._people = people

    def add(self, requests: Sequence[Request[ContactAddition]]) -> list[Outcome]:
        ids = list(dict.fromkeys(request.params.contact_id for request in requests))
        cards = self._room.by_ids("contacts", ids, "leads")
        outcomes: dict[str, Outcome] = {one: Done(one) for one in ids}
        bodies: dict[str, Json] = {}
        known: dict[str, KnownContact] = {}
        richer: dict[str, KnownContact] = {}
        for one in ids:
            if one not in cards:
                outcomes[one] = Rejected(f"contact {one} is not in the account", hint=GONE)
                continue
            known[one] = read_contact(cards[one], self._room.zone)
            wanted = [r.params for r in requests if r.params.contact_id == one]
            richer[one], body = _merge(cards[one], known[one], wanted)
            if body:
                bodies[one] = body
        with adding(self._people, known, {one: richer[one] for one in bodies}) as outcome_of:
            outcome_of.update(self._send(bodies))
        outcomes.update(outcome_of)
        self._people.forget([one for one in ids if one not in cards])
        return [outcomes[request.params.contact_id] for request in requests]

    def _send(self, bodies: dict[str, Json]) -> dict[str, Outcome]:
        return dict(zip(bodies, patch(self._room, "/contacts", list(bodies.values()), GONE), strict=True))


def _merge(card: Json, known: KnownContact, additions: Iterable[ContactAddition]) -> tuple[KnownContact, Json]:
    """The contact as it will be, and the body that makes it so; no body where it has everything already."""
    phones, emails = lacking(known, additions)
    values = added_values(card, phones, emails)
    richer = replace(known, phones=(*known.phones, *phones), emails=(*known.emails, *emails))
    return richer, {"id": int(known.id), "updated_by": ROBOT, "custom_fields_values": values} if values else {}


def added_values(card: Json, phones: Sequence[str], emails: Sequence[str]) -> list[Json]:
    """Items of `custom_fields_values` with these beside what the card has."""
    wanted = (("PHONE", "MOB", phones), ("EMAIL", "WORK", emails))
    return [_values(card, code, kind, new) for code, kind, new in wanted if new]


def _values(card: Json, code: str, kind: str, new: Sequence[str]) -> Json:
    old = [
        {key: row[key] for key in ("value", "enum_id") if row.get(key) is not None}
        for row in multitext_rows(card, code)
    ]
    return {"field_code": code, "values": [*old, *({"value": value, "enum_code": kind} for value in new)]}
