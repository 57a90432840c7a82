"""What happens while our own disk, file or clock misbehaves."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import event

from provodka.errors import JournalUnavailableError
from provodka.journal import Journal
from sandbox.faults import FaultKind, Faults
from tests.end_to_end.company import PATIENCE, Company, until

WAITING = """
  - name: Лид не взят
    on: lead.created
    wait: 1s
    do:
      - notify: {to: rop, text: "Ждёт: {{ lead.title }}"}
"""


class Clock:
    """The machine's clock, `behind` what it should be."""

    def __init__(self) -> None:
        self.behind = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self.behind


@contextmanager
def locked(company: Company) -> Iterator[None]:
    """Another process is in the middle of a transaction."""
    other = sqlite3.connect(
        company.folder / "journal.sqlite", isolation_level=None, timeout=20, check_same_thread=False
    )
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


class Meeting(Faults):
    """Nothing goes wrong at the CRM; only something happens while it does its first work of a kind."""

    def __init__(self, what: str, happening: Callable[[], None]) -> None:
        super().__init__()
        self._what, self._happening = what, happening
        self.happened = threading.Event()

    def draw(self, method: str, path: str) -> FaultKind | None:
        if method == "POST" and path.endswith(self._what) and not self.happened.is_set():
            self._happening()
            self.happened.set()
        return None


@contextmanager
def pragma(company: Company, text: str) -> Iterator[None]:
    """Say this on every connection that writes, before it is used."""
    pools = [engine.pool for engine in (company.journal.database.writing, company.journal.database.passing)]

    def say(connection: sqlite3.Connection, *_: Any) -> None:
        connection.execute(f"PRAGMA {text}")

    for pool in pools:
        event.listen(pool, "checkout", say)
    try:
        yield
    finally:
        for pool in pools:
            event.remove(pool, "checkout", say)


def test_a_journal_that_is_locked_for_a_moment_makes_the_sender_wait_and_loses_nothing(company: Company) -> None:
    answers: list[int] = []
    sender = threading.Thread(target=lambda: answers.append(company.form("+79160001122").status_code))
    with locked(company):
        sender.start()
        time.sleep(0.5)
        assert answers == [], "nobody may be told that it is stored"
    sender.join()
    assert answers == [200]
    company.rest("lead.created")
    assert [len(company.leads()), len(company.lead()["tasks"])] == [1, 1]


def test_a_journal_that_stays_locked_is_503_and_the_sender_comes_again(company: Company) -> None:
    company.form("+79160000001")
    company.rest("lead.created")
    with pragma(company, "busy_timeout = 100"), locked(company):
        answer = company.form("+79160000002", tranid="1:2")
        assert (answer.status_code, answer.text) == (503, "try again later\n")
        assert int(answer.headers["Retry-After"]) > 0
        assert requests.get(f"{company.url}/readyz", timeout=30).status_code == 503
        assert requests.get(f"{company.url}/healthz", timeout=30).status_code == 200
    assert company.form("+79160000002", tranid="1:2").status_code == 200
    company.rest("lead.created", 2)
    assert len(company.leads()) == 2
    assert requests.get(f"{company.url}/readyz", timeout=30).status_code == 200


@pytest.mark.parametrize(("what", "kind", "attempts"), [("leads/complex", "intake", 2), ("leads/notes", "note", 1)])
def test_what_was_done_while_the_journal_was_locked_is_done_once(
    company: Company, monkeypatch: pytest.MonkeyPatch, what: str, kind: str, attempts: int
) -> None:
    """The CRM has it, and for a moment nobody can write that down. The mirror of a lead makes its outcome doubtful."""
    with pragma(company, "busy_timeout = 100"), ExitStack() as lock:
        meeting = Meeting(what, lambda: lock.enter_context(locked(company)))
        monkeypatch.setattr(company.sandbox.amocrm, "faults", meeting)
        company.form("+79160001122")
        assert meeting.happened.wait(PATIENCE)
        time.sleep(0.5)
        lock.close()
        company.rest("lead.created")
    (action,) = [action for action in company.actions() if action.kind == kind]
    assert (action.state, action.attempts) == ("done", attempts)
    lead = company.lead()
    assert (len(lead["notes"]), len(lead["tasks"])) == (1, 1)


def test_a_full_disk_is_503_and_afterwards_the_work_goes_on(company: Company) -> None:
    company.form("+79160000001")
    company.rest("lead.created")
    size = (company.folder / "journal.sqlite").stat().st_size // 4096
    accepted = 1
    with pragma(company, f"max_page_count = {size + 40}"):
        for n in range(100):
            answer = company.form(f"+791600001{n:02}", name=f"Гость {n}", comments="Подробно. " * 2000)
            if answer.status_code != 200:
                break
            accepted += 1
    assert (answer.status_code, answer.text) == (503, "try again later\n")
    with pragma(company, "max_page_count = 1000000"):
        company.rest("lead.created", accepted)
        assert company.form("+79160009999").status_code == 200
        company.rest("lead.created", accepted + 1)
    leads = company.leads()
    assert len(leads) == accepted + 1
    assert {len(lead["tasks"]) for lead in leads} == {1}


def test_when_the_clock_is_moved_back_timers_and_pace_still_work(
    closed: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("cli.house.Journal", lambda url: Journal(url, clock))
    monkeypatch.setattr("cli.house.utc_now", clock)
    closed.extra_rules, closed.burst = WAITING, 3
    closed.open()
    closed.form("+79160000001", name="Первая")
    until(closed.told, "a message about the first lead")
    clock.behind = timedelta(minutes=45)
    closed.form("+79160000002", name="Вторая")
    until(lambda: len(closed.told()) == 2, "a message about the second lead")
    assert sorted(lead["name"] for lead in closed.leads()) == ["Сайт: Вторая", "Сайт: Первая"]


def test_a_journal_of_which_the_folder_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailableError, match="cannot open the journal"):
        Journal(f"sqlite:///{tmp_path}/missing/journal.sqlite")
