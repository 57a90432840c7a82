"""A real journal with a clock that stands still, for the tests that ask for `office`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provodka.journal import Journal
from tests.journal.conftest import Clock, open_journal, url  # noqa: F401 -- fixtures
from tests.worker.office import Office


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(open_journal: Callable[[], Journal], clock: Clock) -> Office:  # noqa: F811
    return Office(open_journal(), clock)
