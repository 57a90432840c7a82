"""An import goes its whole way, to be undone in the end, while the product or a command dies at one of its commits.

Some of the commits are tried, spread over all of them; each one of both CRMs with PROVODKA_COMMITS=all.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provodka.journal import imports
from provodka.journal.database import Database
from provodka.journal.imports import ImportState
from tests.crash.nursery import Nursery
from tests.crash.offices import CRMS, running
from tests.crash.world import CLIENT, World, until

pytestmark = pytest.mark.crash

EVERY = os.environ.get("PROVODKA_COMMITS") == "all"
STEPS = {"amocrm": 9, "bitrix24": 20}
FEWEST = 20  # commits from the first row to the end of the undoing; fewer would mean that the counting is broken
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
    product: Nursery
    commands: Nursery
    settled: Path
    file: Path
    step: int

    def begin(self, **bomb: Any) -> None:
        self.world.reset()
        shutil.copy(self.settled, self.world.journal)
        self.product.lives = 0
        self.product.start(self.world, **bomb)

    def keep_alive(self) -> None:
        """Somebody watches over the product, and starts it again."""
        if not self.product.alive:
            assert self.product.exit_code == -9, self.product.log()
            self.product.start(self.world)

    def until(self, look: Callable[[], object], what: str) -> None:
        """Wait for it, through the death of the product."""

        def there() -> object:
            self.keep_alive()
            return look()

        until(there, what)

    def command(self, *words: str, **bomb: Any) -> int:
        """Have it carried out; its exit code, negative for a signal."""
        self.commands.command(self.world, *words, **bomb)
        self.until(lambda: not self.commands.alive, f"the end of {words}")
        assert self.commands.exit_code is not None
        return self.commands.exit_code

    def jobs(self) -> list[imports.ImportJob]:
        found: list[imports.ImportJob] = self.world.read(imports.all_imports)
        return found

    def started(self, **bomb: Any) -> int:
        words = ("import", str(self.file), "--yes", "--detach", "--portion", "2")
        return self.command(*words, **bomb)

    def stopped_and_resumed(self) -> bool:
        """Stop it and let it go on; whether there was something left to stop."""
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
        running = any(job.state is ImportState.RUNNING for job in self.jobs())
        return not running and self.world.at_rest(len(set(PHONES)))


@pytest.fixture(params=CRMS)
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    client, file = tmp_path / "import.yaml", tmp_path / "База.csv"
    client.write_text(CLIENT.read_text("utf-8").replace("channels:\n", f"channels:\n{CHANNEL}") + RULE, "utf-8")
    rows = [f"{number};Гость;{phone}" for number, phone in enumerate(PHONES)]
    file.write_text("\n".join(("Номер;ФИО;Телефон", *rows)), "utf-8")
    with ExitStack() as ends:
        world = World(tmp_path, ends.enter_context(running(request.param)), client)
        ends.callback(world.close)
        product, commands = (Nursery(tmp_path, f"{name}.log") for name in ("product", "commands"))
        ends.callback(product.close)
        ends.callback(commands.close)
        settled = product.settle(world, tmp_path / "settled.sqlite")
        yield Stage(world, product, commands, settled, file, 1 if EVERY else STEPS[request.param])


@pytest.mark.timeout(900)
def test_whichever_commit_of_the_product_is_the_last_each_row_is_there_once_and_then_undone(stage: Stage) -> None:
    stopped = 0
    for commit in itertools.count(1, stage.step):
        stage.begin(commit=commit, moment="before")
        death = f"death before commit {commit}"
        assert stage.started() == 0, stage.commands.log()
        stopped += stage.stopped_and_resumed()
        stage.rest()
        assert imported_wrongs(stage.world) == [], death
        undone(stage, death)
        survived = stage.product.lives == 1
        stage.product.kill()
        if survived:
            break
    assert commit > FEWEST
    assert stopped, "some were stopped while they were under way"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("stage", CRMS if EVERY else ["amocrm"], indirect=True)
def test_whichever_commit_of_a_command_is_the_last_saying_it_again_is_enough(stage: Stage) -> None:
    for commit in itertools.count(1):
        stage.begin()
        bomb, death = {"commit": commit, "moment": "before"}, f"death before commit {commit} of a command"
        killed = [stage.started(**bomb) == -9]
        if killed[0]:
            assert stage.started() == 0, stage.commands.log()
        stage.rest()
        assert imported_wrongs(stage.world) == [], death
        killed += [stage.command("import", "undo", job.id, "--wait", "60", **bomb) == -9 for job in stage.jobs()]
        undone(stage, death)
        stage.product.kill()
        if not any(killed):
            break
    assert commit > 1


def undone(stage: Stage, death: str) -> None:
    """Undo all of it, to the end."""
    for job in stage.jobs():
        assert stage.command("import", "undo", job.id, "--wait", "60") == 0, (death, stage.commands.log())
    stage.rest()
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
