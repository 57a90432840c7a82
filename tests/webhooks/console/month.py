"""The console of a small client after a month: a journal filled by a real planner, the house of its config."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.config import read
from cli.console import console_parts
from cli.house import House
from provodka.journal import Journal
from tests.cli.past import RULES, Client
from tests.cli.playing import Clock
from tests.webhooks.console.desk import Desk, on

Serve = Callable[..., tuple[Client, Desk]]


@pytest.fixture
def serve(tmp_path: Path, journal: Journal, clock: Clock) -> Iterator[Serve]:
    """A console of one's own, with other rules."""
    with ExitStack() as stack:
        yield lambda *rules: stack.enter_context(after_a_month(tmp_path, journal, clock, *rules))


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Desk]]:
    """One console for all tests of a module that only look."""
    folder, clock = tmp_path_factory.mktemp("month"), Clock()
    journal = on(folder, clock)
    with after_a_month(folder, journal, clock) as made:
        yield made
    journal.close()


@contextmanager
def after_a_month(
    folder: Path, journal: Journal, clock: Clock, rules: str = RULES, **given: Any
) -> Iterator[tuple[Client, Desk]]:
    """The month is that of `past.py`, with its rules; the config that runs now has these `rules`."""
    client = Client(folder, journal, clock)
    client.month()
    house = House(read(client.config(rules)))
    parts = console_parts(house)
    own = ("rules", "try_config", "save_test", "tests_file")
    desk = Desk(journal, {"now": clock, **{name: getattr(parts, name) for name in own}, **given})
    try:
        yield client, desk
    finally:
        desk.close()
        house.close()
