"""The facts that rules ask of the outside, read from the CRM and the journal when first asked."""

from __future__ import annotations

from collections.abc import Sequence

from provodka.crm import Crm, LeadState
from provodka.errors import ConnectorError
from provodka.event import Event
from provodka.journal import Journal
from provodka.payloads import LeadRef, lead_of
from rules.facts import KnownContact


class LeadsTogether:
    """The own leads of a batch of events, read in one call when the first of them is asked for.

    What could not be read is not asked again for each of them.
    """

    def __init__(self, crm: Crm | None, events: Sequence[Event]) -> None:
        self._crm = crm
        self._ids = tuple(dict.fromkeys(lead.id for event in events if (lead := lead_of(event.payload)) is not None))
        self._read: dict[str, LeadRef] | None = None
        self._error: ConnectorError | None = None

    def get(self, id_: str) -> LeadRef | None:
        """The lead as it is now, or None when it is gone."""
        if self._error is not None:
            raise self._error
        if self._read is None:
            try:
                self._read = dict(self._crm.leads(self._ids)) if self._crm is not None else {}
            except ConnectorError as error:
                self._error = error
                raise
        return self._read.get(id_)


class LiveFacts:
    """`rules.facts.Facts` for one event. A ConnectorError passes through: the event is planned later.

    `leads`: the leads of the batch that the event belongs to.
    """

    def __init__(self, event: Event, journal: Journal, crm: Crm | None, leads: LeadsTogether | None = None) -> None:
        self._event = event
        self._journal = journal
        self._crm = crm
        self._leads = leads or LeadsTogether(crm, [event])

    def contact(self) -> KnownContact | None:
        """The card of the person, by our own links first: a card that we made may not be searchable yet."""
        if self._crm is None:
            return None
        (found,) = self._crm.find_people([self._event.person])
        if found is not None:
            return KnownContact(found.contact.id, found.contact.name)
        own = [i.removeprefix("contact:") for i in self._lane() if i.startswith("contact:")]
        return KnownContact(own[0]) if own else None

    def lead(self) -> LeadRef | None:
        """The event's own lead as it is now, else the person's newest open one."""
        if self._crm is None:
            return None
        own = lead_of(self._event.payload)
        if own is not None:
            return self._leads.get(own.id)
        ids = [i.removeprefix("lead:") for i in self._lane() if i.startswith("lead:")][:5]
        read = self._crm.leads(ids) if ids else {}
        for id_ in ids:
            if id_ in read and read[id_].state == LeadState.OPEN:
                return read[id_]
        contact = self.contact()
        leads = self._crm.open_leads([contact.id]).get(contact.id, []) if contact else []
        return leads[0] if leads else None

    def _lane(self) -> list[str]:
        identities = self._event.identities
        known = self._journal.known_identities(identities)
        return list(dict.fromkeys(i for members in known.values() for i in members))
