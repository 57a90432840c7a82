"""Plans events: what the rules make of each, and what a hint of the CRM turns out to be."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

import structlog

from provodka.crm import Crm
from provodka.errors import ConnectorError, JournalUnavailableError, ProvodkaError
from provodka.event import Event
from provodka.journal import Journal, NewAction, PlanRecord, StoredAction, StoredEvent
from provodka.payloads import CrmHint
from provodka.stores import ByKind
from rules.engine import Engine
from rules.plan import Plan, dump_trace
from worker.facts import Together
from worker.outcome import BACKOFF

log = structlog.get_logger("worker")

_BATCH: Final = 100
_HINTS: Final = 50  # followed by one call: each may name several entities, and a call takes a hundred
_LONGEST_PAUSE: Final = timedelta(minutes=5)


_Plan = Callable[[Sequence[StoredEvent]], list[PlanRecord]]


class Follower(Protocol):
    """A CRM that can follow its own hints: fetch, compare, and say what really changed."""

    name: str

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], ByKind]: ...


class Planner:
    """Turns claimed events and due timers into plans."""

    def __init__(self, journal: Journal, engine: Engine, crm: Crm | None, follower: Follower | None) -> None:
        self._journal = journal
        self._engine = engine
        self._crm = crm
        self._follower = follower
        self._held: list[StoredEvent] = []

    def plan_once(self) -> int:
        """Plan one batch of events; how many were handled.

        A batch that could not be written, as the journal was locked or full, is taken up again before any other.
        """
        self._held = self._held or self._journal.claim_events(_BATCH)
        hints = [stored for stored in self._held if isinstance(stored.event.payload, CrmHint)]
        records = [
            r for n in range(0, len(hints), _HINTS) for r in self._guarded(hints[n : n + _HINTS], self._followed)
        ]
        others = [stored for stored in self._held if not isinstance(stored.event.payload, CrmHint)]
        facts = Together([stored.event for stored in others], self._journal, self._crm)
        for stored in others:
            records += self._guarded([stored], lambda taken: [self._evaluated(one, "event", facts) for one in taken])
        if records:
            self._journal.write_plans(records)
        handled, self._held = len(self._held), []
        if records:
            planned = [{"event": r.seq, "actions": len(r.actions), "found": len(r.derived)} for r in records]
            log.info("event.planned", events=planned)
        return handled

    def keep_leases(self) -> int:
        """Extend the leases of what is being planned now, and say how many; called by a clock."""
        numbers = [stored.seq for stored in self._held]
        if numbers:
            self._journal.extend_events(numbers)
        return len(numbers)

    def run_timers(self) -> int:
        """Evaluate the rules whose time has come; how many there were."""
        due = self._journal.due_timers(_BATCH)
        numbers = [timer.event_seq for timer in due]
        events = self._journal.events(numbers)
        for timer in due:
            self._run_timer(timer, events[timer.event_seq])
        return len(due)

    def again(self, stored: StoredEvent) -> PlanRecord:
        """What today's rules make of an event that was planned before (replay)."""
        return self._evaluated(stored, "replay", Together([stored.event], self._journal, self._crm))

    def _guarded(self, taken: Sequence[StoredEvent], plan: _Plan) -> list[PlanRecord]:
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

    def _followed(self, hints: Sequence[StoredEvent]) -> list[PlanRecord]:
        """What hints that came together turn out to be: one call for all, so that they do not slow a backlog down."""
        if self._follower is None:
            raise ProvodkaError("a hint of a CRM, but the config names none")
        payloads = [hint.event.payload for hint in hints if isinstance(hint.event.payload, CrmHint)]
        entities = tuple(dict.fromkeys(entity for payload in payloads for entity in payload.entities))
        events, seen = self._follower.derive(CrmHint(entities), hints[-1].event)
        found = [{"type": e.type.value, "id": e.id} for e in events]
        trace = json.dumps({"at": self._journal.now().isoformat(), "hint": list(entities), "found": found})
        first, *rest = hints
        snapshots = {(self._follower.name, kind): rows for kind, rows in seen.items()}
        return [
            PlanRecord(first.seq, _lane(first), "event", trace, (), tuple(events), snapshots),
            *(PlanRecord(hint.seq, _lane(hint), "event", trace) for hint in rest),
        ]

    def _evaluated(self, stored: StoredEvent, cause: str, facts: Together) -> PlanRecord:
        plan = self._engine.evaluate(stored.event, facts.of(stored.event), self._journal.now())
        return PlanRecord(stored.seq, _lane(stored), cause, dump_trace(plan.trace).decode(), new_actions(plan))

    def _run_timer(self, timer: StoredAction, stored: StoredEvent) -> None:
        rule = json.loads(timer.params)["rule"]
        try:
            facts = Together([stored.event], self._journal, self._crm)
            plan = self._engine.evaluate(
                stored.event, facts.of(stored.event), self._journal.now(), only_rule=rule, resumed=True
            )
        except ConnectorError as error:
            pause = min(BACKOFF[min(timer.attempts, len(BACKOFF)) - 1], _LONGEST_PAUSE)
            self._journal.settle_timer(timer.id, None, pause, error.reason)
            return
        trace = dump_trace(plan.trace).decode()
        record = PlanRecord(stored.seq, _lane(stored), "timer", trace, new_actions(plan))
        self._journal.settle_timer(timer.id, record, None, "")


def new_actions(plan: Plan) -> tuple[NewAction, ...]:
    """A plan's actions and timers as the journal takes them."""
    return (*_actions(plan), *_timers(plan))


def _actions(plan: Plan) -> Sequence[NewAction]:
    return [
        NewAction(
            key=a.key,
            rule=a.rule,
            kind=a.kind,
            params=json.dumps(a.params, ensure_ascii=False),
            priority=-int(a.priority),  # the journal takes the greater number first
            needs=a.needs,
        )
        for a in plan.actions
    ]


def _timers(plan: Plan) -> Sequence[NewAction]:
    return [
        NewAction(
            key=t.key, rule=t.rule, kind="wait", params=json.dumps({"rule": t.rule}, ensure_ascii=False), due=t.due
        )
        for t in plan.timers
    ]


def _lane(stored: StoredEvent) -> int:
    return stored.lane if stored.lane is not None else stored.seq
