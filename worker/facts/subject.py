"""Which cards an event is about, for the facts that hang on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provodka.crm import CardKind, CardRef, Crm
from provodka.event import Event
from provodka.journal import Journal
from provodka.payloads import CompanyEvent, ContactEvent, LeadRef, TaskEvent, lead_of


@dataclass(frozen=True)
class Subject:
    """The cards of one event. `fetch` gives a fact; with `resumed` the event may be long past."""

    event: Event
    journal: Journal
    crm: Crm | None
    resumed: bool
    fetch: Callable[[str], Any]

    def lead(self) -> LeadRef | None:
        """Nothing is asked where the event itself tells of the lead, just now."""
        own = None if self.resumed else lead_of(self.event.payload)
        lead: LeadRef | None = own or self.fetch("lead")
        return lead

    def lead_id(self) -> str:
        own = lead_of(self.event.payload)
        lead = own or self.lead()
        return lead.id if lead is not None else ""

    def contact_id(self) -> str:
        payload = self.event.payload
        if isinstance(payload, ContactEvent):
            return payload.contact.id
        if isinstance(payload, TaskEvent) and payload.task.contact:
            return payload.task.contact
        lead = self.lead()
        if lead is not None and lead.contacts:
            return lead.contacts[0]
        known = self.fetch("person.contact") if self.event.person.identities else None
        return known.id if known is not None else ""

    def company_id(self) -> str:
        payload = self.event.payload
        if isinstance(payload, CompanyEvent):
            return payload.company.id
        if isinstance(payload, TaskEvent) and payload.task.company:
            return payload.task.company
        lead = self.lead()
        if lead is not None and lead.company:
            return lead.company
        one = self.contact_id()
        contact = self.crm.contacts([one]).get(one) if self.crm is not None and one else None
        return contact.company_id if contact is not None else ""

    def tasks_card(self) -> CardRef | None:
        if lead := self.lead_id():
            return CardRef(CardKind.LEAD, lead)
        contact = self.contact_id()
        return CardRef(CardKind.CONTACT, contact) if contact else None

    @cached_property
    def lane(self) -> tuple[str, ...]:
        """All identities of the person's lane, newest first."""
        known = self.journal.known_identities(self.event.identities)
        return tuple(dict.fromkeys(one for lane in known.values() for one in lane))

    def linked(self, kind: str) -> list[str]:
        """The ids of cards of a kind in the person's lane, newest first."""
        return [one.partition(":")[2] for one in self.lane if one.startswith(f"{kind}:")]
