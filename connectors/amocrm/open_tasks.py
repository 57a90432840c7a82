"""Tasks that there are: those still open, changes of them, and how they are completed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.directory import ENTITIES
from connectors.amocrm.known import read_task, result_of
from connectors.amocrm.patching import head, patch, responsible
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import TASK, KnownTask, later, moment, snapshot
from provodka.crm import CARD_GONE, CardRef, Task, TaskChange, TaskCompletion, TaskReopening
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

GONE: Final = "Задачи нет в amoCRM: её удалили."
_KINDS: Final = {entity: kind for kind, entity in ENTITIES.items()}


class OpenTasks:
    """`open_tasks` and the changes of tasks of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._expectations = Expectations[KnownTask](room, TASK)

    def read(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]]:
        """One call for up to 250 tasks of each kind of card. Filters only spare calls: each task is looked at."""
        found: dict[CardRef, list[Task]] = {card: [] for card in cards}
        for kind, entity in ENTITIES.items():
            ids = [card.id for card in found if card.kind is kind and card.id.isdigit()]
            for item in self._open(entity, ids):
                task = self._neutral(item)
                if task.card is not None and task.card in found and task.card.kind is kind and not task.completed:
                    found[task.card].append(task)
        return {card: sorted(tasks, key=lambda task: (task.due, int(task.id))) for card, tasks in found.items()}

    def change(self, requests: Sequence[Request[TaskChange]]) -> list[Outcome]:
        def attempt(part: Sequence[Request[TaskChange]]) -> list[Outcome]:
            bodies, outcomes = build(part, self._changed)
            outcomes.update({i: Done(part[i].params.task_id) for i, body in bodies.items() if len(body) == 2})
            order = [i for i in bodies if i not in outcomes]
            outcomes.update(zip(order, self._patch([bodies[i] for i in order]), strict=True))
            return [outcomes[i] for i in range(len(part))]

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def complete(self, requests: Sequence[Request[TaskCompletion]]) -> list[Outcome]:
        return self._set([r.params.task_id for r in requests], [_completed(r.params) for r in requests])

    def reopen(self, requests: Sequence[Request[TaskReopening]]) -> list[Outcome]:
        ids = [request.params.task_id for request in requests]
        return self._set(ids, [{**head(one, ""), "is_completed": False} for one in ids])

    def _set(self, ids: Sequence[str], bodies: Sequence[Json]) -> list[Outcome]:
        """Complete or reopen, by `is_completed` of each body, those that are not so already."""
        room = self._room
        found = room.by_ids("tasks", ids, "")
        outcomes: dict[int, Outcome] = {}
        for i, one in enumerate(ids):
            if one not in found:
                outcomes[i] = Rejected(f"task {one} is not in the account", hint=GONE, code=CARD_GONE)
            elif bool(found[one].get("is_completed")) == bodies[i]["is_completed"]:
                outcomes[i] = Done(one)
        order = [i for i in range(len(ids)) if i not in outcomes]
        room.add(TASK, [snapshot(read_task(found[ids[i]], room.directory), room.now()) for i in order], {})
        outcomes.update(zip(order, self._patch([bodies[i] for i in order]), strict=True))
        return [outcomes[i] for i in range(len(ids))]

    def _patch(self, bodies: Sequence[Json]) -> list[Outcome]:
        """Told to the mirror beforehand: the echoes are no news."""
        ids = [str(body["id"]) for body in bodies]
        changes = list(zip(ids, bodies, strict=True))
        aims = self._expectations.expect(changes, self._expectations.known(ids), self._aim)
        outcomes = patch(self._room, "/tasks", bodies, GONE)
        self._expectations.settle(list(zip(ids, outcomes, strict=True)), aims)
        return outcomes

    def _open(self, entity: str, ids: Sequence[str]) -> list[Json]:
        if not ids:
            return []
        params = [("filter[entity_type]", entity), ("filter[is_completed]", "0")]
        params += [("filter[entity_id][]", one) for one in ids]
        return [item for _, page in self._room.client.pages("/tasks", "tasks", params) for item in page]

    def _changed(self, request: Request[TaskChange]) -> Json:
        change, directory = request.params, self._room.directory
        body = {**head(change.task_id, ""), **responsible(directory, change.responsible)}
        if change.due is not None:
            body["complete_till"] = int(change.due.timestamp())
        if change.text:
            body["text"] = change.text
        if change.type:
            body["task_type_id"] = directory.task_type(change.type)
        return body

    def _aim(self, task: KnownTask, body: Json) -> Aim:
        """The members of the task as they will be when amoCRM has done what `body` says."""
        names = {"text": "text", "responsible_id": "responsible_user_id", "completed": "is_completed"}
        aim: Aim = {member: body[key] for member, key in names.items() if key in body}
        if "complete_till" in body:
            aim |= {"due": body["complete_till"], "alarm": body["complete_till"]}
        if "completed" in aim:
            aim["alarm"] = 0 if aim["completed"] else later(task.due, self._room.now())
        return aim

    def _neutral(self, item: Json) -> Task:
        directory, kind = self._room.directory, _KINDS.get(str(item.get("entity_type")))
        return Task(
            id=str(item["id"]),
            text=str(item.get("text") or ""),
            due=moment(item.get("complete_till")),
            card=CardRef(kind, str(item.get("entity_id"))) if kind else None,
            type=directory.account().task_types.get(str(item.get("task_type_id")), ""),
            responsible=directory.login_of(item.get("responsible_user_id")),
            completed=bool(item.get("is_completed")),
            result=result_of(item.get("result")),
            created_at=moment(item.get("created_at")),
        )


def _completed(completion: TaskCompletion) -> Json:
    result = {"result": {"text": completion.result}} if completion.result else {}
    return {**head(completion.task_id, ""), "is_completed": True, **result}
