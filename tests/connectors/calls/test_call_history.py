"""The list of calls that a service keeps is read from the moment at which we came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.calls.book import CallBook
from connectors.calls.history import LONGEST, OVERLAP, History
from connectors.calls.notice import CallNotice, Told
from connectors.calls.settings import CallSettings
from provodka.errors import AuthFailed
from provodka.payloads import Direction
from tests.connectors.calls.memory_intake import MemoryIntake

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOOK = CallBook("phone", CallSettings())


class Service:
    """Its list of calls, and from when it was asked for."""

    def __init__(self) -> None:
        self.now = START
        self.open = True
        self.calls: list[CallNotice] = []
        self.asked: list[timedelta] = []
        self.history = History(BOOK, lambda: self.now, self.read)
        self.intake = MemoryIntake(START)

    def read(self, since: datetime, until: datetime) -> Sequence[CallNotice]:
        if not self.open:
            raise AuthFailed("the key is wrong")
        self.asked.append(until - since)
        return self.calls

    def ended(self, call: str, after: timedelta, talked: int = 30) -> None:
        began = START + after
        end = began + timedelta(seconds=talked)
        notice = CallNotice(call, "listed", Told.ENDED, end, direction=Direction.IN, phone="79160001122")
        self.calls.append(notice if not talked else _talk(notice, began, end, talked))

    def look(self, after: timedelta = timedelta(0)) -> dict[str, str]:
        self.now += after
        self.intake.now = self.now
        self.history.look(self.intake)
        return self.intake.types()


def _talk(notice: CallNotice, began: datetime, end: datetime, talked: int) -> CallNotice:
    return replace(notice, started_at=began, ended_at=end, talk_seconds=talked, employee="101")


def test_what_happens_while_the_key_is_wrong_is_read_when_it_is_right() -> None:
    service = Service()
    service.open = False
    with pytest.raises(AuthFailed):
        service.look()
    service.ended("before", -timedelta(minutes=10))
    service.ended("meanwhile", timedelta(minutes=10))
    service.open = True
    assert service.look(timedelta(hours=5)) == {"call:meanwhile": "call.finished"}


def test_each_look_reads_what_the_last_one_read_late_once_more() -> None:
    service = Service()
    service.look()
    service.look(timedelta(hours=6))
    service.look(timedelta(minutes=5))
    assert service.asked == [timedelta(0), timedelta(hours=6), OVERLAP + timedelta(minutes=5)]


def test_after_a_long_standstill_only_so_much_is_read_as_services_give() -> None:
    service = Service()
    service.look()
    service.look(timedelta(days=90))
    assert service.asked[-1] == LONGEST
