"""What the live feed shows of an event: where it came by, what rules acted, and what has become of it so far."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from provodka.journal import ActionState, EventState, Journal, lately, queries
from provodka.journal.lately import BriefAction, BriefEvent
from provodka.journal.records import WAIT
from provodka.payloads import EventType
from support.masking import Masks
from support.timeline import Entry, entries

PAGE: Final = 50
FAR: Final = 3_000
"""How many events a page looks through at most for those that are wanted."""
SPAN: Final = 500
"""Among so many of the newest numbers a missing one may still be on its way, see `Cursor`."""
_PORTION: Final = 500
_HINTS: Final = (EventType.CRM_HINT, EventType.ACCOUNTING_HINT)
_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


class Outcome(StrEnum):
    """What has become of an event."""

    UNDER_WAY = "under_way"
    WAITING = "waiting"  # for a moment that a rule or the other side has named
    DELIVERED = "delivered"
    NEEDS_PERSON = "needs_person"
    NO_RULE = "no_rule"  # no rule did anything
    CHECKED = "checked"  # a hint: the card was fetched and compared, whatever differed is an event of its own
    CANCELLED = "cancelled"


_OPEN: Final = (Outcome.UNDER_WAY, Outcome.WAITING)


@dataclass(frozen=True, slots=True)
class Line:
    """An event in the feed. `rules` are those that acted; `states` are of its actions, by their ids. `moved_at` is when
    it last came on, as far as the journal has a moment for that."""

    seq: int
    id: str
    type: str
    channel: str
    received_at: datetime
    outcome: Outcome
    rules: frozenset[str]
    states: tuple[tuple[int, ActionState], ...]
    state: EventState
    moved_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether it will come on by itself."""
        return self.outcome in _OPEN

    def may_have_moved(self, since: datetime) -> bool:
        """Whether it can have been another line at that moment. That rules fail has no moment in the journal."""
        return self.is_open or self.state is EventState.FAILED or self.moved_at >= since


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants to see; what is empty asks for nothing. Hints are left out unless a type or an outcome is
    asked for, or they failed: what they led to is an event of its own, and they are as many as all others."""

    channel: str = ""
    type: str = ""
    rule: str = ""
    outcome: str = ""

    def may_match(self, event: BriefEvent | Line) -> bool:
        """By what is known of an event without its actions."""
        if event.type in _HINTS and not (self.type or self.outcome or event.state is EventState.FAILED):
            return False
        return self.channel in ("", event.channel) and self.type in ("", event.type)

    def matches(self, line: Line) -> bool:
        """By all of it, as it stands now."""
        acted = not self.rule or self.rule in line.rules
        return self.may_match(line) and acted and self.outcome in ("", line.outcome)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a reader stands: who has seen it has seen every event up to the number `last`, but for `holes`.

    An event gets its number inside the transaction that writes it. SQLite has one such transaction at a time, so that
    what becomes visible later has the greater number, and there are no holes. PostgreSQL gives numbers out at once and
    shows the events when their transactions end: 42 may be there before 41 is. So a number that is missing when a
    greater one is seen is kept as a hole and asked for again, until it is there, or is so old that it must have been
    given to a double that was refused or to a transaction that failed. `at` is when it was looked, by the journal's
    clock.
    """

    last: int
    at: datetime
    holes: tuple[int, ...] = ()

    def knows(self, seq: int) -> bool:
        """Whether that event was seen."""
        return seq <= self.last and not (self.holes and seq >= self.holes[0] and seq in self.holes)

    def __str__(self) -> str:
        numbers = ".".join(str(self.last - hole) for hole in self.holes)
        return f"{self.last}-{(self.at - _EPOCH) // _MILLISECOND}-{numbers}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """As it was written; None for anything else."""
        last, _, rest = text.partition("-")
        at, _, numbers = rest.partition("-")
        parts = [last, at, *filter(None, numbers.split("."))]
        if len(text) > 8192 or not all(one.isascii() and one.isdecimal() and len(one) < 16 for one in parts):
            return None
        if int(at) > _LATEST:
            return None
        return cls(int(last), _EPOCH + int(at) * _MILLISECOND, tuple(int(last) - int(one) for one in parts[2:]))


def gaps(seen: Iterable[int]) -> tuple[int, ...]:
    """The numbers that are missing between these, smallest first; of very many the greatest."""
    known = set(seen)
    if not known:
        return ()
    first = max(min(known), max(known) - 4 * SPAN)  # a sequence may have been moved on by hand
    return tuple(n for n in range(first, max(known)) if n not in known)[-SPAN:]


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first. `earlier` is the number that the next page begins before, none where there is nothing more;
    `looked_at` events were looked through. `cursor` is where a feed goes on from here."""

    lines: tuple[Line, ...]
    cursor: Cursor
    earlier: int | None
    looked_at: int


