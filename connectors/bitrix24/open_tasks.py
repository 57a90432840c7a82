"""Tasks that there are: those still open, changes of them, and how they are completed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.bitrix24.client import PAGE, id_of, moment, rows_of
from connectors.bitrix24.problems import GONE
from connectors.bitrix24.query import Command, Json, Ref
from connectors.bitrix24.readers import read_task
from connectors.bitrix24.room import Room, gone, named
from connectors.bitrix24.tasks import COMPLETED, SELECT, TIMES, results_of, task_text, task_texts, tasks_by_id
from connectors.crm.batching import build, same_text, with_fresh_names
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import TASK, KnownTask, later, snapshot
from provodka.crm import CARD_GONE, CardRef, Task, TaskChange, TaskCompletion, TaskReopening
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request

ENDED: Final = frozenset({COMPLETED, "4"})  # 4: done, and waits for whoever gave it to look at it
ASKED: Final = (*SELECT, *TIMES, "RESPONSIBLE_ID", "TAGS")


class OpenTasks:
    """`open_tasks` and the changes of tasks of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._expectations = Expectations[KnownTask](room, TASK)

    def read(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]]:
        distinct = [card for card in dict.fromkeys(cards) if card.id.isdecimal()]
        asked = {"select": list(ASKED), "order": {"ID": "ASC"}}
        filters = [{"UF_CRM_TASK": self._bound(card), "!STATUS": COMPLETED} for card in distinct]
        answers = self._room.client.ask([Command("tasks.task.list", {**asked, "filter": one}) for one in filters])
        found: dict[CardRef, list[Task]] = {card: [] for card in cards}
        for card, wanted, answer in zip(distinct, filters, answers, strict=True):
            rows = rows_of(answer)
            if len(rows) == PAGE:
                more = {"select": list(ASKED), "filter": wanted}
                for page in self._room.client.walk("tasks.task.list", more, after=id_of(rows[-1])):
                    rows += page
            tasks = [self._neutral(row, card) for row in rows if str(row.get("status")) != COMPLETED]
            found[card] = sorted(tasks, key=lambda task: (task.due, int(task.id)))
        return found

    def change(self, requests: Sequence[Request[TaskChange]]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._change)

    def complete(self, requests: Sequence[Request[TaskCompletion]]) -> list[Outcome]:
        """The result first, as a comment that is marked as one. What we complete is told to the mirror beforehand."""
        room = self._room
        ids = [request.params.task_id for request in requests]
        there = tasks_by_id(room, ids)
        outcomes = _settled(ids, there, ended=True)
        outcomes.update(self._tell_results({i: r.params for i, r in enumerate(requests) if i not in outcomes}))
        order = [i for i in range(len(ids)) if i not in outcomes]
        room.add(TASK, [snapshot(read_task(there[ids[i]], room), room.now()) for i in order], {})
        commands = {i: Command("tasks.task.complete", {"taskId": ids[i]}) for i in order}
        outcomes.update(self._deliver(commands, {i: {"completed": True, "alarm": 0} for i in order}, ids))
        return [named(outcomes[i], one) for i, one in enumerate(ids)]

    def reopen(self, requests: Sequence[Request[TaskReopening]]) -> list[Outcome]:
        room = self._room
        ids = [request.params.task_id for request in requests]
        there = tasks_by_id(room, ids)
        outcomes = _settled(ids, there, ended=False)
        order = [i for i in range(len(ids)) if i not in outcomes]
        tasks = {i: read_task(there[ids[i]], room) for i in order}
        room.add(TASK, [snapshot(task, room.now()) for task in tasks.values()], {})
        aims: dict[int, Aim] = {i: {"completed": False, "alarm": later(tasks[i].due, room.now())} for i in order}
        outcomes.update(self._deliver({i: Command("tasks.task.renew", {"taskId": ids[i]}) for i in order}, aims, ids))
        return [named(outcomes[i], one) for i, one in enumerate(ids)]

    def _change(self, requests: Sequence[Request[TaskChange]]) -> list[Outcome]:
        there = tasks_by_id(self._room, [request.params.task_id for request in requests], ASKED)
        bodies, outcomes = build(requests, lambda request: self._changed(request.params, there))
        ids = [request.params.task_id for request in requests]
        outcomes.update({i: Done(ids[i]) for i, body in bodies.items() if not body})
        commands = {
            i: Command("tasks.task.update", {"taskId": ids[i], "fields": body}) for i, body in bodies.items() if body
        }
        outcomes.update(self._deliver(commands, {i: _aim(requests[i].params, bodies[i]) for i in commands}, ids))
        return [named(outcomes[i], one) for i, one in enumerate(ids)]

    def _deliver(
        self, commands: Mapping[int, Command], aims: Mapping[int, Aim], ids: Sequence[str]
    ) -> dict[int, Outcome]:
        """Told to the mirror beforehand: the echoes are no news."""
        changes = [(ids[i], aims[i]) for i in commands]
        known = self._expectations.known([one for one, _ in changes])
        expected = self._expectations.expect(changes, known, lambda _, aim: aim)
        outcomes = self._room.deliver(commands, lambda _: Done())
        self._expectations.settle([(ids[i], outcome) for i, outcome in outcomes.items()], expected)
        return outcomes

    def _changed(self, change: TaskChange, there: Mapping[str, Json]) -> Json:
        row, directory = there.get(change.task_id), self._room.directory
        if row is None:
            raise gone("task", change.task_id)
        fields: Json = {}
        if change.due is not None:
            fields["DEADLINE"] = change.due.astimezone(directory.portal().zone).isoformat(timespec="seconds")
        if change.responsible:
            fields["RESPONSIBLE_ID"] = directory.user(change.responsible).id
        if change.text:
            fields["TITLE"], fields["DESCRIPTION"] = task_texts(change.text)
        if change.type:
            fields["TAGS"] = [change.type, *_tags(row)[1:]]
        return fields

    def _tell_results(self, completions: Mapping[int, TaskCompletion]) -> dict[int, Outcome]:
        """Write the results that do not stand there yet; the errors of those that could not be written.

        Where comments have become chat messages a portal may refuse to mark one as a result: it stands there anyway.
        """
        told = {i: one for i, one in completions.items() if one.result.strip()}
        results = results_of(self._room, [one.task_id for one in told.values()])
        new = {
            i: one
            for i, one in told.items()
            if same_text(one.result) not in [same_text(text) for text in results[one.task_id]]
        }
        failed: dict[int, Outcome] = {}
        order = list(new)
        for start in range(0, len(order), PAGE // 2):
            part = order[start : start + PAGE // 2]
            commands: dict[str, Command] = {}
            for i in part:
                comment = {"taskId": new[i].task_id, "fields": {"POST_MESSAGE": new[i].result.strip()}}
                commands[f"c{i}"] = Command("task.commentitem.add", comment)
                commands[f"r{i}"] = Command("tasks.task.result.addFromComment", {"commentId": Ref(f"c{i}")})
            try:
                answer = self._room.client.batch(commands, write=True)
            except ConnectorError as error:
                failed.update(dict.fromkeys(part, error))
                continue
            failed.update({i: answer.errors[f"c{i}"] for i in part if f"c{i}" in answer.errors})
        return failed

    def _bound(self, card: CardRef) -> str:
        return f"{self._room.kind_of(card.kind).letter}_{card.id}"

    def _neutral(self, row: Json, card: CardRef) -> Task:
        return Task(
            id=id_of(row),
            text=task_text(row),
            due=moment(row.get("deadline")),
            card=card,
            type=next(iter(_tags(row)), ""),
            responsible=self._room.directory.login_of(str(row.get("responsibleId") or "")),
            created_at=moment(row.get("createdDate")),
        )


def _settled(ids: Sequence[str], there: Mapping[str, Json], *, ended: bool) -> dict[int, Outcome]:
    """Those that are gone, and those that have ended (or are open) as they are to be."""
    outcomes: dict[int, Outcome] = {}
    for i, one in enumerate(ids):
        if one not in there:
            outcomes[i] = Rejected(f"task {one} is not on the portal", hint=GONE, code=CARD_GONE)
        elif (str(there[one].get("status")) in ENDED) is ended:
            outcomes[i] = Done(one)
    return outcomes


def _tags(row: Json) -> list[str]:
    """Bare texts, or by number what is known of each."""
    tags = row.get("tags")
    rows = list(tags.values()) if isinstance(tags, dict) else tags if isinstance(tags, list) else []
    return [str(one.get("title") or one.get("name") or "") if isinstance(one, dict) else str(one) for one in rows]


def _aim(change: TaskChange, body: Json) -> Aim:
    """The members of the task as they will be when the portal has done what is wanted."""
    aim: Aim = {"text": change.text.strip()} if change.text else {}
    if "RESPONSIBLE_ID" in body:
        aim["responsible_id"] = str(body["RESPONSIBLE_ID"])
    if change.due is not None:
        due = int(change.due.timestamp())
        aim |= {"due": due, "alarm": due}
    return aim
