"""The tasks of the console: who may begin one when, and how long results are kept.

However many people ask, webhooks and pages keep half of the processor's time:

- A task rests as long as it has worked, every 10 ms or at its next step (`Task.progress`). One that only listens to a
  process of its own (`Task.hear`: a comparison) leaves that to the system, which lets the others go first.
- Of heavy tasks (a comparison, an export: minutes) one is under way at a time, over all rooms and people; whoever wants
  another meanwhile is told so (`begin`).
- Counts (of rules, of figures: seconds, at the worst a minute) are not refused, since a page that somebody looks at is
  empty without them. They are made one after another, and a heavy task that works here stands still meanwhile (`ask`).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Generic, TypeVar

from flask import current_app

from webhooks.console.task import COUNT, Floor, Order, Task, TaskState
from webhooks.console.words import gettext

T = TypeVar("T")

PATIENCE: Final = 0.15  # seconds that a page waits for what may be over soon
KEEP: Final = timedelta(hours=1)
"""For so long the result of a heavy task is kept once it is over."""
_MOST_KEPT: Final = 5  # results of one kind of heavy task
_MOST_COUNTS: Final = 12
_AT_REST: Final = 20
"""A count that took long is kept for as many times as long, so that looking at it often keeps no machine busy."""


class BusyError(Exception):
    """Another heavy task is under way."""

    def __init__(self, task: Task[Any]) -> None:
        super().__init__(task.id)
        self.task = task

    def __str__(self) -> str:
        """In the reader's words."""
        told = {"name": self.task.order.name, "done": f"{100 * self.task.done // max(1, self.task.total)} %"}
        tail = gettext("Два таких дела сразу мешали бы приёму заявок: повторите чуть позже.")
        return f"{gettext(self.task.order.busy) % told} {tail}"


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """The newest result of a count, if there is one; whether a newer one is `running`; the `error` if that failed."""

    result: T | None
    running: bool
    error: Exception | None


@dataclass(slots=True)
class _Count:
    """The newest task of a count, and the result before it, shown meanwhile; `told` once its failure was."""

    task: Task[Any]
    before: Any
    told: bool = False

    def is_fresh(self, now: datetime, fresh: timedelta) -> bool:
        if self.task.ended is None or self.task.error is not None:
            return not self.told
        return now - self.task.begun < max(fresh, _AT_REST * (self.task.ended - self.task.begun))

    @property
    def result(self) -> Any:  # noqa: ANN401 -- of whatever is counted
        return self.task.result if self.task.state is TaskState.DONE else self.before


@dataclass
class Tasks:
    """All of this application, by the clock `now`."""

    now: Callable[[], datetime]
    _heavy: list[Task[Any]] = field(default_factory=list)
    _counts: dict[Hashable, _Count] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._floor = Floor(self.now)

    def be_free(self) -> None:
        """Raises BusyError while a heavy task is under way."""
        with self._floor.moved:
            if busy := next((one for one in self._heavy if one.running), None):
                raise BusyError(busy)

    def begin(self, order: Order, work: Callable[[Task[T]], T], total: int = 0) -> Task[T]:
        """Begin a heavy task, in place of what the same person had of this kind. Raises BusyError."""
        task = Task(work, order, self._floor)
        task.total = total
        with self._floor.moved:
            self.be_free()
            alike = [one for one in self._heavy if one.order.kind == order.kind]
            for old in {*alike[: -_MOST_KEPT + 1], *(one for one in alike if one.order.login == order.login)}:
                self._forget(old)
            self._heavy.append(task)
        self._start(task, partial(self._run_heavy, task))
        return task

    def of(self, kind: str, login: str) -> Task[Any] | None:
        """This person's heavy task of that kind, running or over for less than an hour."""
        with self._floor.moved:
            for old in [one for one in self._heavy if one.ended and one.ended + KEEP <= self.now()]:
                self._forget(old)
            return next((one for one in self._heavy if (one.order.kind, one.order.login) == (kind, login)), None)

    def end(self, task: Task[Any]) -> None:
        """Stop a heavy task, or forget its result."""
        task.stop()
        with self._floor.moved:
            if not task.running:
                self._forget(task)

    def ask(
        self, key: Hashable, count: Callable[[Task[T]], T], fresh: timedelta, patience: float = PATIENCE
    ) -> Counted[T]:
        """What was counted within `fresh`, else what is counted now, if that takes no more than `patience` seconds;
        else what was counted before. A failure is told to whoever asks first; after that it is counted anew."""
        with self._floor.moved:
            found = self._counts.get(key)
            if found is None or not found.is_fresh(self.now(), fresh):
                self._counts.pop(key, None)
                found = self._counts[key] = _Count(Task(count, COUNT, self._floor), found and found.result)
                self._floor.counts += 1
                for old in [one for one, kept in self._counts.items() if not kept.task.running][:-_MOST_COUNTS]:
                    del self._counts[old]
                self._start(found.task, found.task.run)
        found.task.wait(patience)
        with self._floor.moved:
            found.told = found.task.error is not None
            if found.task.state is TaskState.DONE:
                found.before = None
            return Counted(found.result, found.task.running, found.task.error)

    def _run_heavy(self, task: Task[Any]) -> None:
        task.run()
        forget = threading.Timer(KEEP.total_seconds(), _time_out, (weakref.ref(self), task))  # though nobody may ask
        forget.daemon = True
        forget.start()

    def _start(self, task: Task[Any], run: Callable[[], None]) -> None:
        threading.Thread(target=run, name=f"console {task.order.kind}", daemon=True).start()

    def _forget(self, task: Task[Any]) -> None:
        if task in self._heavy:
            self._heavy.remove(task)
            task.order.forget()


def _time_out(those: weakref.ref[Tasks], task: Task[Any]) -> None:
    if made := those():
        made.end(task)


def tasks() -> Tasks:
    """Those of this application."""
    found: Tasks = current_app.extensions["tasks"]
    return found
