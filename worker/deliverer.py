"""Delivers actions: claims a batch of one kind, lets its class act, writes down how each ended."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import structlog

from connectors.base import CallTrace, collect_calls
from connectors.line import Haste, hurry
from provodka.channel import Status
from provodka.errors import Ambiguous, ConnectorError, JournalUnavailableError, Retryable
from provodka.journal import ActionState, Finished, Journal, StoredAction
from provodka.journal import lanes as lane_queries
from provodka.operation import Outcome
from rules.actions.base import Action, Delivery
from rules.plan import Priority
from worker.outcome import Attempted, settle
from worker.outside import Equipment, JournalLinks, JournalOutside, JournalTurns

log = structlog.get_logger("worker")

_BATCH: Final = 50
_TOGETHER: Final = 0.05  # seconds
_BODIES_UP_TO: Final = 5  # in larger batches the bodies would be stored once per action, and say little of each


class Deliverer:
    """One thread's worth of delivering. `deliver_once` returns how many actions it handled."""

    def __init__(
        self, journal: Journal, registry: Mapping[str, Action[Any]], equipment: Equipment, status: Status
    ) -> None:
        self._journal = journal
        self._registry = registry
        self._equipment = equipment
        self._status = status
        self._turns = JournalTurns(journal)
        self._links = JournalLinks(journal)
        self._running: set[int] = set()
        self._unsaved: list[tuple[list[StoredAction], list[Finished]]] = []
        self._begun: dict[str, float] = {}  # by kind, when the last batch of it began
        self._guard = threading.Lock()

    def deliver_once(self) -> int:
        """Claim and deliver one batch.

        What was done and could not be written down, as the journal was locked or full, is written before anything new
        is begun: nobody else knows of it.
        """
        self._save()
        claimed = self._claim()
        if not claimed:
            return 0
        self._journal.new_actions.set()  # there may be other kinds, for other threads
        with self._guard:
            self._running |= {a.id for a in claimed}
        try:
            endings = self._carry_out(claimed)
        except BaseException:
            self._let_go(claimed)
            raise
        with self._guard:
            self._unsaved.append((claimed, endings))
        self._save()
        return len(claimed)

    def _claim(self) -> list[StoredAction]:
        """A batch of a kind that no other thread has just begun: what comes in meanwhile travels together after it.

        Else four threads would take what comes one by one, and a busy hour would cost the most work for each.
        """
        since = time.monotonic() - _TOGETHER
        with self._guard:
            begun = [kind for kind, at in self._begun.items() if at > since]
        claimed = self._journal.claim_actions(_BATCH, begun)
        if not claimed and begun:
            self._journal.new_actions.wait(_TOGETHER)
            claimed = self._journal.claim_actions(_BATCH)
        if claimed:
            with self._guard:
                self._begun[claimed[0].kind] = time.monotonic()
        return claimed

    def keep_leases(self) -> int:
        """Extend the leases of what is running now, and say how many; called by a clock."""
        with self._guard:
            running = sorted(self._running)
        if running:
            self._journal.extend(running)
        return len(running)

    def _save(self) -> None:
        while (batch := self._next_unsaved()) is not None:
            claimed, endings = batch
            try:
                self._journal.finish(endings, self._system())
            except JournalUnavailableError:
                with self._guard:
                    self._unsaved.append(batch)
                raise
            self._let_go(claimed)
            self._tell(claimed, endings)

    def _next_unsaved(self) -> tuple[list[StoredAction], list[Finished]] | None:
        with self._guard:
            return self._unsaved.pop() if self._unsaved else None

    def _let_go(self, claimed: Sequence[StoredAction]) -> None:
        with self._guard:
            self._begun.pop(claimed[0].kind, None)
            self._running -= {a.id for a in claimed}

    def _system(self) -> str:
        return self._equipment.crm.name if self._equipment.crm else ""

    def _carry_out(self, claimed: Sequence[StoredAction]) -> list[Finished]:
        started = self._journal.now()
        with collect_calls() as calls, hurry(_haste(claimed)):
            outcomes = self._outcomes(claimed, started)
        trace = _trace(calls, with_bodies=len(claimed) <= _BODIES_UP_TO)
        now = self._journal.now()
        return [
            settle(Attempted(action, action.attempt, started, outcome, trace), now)
            for action, outcome in zip(claimed, outcomes, strict=True)
        ]

    def _outcomes(self, claimed: Sequence[StoredAction], now: datetime) -> list[Outcome]:
        action = self._registry.get(claimed[0].kind)
        if action is None:
            why = f"no action «{claimed[0].kind}» in this version"
            return [Retryable(why, hint="Обновите Provodka: действие из более новой версии")] * len(claimed)
        outside = JournalOutside(self._equipment, self._journal, self._turns, self._links, now)
        try:
            return action.deliver(self._deliveries(claimed), outside)
        except ConnectorError as error:
            return [error] * len(claimed)
        except Exception as error:
            # our bug: what was sent before it is unknown, so each item follows its operation's `repeat`
            log.exception("action.broke", kind=claimed[0].kind, actions=[a.id for a in claimed])
            return [Ambiguous(f"internal error: {type(error).__name__}: {error}")] * len(claimed)

    def _deliveries(self, claimed: Sequence[StoredAction]) -> list[Delivery]:
        numbers = [a.event_seq for a in claimed]
        lanes = [a.lane for a in claimed if a.lane is not None]
        events = self._journal.events(numbers)
        known = self._journal.read(lambda c: lane_queries.identities_of(c, lanes))
        return [
            Delivery(
                key=a.key,
                params=json.loads(a.params),
                lane_identities=tuple(known.get(a.lane or 0, ())),
                event=events[a.event_seq].event,
                needed=json.loads(a.needed) if a.needed else None,
                frozen=json.loads(a.request) if a.request else None,
                unsure_since=a.unsure_since,
            )
            for a in claimed
        ]

    def _tell(self, claimed: Sequence[StoredAction], endings: Sequence[Finished]) -> None:
        """One wide line per attempt; those of a batch that went alike share theirs."""
        by_id = {a.id: a for a in claimed}
        alike: dict[tuple[str, str, str, str], list[Finished]] = {}
        for ending in endings:
            alike.setdefault(
                (by_id[ending.action_id].rule, ending.outcome, ending.state.value, ending.error), []
            ).append(ending)
        for (rule, outcome, state, error), group in alike.items():
            pauses = [e.not_before for e in group if e.not_before is not None]
            log.info(
                "action.attempted",
                actions=[e.action_id for e in group],
                attempts=max(e.attempt for e in group),
                kind=claimed[0].kind,
                rule=rule,
                outcome=outcome,
                state=state,
                error=error or None,
                next=min(pauses).isoformat() if pauses else None,
            )
        self._tell_status(claimed[0].kind, endings)

    def _of_kind(self, kind: str) -> str:
        return kind if kind == self._equipment.web.name else self._system() or kind

    def _tell_status(self, kind: str, endings: Sequence[Finished]) -> None:
        """A connector that does not let us in, or does not answer, is one trouble, however many actions it holds."""
        by_system: dict[str, list[Finished]] = {}
        for ending in endings:
            by_system.setdefault(ending.system or self._of_kind(kind), []).append(ending)
        for name, some in by_system.items():
            bad = next((e for e in some if e.outcome in _TROUBLING and e.state is ActionState.READY), None)
            if bad is not None:
                self._status.trouble(name, bad.error, bad.hint or _CURES[bad.outcome])
            elif any(e.outcome in ("done", "found") for e in some):
                self._journal.back(name)


def _haste(claimed: Sequence[StoredAction]) -> Haste:
    return Haste.URGENT if claimed[0].priority == -Priority.URGENT else Haste.USUAL


_TROUBLING: Final = frozenset({"retryable", "auth_failed", "ambiguous"})
_CURES: Final = {
    "retryable": "Ничего не делайте: заявки сохранены и уйдут сами, когда сервис ответит",
    "auth_failed": "Проверьте токен: сервис его не принимает. Заявки сохранены",
    "ambiguous": "Ничего не делайте: перед повтором Provodka проверит, не выполнено ли действие",
}


def _trace(calls: Sequence[CallTrace], *, with_bodies: bool) -> str:
    rows = [asdict(call) for call in calls]
    if not with_bodies:
        for row in rows:
            row["request_summary"] = row["answer_summary"] = ""
    return json.dumps(rows, ensure_ascii=False)
