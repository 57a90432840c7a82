"""What would come of a file if it were imported; nothing is written."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cli.house import House
from cli.imports.doubts import Cell, Doubts
from connectors.crm.mirror import CONTACT
from connectors.crm.people import FILLED
from connectors.tables.importing import ImportOptions, Table
from provodka.errors import ConnectorError
from provodka.event import Event
from provodka.journal import EventState, StoredEvent, imports
from provodka.payloads import EventType
from rules.durations import parse_duration
from rules.plan import RuleOutcome, load_trace
from rules.schema import Rule

SAMPLES: Final = 3
TRIED: Final = 20  # rows that the rules are tried with
_BATCH: Final = 50  # items of one call of a CRM
_CALLS: Final = {"intake": 3, "create": 2}  # of a batch: who is known, their leads, the new ones
_PLANNED: Final = 300  # events a second, without any limit outside
_MOST_PORTIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: what it is taken for (empty: a field of its own), and values of it as they stand there."""

    name: str
    meaning: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of which no event is made. `why` names row and column."""

    row: int
    why: str
    cure: str


@dataclass(frozen=True, slots=True)
class Double:
    """A row of a person who is in the row `first` already. `taken`: it becomes an event all the same."""

    row: int
    first: int
    taken: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """What the rules did with a sample: how many rows each matched, the steps they plan, why the others did not."""

    rows: int = 0
    matched: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    not_matched: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    unasked: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How it is handed out: how many portions, when the last one begins, and about how many seconds of work it is."""

    portion: int
    portions: int
    every: str
    last: datetime | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Seen:
    """All of it. `earlier` rows are in the journal already; `people` counts the persons of the rows that are new,
    `known` those of them that the CRM has (None where its index is not complete yet), `unnamed` the new rows that have
    neither phone nor email. `empty` are the columns without a value."""

    file: str
    sheet: str
    channel: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: int
    taken: int
    earlier: int
    people: int
    unnamed: int
    known: int | None
    doubles: tuple[Double, ...]
    refused: tuple[Refused, ...]
    cells: tuple[Cell, ...]
    empty: tuple[str, ...]
    tried: Tried
    pace: Pace
    rules: tuple[str, ...]
    limits: tuple[str, ...]


@dataclass(slots=True)
class _Rows:
    count: int = 0
    events: list[Event] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    doubles: list[Double] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    empty: tuple[str, ...] = ()
    samples: dict[str, list[str]] = field(default_factory=dict)


def look(house: House, table: Table, channel: str, options: ImportOptions) -> Seen:
    """Read all of the file, and ask the journal and the mirror. Raises Rejected where the file breaks off."""
    now = house.journal.now()
    read = _read(table, now)
    keys = [event.external_id for event in read.events]
    before = house.journal.read(lambda c: imports.taken_before(c, channel, keys))
    new = [event for event in read.events if event.external_id not in before]
    people = _people(new)
    tried = _try(house, new)
    rules = _rules(house, channel)
    return Seen(
        file=table.reading.table,
        sheet=table.sheet.name,
        channel=channel,
        notes=table.sheet.notes,
        columns=tuple(Column(n, m, tuple(read.samples.get(n, ()))) for n, m in table.meanings.items()),
        rows=read.count,
        taken=len(new),
        earlier=len(read.events) - len(new),
        people=len(set(people.values())),
        unnamed=sum(not event.person.identities for event in new),
        known=_known(house, people),
        doubles=tuple(read.doubles),
        refused=tuple(read.refused),
        cells=tuple(read.cells),
        empty=read.empty,
        tried=tried,
        pace=_pace(house, len(new), tried, options, now),
        rules=tuple(rule.name for rule in rules),
        limits=tuple(_limits(rules)),
    )


