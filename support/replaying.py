"""Events evaluated again with today's rules: what would be new, and doing it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, update

from provodka.errors import ConnectorError, ProvodkaError
from provodka.journal import (
    EventState,
    Journal,
    NewAction,
    PlanRecord,
    StoredAction,
    StoredEvent,
    mending,
    planning,
    queries,
)
from provodka.journal.records import WAIT
from provodka.journal.schema import events
from provodka.payloads import EventType
from rules.names import NEVER_SEEN
from support.masking import Mask, Masks

Evaluate = Callable[[StoredEvent], PlanRecord]


class Change(StrEnum):
    """What becomes of an action: `new` is made, `same` and `differs` (by its parameters) exist and are not made again,
    `remade` had surely done nothing, so that it takes today's parameters and goes out with them, `gone` exists though
    today's rules would not make it."""

    NEW = "new"
    SAME = "same"
    DIFFERS = "differs"
    REMADE = "remade"
    GONE = "gone"


class Outcome(StrEnum):
    """What became of an event; `back_in_inbox` is a hint of the CRM, which is followed again."""

    REPLAYED = "replayed"
    BACK_IN_INBOX = "back_in_inbox"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why an event is not replayed. `rules_failed`: they could not be evaluated; `system_away`: what they ask of the
    CRM or another system could not be read."""

    NOT_PLANNED_YET = "not_planned_yet"
    REPLY_WAS_SENT = "reply_was_sent"
    HINT_WAS_FOLLOWED = "hint_was_followed"
    RULES_FAILED = "rules_failed"
    SYSTEM_AWAY = "system_away"


@dataclass(frozen=True, slots=True)
class Difference:
    """An action of today's plan or of before; `id`, `state` and `was` (the parameters) belong to those that exist."""

    what: Change
    key: str
    kind: str
    rule: str
    params: Any
    id: int | None = None
    state: str = ""
    was: Any = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """One event. `refusal` says why not, `error` what the rules stumbled over."""

    event: str
    outcome: Outcome
    refusal: Refusal | None = None
    error: str = ""
    differences: tuple[Difference, ...] = ()


def replay(
    journal: Journal, chosen: Sequence[StoredEvent], evaluate: Evaluate, masks: Masks, *, dry_run: bool
) -> list[Replayed]:
    """Each is evaluated by itself; what follows is written in one transaction, so give a hundred or so at once."""
    told: list[Replayed] = []
    records: list[PlanRecord] = []
    hints: list[StoredEvent] = []
    remade: list[NewAction] = []
    existing = journal.read(lambda c: queries.actions_of(c, [stored.seq for stored in chosen]))
    for stored in chosen:
        id_ = stored.event.id
        if refusal := _refusal(stored):
            told.append(Replayed(id_, Outcome.REFUSED, refusal))
        elif stored.event.type in NEVER_SEEN:
            hints.append(stored)
            told.append(Replayed(id_, Outcome.BACK_IN_INBOX))
        else:
            try:
                record = replace(evaluate(stored), cause="replay")
            except ConnectorError as error:
                told.append(Replayed(id_, Outcome.REFUSED, Refusal.SYSTEM_AWAY, str(error)))
                continue
            except ProvodkaError as error:
                told.append(Replayed(id_, Outcome.REFUSED, Refusal.RULES_FAILED, str(error)))
                continue
            records.append(record)
            differences = _compare(record, existing.get(stored.seq, []), masks.of([stored.event.person]))
            keys = {one.key for one in differences if one.what is Change.REMADE}
            remade += [action for action in record.actions if action.key in keys]
            told.append(Replayed(id_, Outcome.REPLAYED, differences=differences))
    if not dry_run:
        _write(journal, records, hints, remade)
    return told


def _refusal(stored: StoredEvent) -> Refusal | None:
    if stored.state in (EventState.RECEIVED, EventState.PLANNING):
        return Refusal.NOT_PLANNED_YET
    if stored.event.type in NEVER_SEEN and stored.state is EventState.PLANNED:
        return Refusal.REPLY_WAS_SENT if stored.event.type is EventType.REPLY_WRITTEN else Refusal.HINT_WAS_FOLLOWED
    return None


def _write(
    journal: Journal, records: Sequence[PlanRecord], hints: Sequence[StoredEvent], remade: Sequence[NewAction]
) -> None:
    """The plans, what is made otherwise than before, and that those which had failed are planned now: in one
    transaction."""
    now = journal.now()
    failed = update(events).where(events.c.seq.in_([r.seq for r in records]), events.c.state == EventState.FAILED)

    def work(connection: Connection) -> None:
        planning.write_plans(connection, records, None, now)
        for action in remade:
            mending.remake(connection, action, now)
        connection.execute(failed.values(state=EventState.PLANNED, planned_at=now, error=None))

    if records:
        journal.write(work)
        journal.new_actions.set()
    if hints:
        journal.write(lambda c: mending.plan_again(c, [stored.seq for stored in hints]))


def _compare(record: PlanRecord, existing: Sequence[StoredAction], mask: Mask) -> tuple[Difference, ...]:
    by_key = {action.key: action for action in existing}
    planned = [_planned(action, by_key.get(action.key), mask) for action in record.actions]
    return (*planned, *_gone(record, existing, mask))


def _planned(action: NewAction, before: StoredAction | None, mask: Mask) -> Difference:
    params = json.loads(action.params)
    if before is None:
        return Difference(Change.NEW, action.key, action.kind, action.rule, mask.value(params))
    was = json.loads(before.params)
    what = Change.SAME if was == params else Change.REMADE if mending.is_undone(before) else Change.DIFFERS
    shown, old = mask.value(params), mask.value(was)
    return Difference(what, action.key, action.kind, action.rule, shown, before.id, before.state.value, old)


def _gone(record: PlanRecord, existing: Sequence[StoredAction], mask: Mask) -> Iterator[Difference]:
    """What a rule that waits has made after its time is not to be expected of a plan that begins with the wait."""
    keys = {action.key for action in record.actions}
    waiting = {action.rule for action in record.actions if action.kind == WAIT}
    for old in existing:
        if old.key not in keys and old.rule not in waiting:
            was = mask.value(json.loads(old.params))
            yield Difference(Change.GONE, old.key, old.kind, old.rule, None, old.id, old.state.value, was)
