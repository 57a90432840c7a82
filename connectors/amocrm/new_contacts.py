"""Making contacts that come without a lead: recognisable afterwards by our stamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json
from connectors.amocrm.new_leads import contact_body, known_contact
from connectors.amocrm.patching import responsible
from connectors.amocrm.people import People
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.amocrm.stamp import Stamp
from connectors.amocrm.tasks import answers
from connectors.crm.account import earliest
from connectors.crm.batching import among, build, with_fresh_names
from connectors.crm.making import Making
from provodka.crm import NewContact
from provodka.operation import Done, Outcome, Request

ENTITY = "contacts"
Creation = Request[NewContact]


class NewContacts:
    """`create_contacts` of one account."""

    def __init__(self, room: Room, people: People) -> None:
        self._room = room
        self._people = people
        self._stamp = Stamp(room, ENTITY)
        self._making = Making(room)

    def create(self, requests: Sequence[Creation]) -> list[Outcome]:
        began = self._room.now()

        def attempt(part: Sequence[Creation]) -> list[Outcome]:
            self._stamp.ensure()
            return self._create(part, began)

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def find(self, requests: Sequence[Creation]) -> list[Done | None]:
        """By our stamp among the newest contacts."""
        found = self._room.settled(requests, self._look(requests, earliest(requests)))
        self._keep({i: done for i, done in enumerate(found) if done is not None}, requests)
        return found

    def _create(self, requests: Sequence[Creation], began: datetime) -> list[Outcome]:
        bodies, outcomes = build(requests, self._body)
        order = list(bodies)
        cards = {i: known_contact(requests[i].params) for i in order}
        self._making.begin(list(cards.values()))
        made = deliver(
            [bodies[i] for i in order],
            send=lambda items: self._room.client.write("POST", f"/{ENTITY}", items, accept=(400,)),
            answers=lambda reply, indices: answers(reply, ENTITY, indices),
            already=among(lambda part: self._look(part, began), [requests[i] for i in order]),
            size=self._room.settings.batch,
        )
        outcomes.update(zip(order, made, strict=True))
        self._keep({i: one for i in order if isinstance(one := outcomes[i], Done)}, requests)
        self._making.end(cards, outcomes)
        return [outcomes[i] for i in range(len(requests))]

    def _keep(self, done: Mapping[int, Done], requests: Sequence[Creation]) -> None:
        """Into the index, so that they are found at once and the echo of our own write is no news."""
        now = int(self._room.now().timestamp())
        cards = {one.remote_id: known_contact(requests[i].params) for i, one in done.items()}
        self._people.made([replace(card, id=one, updated_at=now) for one, card in cards.items()])

    def _look(self, requests: Sequence[Creation], since: datetime) -> list[Done | None]:
        wanted = {request.key for request in requests}
        found: dict[str, Done] = {}
        for item in self._room.created_since(f"/{ENTITY}", ENTITY, since):
            key = self._stamp.read(item)
            if key in wanted:
                found[key] = Done(str(item["id"]), found=True)
                if len(found) == len(wanted):
                    break
        return [found.get(request.key) for request in requests]

    def _body(self, request: Creation) -> Json:
        user = responsible(self._room.directory, request.params.responsible)
        body = contact_body(request.params, user.get("responsible_user_id"))
        return {**body, "custom_fields_values": [self._stamp.value(request.key), *body["custom_fields_values"]]}
