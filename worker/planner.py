"""Plans events: what the rules make of each, and what a hint of the CRM turns out to be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from provodka.accounting import AccountingAccount
from provodka.brake import Brake
from provodka.crm import Crm
from provodka.errors import ConnectorError, JournalUnavailableError
from provodka.event import Event
from provodka.journal import (
    Held,
    Journal,
    Limit,
    NewAction,
    NewViolation,
    PlanRecord,
    SettledTimer,
    StoredAction,
    StoredEvent,
    Waiting,
)
from provodka.journal.records import WAIT
from provodka.own_pages import OwnPages
from provodka.payloads import AccountingHint, CrmHint, ReplyWritten, Tick, is_bulk
from rules.engine import Engine
from rules.plan import Plan, PlannedTimer, dump_trace, held_back
from worker.bounces import with_bounce
from worker.facts import LiveFacts
from worker.facts.current_lead import LeadsTogether
from worker.facts.digests import Digests
from worker.hints import Follow, Follower, Hints, lane_of
from worker.outcome import BACKOFF
from worker.repeats import Repeats
from worker.replies import reply_plan, with_report
from worker.roll import Roll
from worker.walk import Walked, Walker

log = structlog.get_logger("worker")

_BATCH: Final = 100
_TIMERS: Final = 500  # as many leads can be read in five calls of amoCRM, in one of Bitrix24
_LONGEST_PAUSE: Final = timedelta(minutes=5)


class Planner:
    """Turns claimed events and due timers into plans."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        crm: Crm | None,
        follower: Follower | None,
        brakes: Mapping[str, Brake] | None = None,
        accounting: AccountingAccount | None = None,
        *,
        double_within: Mapping[str, timedelta] | None = None,
        own_pages: OwnPages | None = None,
    ) -> None:
        """`brakes`: those of the rules that have one, by name. `double_within`: how long the same form counts once, by
        the channels that say so."""
        self._own_pages = own_pages
        self._journal = journal
        self._brakes = brakes or {}
        self._repeats = Repeats(double_within or {})
        self._engine = engine
        self._crm = crm
        self._accounting = accounting
        self._hints = Hints(journal, follower, accounting)
        self._follower = follower
        self._held: list[StoredEvent] = []
        self._digests = Digests(journal, crm, engine.team, engine.calendar)
        self._roll = Roll(journal, engine, crm)
        self._walker = Walker(journal, engine, follower, self._facts) if follower is not None else None

    def plan_once(self) -> int:
        """Plan one batch of events; how many were handled.

        A batch that could not be written, as the journal was locked or full, is taken up again before any other.
        """
        self._held = self._held or self._journal.claim_events(_BATCH)
        records = [r for hints, plan in self._hints.batches(self._held) for r in self._guarded(hints, plan)]
        others = [one for one in self._held if not isinstance(one.event.payload, CrmHint | AccountingHint)]
        records += self._of_batch(others)
        if records:
            self._journal.write_plans(records)
        handled, self._held = len(self._held), []
        if records:
            planned = [{"event": r.seq, "actions": len(r.actions), "found": len(r.derived)} for r in records]
            log.info("event.planned", events=planned)
        return handled

    def _of_batch(self, batch: Sequence[StoredEvent]) -> list[PlanRecord]:
        leads = LeadsTogether(self._crm, [stored.event for stored in batch])
        repeats = self._repeats.together(batch, self._journal)
        records: list[PlanRecord] = []
        for stored in batch:
            planned = self._guarded([stored], partial(self._one_of_batch, leads=leads, repeats=repeats))
            repeats = repeats if planned else self._repeats  # nothing is a repeat of what was put back or has failed
            records += planned
        return records

    def _one_of_batch(self, taken: Sequence[StoredEvent], leads: LeadsTogether, repeats: Repeats) -> list[PlanRecord]:
        return [self._evaluated(one, "event", leads, repeats) for one in taken]

    def keep_leases(self) -> int:
        """Extend the leases of what is being planned now, and say how many; called by a clock."""
        numbers = [stored.seq for stored in self._held]
        if numbers:
            self._journal.extend_events(numbers)
        return len(numbers)

    def run_timers(self) -> int:
        """Evaluate the rules whose time has come, a batch in one transaction; how many there were."""
        due = self._journal.due_timers(_TIMERS)
        if not due:
            return 0
        events = self._journal.events(list(dict.fromkeys(timer.event_seq for timer in due)))
        kinds = {timer.id: self._engine.droppers(timer.rule) for timer in due}
        waiting = [Waiting(t.id, events[t.event_seq], kinds[t.id]) for t in due if kinds[t.id]]
        dropped = self._journal.dropped_by(waiting)
        leads = LeadsTogether(self._crm, [events[t.event_seq].event for t in due if t.id not in dropped])
        settled = [self._run_timer(timer, events[timer.event_seq], dropped.get(timer.id), leads) for timer in due]
        self._journal.settle_timers(settled)
        log.info("timers.run", count=len(due), dropped=len(dropped))
        return len(due)

    def again(self, stored: StoredEvent) -> PlanRecord:
        """What today's rules make of an event that was planned before (replay)."""
        return self._evaluated(stored, "replay")

    def _guarded(self, taken: Sequence[StoredEvent], plan: Follow) -> list[PlanRecord]:
        try:
            return plan(taken)
        except ConnectorError as error:
            for stored in taken:
                pause = min(BACKOFF[min(stored.attempts, len(BACKOFF)) - 1], _LONGEST_PAUSE)
                log.warning("event.put_back", id=stored.event.id, error=error.reason, pause=pause.total_seconds())
                self._journal.put_back(stored.seq, pause, f"a fact could not be read: {error.reason}")
        except JournalUnavailableError:
            raise
        except Exception as error:
            # one event that breaks the engine must not stop those behind it; it stays, marked, and can be replayed
            for stored in taken:
                log.exception("event.failed", id=stored.event.id)
                self._journal.fail_event(stored.seq, f"{type(error).__name__}: {error}")
        return []

    def _facts(
        self,
        event: Event,
        *,
        resumed: bool = False,
        leads: LeadsTogether | None = None,
        repeats: Repeats | None = None,
    ) -> LiveFacts:
        engine = self._engine
        return LiveFacts(
            event,
            self._journal,
            self._crm,
            engine.team,
            engine.calendar,
            resumed,
            leads,
            self._digests,
            self._accounting,
            repeats or self._repeats,
            self._own_pages,
        )

    def _evaluated(
        self, stored: StoredEvent, cause: str, leads: LeadsTogether | None = None, repeats: Repeats | None = None
    ) -> PlanRecord:
        payload = stored.event.payload
        if isinstance(payload, ReplyWritten):
            return reply_plan(stored, self._journal.now())
        if isinstance(payload, Tick) and (page := self._looked(stored.event, payload)):
            return PlanRecord(stored.seq, lane_of(stored), cause, dump_trace(page.trace).decode(), (), page.events)
        facts = self._facts(stored.event, leads=leads, repeats=repeats)
        plan = self._engine.evaluate(stored.event, facts, self._journal.now())
        record = with_report(self._record(stored, cause, plan), stored, self._journal)
        return with_bounce(record, stored, self._journal)

    def _looked(self, event: Event, tick: Tick) -> Walked | None:
        """What a rule of the clock finds, if it looks at the staff or at cards."""
        return self._roll.call(event, tick) or (self._walker.walk(event, tick) if self._walker else None)

    def _run_timer(
        self, timer: StoredAction, stored: StoredEvent, dropped_by: Event | None, leads: LeadsTogether
    ) -> SettledTimer:
        """One that cannot be evaluated now, or breaks the engine, is tried again and disturbs no other of its batch."""
        pause = min(BACKOFF[min(timer.attempts, len(BACKOFF)) - 1], _LONGEST_PAUSE)
        try:
            plan = self._timer_plan(timer, stored, dropped_by, leads)
        except ConnectorError as error:
            return SettledTimer(timer.id, retry_in=pause, error=error.reason)
        except JournalUnavailableError:
            raise
        except Exception as error:
            log.exception("timer.failed", id=timer.id, rule=timer.rule)
            return SettledTimer(timer.id, retry_in=pause, error=f"{type(error).__name__}: {error}")
        return SettledTimer(timer.id, self._record(stored, "timer", plan))

    def _timer_plan(
        self, timer: StoredAction, stored: StoredEvent, dropped_by: Event | None, leads: LeadsTogether
    ) -> Plan:
        event, now = stored.event, self._journal.now()
        if dropped_by is not None:
            return self._engine.dropped(timer.rule, event, dropped_by, now)
        facts = self._facts(event, resumed=True, leads=leads)
        rung = json.loads(timer.params).get("rung")
        return self._engine.evaluate(event, facts, now, only_rule=timer.rule, resumed=True, rung=rung)

    def _record(self, stored: StoredEvent, cause: str, plan: Plan) -> PlanRecord:
        """A plan as the journal keeps it."""

        def retrace(held: Mapping[str, Held]) -> str:
            return dump_trace(held_back(plan.trace, held)).decode()

        return PlanRecord(
            seq=stored.seq,
            lane=lane_of(stored),
            cause=cause,
            trace=dump_trace(plan.trace).decode(),
            actions=new_actions(plan, {} if is_bulk(stored.event.payload) else self._brakes),
            violations=_violations(plan),
            limits=_limits(plan),
            retrace=retrace,
        )


