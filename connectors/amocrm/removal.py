"""Cards of our own making that are to go. The API of amoCRM deletes none: leads are lost, and all carry a tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.amocrm.companies import Companies
from connectors.amocrm.contacts import Contacts
from connectors.amocrm.directory import ENTITIES
from connectors.amocrm.lead_changes import LeadChanges
from connectors.amocrm.room import Room
from provodka.crm import CardKind, CardRemoval, CompanyChange, ContactChange, LeadChange
from provodka.operation import Done, Outcome, Request

_Write = Callable[[Sequence[Request[Any]]], list[Outcome]]
_Make = Callable[[CardRemoval], Any]


class Removal:
    """`remove_cards` of one account."""

    def __init__(self, room: Room, leads: LeadChanges, contacts: Contacts, companies: Companies) -> None:
        self._room = room
        self._ways: Mapping[CardKind, tuple[_Make, _Write]] = {
            CardKind.LEAD: (lambda one: LeadChange(one.card.id, add_tags=(one.tag,)), leads.discard),
            CardKind.CONTACT: (lambda one: ContactChange(one.card.id, add_tags=(one.tag,)), contacts.update),
            CardKind.COMPANY: (lambda one: CompanyChange(one.card.id, add_tags=(one.tag,)), companies.update),
        }

    def remove(self, requests: Sequence[Request[CardRemoval]]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        for kind, (make, write) in self._ways.items():
            mine = [i for i, request in enumerate(requests) if request.params.card.kind is kind]
            entity = ENTITIES[kind]
            there = self._room.by_ids(entity, [requests[i].params.card.id for i in mine], "") if mine else {}
            outcomes.update(
                (i, _done(i, requests, found=True)) for i in mine if requests[i].params.card.id not in there
            )
            order = [i for i in mine if i not in outcomes]
            wanted = [Request(requests[i].key, make(requests[i].params), requests[i].unsure_since) for i in order]
            for i, outcome in zip(order, write(wanted) if wanted else [], strict=True):
                outcomes[i] = _done(i, requests) if isinstance(outcome, Done) else outcome
        return [outcomes[i] for i in range(len(requests))]


def _done(at: int, requests: Sequence[Request[CardRemoval]], *, found: bool = False) -> Done:
    return Done(requests[at].params.card.id, {"removed": "closed"}, found)
