"""Tasks beside the pages: heavy ones one at a time, counts before them, results kept while they are fresh."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.playing import Clock
from webhooks.console.private_files import PrivateFiles, called
from webhooks.console.task import Order, Task, TaskState
from webhooks.console.tasks import BusyError, Tasks

MINUTE = timedelta(minutes=1)


@pytest.fixture
def tasks(clock: Clock) -> Tasks:
    return Tasks(clock)


def order(kind: str = "export", login: str = "olga", **more: Any) -> Order:
    return Order(kind, login, login, "", **more)


def over(tasks: Tasks, ordered: Order, work: Callable[[Task[Any]], Any]) -> Task[Any]:
    task = tasks.begin(ordered, work)
    task.wait(30)
    assert not task.running
    return task


class Gate:
    """A work that is over when it may be, and takes steps until then."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()

    def __call__(self, task: Task[Any]) -> int:
        self.entered.set()
        while not self.open.is_set():
            time.sleep(0.012)  # longer than a task may work without a rest
            task.step()
        return 1


def test_one_heavy_task_is_under_way_whatever_its_kind_and_whoever_wants_it(tasks: Tasks) -> None:
    gate = Gate()
    running = tasks.begin(order(), gate, total=4)
    with pytest.raises(BusyError) as busy:
        tasks.begin(order("what-if", "boss"), lambda task: 2)
    assert busy.value.task is running
    assert tasks.of("what-if", "boss") is None
    gate.open.set()
    running.wait(30)
    assert (running.state, running.result) == (TaskState.DONE, 1)
    assert over(tasks, order("what-if", "boss"), lambda task: 2).result == 2


def test_a_heavy_task_stands_still_while_something_is_counted(tasks: Tasks) -> None:
    gate, counting, go_on = Gate(), threading.Event(), threading.Event()

    def count(_: Task[int]) -> int:
        counting.set()
        assert go_on.wait(30)
        return 7

    heavy = tasks.begin(order(), gate)
    assert gate.entered.wait(30)
    assert tasks.ask("a", count, MINUTE, 0).running
    assert counting.wait(30)
    stands = heavy.done
    time.sleep(0.15)  # some six steps
    assert heavy.done <= stands + 1, "it may have been amid a step"
    go_on.set()
    assert tasks.ask("a", count, MINUTE, 30).result == 7
    gate.open.set()
    heavy.wait(30)
    assert heavy.state is TaskState.DONE


def test_a_task_that_stands_still_can_be_stopped(tasks: Tasks) -> None:
    gate, go_on = Gate(), threading.Event()
    heavy = tasks.begin(order(), gate)
    assert gate.entered.wait(30)
    tasks.ask("a", lambda task: go_on.wait(30), MINUTE, 0)
    tasks.end(heavy)
    heavy.wait(30)
    assert heavy.state is TaskState.STOPPED
    go_on.set()


def test_a_task_rests_as_long_as_it_has_worked(tasks: Tasks) -> None:
    moments: list[float] = []

    def work(task: Task[None]) -> None:
        time.sleep(0.1)
        moments.append(time.perf_counter())
        task.step()
        moments.append(time.perf_counter())

    over(tasks, order(), work)
    assert moments[1] - moments[0] >= 0.09


def test_a_task_that_fails_keeps_its_error_and_leaves_the_way_free(tasks: Tasks) -> None:
    def fail(_: Task[int]) -> int:
        raise OSError("away")

    failed = over(tasks, order(), fail)
    assert (failed.state, failed.result, str(failed.error)) == (TaskState.FAILED, None, "away")
    tasks.be_free()


def test_results_are_forgotten_after_an_hour_for_a_newer_one_and_where_they_are_many(
    tasks: Tasks, clock: Clock
) -> None:
    gone: list[str] = []

    def made(login: str) -> Task[Any]:
        return over(tasks, order(login=login, forget=lambda: gone.append(login)), lambda task: login)

    made("olga")
    assert tasks.of("export", "olga") is not None
    assert tasks.of("what-if", "olga") is None
    newer = made("olga")
    assert gone == ["olga"]
    clock.forward(minutes=59)
    assert tasks.of("export", "olga") is newer
    clock.forward(minutes=1)
    assert tasks.of("export", "olga") is None
    for number in range(6):
        made(str(number))
    assert gone == ["olga", "olga", "0"]
    other = over(tasks, order("what-if"), lambda task: 1)
    tasks.end(other)
    assert tasks.of("what-if", "olga") is None


