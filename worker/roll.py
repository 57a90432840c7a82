"""Calls the roll of the staff for the rules that ask for each of them."""

from __future__ import annotations

from provodka.crm import Crm
from provodka.event import Event, new_event_id
from provodka.journal import Journal
from provodka.payloads import EventType, Person, StaffChecked, Tick, Who
from rules.engine import Engine
from rules.plan import PlanTrace, RuleOutcome, RuleTrace
from rules.team import Team
from rules.ticks import CHANNEL
from worker.walk import Walked


class Roll:
    """Serves one planner."""

    def __init__(self, journal: Journal, engine: Engine, crm: Crm | None) -> None:
        self._journal = journal
        self._engine = engine
        self._crm = crm

    def call(self, event: Event, tick: Tick) -> Walked | None:
        """An event for each of the staff; None where the rule asks for none. A ConnectorError passes through.

        The same person at the same tick is the same event.
        """
        compiled = self._engine.rule(tick.rule)
        if compiled is None or not compiled.rule.asks_staff:
            return None
        now = self._journal.now()
        staff = people(self._engine.team, self._crm)
        events = tuple(
            Event(
                id=new_event_id(now),
                type=EventType.STAFF_CHECKED,
                channel=CHANNEL,
                external_id=f"{compiled.slug}:{event.occurred_at.isoformat()}:{who.key}",
                occurred_at=event.occurred_at,
                received_at=now,
                person=Person(),
                payload=StaffChecked(who, tick.rule),
            )
            for who in staff
        )
        reason = f"{len(staff)} of the staff"
        return Walked(PlanTrace(now, (RuleTrace(tick.rule, RuleOutcome.CHECKED, reason=reason),)), events)


def people(team: Team, crm: Crm | None) -> list[Who]:
    """All of the staff in the order of the config, with the names of the CRM."""
    if crm is None:
        return [Who(key, key) for key in team]
    users = {name.casefold(): user for user in crm.users() for name in (user.name, user.login)}
    found = [(key, users.get(team.login(key).casefold())) for key in team]
    return [Who(key, user.name, user.active) if user else Who(key, key, active=False) for key, user in found]
