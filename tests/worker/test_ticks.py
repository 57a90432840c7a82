"""Ticks on a real journal: each made once, by whatever processes, and planned for its rule alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from provodka.journal import EventState, Journal, queries
from rules.schema import Rule
from rules.ticks import Ticks
from scheduler import Clock
from tests.rules.world import CALENDAR, make_rule
from tests.worker.office import Office

NOTICE = {"notify": {"to": "rop", "text": "{{ event.occurred_at.hour }}:{{ event.occurred_at.minute }}"}}
HOURLY = make_rule(NOTICE, on=None, every="1h", name="Ежечасно")
OTHER = make_rule(NOTICE, on=None, at="12:00", name="В полдень")


def looked(office: Office, journal: Journal, *rules: Rule) -> None:
    """A clock that looks once and is stopped."""
    stopped = threading.Event()
    stopped.set()
    Clock(Ticks(rules, CALENDAR), office.clock).watch(stopped, journal, journal)


def made(office: Office) -> list[str]:
    """The texts of the notices of all ticks so far."""
    office.work()
    lines = office.journal.read(lambda c: queries.list_events(c, limit=100))
    return sorted(text for line in lines for text in office.told(line.event.event))


def test_a_tick_is_planned_for_its_own_rule_alone(office: Office) -> None:
    office.open(HOURLY, OTHER)
    looked(office, office.journal, HOURLY, OTHER)
    office.clock.forward(minutes=59)
    looked(office, office.journal, HOURLY, OTHER)
    assert made(office) == []
    office.clock.forward(minutes=1, seconds=2)
    looked(office, office.journal, HOURLY)
    assert made(office) == ["13:0"]
    (line,) = office.journal.read(lambda c: queries.list_events(c, limit=100))
    assert [trace.rule for trace in office.traces(line.event.event)[0].rules] == ["Ежечасно"]
    assert line.event.state is EventState.PLANNED


def test_a_restart_and_a_second_process_make_no_tick_twice(office: Office, open_journal: Callable[[], Journal]) -> None:
    office.open(HOURLY)
    looked(office, office.journal, HOURLY)
    office.clock.forward(hours=1)
    for journal in (office.journal, open_journal(), office.journal):
        looked(office, journal, HOURLY)
    assert made(office) == ["13:0"]
    office.clock.forward(hours=5, minutes=30)
    looked(office, open_journal(), HOURLY)
    assert made(office) == ["13:0", "18:0"]


def test_a_running_clock_rings_at_the_moment(office: Office) -> None:
    """The clock is one that goes: it begins a moment before the hour."""
    office.open(HOURLY)
    begin, real = office.clock.now + timedelta(minutes=59, seconds=59.9), threading.Event()
    started = monotonic()
    clock = Clock(Ticks([HOURLY], CALENDAR), lambda: begin + timedelta(seconds=monotonic() - started))
    office.journal.new_events.clear()
    thread = threading.Thread(target=clock.watch, args=(real, office.journal, office.journal))
    thread.start()
    assert office.journal.new_events.wait(30)
    real.set()
    thread.join(30)
    assert not thread.is_alive()
    assert made(office) == ["13:0"]