def page(journal: Journal, wanted: Wanted, *, before: int | None = None, limit: int = PAGE) -> Page:
    """The newest events that are wanted, or the newest from before a number; not more than `FAR` are looked through."""
    at = journal.now()

    def read(connection: Connection) -> Page:
        # on PostgreSQL each statement sees what is there by then: what the cursor does not know is left to the next
        numbers = lately.newest_numbers(connection, SPAN)
        cursor = Cursor(numbers[0], at, gaps(numbers)) if numbers else Cursor(0, at)
        first = before if before is not None else cursor.last + 1
        floor = max(1, first - FAR)
        lines: list[Line] = []
        looked_at, portion = 0, limit + 1 if wanted == Wanted() else _PORTION
        while len(lines) <= limit:
            found = lately.before(connection, first, floor, portion)
            looked_at += len(found)
            likely = [one for one in found if cursor.knows(one.seq) and wanted.may_match(one)]
            lines += [one for one in lines_of(connection, likely) if wanted.matches(one)]
            if len(found) < portion:
                break
            first = found[-1].seq
        shown = tuple(lines[:limit])
        more = shown[-1].seq if len(lines) > limit else floor if floor > 1 else None
        return Page(shown, cursor, more, looked_at)

    return journal.read(read)


def lines_of(connection: Connection, found: Sequence[BriefEvent]) -> list[Line]:
    """These events with how their actions stand, in the same order."""
    acted = lately.actions_of(connection, [one.seq for one in found])
    return [_line(one, acted.get(one.seq, [])) for one in found]


def _line(event: BriefEvent, acted: Sequence[BriefAction]) -> Line:
    moments = [event.received_at, event.planned_at, *(m for one in acted for m in (one.created_at, one.finished_at))]
    return Line(
        seq=event.seq,
        id=event.id,
        type=event.type,
        channel=event.channel,
        received_at=event.received_at,
        outcome=_outcome(event, acted),
        rules=frozenset(sys.intern(one.rule) for one in acted),
        states=tuple((one.id, one.state) for one in acted),
        state=event.state,
        moved_at=max(moment for moment in moments if moment is not None),
    )


def _outcome(event: BriefEvent, acted: Sequence[BriefAction]) -> Outcome:
    states = {one.state for one in acted}
    if event.state is EventState.FAILED or states & {ActionState.DEAD, ActionState.HELD}:
        return Outcome.NEEDS_PERSON
    if event.state is not EventState.PLANNED or states & {ActionState.READY, ActionState.RUNNING}:
        return Outcome.UNDER_WAY
    if ActionState.WAITING in states:
        return Outcome.WAITING
    done = {one.state for one in acted if one.kind != WAIT}  # a timer that is over has only let its rule be read
    if not done:
        return Outcome.CHECKED if event.type in _HINTS else Outcome.NO_RULE
    return Outcome.DELIVERED if ActionState.DONE in done else Outcome.CANCELLED


@dataclass(frozen=True, slots=True)
class Row:
    """A line with what it is about and what it led to, masked."""

    line: Line
    entry: Entry


def rows(journal: Journal, lines: Sequence[Line], masks: Masks) -> list[Row]:
    """In the same order; what went wrong with its findings. The entry may be newer than the line; then the line moves
    on with the next look."""
    stored = journal.read(lambda c: queries.events_by_seq(c, [line.seq for line in lines]))
    known = [line for line in lines if line.seq in stored]
    told: dict[int, Entry] = {}
    for closely in (True, False):
        mine = [stored[line.seq] for line in known if (line.outcome is Outcome.NEEDS_PERSON) is closely]
        told |= {entry.seq: entry for entry in entries(journal, mine, masks, closely=closely)}
    return [Row(line, told[line.seq]) for line in known]
