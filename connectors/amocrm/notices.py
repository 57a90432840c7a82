"""Notices to the staff. amoCRM has none of its own for other programs, so they become tasks or notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from connectors.amocrm.notes import Notes
from connectors.amocrm.room import Room
from connectors.amocrm.tasks import Tasks
from connectors.crm.batching import build, with_fresh_names
from provodka.crm import CardKind, NewNote, NewTask, NoticeForm, StaffNotice
from provodka.operation import Done, Outcome, Request

A = TypeVar("A")
Notice = Request[StaffNotice]


class Notices:
    """`notify_staff` of one account."""

    def __init__(self, room: Room, tasks: Tasks, notes: Notes) -> None:
        self._room = room
        self._tasks = tasks
        self._notes = notes

    def send(self, requests: Sequence[Notice]) -> list[Outcome]:
        def attempt(part: Sequence[Notice]) -> list[Outcome]:
            _, refused = build(part, lambda request: self._room.directory.user(request.params.to))
            order = [i for i in range(len(part)) if i not in refused]
            sent = self._by_form([part[i] for i in order], self._tasks.create, self._notes.add)
            outcomes = {**refused, **dict(zip(order, sent, strict=True))}
            return [outcomes[i] for i in range(len(part))]

        return with_fresh_names(self._room.directory, requests, attempt)

    def find(self, requests: Sequence[Notice]) -> list[Done | None]:
        """As tasks and notes are recognised: by card, text and time."""
        return self._by_form(requests, self._tasks.find, self._notes.find_notes)

    def _by_form(
        self,
        requests: Sequence[Notice],
        with_tasks: Callable[[Sequence[Request[NewTask]]], list[A]],
        with_notes: Callable[[Sequence[Request[NewNote]]], list[A]],
    ) -> list[A]:
        as_tasks = [i for i, request in enumerate(requests) if request.params.form is NoticeForm.TASK]
        as_notes = [i for i in range(len(requests)) if i not in as_tasks]
        tasks = [Request(r.key, _task(r.params), r.unsure_since) for r in (requests[i] for i in as_tasks)]
        notes = [Request(r.key, self._note(r.params), r.unsure_since) for r in (requests[i] for i in as_notes)]
        answers = dict(zip(as_tasks, with_tasks(tasks) if tasks else [], strict=True))
        answers.update(zip(as_notes, with_notes(notes) if notes else [], strict=True))
        return [answers[i] for i in range(len(requests))]

    def _note(self, notice: StaffNotice) -> NewNote:
        """Nobody is told of a note by itself, so it begins with the name of the one who is to read it."""
        login = notice.to.casefold()
        name = next((user.name for user in self._room.directory.users() if user.login == login), notice.to)
        return NewNote(f"{name}: {notice.text}", **_place(notice))


def _task(notice: StaffNotice) -> NewTask:
    return NewTask(notice.text, notice.due, responsible=notice.to, **_place(notice))


def _place(notice: StaffNotice) -> dict[str, str]:
    members = {CardKind.LEAD: "lead_id", CardKind.CONTACT: "contact_id"}
    return {members[notice.card.kind]: notice.card.id} if notice.card.kind in members else {}
