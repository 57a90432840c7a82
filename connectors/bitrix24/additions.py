"""Adding phones and emails to known contacts. A value written without its row's id is appended, so look first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from connectors.bitrix24.client import id_of
from connectors.bitrix24.people import People, read_contact
from connectors.bitrix24.problems import GONE, NOT_FOUND
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room
from connectors.crm.expecting import adding
from connectors.crm.mirror import KnownContact, lacking
from provodka.crm import ContactAddition
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request


class Additions:
    """`add_to_contacts` of one portal."""

    def __init__(self, room: Room, people: People) -> None:
        self._room = room
        self._people = people

    def add(self, requests: Sequence[Request[ContactAddition]]) -> list[Outcome]:
        ids = list(dict.fromkeys(request.params.contact_id for request in requests))
        cards = {id_of(row): row for row in self._room.contacts_by_ids(ids)}
        outcomes: dict[str, Outcome] = {
            one: Done(one)
            if one in cards
            else Rejected(f"contact {one} is not on the portal", hint=GONE, code=NOT_FOUND)
            for one in ids
        }
        known = {one: read_contact(card, self._room.directory) for one, card in cards.items()}
        commands: dict[int, Command] = {}
        richer: dict[str, KnownContact] = {}
        for one, card in known.items():
            wanted, fields = _lacking(card, [r.params for r in requests if r.params.contact_id == one])
            if fields:
                richer[one] = wanted
                commands[int(one)] = Command("crm.contact.update", {"id": one, "fields": fields})
        with adding(self._people, known, richer) as told:
            sent = self._room.deliver(commands, lambda _: Done())
            told.update({str(n): Done(str(n)) if isinstance(one, Done) else one for n, one in sent.items()})
        outcomes.update(told)
        self._people.forget([one for one in ids if one not in cards])
        return [outcomes[request.params.contact_id] for request in requests]


def _lacking(known: KnownContact, additions: Iterable[ContactAddition]) -> tuple[KnownContact, Json]:
    """The contact as it will be, and only the rows that it lacks."""
    phones, emails = lacking(known, additions)
    fields = {
        code: [{"VALUE": value, "VALUE_TYPE": kind} for value in new]
        for code, kind, new in (("PHONE", "MOBILE", phones), ("EMAIL", "WORK", emails))
        if new
    }
    return replace(known, phones=(*known.phones, *phones), emails=(*known.emails, *emails)), fields
