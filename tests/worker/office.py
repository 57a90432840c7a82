"""A planner on a real journal, with a CRM in memory and a clock that is moved by hand."""

from __future__ import annotations

import json
from typing import Any

from provodka.event import Event, build_payload, new_event_id
from provodka.journal import ActionState, Journal, StoredAction, StoredEvent, queries
from provodka.payloads import EventType, LeadRef, Person
from rules.plan import PlanTrace, RuleTrace, load_trace
from rules.schema import Rule
from rules.team import Team
from tests.journal.conftest import Clock
from tests.rules.world import CLIENT, TEAM, FakeCrm, make_engine
from worker.planner import Planner


class Office:
    """`play` lets time pass and the planner work at every moment at which something is due."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.journal = journal
        self.clock = clock
        self.crm = FakeCrm()
        self.planner: Planner

    def open(self, *rules: Rule) -> None:
        """Begin with these rules, or go on with others."""
        self.planner = Planner(self.journal, make_engine(*rules), self.crm, None)  # type: ignore[arg-type]

    def happens(
        self, kind: str, person: Person = CLIENT, external_id: str = "", channel: str = "crm", **payload: Any
    ) -> Event:
        """Something arrives now."""
        now = self.clock()
        id_ = new_event_id(now)
        type_ = EventType(kind)
        event = Event(id_, type_, channel, external_id or id_, now, now, person, build_payload(type_, payload))
        self.journal.accept([event])
        return event

    def lead(self, kind: str = "lead.created", id_: str = "17", **values: Any) -> Event:
        """An event of a lead, which the CRM has just so."""
        self.crm.lead_cards[id_] = LeadRef(id_, **values)
        return self.happens(kind, Person(), lead={"id": id_, **values})

    def work(self) -> None:
        """Plan all that there is, and run what is due."""
        while self.planner.plan_once() + self.planner.run_timers():
            pass

    def later(self, **time: float) -> None:
        """Plan what has come, let time pass, run what is due then."""
        self.work()
        self.clock.forward(**time)
        self.work()

    def actions(self, event: Event) -> list[StoredAction]:
        """What was planned for an event, timers left out."""
        return [a for a in self._story(event).actions if a.kind != "wait"]

    def told(self, event: Event) -> list[str]:
        """The texts of the notices for an event."""
        return [json.loads(a.params)["text"] for a in self.actions(event)]

    def waiting(self, event: Event) -> int:
        """How many timers of an event are still to come."""
        return sum(a.state is ActionState.WAITING for a in self._story(event).actions if a.kind == "wait")

    def traces(self, event: Event) -> list[PlanTrace]:
        return [load_trace(plan.trace) for plan in self._story(event).plans]

    def last(self, event: Event) -> RuleTrace:
        """What became of the rule at the last evaluation."""
        return self.traces(event)[-1].rules[-1]

    def stored(self, event: Event) -> StoredEvent:
        """An event as the journal has it."""
        found = self.journal.read(lambda c: queries.event_by_id(c, event.id))
        assert found is not None
        return found

    @property
    def team(self) -> Team:
        return TEAM

    def _story(self, event: Event) -> queries.Story:
        stored = self.stored(event)
        return self.journal.read(lambda c: queries.story(c, stored))
