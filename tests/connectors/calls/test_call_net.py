"""A call of which nothing is heard any more has an end all the same, whatever happens to the service's statistics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors.calls.book import CallBook
from connectors.calls.net import Net
from connectors.calls.notice import CallNotice, Told
from connectors.calls.settings import CallSettings
from provodka.channel import Intake
from provodka.errors import AuthFailed, RateLimited, Rejected, Retryable
from provodka.payloads import CallOutcome, Direction
from tests.connectors.calls.memory_intake import MemoryIntake, MemoryStatus

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LOST_AFTER = timedelta(hours=3)
RANG = CallNotice("1", "a", Told.RANG, START, phone="79161112233", employee="101", direction=Direction.IN)
ANSWERED = CallNotice("1", "b", Told.ANSWERED, START + timedelta(seconds=9), employee="101")
BOOK = CallBook("phone", CallSettings())


def told(*notices: CallNotice, book: CallBook = BOOK) -> MemoryIntake:
    intake = MemoryIntake(START)
    book.accept(notices, intake, START)
    return intake


def net(book: CallBook, hours: float, look: Callable[[Intake], None] | None = None) -> Net:
    return Net(book, lambda: START + timedelta(hours=hours), look=look)


def test_a_call_whose_end_never_comes_ends_when_nothing_was_heard_for_long() -> None:
    intake = told(RANG)
    net(BOOK, 2.9).round(intake, MemoryStatus())
    assert intake.types() == {"start:1": "call.started"}
    net(BOOK, 3.1).round(intake, MemoryStatus())
    assert intake.types() == {"start:1": "call.started", "call:1": "call.missed"}
    call = intake.calls()["call:1"]
    assert (call.reason, call.ended_at, call.extension) == ("о конце звонка АТС не сообщила", START, "101")


def test_a_lost_talk_is_no_missed_call_however_short_it_seems() -> None:
    book = CallBook("phone", CallSettings(min_talk=30))
    intake = told(RANG, ANSWERED, book=book)
    net(book, 4).round(intake, MemoryStatus())
    assert intake.types()["call:1"] == "call.finished"
    assert intake.calls()["call:1"].outcome == CallOutcome.TALKED


def test_a_last_word_that_comes_after_all_changes_nothing() -> None:
    intake = told(RANG)
    net(BOOK, 4).round(intake, MemoryStatus())
    BOOK.accept([CallNotice("1", "z", Told.ENDED, START, talk_seconds=60)], intake, START)
    assert intake.types()["call:1"] == "call.missed"
    assert len(intake.types()) == 2


def test_a_talk_among_employees_or_a_mere_recording_is_not_lost() -> None:
    inside = [RANG, CallNotice("1", "z", Told.ENDED, START, direction=Direction.INTERNAL)]
    recorded = CallNotice("2", "r", Told.NOTED, START, recording="https://a.example/r")
    intake = told(*inside, recorded)
    book = CallBook("phone", CallSettings())
    for _ in range(2):
        assert book.close_lost(intake, START + timedelta(days=1)) == 0
    assert set(intake.types()) <= {"start:1"}


def test_while_the_statistics_cannot_be_read_a_call_is_given_twice_the_time() -> None:
    def fails(_: Intake) -> None:
        raise Retryable("no connection")

    intake = told(RANG)
    net(BOOK, 4, fails).round(intake, MemoryStatus())
    assert "call:1" not in intake.types()
    net(BOOK, 7, fails).round(intake, MemoryStatus())
    assert "call:1" in intake.types()


@pytest.mark.parametrize(
    ("fault", "rounds"),
    [
        (Retryable("no connection"), 3),
        (RateLimited("slowly", wait=900), 3),
        (RuntimeError("bug"), 3),
        (AuthFailed("wrong key", hint="ключ"), 1),
        (Rejected("not paid", hint="тариф"), 1),
    ],
)
def test_what_holds_the_net_back_is_one_trouble_that_ends_with_it(fault: Exception, rounds: int) -> None:
    faults: list[Exception] = [fault] * rounds

    def look(_: Intake) -> None:
        if faults:
            raise faults.pop()

    status, intake = MemoryStatus(), told()
    watched = net(BOOK, 0, look)
    pauses = [watched.round(intake, status) for _ in range(rounds)]
    assert list(status.troubles) == ["phone"]
    assert len(status.told) == 1
    cause, cure = status.troubles["phone"]
    assert cause
    assert cure
    assert min(pauses) >= (900 if isinstance(fault, RateLimited) else 15)
    watched.round(intake, status)
    assert status.troubles == {}


def test_a_journal_that_cannot_be_written_ends_no_watch() -> None:
    intake, status = told(RANG), MemoryStatus()
    intake.down = True
    watched = net(BOOK, 4)
    assert watched.round(intake, status) > 0
    intake.down = False
    watched.round(intake, status)
    assert "call:1" in intake.types()


def test_a_watch_ends_soon_after_it_is_told_to() -> None:
    looked, stop = threading.Event(), threading.Event()
    watched = net(BOOK, 0, lambda _: looked.set())
    thread = threading.Thread(target=watched.watch, args=(stop, told(), MemoryStatus()))
    thread.start()
    assert looked.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
