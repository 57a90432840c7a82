"""The product dies at each of its commits in turn, and its successor goes on.

With Bitrix24, whose commits are nearly those of amoCRM, at each third one; at each of both with PROVODKA_COMMITS=all.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.nursery import Nursery
from tests.crash.offices import CRMS, running
from tests.crash.world import World, until

pytestmark = pytest.mark.crash

FORM = ("+79160001122", "первая")
FEWEST = 20  # commits from the webhook to rest; fewer would mean that the counting is broken


@dataclass(frozen=True, slots=True)
class Stage:
    """Where one life after another is played; `journal` is one that has met its CRM, and nothing else yet."""

    world: World
    nursery: Nursery
    journal: Path
    step: int


@pytest.fixture(params=CRMS)
def stages(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[Stage]]:
    """Two, since each spends half of its time waiting."""
    made: list[Stage] = []
    with ExitStack() as crms:
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            world = World(folder, crms.enter_context(running(request.param)))
            crms.callback(world.close)
            nursery = Nursery(folder)
            crms.callback(nursery.close)
            step = 1 if request.param == "amocrm" or os.environ.get("PROVODKA_COMMITS") == "all" else 3
            settled = nursery.settle(world, tmp_path / f"settled-{number}.sqlite")
            made.append(Stage(world, nursery, settled, step))
        yield made


@pytest.mark.timeout(600)
def test_whichever_commit_is_the_last_there_is_one_lead_with_one_of_each(stages: list[Stage]) -> None:
    """Death right before each commit; and right after those that are followed by a call that changes the CRM.

    Where none follows, "after" is the same moment as "before the next one".
    """
    with ThreadPoolExecutor(len(stages)) as threads:
        step = stages[0].step
        odd, even = threads.map(_die_before, stages, (itertools.count(n, 2 * step) for n in (1, 1 + step)))
        written = odd | even
        last = next(n for n in itertools.count(1, step) if n + step not in written)
        assert last > FEWEST
        followed = [n for n in range(1, last, step) if written[n + step] > written[n]]
        assert followed, "the CRM was changed"
        list(threads.map(_die_after, stages, (followed[::2], followed[1::2])))
    print(f"died before each of {last} commits (by {step}), and after {followed}")


def _die_before(stage: Stage, commits: Iterable[int]) -> dict[int, int]:
    """By commit, how often the CRM had been changed at the death; ends at the first commit that is not reached."""
    written: dict[int, int] = {}
    for commit in commits:
        changes = _life_and_death(stage, commit, "before")
        if changes is None:
            break
        written[commit] = changes
    return written


def _die_after(stage: Stage, commits: Iterable[int]) -> None:
    for commit in commits:
        _life_and_death(stage, commit, "after")


def _life_and_death(stage: Stage, commit: int, moment: str) -> int | None:
    """One form; the product dies, and another one goes on. How often the CRM had been changed at the death, if any."""
    world, nursery, death = stage.world, stage.nursery, f"death {moment} commit {commit}"
    world.reset()
    shutil.copy(stage.journal, world.journal)
    nursery.start(world, roles=("web", "worker"), commit=commit, moment=moment)
    with world.sender("1", *FORM) as sender:
        until(lambda: not nursery.alive or (sender.done and world.at_rest(1)), death)
        changes = None if nursery.alive else world.office.changes()
        if changes is not None:
            assert nursery.exit_code == -9, nursery.log()
            nursery.start(world)
        until(lambda: sender.done and world.at_rest(1), f"rest after {death}")
    nursery.kill()
    assert world.wrongs([FORM]) == [], death
    return changes
