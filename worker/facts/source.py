"""What facts are read from, for one event, and what several of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from provodka.accounting import Accounting
from provodka.crm import Crm, Presence
from provodka.event import Event
from provodka.journal import Journal
from provodka.journal.past import Happening, happenings
from provodka.own_pages import OwnPages
from provodka.payloads import StaffChecked
from rules.assignment.presence import away_by_schedule
from rules.calendar import WorkingCalendar
from rules.team import Team
from worker.facts.current_lead import CurrentLead, LeadsTogether
from worker.facts.digests import Digest, Digests
from worker.facts.staff_work import WorkFacts, work_of
from worker.facts.subject import Subject
from worker.repeats import Repeats


@dataclass
class Source(ABC):
    """`leads`: the leads of the batch that the event belongs to; `digests` are those of the planner. With `resumed` the
    event may be long past, so that its own cards are read anew."""

    event: Event
    journal: Journal
    crm: Crm | None
    team: Team
    calendar: WorkingCalendar
    resumed: bool = False
    leads: LeadsTogether | None = None
    digests: Digests | None = None
    accounting: Accounting | None = None
    repeats: Repeats = field(default_factory=Repeats)
    own_pages: OwnPages | None = None

    @abstractmethod
    def fetch(self, name: str) -> Any:  # noqa: ANN401 -- of the type that rules.fact.FACTS names
        """The value of a fact; one that others need too is read once."""

    @cached_property
    def subject(self) -> Subject:
        return Subject(self.event, self.journal, self.crm, self.resumed, self.fetch)

    @cached_property
    def current_lead(self) -> CurrentLead:
        return CurrentLead(self.event, self.journal, self.crm, self.subject, self.leads)

    @cached_property
    def past(self) -> list[Happening]:
        """What the journal knows of the event's person and their leads, newest first."""
        identities = self.event.identities
        return self.journal.read(lambda c: happenings(c, identities))

    @cached_property
    def their_leads(self) -> Mapping[str, str]:
        """How the leads of the known person stand, by id, newest first; read of the CRM while the mirror is filled."""
        known = self.fetch("person.contact")
        if self.crm is None or known is None:
            return {}
        mirrored = self.crm.lead_states([known.id])
        if mirrored is not None:
            return mirrored[known.id]
        contact = self.crm.contacts([known.id]).get(known.id)
        read = self.crm.leads(contact.leads) if contact is not None and contact.leads else {}
        return {one: read[one].state for one in sorted(read, key=int, reverse=True)}

    @cached_property
    def who(self) -> str:
        """The staff key of whom a rule of the clock looks at; empty in other events."""
        payload = self.event.payload
        return payload.who.key if isinstance(payload, StaffChecked) else ""

    @cached_property
    def work(self) -> WorkFacts:
        who = self.who
        return WorkFacts(who, self.journal, self.calendar, lambda: work_of([who], self.crm, self.team)[who])

    @cached_property
    def digest(self) -> Digest:
        """As of the tick; after a wait, as of now."""
        moment = self.journal.now() if self.resumed else self.event.occurred_at
        digests = self.digests or Digests(self.journal, self.crm, self.team, self.calendar)
        return digests.at(moment)

    def is_present(self, login: str) -> bool:
        """By the CRM where it tells, else by the schedule of the staff."""
        told = self.crm.presence([login]) if self.crm is not None else {}
        presence = told.get(login, Presence.UNKNOWN)
        if presence is not Presence.UNKNOWN:
            return presence is Presence.AT_WORK
        return not away_by_schedule(self.team.key(login), self.team, self.calendar, self.journal.now())
