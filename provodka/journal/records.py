"""What goes into the journal and comes out of it, as plain records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from provodka.brake import Brake
from provodka.event import Event
from provodka.stores import Snapshot


class EventState(StrEnum):
    """Where an event stands on its road."""

    RECEIVED = "received"
    PLANNING = "planning"
    PLANNED = "planned"
    FAILED = "failed"  # the rules could not be evaluated; `provodka replay` takes it up again


class ActionState(StrEnum):
    """Where an action stands."""

    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"  # for its time, or for the action whose result it needs
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"
    HELD = "held"  # its rule has stopped itself; `provodka resume` releases it


class DeadReason(StrEnum):
    """Why an action is dead."""

    REJECTED = "rejected"
    EXHAUSTED = "exhausted"
    OUTCOME_UNKNOWN = "outcome_unknown"


WAIT: str = "wait"  # the kind of an action that is a timer: when due, its rule is evaluated


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the journal holds it. `lane` is none until it was taken up for planning."""

    seq: int
    event: Event
    state: EventState
    lane: int | None = None
    attempts: int = 0
    error: str = ""
    planned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewAction:
    """An action of a plan. `due` none means at once; `params` and `trace` elsewhere are JSON."""

    key: str
    rule: str
    kind: str
    params: str
    priority: int = 0
    needs: str | None = None
    due: datetime | None = None
    brake: Brake | None = None


@dataclass(frozen=True, slots=True)
class NewViolation:
    """What a guard has found in an event. `person` is a staff key or login; it and `lead` may be empty."""

    guard: str
    rule: str
    person: str
    lead: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """How often a rule may fire, asked when its plan is written. `keys`: what it planned; `rule`: its slug.

    `once_until`: not again for this `lead` (empty: for the lane) so long; `most` at a time, each until `counts_until`.
    """

    rule: str
    name: str
    keys: frozenset[str]
    lead: str = ""
    once_until: datetime | None = None
    most: int = 0
    counts_until: datetime | None = None


class Held(StrEnum):
    """Why a rule that matched did nothing."""

    ONCE = "held_back"
    THROTTLE = "throttled"


Retrace = Callable[[Mapping[str, Held]], str]
"""The trace of a plan some of whose rules, by name, were held back. It only computes: it may be called twice."""


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """What the rules made of an event; `cause` is `event`, `timer` or `replay`.

    `derived` are events that were found by following a hint, `snapshots` (by system and kind) what they were found by.
    `limits` are those of its rules, `retrace` gives the trace where one of them holds back.
    """

    seq: int
    lane: int
    cause: str
    trace: str
    actions: tuple[NewAction, ...] = ()
    derived: tuple[Event, ...] = ()
    snapshots: Mapping[tuple[str, str], Sequence[Snapshot]] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    retrace: Retrace | None = None
    violations: tuple[NewViolation, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredAction:
    """An action as the journal holds it; `needed` is the result of the action that it needs, as JSON."""

    id: int
    key: str
    event_seq: int
    rule: str
    kind: str
    lane: int | None
    params: str
    state: ActionState
    attempts: int
    attempt: int = 0  # number of the attempt that this claim has opened
    priority: int = 0
    request: str | None = None
    needs: str | None = None
    needed: str | None = None
    not_before: datetime | None = None
    unsure_since: datetime | None = None
    result: str | None = None
    reason: str | None = None
    error: str = ""
    hint: str = ""
    created_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """How an attempt ended and what becomes of its action.

    `counts` says whether the attempt uses one up; `unsure_since` none clears the doubt; `identities` are joined
    into the action's lane; `made` are (kind, remote id) of what was created; `system` is who was spoken to, where an
    action may speak to several; `numbers` are (kind, number) of invoices and the like that it can be looked for by.
    """

    action_id: int
    attempt: int
    outcome: str
    state: ActionState
    calls: str = "[]"
    result: str | None = None
    reason: DeadReason | None = None
    error: str = ""
    hint: str = ""
    not_before: datetime | None = None
    unsure_since: datetime | None = None
    counts: bool = True
    made: tuple[tuple[str, str], ...] = ()
    system: str = ""
    identities: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to carry an action out."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    error: str
    calls: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that holds a part of the house back, or did."""

    name: str
    cause: str
    cure: str
    since: datetime
    last_at: datetime
    times: int
    ended_at: datetime | None
