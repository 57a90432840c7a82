"""The facts that rules ask of the outside, read from the CRM and the journal when first asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from provodka.crm import Crm, FoundPerson, LeadState
from provodka.event import Event
from provodka.journal import Journal
from provodka.payloads import EventType, LeadRef, lead_of
from rules.facts import KnownContact

_OF_A_LANE: Final = 5  # leads of ours that are looked at, the newest first


class Together:
    """Events that are planned together: what the rules ask of one is read for all of its type, as they are asked the
    same of those. Nothing is kept longer than the batch takes."""

    def __init__(self, events: Sequence[Event], journal: Journal, crm: Crm | None) -> None:
        self._alike: dict[EventType, _Alike] = {}
        if crm is not None:
            types = dict.fromkeys(event.type for event in events)
            self._alike = {t: _Alike([event for event in events if event.type is t], journal, crm) for t in types}

    def of(self, event: Event) -> LiveFacts:
        """The facts of one of them."""
        return LiveFacts(event, self._alike.get(event.type))


class LiveFacts:
    """`rules.facts.Facts` for one event. A ConnectorError passes through: the event is planned later."""

    def __init__(self, event: Event, alike: _Alike | None) -> None:
        self._event = event
        self._alike = alike

    def contact(self) -> KnownContact | None:
        """The card of the person, by our own links first: a card that we made may not be searchable yet."""
        return self._alike.contact(self._event) if self._alike else None

    def lead(self) -> LeadRef | None:
        """The event's own lead as it is now, else the person's newest open one."""
        return self._alike.lead(self._event) if self._alike else None


class _Alike:
    """The events of one type, by their ids. Each reading is one call for all of them, made when it is needed."""

    def __init__(self, events: Sequence[Event], journal: Journal, crm: Crm) -> None:
        self._events = events
        self._journal = journal
        self._crm = crm

    def contact(self, event: Event) -> KnownContact | None:
        found = self._people[event.id]
        if found is not None:
            return KnownContact(found.contact.id, found.contact.name)
        own = [i.removeprefix("contact:") for i in self._lanes[event.id] if i.startswith("contact:")]
        return KnownContact(own[0]) if own else None

    def lead(self, event: Event) -> LeadRef | None:
        own = lead_of(event.payload)
        if own is not None:
            return self._own.get(own.id)
        for one in self._linked(event):
            if one in self._ours and self._ours[one].state == LeadState.OPEN:
                return self._ours[one]
        contact = self.contact(event)
        leads = self._open.get(contact.id, []) if contact else []
        return leads[0] if leads else None

    @cached_property
    def _own(self) -> dict[str, LeadRef]:
        leads = (lead_of(event.payload) for event in self._events)
        return self._crm.leads(list(dict.fromkeys(lead.id for lead in leads if lead is not None)))

    @cached_property
    def _ours(self) -> dict[str, LeadRef]:
        wanted = list(dict.fromkeys(one for event in self._events for one in self._linked(event)))
        return self._crm.leads(wanted) if wanted else {}

    @cached_property
    def _people(self) -> dict[str, FoundPerson | None]:
        found = self._crm.find_people([event.person for event in self._events])
        return {event.id: person for event, person in zip(self._events, found, strict=True)}

    @cached_property
    def _open(self) -> dict[str, list[LeadRef]]:
        """Of those that have no open lead by our own links."""
        contacts = (self.contact(event) for event in self._events)
        return self._crm.open_leads(list(dict.fromkeys(contact.id for contact in contacts if contact)))

    @cached_property
    def _lanes(self) -> dict[str, list[str]]:
        known = self._journal.known_identities([one for event in self._events for one in event.identities])
        return {
            event.id: list(dict.fromkeys(i for one in event.identities for i in known.get(one, ())))
            for event in self._events
        }

    def _linked(self, event: Event) -> list[str]:
        """The leads of the event's lane, the newest first."""
        ids = [i.removeprefix("lead:") for i in self._lanes[event.id] if i.startswith("lead:")]
        return ids[:_OF_A_LANE] if lead_of(event.payload) is None else []
