"""An import goes its whole way, to be undone in the end, while the product or a command dies at one of its commits.

By default two of the commits are drawn, other ones each time: PROVODKA_COMMITS=18 repeats what a failure has named, and
PROVODKA_COMMITS=all tries each one with both CRMs.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from provodka.journal import imports
from provodka.journal.database import Database
from provodka.journal.imports import ImportState
from tests.crash.nursery import Nursery
from tests.crash.offices import CRMS, running
from tests.crash.world import CLIENT, World, until
from tests.end_to_end.importing import said

pytestmark = pytest.mark.crash

CHOSEN = os.environ.get("PROVODKA_COMMITS", "")
OF_PRODUCT, OF_COMMANDS = 90, 2  # commits that there are about, from the first row to the end of the undoing
NOT_COUNTED = "nobody died before the very first commit: they are not counted any more"
PHONES = ("+79160000001", "+79160000002", "+79160000003", "+79160000004", "+79160000002")
CHANNEL = "  list: {type: import}\n"
RULE = """
  - name: Импорт
    on: table.row_added
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "База: {{ person.phone }}", tags: [база]}
      - task: {text: "Обзвон {{ row.fields['Номер'] }}", type: Звонок, due: 1d}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where one life after another is played; `settled` is a journal that has met its CRM, and nothing else yet."""

    world: World
    nursery: Nursery
    settled: Path
    file: Path

    def begin(self) -> None:
        self.world.reset()
        shutil.copy(self.settled, self.world.journal)
        self.nursery.lives = 0

    def keep_alive(self) -> None:
        """Somebody watches over the product, and starts it again."""
        if not self.nursery.alive:
            assert self.nursery.exit_code == -9, self.nursery.log()
            self.nursery.start(self.world)

    def until(self, look: Callable[[], object], what: str) -> None:
        """Wait for it, through the death of the product."""

        def there() -> object:
            self.keep_alive()
            return look()

        until(there, what)

    @property
    def start(self) -> tuple[str, ...]:
        return "import", str(self.file), "--yes", "--detach", "--portion", "2", "--json"

    def jobs(self) -> list[imports.ImportJob]:
        found: list[imports.ImportJob] = self.world.read(imports.all_imports)
        return found

    def stop_and_resume(self) -> bool:
        """Stop it after its first rows, and let it go on; whether there was something left to stop."""
        [job] = self.jobs()
        self.until(lambda: self.world.read(lambda c: imports.figures(c, job.id)).handed_out, "its first rows")
        stopped = self._moved(job.id, ImportState.STOPPED, ImportState.RUNNING)
        return stopped and self._moved(job.id, ImportState.RUNNING, ImportState.STOPPED)

    def _moved(self, job: str, to: ImportState, before: ImportState) -> bool:
        database = Database(self.world.environ["JOURNAL"])
        with database.writing.begin() as connection:
            moved = imports.move(connection, job, to, (before,))
        database.close()
        return moved

    def rest(self) -> None:
        self.until(self._at_rest, "rest")

    def _at_rest(self) -> bool:
        under_way = any(job.state is ImportState.RUNNING for job in self.jobs())
        return not under_way and self.world.at_rest(len(set(PHONES)))


@pytest.fixture(params=CRMS if CHOSEN else ["amocrm"])
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    client, file = tmp_path / "import.yaml", tmp_path / "База.csv"
    client.write_text(CLIENT.read_text("utf-8").replace("channels:\n", f"channels:\n{CHANNEL}") + RULE, "utf-8")
    rows = [f"{number};Гость;{phone}" for number, phone in enumerate(PHONES)]
    file.write_text("\n".join(("Номер;ФИО;Телефон", *rows)), "utf-8")
    with ExitStack() as ends:
        world = World(tmp_path, ends.enter_context(running(request.param)), client)
        ends.callback(world.close)
        nursery = Nursery(tmp_path)
        ends.callback(nursery.close)
        yield Stage(world, nursery, nursery.settle(world, tmp_path / "settled.sqlite"), file)


@pytest.mark.timeout(1800 if CHOSEN else 300)
def test_whoever_dies_at_whichever_commit_each_row_is_there_once_and_is_undone_to_the_last(stage: Stage) -> None:
    for there_are, live in ((OF_PRODUCT, _product_dies), (OF_COMMANDS, _commands_die)):
        if CHOSEN:
            chosen = itertools.count(1) if CHOSEN == "all" else map(int, CHOSEN.split(","))
            missed = next((commit for commit in chosen if not live(stage, commit)), None)
            assert missed != 1, NOT_COUNTED
            continue
        commit = random.randint(1, there_are)
        while not live(stage, commit):  # not so many this time: what is ready together is written together
            assert commit > 1, NOT_COUNTED
            commit //= 2


def _product_dies(stage: Stage, commit: int) -> bool:
    """Once, and its successor goes on while the import is stopped, resumed, and undone; whether it came to that."""
    death = f"death of the product before commit {commit}"
    stage.begin()
    stage.nursery.start(stage.world, commit=commit, moment="before")
    said(stage.world.config, stage.world.environ, *stage.start)
    stage.stop_and_resume()
    stage.rest()
    assert imported_wrongs(stage.world) == [], death
    [job] = stage.jobs()
    words = ("import", "undo", job.id, "--wait", "60", "--json")
    with ThreadPoolExecutor(1) as thread:
        undoing = thread.submit(said, stage.world.config, stage.world.environ, *words)
        stage.until(undoing.done, "the end of the undoing")
    assert undoing.result()["exceptions"] == [], death
    stage.rest()
    _check_undone(stage, death)
    died = stage.nursery.lives > 1
    stage.nursery.kill()
    return died


def _commands_die(stage: Stage, commit: int) -> bool:
    """Each command dies at this commit of its own and is said again; whether it came to that."""
    death, bomb = f"death of a command before commit {commit}", {"commit": commit, "moment": "before"}
    stage.begin()
    died = [_said_again(stage, stage.start, bomb)]
    stage.nursery.start(stage.world)
    stage.rest()
    assert imported_wrongs(stage.world) == [], death
    stage.nursery.stop()
    died += _undo_again(stage, bomb)
    stage.nursery.start(stage.world)  # what was said to be undone is carried out
    stage.rest()
    stage.nursery.stop()
    died += _undo_again(stage, bomb)
    _check_undone(stage, death)
    return any(died)


def _undo_again(stage: Stage, bomb: dict[str, object]) -> list[bool]:
    return [_said_again(stage, ("import", "undo", job.id, "--wait", "0", "--json"), bomb) for job in stage.jobs()]


def _said_again(stage: Stage, words: Iterable[str], bomb: dict[str, object]) -> bool:
    """Have a command carried out, again if it dies; whether it did."""
    died = stage.nursery.command(stage.world, *words, **bomb) == -9
    code = stage.nursery.command(stage.world, *words) if died else stage.nursery.exit_code
    assert code == 0, stage.nursery.log()
    return died


def _check_undone(stage: Stage, death: str) -> None:
    assert {job.state for job in stage.jobs()} == {ImportState.UNDONE}, death
    assert undone_wrongs(stage.world) == [], death


def imported_wrongs(world: World) -> list[str]:
    """Everything that is not as it should be when all is imported: each person one lead, each row one task."""
    tasks: dict[str, list[str]] = {}
    for number, phone in enumerate(PHONES):
        tasks.setdefault(phone, []).append(f"Обзвон {number}")
    leads = world.office.leads()
    there = Counter(phone for lead in leads for one in lead["contacts"] for phone in one["phones"])
    found = [f"leads: {dict(there)}"] if there != dict.fromkeys(tasks, 1) else []
    for lead in leads:
        wanted = tasks.get(next(p for one in lead["contacts"] for p in one["phones"]), [])
        told = sorted(task["text"] for task in lead["tasks"])
        found += [f"tasks: {told}, not {wanted}"] if told != wanted else []
        notes = [note["text"] for note in lead["notes"]]
        found += ["a rule takes it for a lead that somebody waits for"] if "Новый лид" in notes else []
    return found + world.general_wrongs()


def undone_wrongs(world: World) -> list[str]:
    """Everything that is not as it should be when all is undone: amoCRM closes what it made, Bitrix24 deletes it."""
    leads = world.office.leads()
    wanted = len(set(PHONES)) if world.office.name == "amocrm" else 0
    found = [] if len(leads) == wanted else [f"{len(leads)} leads, not {wanted}"]
    for lead in leads:
        if lead["status"] != "Закрыто и не реализовано" or "импорт отменён" not in lead["tags"]:
            found.append(f"lead {lead['id']}: {lead['status']}, {lead['tags']}")
        found += [f"still to do: {text}" for text in world.office.open_tasks(lead)]
    return found + world.general_wrongs()
