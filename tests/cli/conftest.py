"""A journal on disk and everything around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provodka.journal import ActionState, Journal, queries
from tests.cli.playing import Clock, House, Seen


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path}/journal.sqlite", clock)
    yield opened
    opened.close()


@pytest.fixture
def house(journal: Journal, clock: Clock) -> House:
    return House(journal, clock)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def state_of(journal: Journal) -> Callable[[int], ActionState]:
    def look(action_id: int) -> ActionState:
        found = journal.read(lambda c: queries.action_by_id(c, action_id))
        assert found is not None
        return found.state

    return look
