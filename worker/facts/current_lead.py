"""Which lead an event is about, as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from provodka.crm import Crm, LeadState
from provodka.errors import ConnectorError
from provodka.event import Event
from provodka.journal import Journal
from provodka.mail_thread import mail_of
from provodka.payloads import LeadRef, lead_of
from rules.fact import ThreadFact
from rules.threads import Letter, Threaded, by_thread, choose, open_leads
from worker.facts.subject import Subject
from worker.outside import JournalLinks

_LOOK_AT: Final = 5
"""How many of our own links of a lane are looked at, as the actions do."""


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


@dataclass
class CurrentLead:
    """The lead of one event. Of a letter it is the one that its thread belongs to, and `thread` says why."""

    event: Event
    journal: Journal
    crm: Crm | None
    about: Subject
    together: LeadsTogether | None = None

    @cached_property
    def lead(self) -> LeadRef | None:
        """The event's own lead as it is now, else that of a letter, else the person's newest open one."""
        if self.crm is None:
            return None
        own = lead_of(self.event.payload)
        if own is not None:
            return (self.together or LeadsTogether(self.crm, [self.event])).get(own.id)
        if mail_of(self.event.payload) is not None:
            return self._threaded.lead
        linked = self._linked()
        return linked[0] if linked else next(iter(self._searched()), None)

    @property
    def thread(self) -> ThreadFact:
        """Empty of what is no letter."""
        if self.crm is None or mail_of(self.event.payload) is None or lead_of(self.event.payload) is not None:
            return ThreadFact()
        found = self._threaded
        return ThreadFact(found.lead.id if found.lead else "", found.reason, tuple(one.id for one in found.closed))

    @cached_property
    def _threaded(self) -> Threaded:
        assert self.crm is not None  # noqa: S101 -- both callers have made sure of it
        letter, links = Letter(self.event, self.about.lane), JournalLinks(self.journal)
        found = by_thread({"": letter}, links, self.crm)[""]
        leads = open_leads(self._linked(), self._searched()) if found.lead is None else []
        if not leads:
            return found
        lead, reason = choose(letter, leads, links, self.crm)
        return Threaded(lead, reason, found.closed)

    def _linked(self) -> list[LeadRef]:
        """The open ones among those that we linked to this person, newest first."""
        ids = self.about.linked("lead")[:_LOOK_AT]
        read = self.crm.leads(ids) if self.crm is not None and ids else {}
        return [read[one] for one in ids if one in read and read[one].state == LeadState.OPEN]

    def _searched(self) -> Sequence[LeadRef]:
        contact = self.about.fetch("person.contact")
        return self.crm.open_leads([contact.id]).get(contact.id, []) if self.crm is not None and contact else []