def _read(table: Table, now: datetime) -> _Rows:
    read, doubts = _Rows(), Doubts(table.meanings)
    for row in table.rows(now):
        read.count += 1
        if row.double_of:
            read.doubles.append(Double(row.number, row.double_of, row.event is not None))
        if row.refused is not None:
            read.refused.append(Refused(row.number, row.refused.why, row.refused.cure))
        if row.event is not None:
            read.events.append(row.event)
            read.numbers.append(row.number)
            read.cells += [Cell(row.number, one.column, one.why, one.cure) for one in row.faults]
            read.cells += doubts.look(row.number, row.event)
            if len(read.events) <= TRIED:
                for name, text in json.loads(row.event.raw).items():
                    found = read.samples.setdefault(name, [])
                    if text and text not in found and len(found) < SAMPLES:
                        found.append(text)
    read.empty = doubts.empty if read.events else ()
    return read


def _people(events: Sequence[Event]) -> dict[str, int]:
    """By identity, the number of the person: whoever shares one with an earlier row is the same."""
    person_of: dict[str, int] = {}
    for number, event in enumerate(events):
        one = next((person_of[i] for i in event.person.identities if i in person_of), number)
        for identity in event.person.identities:
            person_of.setdefault(identity, one)
    return person_of


def _known(house: House, people: dict[str, int]) -> int | None:
    """By the identity index alone: fifty thousand people are not asked for one by one."""
    crm, store = house.crm, house.journal.store
    if crm is None or not store.cursor(f"{crm.name}:{FILLED}"):
        return None
    found = store.find_snapshots(crm.name, CONTACT, list(people))
    return len({people[identity] for identity in found})


def _try(house: House, events: Sequence[Event]) -> Tried:
    """Evaluate the rules for rows from all over the file. Nothing is written, but the CRM may be asked."""
    step = max(1, len(events) // TRIED)
    chosen = events[::step][:TRIED]
    matched: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for number, event in enumerate(chosen):
        try:
            record = house.planner.again(StoredEvent(0, event, EventState.RECEIVED, 0))
        except ConnectorError as error:
            return Tried(number, dict(matched), dict(steps), dict(missed), dict(errors), error.reason)
        for rule in load_trace(record.trace).rules:
            if rule.outcome in (RuleOutcome.MATCHED, RuleOutcome.WAITING):
                matched[rule.rule] += 1
            elif rule.outcome is RuleOutcome.ERROR:
                errors[f"«{rule.rule}»: {rule.error}"] += 1
            elif rule.outcome is RuleOutcome.NOT_MATCHED:
                why = next((one.path for one in rule.conditions if one.matched is False), "")
                missed[f"«{rule.rule}»: {why}"] += 1
        steps.update(action.kind for action in record.actions)
    return Tried(len(chosen), dict(matched), dict(steps), dict(missed), dict(errors))


def _pace(house: House, taken: int, tried: Tried, options: ImportOptions, now: datetime) -> Pace:
    per_second = float(getattr(house.config.crm, "per_second", 0) or 0)
    share = taken / tried.rows if tried.rows else 0.0
    calls = sum(math.ceil(n * share / _BATCH) * _CALLS.get(kind, 1) for kind, n in tried.steps.items())
    seconds = taken / _PLANNED + (calls / per_second if per_second else 0.0)
    portions = math.ceil(taken / options.portion)
    last: datetime | None = now
    if options.every:
        for _ in range(min(portions, _MOST_PORTIONS) - 1):
            now = house.config.calendar.add(parse_duration(options.every), now)
        last = now if portions <= _MOST_PORTIONS else None
    return Pace(options.portion, portions, options.every, last, seconds)


def _rules(house: House, channel: str) -> list[Rule]:
    """Those that hear of rows of this channel."""
    heard = (rule for rule in house.config.rules if EventType.TABLE_ROW_ADDED in rule.triggers)
    return [rule for rule in heard if not rule.channel or channel in rule.channel]


def _limits(rules: Sequence[Rule]) -> Iterator[str]:
    """Rules that hold themselves back whatever is imported."""
    for rule in rules:
        if rule.throttle is not None:
            often = f"{rule.throttle.most} times per {rule.throttle.per.text}"
            yield f"«{rule.name}» acts at most {often}: the rest is left"
