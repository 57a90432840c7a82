"""A journal that is only looked at: all of it can be read, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from provodka.errors import JournalUnavailableError
from provodka.event import Event
from provodka.journal import Journal
from provodka.journal.planned_before import count, histories
from provodka.journal.reading import ReadOnlyJournal
from tests.journal.conftest import Clock

CHANGES = ("DELETE FROM events", "UPDATE meta SET value = ''", "CREATE TABLE more (one TEXT)")


def test_whoever_only_looks_sees_what_is_written_and_writes_nothing(
    journal: Journal, url: str, clock: Clock, form: Callable[..., Event]
) -> None:
    with closing(ReadOnlyJournal(url, clock)) as looked:
        assert looked.key == journal.key
        began = clock()
        journal.accept([form("1")])
        clock.forward(seconds=1)
        assert count(looked, began, looked.now()) == 1
        assert [one.event.event.external_id for one in histories(looked, began, looked.now())] == ["1"]
        for change in CHANGES:
            with pytest.raises((DBAPIError, JournalUnavailableError), match=r"readonly|read-only"):
                looked.read(lambda c, change=change: c.execute(text(change)))
    assert count(journal, began, clock()) == 1
