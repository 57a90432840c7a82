"""Which cards belong together: lead and contact, lead and company, contact and company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.directory import ENTITIES
from connectors.amocrm.patching import number
from connectors.amocrm.room import Room
from connectors.crm.batching import build
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import LEAD, KnownLead, stranger
from connectors.http import Reply
from provodka.crm import CardKind, CardLink, CardRef
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

_FROM: Final = (CardKind.LEAD, CardKind.CONTACT)  # a link is written at the side that stands first here
ALIKE: Final = "Связать можно сделку, контакт и компанию между собой, но не две карточки одного вида."


@dataclass(frozen=True, slots=True)
class _Link:
    holder: CardRef
    target: CardRef
    body: Json


class Links:
    """`link_cards` and `unlink_cards` of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._expectations = Expectations(room, LEAD, stranger)

    def link(self, requests: Sequence[Request[CardLink]]) -> list[Outcome]:
        return self._change(requests, "link")

    def unlink(self, requests: Sequence[Request[CardLink]]) -> list[Outcome]:
        return self._change(requests, "unlink")

    def _change(self, requests: Sequence[Request[CardLink]], what: str) -> list[Outcome]:
        links, outcomes = build(requests, _oriented)
        for kind in _FROM:
            order = [i for i, link in links.items() if link.holder.kind is kind]
            sent = self._send(kind, [links[i] for i in order], what)
            outcomes.update(zip(order, sent, strict=True))
        return [_named(outcomes[i], requests[i].params.card) for i in range(len(requests))]

    def _send(self, kind: CardKind, links: Sequence[_Link], what: str) -> list[Outcome]:
        """What changes the contacts of a lead is expected, so that the echo of it is no news."""
        about = [i for i, link in enumerate(links) if kind is CardKind.LEAD and link.target.kind is CardKind.CONTACT]
        known = self._expectations.known([links[i].holder.id for i in about])
        changes = [(links[i].holder.id, links[i].target.id) for i in about]
        aims = self._expectations.expect(changes, known, _adding if what == "link" else _removing)
        client = self._room.client
        sent = deliver(
            [link.body for link in links],
            send=lambda items: client.write("POST", f"/{ENTITIES[kind]}/{what}", items, accept=(400,)),
            answers=lambda reply, indices: _answers(reply, links, indices),
            size=self._room.settings.batch,
        )
        self._expectations.settle([(links[i].holder.id, sent[i]) for i in about], aims)
        return sent


def _oriented(request: Request[CardLink]) -> _Link:
    link = request.params
    holder, target = sorted((link.card, link.other), key=lambda card: list(CardKind).index(card.kind))
    if holder.kind is target.kind:
        raise Rejected(f"two cards of the kind {holder.kind.value} cannot be linked", hint=ALIKE)
    body: Json = {
        "entity_id": number(holder.id),
        "to_entity_id": number(target.id),
        "to_entity_type": ENTITIES[target.kind],
    }
    is_main = link.main and (holder.kind, target.kind) == (CardKind.LEAD, CardKind.CONTACT)
    return _Link(holder, target, {**body, "metadata": {"is_main": True}} if is_main else body)


def _adding(lead: KnownLead, contact: str) -> Aim:
    return {} if lead.contacts is None else {"contacts": tuple(dict.fromkeys((*lead.contacts, contact)))}


def _removing(lead: KnownLead, contact: str) -> Aim:
    return {} if lead.contacts is None else {"contacts": tuple(one for one in lead.contacts if one != contact)}


def _answers(reply: Reply, links: Sequence[_Link], indices: list[int]) -> dict[int, Outcome]:
    """An unlinking is answered with nothing; a linking lists the links that there are now."""
    if reply.data is None:
        return {i: Done() for i in indices}
    there = {
        (str(row.get("entity_id")), row.get("to_entity_type"), str(row.get("to_entity_id")))
        for row in embedded(reply.data, "links")
    }
    wanted = {i: (links[i].holder.id, ENTITIES[links[i].target.kind], links[i].target.id) for i in indices}
    return {i: Done() for i, link in wanted.items() if link in there}


def _named(outcome: Outcome, card: CardRef) -> Outcome:
    return Done(card.id) if isinstance(outcome, Done) else outcome
