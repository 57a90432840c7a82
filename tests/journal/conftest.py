"""Every test of this folder runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.event import listens_for

from provodka.event import Event, new_event_id
from provodka.journal import Journal
from provodka.payloads import EventType, Form, FormSubmitted, Person


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **kwargs: float) -> None:
        self.now += timedelta(**kwargs)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/journal.sqlite"
        return
    yield request.getfixturevalue("postgresql_journal_url")


@pytest.fixture
def open_journal(url: str, clock: Clock) -> Iterator[Callable[[], Journal]]:
    opened: list[Journal] = []

    def make() -> Journal:
        journal = Journal(url, clock)
        opened.append(journal)
        return journal

    yield make
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(open_journal: Callable[[], Journal]) -> Journal:
    return open_journal()


@pytest.fixture
def form(clock: Clock) -> Callable[..., Event]:
    def make(external_id: str, *, phone: str = "", email: str = "", channel: str = "site") -> Event:
        person = Person(phones=(phone,) if phone else (), emails=(email,) if email else ())
        return Event(
            id=new_event_id(clock()),
            type=EventType.FORM_SUBMITTED,
            channel=channel,
            external_id=external_id,
            occurred_at=clock(),
            received_at=clock(),
            person=person,
            payload=FormSubmitted(form=Form(comment="Нужна крыша")),
            raw=b"raw",
        )

    return make


def steps_of(journal: Journal, work: Callable[[Connection], object], table: str, least: int) -> list[str]:
    """How SQLite carries out the statements about a table, of which there must be some; nothing of PostgreSQL."""

    def asked(connection: Connection) -> list[str]:
        if connection.dialect.name != "sqlite":
            return []
        seen: list[tuple[str, Any]] = []

        @listens_for(connection, "before_cursor_execute")
        def _keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
            seen.append((statement, parameters))

        work(connection)
        about = [one for one in seen if f" {table}" in one[0] and not isinstance(one[1], list)]
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values) for statement, values in about]
        assert len(plans) >= least
        return [row.detail for plan in plans for row in plan]

    return journal.write(asked)


UNDO = {
    "0009": (),  # versions before it find by the key in its new order too
    "0008": ("DROP TABLE past_troubles",),
    "0007": (
        "DROP TABLE numbered",
        "DROP INDEX events_channel",
        "DROP INDEX events_id_end",
        "DROP INDEX actions_dead_reason",
    ),
    "0006": ("DROP TABLE audit",),
    "0005": ("DROP TABLE named", "DROP INDEX events_failed"),
}
"""By migration what takes it back, the newest first: each new one is a line here."""


def undo_after(journal: Journal, revision: str) -> None:
    """Leave the journal as a version of ours of before would have, with all that has happened in it."""
    work = [one for number, statements in UNDO.items() if number > revision for one in statements]
    work.append(f"UPDATE alembic_version SET version_num = '{revision}'")
    journal.write(lambda c: [c.execute(text(one)) for one in work])
