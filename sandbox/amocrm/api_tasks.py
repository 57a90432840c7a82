"""`/api/v4/tasks`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.amocrm import brackets, filters
from sandbox.amocrm.call import Call
from sandbox.amocrm.changes import Before
from sandbox.amocrm.drafts import DraftReader
from sandbox.amocrm.model import Json, Task
from sandbox.amocrm.problems import business, missing
from sandbox.amocrm.rights import forbidden
from sandbox.amocrm.store import ENTITIES

ORDER_KEYS = ("created_at", "complete_till", "id")
INTS = ("complete_till", "task_type_id", "duration", "created_at", "updated_at", "entity_id")
USERS = ("responsible_user_id", "created_by", "updated_by")


@dataclass(slots=True)
class _Wish:
    request_id: str
    values: Json


def list_tasks(call: Call) -> Json | None:
    """`GET /tasks`."""
    tasks = (task for task in _candidates(call) if call.user.is_admin or call.rights.sees_task(task))
    rows = filters.apply(tasks, call.filters(), {**filters.TASKS, "lead_statuses": _in_statuses(call)})
    filters.order(rows, call.params, ORDER_KEYS)
    return call.listing("tasks", rows, lambda task: show_task(call, task))


def _in_statuses(call: Call) -> filters.Maker:
    """`filter[lead_statuses][0][pipeline_id|status_id]`: tasks of leads on these stages."""

    def make(raw: object) -> filters.Test | None:
        fits = filters.in_statuses(raw)
        leads = call.store.leads
        return fits and (lambda task: task.entity_type == "leads" and fits(leads[task.entity_id]))

    return make


def _candidates(call: Call) -> Iterable[Task]:
    """The tasks that the filter names, or those of the cards that it names; else all."""
    wanted = call.filters()
    ids = brackets.values(wanted.get("entity_id"))
    if not ids or wanted.get("entity_type") not in ENTITIES:
        return filters.named(call.store.tasks, wanted)
    keys = ((wanted["entity_type"], int(one)) for one in ids if one.isdigit())
    return [call.store.tasks[task_id] for key in keys for task_id in call.store.tasks_of.get(key, ())]


def get_task(call: Call, task_id: int) -> Json | None:
    """`GET /tasks/{id}`; 204 for an id that does not exist."""
    task = call.store.tasks.get(task_id)
    if task is None:
        return None
    if not call.rights.sees_task(task):
        raise forbidden()
    return show_task(call, task)


def create_tasks(call: Call) -> Json:
    """`POST /tasks`: an array; `text` and `complete_till` are required."""
    reader = call.reader()
    wishes = []
    for request_id, item in call.items():
        reader.checks.item(request_id)
        for key in ("text", "complete_till"):
            if item.get(key) is None:
                reader.checks.fail(key, "FieldMissing")
        wishes.append(_Wish(request_id, _read(call, reader, item)))
    reader.checks.finish()
    rows = []
    for wish in wishes:
        task = _create(call, wish.values)
        rows.append({"id": task.id, "request_id": wish.request_id, "_links": call.links(f"tasks/{task.id}")})
    return call.created("tasks", rows)


def patch_tasks(call: Call) -> Json:
    """`PATCH /tasks`: an array with `id` inside each item."""
    return call.created("tasks", _patch(call, call.items()))


def patch_task(call: Call, task_id: int) -> Json:
    """`PATCH /tasks/{id}`; completing is `{is_completed: true, result: {text}}`."""
    if task_id not in call.store.tasks:
        raise missing("Task not found")
    return _patch(call, [("0", {**call.item(), "id": task_id})])[0]


def _patch(call: Call, items: list[tuple[str, Json]]) -> list[Json]:
    reader, wishes = call.reader(), []
    for request_id, item in items:
        reader.checks.item(request_id)
        if not isinstance(item.get("id"), int):
            reader.checks.fail("id", "FieldMissing")
        elif item["id"] not in call.store.tasks:
            reader.business[str(item["id"])] = "Element not found"
        else:
            wishes.append((call.store.tasks[item["id"]], _read(call, reader, item)))
    reader.checks.finish()
    if reader.business:
        raise business(reader.business)
    for task, _ in wishes:
        call.rights.need_task(task)
    for task, values in wishes:
        update_task(call, task, values)
    return [
        {"id": task.id, "updated_at": task.updated_at, "_links": call.links(f"tasks/{task.id}")} for task, _ in wishes
    ]


def update_task(call: Call, task: Task, wish: Json) -> None:
    """Set what `wish` names and announce it."""
    before, was_completed = Before.of(task), task.is_completed
    store, old_key = call.store, (task.entity_type, task.entity_id)
    task.updated_at, task.updated_by = call.now, call.user_id
    for key, value in wish.items():
        setattr(task, key, value)
    new_key = (task.entity_type, task.entity_id)
    if new_key != old_key:
        store.tasks_of[old_key].remove(task.id)
        store.tasks_of[new_key].append(task.id)
    store.touch("tasks", task.id)
    call.changes.task_updated(task, before, completed=task.is_completed and not was_completed)


def _create(call: Call, values: Json) -> Task:
    defaults = {
        "id": call.store.new_id("tasks"),
        "task_type_id": 1,
        "responsible_user_id": call.user_id,
        "created_by": call.user_id,
        "updated_by": values.get("created_by", call.user_id),
        "created_at": call.now,
        "updated_at": values.get("created_at", call.now),
    }
    task = Task(**{**defaults, **values})
    call.store.add("tasks", task)
    call.changes.task_added(task)
    return task


def _read(call: Call, reader: DraftReader, item: Json) -> Json:
    checks = reader.checks
    values: Json = {}
    if item.get("text") is not None:
        values["text"] = item["text"]
        if not isinstance(item["text"], str):
            checks.wrong_type("text", "string")
    checks.integers(item, *INTS)
    checks.choice(item, "task_type_id", call.store.task_types)
    for key in INTS:
        if item.get(key) is not None:
            values[key] = item[key]
    for key in USERS:
        user_id = item.get(key)
        if user_id is not None:
            values[key] = user_id
            if not isinstance(user_id, int) or not reader.is_user(user_id, robot=key != "responsible_user_id"):
                checks.fail(key, "NotSupportedChoice")
    _read_entity(call, reader, item, values)
    if isinstance(item.get("is_completed"), bool):
        values["is_completed"] = item["is_completed"]
    if isinstance(item.get("result"), dict):
        values["result"] = {"text": str(item["result"].get("text", ""))}
    return values


def _read_entity(call: Call, reader: DraftReader, item: Json, values: Json) -> None:
    kind = item.get("entity_type")
    if kind is None:
        if "entity_id" in values and "id" not in item:
            reader.checks.fail("entity_type", "FieldMissing")
        return
    reader.checks.choice(item, "entity_type", ENTITIES)
    if kind in ENTITIES:
        reader.checks.choice(item, "entity_id", call.store.table(kind), required=True)
    values["entity_type"] = kind


def show_task(call: Call, task: Task) -> Json:
    """The HAL body of a task; `result` is an empty array until there is one."""
    return {
        "id": task.id,
        "created_by": task.created_by,
        "updated_by": task.updated_by,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "responsible_user_id": task.responsible_user_id,
        "group_id": 0,
        "entity_id": task.entity_id,
        "entity_type": task.entity_type,
        "is_completed": task.is_completed,
        "task_type_id": task.task_type_id,
        "text": task.text,
        "duration": task.duration,
        "complete_till": task.complete_till,
        "result": task.result or [],
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"tasks/{task.id}"),
    }
