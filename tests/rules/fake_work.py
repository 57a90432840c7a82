"""The tasks and notices of the small world's CRM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from provodka.crm import (
    CARD_GONE,
    Board,
    CardRef,
    ChatDelivery,
    ChatMessage,
    FeedEntry,
    Presence,
    StaffNotice,
    StaffWork,
    Task,
    TaskChange,
    TaskCompletion,
    TaskReopening,
)
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Repeat, Request, operation

Make = Callable[[Request[Any], int], Outcome]


class FakeWork:
    """Tasks by id in `tasks`; what hangs on a card is found by it. `work` by login and the `whole` board are
    there once the mirror is `filled`."""

    tasks: dict[str, Task]
    written: Mapping[CardRef, list[FeedEntry]] = MappingProxyType({})
    work: dict[str, StaffWork]
    filled = True
    talking = False
    whole = Board()
    _read: Callable[[str, Any], None]
    _write: Callable[[str, Sequence[Request[Any]], Make], list[Outcome]]

    def has(self, *tasks: Task) -> None:
        """Tasks that are there."""
        self.tasks.update({task.id: task for task in tasks})

    def staff_work(self, logins: Sequence[str]) -> dict[str, StaffWork] | None:
        self._read("staff_work", list(logins))
        return {login: self.work.get(login, StaffWork()) for login in logins} if self.filled else None

    def board(self) -> Board | None:
        self._read("board", ())
        return self.whole if self.filled else None

    def presence(self, logins: Sequence[str]) -> dict[str, Presence]:
        self._read("presence", list(logins))
        return dict.fromkeys(logins, Presence.UNKNOWN)

    def task_types(self) -> Sequence[str]:
        return ("Звонок", "Встреча")

    def open_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]]:
        self._read("open_tasks", list(cards))
        opened = [task for task in self.tasks.values() if not task.completed]
        return {card: [task for task in opened if task.card == card] for card in cards}

    def feed(self, cards: Sequence[CardRef]) -> dict[CardRef, list[FeedEntry]]:
        self._read("feed", list(cards))
        return {card: self.written.get(card, []) for card in cards}

    @operation(repeat=Repeat.SAFE, batch=50)
    def change_tasks(self, requests: Sequence[Request[TaskChange]]) -> list[Outcome]:
        return self._write("change_tasks", requests, lambda r, _: self._set(r.params.task_id, due=r.params.due))

    @operation(repeat=Repeat.SAFE, batch=50)
    def complete_tasks(self, requests: Sequence[Request[TaskCompletion]]) -> list[Outcome]:
        def make(request: Request[TaskCompletion], _: int) -> Outcome:
            return self._set(request.params.task_id, completed=True, result=request.params.result)

        return self._write("complete_tasks", requests, make)

    @operation(repeat=Repeat.SAFE, batch=50)
    def reopen_tasks(self, requests: Sequence[Request[TaskReopening]]) -> list[Outcome]:
        return self._write("reopen_tasks", requests, lambda r, _: self._set(r.params.task_id, completed=False))

    def shows_talks(self) -> bool:
        return self.talking

    @operation(repeat=Repeat.PERSON, batch=50)
    def post_messages(self, requests: Sequence[Request[ChatMessage]]) -> list[Outcome]:
        return self._write("post_messages", requests, lambda r, _: Done(r.params.id))

    @operation(repeat=Repeat.SAFE, batch=50)
    def report_deliveries(self, requests: Sequence[Request[ChatDelivery]]) -> list[Outcome]:
        return self._write("report_deliveries", requests, lambda r, _: Done(r.params.message_id))

    @operation(repeat=Repeat.SAFE, batch=50)
    def notify_staff(self, requests: Sequence[Request[StaffNotice]]) -> list[Outcome]:
        return self._write("notify_staff", requests, lambda _, i: Done(f"s{i}"))

    def _set(self, task_id: str, **members: Any) -> Outcome:
        if task_id not in self.tasks:
            return Rejected(f"task {task_id} is not there", code=CARD_GONE)
        self.tasks[task_id] = replace(self.tasks[task_id], **members)
        return Done(task_id)
