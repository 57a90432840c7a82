"""The console of a small client after a month: a journal filled by a real planner, the house of its config."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cli.config import read
from cli.console import console_parts
from cli.house import House
from cli.trial import fenced
from provodka.fence import Fence
from provodka.journal import Journal
from tests.cli.past import RULES, Client
from tests.cli.playing import Clock
from tests.webhooks.console.desk import Desk, on
from tests.webhooks.console.trying import UNFENCED

Serve = Callable[..., tuple[Client, Desk]]


@pytest.fixture
def serve(tmp_path: Path, journal: Journal, clock: Clock) -> Iterator[Serve]:
    """A console of one's own, with other rules."""
    with ExitStack() as stack:
        yield lambda *rules, **given: stack.enter_context(after_a_month(tmp_path, journal, clock, *rules, **given))


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
    folder: Path, journal: Journal, clock: Clock, rules: str = RULES, fence: Fence = UNFENCED, **given: Any
) -> Iterator[tuple[Client, Desk]]:
    """The month is that of `past.py`, with its rules; the config that runs now has these `rules`, and another one is
    tried behind the `fence`."""
    client = Client(folder, journal, clock)
    client.month()
    house = House(read(client.config(rules)))
    parts = console_parts(house)
    own = {name: getattr(parts, name) for name in ("rules", "save_test", "tests_file")}
    tries = partial(fenced, house.config, fence)
    desk = Desk(journal, {"now": clock, "try_config": tries, **own, **given})
    try:
        yield client, desk
    finally:
        desk.close()
        house.close()
