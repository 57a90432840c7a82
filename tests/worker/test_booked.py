"""The poll of accounting: what is told of it where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.onec.account import OneC
from connectors.onec.settings import BooksSettings
from provodka.errors import AuthFailed, ConnectorError, RateLimited, Retryable
from provodka.journal import Journal, troubles
from tests.connectors.onec.base import MemoryRoad
from worker.booked import Poll

SETTINGS = BooksSettings.model_validate({"organization": {"inn": "7801999002"}})


class Failing(MemoryRoad):
    """A base that fails as it is told to."""

    error: ConnectorError | None = None

    def changed(self, cursors, known, now, *, full):  # type: ignore[no-untyped-def]
        if self.error is not None:
            raise self.error
        return super().changed(cursors, known, now, full=full)


class Here:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.road = Failing()
        self.poll = Poll(OneC(SETTINGS, journal.store, self.road, journal.now), None, journal)

    def look(self, error: ConnectorError | None) -> list[str]:
        """Look once; what is open afterwards."""
        self.road.error = error
        if error is None:
            self.poll.look()
        else:
            with pytest.raises(type(error)):
                self.poll.look()
        return [one.cause for one in self.journal.read(lambda c: troubles.all_troubles(c, opened=True))]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    yield Here(journal)
    journal.close()


def test_who_is_not_let_in_is_told_at_once_and_over_when_let_in(here: Here) -> None:
    assert here.look(AuthFailed("no right", hint="Дайте роль")) == ["no right"]
    assert here.look(None) == []


@pytest.mark.parametrize("error", [RateLimited("closed for an update", wait=60), Retryable("no answer")])
def test_a_base_that_is_closed_for_a_while_is_told_only_when_it_lasts(
    here: Here, error: ConnectorError, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.look(error) == []
    later: datetime = here.journal.now() + timedelta(minutes=31)
    monkeypatch.setattr(here.journal, "now", lambda: later)
    assert here.look(error) == [error.reason]
    assert here.look(None) == []
