"""The ticks of the rules that come due by the clock, as events of the inbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from provodka.event import Event, new_event_id
from provodka.payloads import EventType, Person, Tick
from rules.calendar import WorkingCalendar
from rules.plan import rule_slug
from rules.schedule import Schedule
from rules.schema import Rule

CHANNEL: Final = "clock"


@dataclass(frozen=True, slots=True)
class Due:
    """What came due: events for the inbox, and the cursors that belong to them."""

    events: list[Event]
    cursors: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Hand:
    """One rule's hand of the clock: its next tick."""

    rule: str
    schedule: Schedule
    next: datetime | None

    @property
    def cursor(self) -> str:
        return f"{CHANNEL}:{rule_slug(self.rule)}"


class Ticks:
    """The next tick of each rule is computed once; nothing is looked at before it comes."""

    def __init__(self, rules: Sequence[Rule], calendar: WorkingCalendar) -> None:
        self._calendar = calendar
        self._seen: datetime | None = None
        self._hands = [_Hand(rule.name, rule.schedule, None) for rule in rules if rule.schedule is not None]

    def begin(self, now: datetime, cursor: Callable[[str], str | None]) -> Due:
        """What was missed while nobody looked: the newest tick of each rule, if it is younger than the rule's period.

        A rule that is new, or has another schedule now, has missed nothing.
        """
        due = Due([], {})
        for hand in self._hands:
            newest = hand.schedule.newest(now, self._calendar)
            at, _, schedule = (cursor(hand.cursor) or "").partition(" ")
            if not at or schedule != hand.schedule.text:
                due.cursors[hand.cursor] = _mark(now, hand)
            elif newest is not None and newest > datetime.fromisoformat(at):
                self._tick(hand, newest, now, due)
        self._wind(now)
        return due

    def due(self, now: datetime) -> Due:
        """The ticks that have come since the last look; of a rule that had several, the newest."""
        due = Due([], {})
        for hand in self._hands:
            if hand.next is not None and hand.next <= now:
                newest = hand.schedule.newest(now, self._calendar)
                if newest is not None:
                    self._tick(hand, newest, now, due)
        self._wind(now)
        return due

    def next(self) -> datetime | None:
        """When there is something to do again; None where no rule has a schedule."""
        return min((hand.next for hand in self._hands if hand.next is not None), default=None)

    def _wind(self, now: datetime) -> None:
        """Set the hands that have been passed; all of them when somebody has put the machine's clock back."""
        put_back = self._seen is None or now < self._seen
        self._seen = now
        self._hands = [
            replace(hand, next=hand.schedule.after(now, self._calendar))
            if put_back or (hand.next is not None and hand.next <= now)
            else hand
            for hand in self._hands
        ]

    def _tick(self, hand: _Hand, moment: datetime, now: datetime, due: Due) -> None:
        due.events.append(tick(hand.rule, moment, now))
        due.cursors[hand.cursor] = _mark(moment, hand)


def tick(rule: str, moment: datetime, now: datetime) -> Event:
    """The event of a rule that came due at a moment: the same one, whoever makes it and however often."""
    return Event(
        id=new_event_id(now),
        type=EventType.CLOCK_TICK,
        channel=CHANNEL,
        external_id=f"{rule_slug(rule)}:{moment.isoformat()}",
        occurred_at=moment,
        received_at=now,
        person=Person(),
        payload=Tick(rule),
    )


def _mark(moment: datetime, hand: _Hand) -> str:
    return f"{moment.isoformat()} {hand.schedule.text}"
