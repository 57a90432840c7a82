"""Making contacts that come without a lead: many in one batch, recognisable afterwards by our stamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.bitrix24.new_leads import contact_add, known_contact, stamped_contacts
from connectors.bitrix24.people import People
from connectors.bitrix24.query import Command
from connectors.bitrix24.room import Room, made
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.making import Making
from provodka.crm import NewContact
from provodka.operation import Done, Outcome, Request

Creation = Request[NewContact]


class NewContacts:
    """`create_contacts` of one portal."""

    def __init__(self, room: Room, people: People) -> None:
        self._room = room
        self._people = people
        self._making = Making(room)

    def create(self, requests: Sequence[Creation]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._create)

    def find(self, requests: Sequence[Creation]) -> list[Done | None]:
        """By our stamp; of twins the older one is ours."""
        ids = stamped_contacts(self._room, [request.key for request in requests])
        looked = [Done(ids[r.key], found=True) if r.key in ids else None for r in requests]
        found = self._room.settled(requests, looked)
        self._keep({i: done for i, done in enumerate(found) if done is not None}, requests)
        return found

    def _create(self, requests: Sequence[Creation]) -> list[Outcome]:
        commands, outcomes = build(requests, self._command)
        cards = {i: known_contact(requests[i].params) for i in commands}
        self._making.begin(list(cards.values()))
        sent = self._room.deliver(commands, made)
        self._keep({i: one for i, one in sent.items() if isinstance(one, Done)}, requests)
        self._making.end(cards, sent)
        outcomes.update(sent)
        return [outcomes[i] for i in range(len(requests))]

    def _keep(self, done: Mapping[int, Done], requests: Sequence[Creation]) -> None:
        """Into the index, so that they are found at once and the echo of our own write is no news."""
        now = int(self._room.now().timestamp())
        cards = {one.remote_id: known_contact(requests[i].params) for i, one in done.items()}
        self._people.made([replace(card, id=one, updated_at=now) for one, card in cards.items()])

    def _command(self, request: Creation) -> Command:
        new, room = request.params, self._room
        responsible = room.directory.user(new.responsible).id if new.responsible else ""
        return contact_add(new, responsible, room.classic_stamp(request.key))