def test_whoever_asks_meanwhile_waits_for_the_same_count(tasks: Tasks) -> None:
    go_on, counted = threading.Event(), []

    def count(_: Task[int]) -> int:
        assert go_on.wait(30)
        counted.append(1)
        return len(counted)

    assert tasks.ask("a", count, MINUTE, 0).result is None
    assert tasks.ask("a", count, MINUTE, 0).running
    go_on.set()
    assert tasks.ask("a", count, MINUTE, 30).result == 1
    assert tasks.ask("a", count, MINUTE, 30).result == 1
    assert tasks.ask("b", count, MINUTE, 30).result == 2


def test_what_is_not_fresh_is_shown_until_it_is_counted_anew(tasks: Tasks, clock: Clock) -> None:
    go_on = threading.Event()

    def count(_: Task[int]) -> int:
        assert go_on.wait(30)
        return 2

    assert tasks.ask("a", lambda task: 1, MINUTE, 30).result == 1
    clock.forward(minutes=2)
    stale = tasks.ask("a", count, MINUTE, 0)
    assert (stale.result, stale.running) == (1, True)
    go_on.set()
    found = tasks.ask("a", count, MINUTE, 30)
    assert (found.result, found.running) == (2, False)


def test_counts_are_made_one_after_another(tasks: Tasks) -> None:
    entered, go_on, second = threading.Event(), threading.Event(), threading.Event()

    def first(_: Task[bool]) -> bool:
        entered.set()
        assert go_on.wait(30)
        return second.is_set()

    tasks.ask("a", first, MINUTE, 0)
    assert entered.wait(30)
    assert tasks.ask("b", lambda task: second.set(), MINUTE, 0.05).running
    go_on.set()
    assert tasks.ask("a", first, MINUTE, 30).result is False
    tasks.ask("b", lambda task: None, MINUTE, 30)
    assert second.is_set()


def test_what_took_long_to_count_is_kept_for_twenty_times_as_long(tasks: Tasks, clock: Clock) -> None:
    counted: list[int] = []

    def count(_: Task[int]) -> int:
        clock.forward(minutes=1)
        counted.append(1)
        return len(counted)

    assert tasks.ask("a", count, MINUTE, 30).result == 1
    clock.forward(minutes=18)
    assert tasks.ask("a", count, MINUTE, 30).result == 1
    clock.forward(minutes=1)
    assert tasks.ask("a", count, MINUTE, 30).result == 2


def test_a_count_that_failed_is_told_once_and_made_again(tasks: Tasks, clock: Clock) -> None:
    def fail(_: Task[int]) -> int:
        raise OSError("away")

    assert str(tasks.ask("a", fail, MINUTE, 30).error) == "away"
    found = tasks.ask("a", lambda task: 1, MINUTE, 30)
    assert (found.result, found.error) == (1, None)
    clock.forward(minutes=2)
    failed = tasks.ask("a", fail, MINUTE, 30)
    assert (failed.result, str(failed.error)) == (1, "away"), "what was counted before is still known"


def test_no_more_than_a_few_counts_are_kept_the_newest_ones(tasks: Tasks) -> None:
    for number in range(20):
        tasks.ask(number, lambda task, number=number: number, MINUTE, 30)  # type: ignore[misc]
    assert tasks.ask(0, lambda task: 7, MINUTE, 30).result == 7
    assert tasks.ask(19, lambda task: 7, MINUTE, 30).result == 19


def test_private_files_go_with_the_process(folder: Path) -> None:
    files = PrivateFiles()
    path = files.place("a.txt")
    path.write_text("x")
    assert called(path) == "a.txt"
    assert path.is_relative_to(folder)
    del files
    assert not path.exists()