def _limits(plan: Plan) -> tuple[Limit, ...]:
    return tuple(
        Limit(one.slug, one.rule, frozenset(one.keys), one.lead, one.once_until, one.most, one.counts_until)
        for one in plan.limits
    )


def _violations(plan: Plan) -> tuple[NewViolation, ...]:
    found = ((trace.rule, trace.violation) for trace in plan.trace.rules)
    return tuple(NewViolation(v.guard, rule, v.person, v.lead, v.at) for rule, v in found if v is not None)


def new_actions(plan: Plan, brakes: Mapping[str, Brake]) -> tuple[NewAction, ...]:
    """A plan's actions and timers as the journal takes them, with the brakes of their rules."""
    return (*_actions(plan, brakes), *_timers(plan))


def _actions(plan: Plan, brakes: Mapping[str, Brake]) -> Sequence[NewAction]:
    return [
        NewAction(
            key=a.key,
            rule=a.rule,
            kind=a.kind,
            params=json.dumps(a.params, ensure_ascii=False),
            priority=-int(a.priority),  # the journal takes the greater number first
            needs=a.needs,
            brake=brakes.get(a.rule),
        )
        for a in plan.actions
    ]


def _timers(plan: Plan) -> Sequence[NewAction]:
    return [
        NewAction(key=t.key, rule=t.rule, kind=WAIT, params=json.dumps(_of_rung(t)), due=t.due) for t in plan.timers
    ]


def _of_rung(timer: PlannedTimer) -> dict[str, int]:
    return {} if timer.rung is None else {"rung": timer.rung}
