"""`tasks.task.*`, the results of tasks, and what is left of the old comments."""

from __future__ import annotations

from functools import partial

from sandbox.bitrix24 import filters, tasks
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.filters import Comparer
from sandbox.bitrix24.lists import candidates, classic_order, classic_tests, needed
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.registry import Methods

methods = Methods("task")
VERBS = {
    "complete": tasks.DONE,
    "renew": tasks.WAITING,
    "start": tasks.WORKING,
    "pause": tasks.WAITING,
    "defer": tasks.DEFERRED,
    "approve": tasks.DONE,
    "disapprove": tasks.WAITING,
}
COLUMNS = tasks.columns()


def task(call: Call, name: str = "taskId") -> Json:
    """A task the caller takes part in; an administrator sees all."""
    row = call.store.get("tasks", whole(call.exact(name)))
    if row is None or not _visible(call, row):
        raise RestError("ERROR_CORE", "Задача не найдена или доступ запрещён<br>")
    return row


def _visible(call: Call, row: Json) -> bool:
    people = [str(row["CREATED_BY"]), str(row["RESPONSIBLE_ID"]), *row["AUDITORS"], *row["ACCOMPLICES"]]
    return call.is_admin or str(call.user_id) in people


def _fields(call: Call) -> Json:
    found = call.exact("fields")
    if not isinstance(found, dict | list):
        wrong = f"Invalid value {{{text(found)}}} to match with parameter {{fields}}. Should be value of type array."
        raise RestError("100", f"{wrong} (internal error)")
    return found if isinstance(found, dict) else {}


def _select(call: Call) -> set[str] | None:
    raw = call.params.get("select")
    if raw is not None and not isinstance(raw, dict | list):
        wrong = f"Invalid value {{{text(raw)}}} to match with parameter {{select}}. Should be value of type array."
        raise RestError("100", f"{wrong} (internal error)")
    return {text(one).upper() for one in rows(raw)} or None


@methods("tasks.task.add")
def add(call: Call) -> Json:
    return {"task": tasks.shown(call, tasks.create(call, tasks.read(call, _fields(call))))}


@methods("tasks.task.update")
def update(call: Call) -> Json:
    row, values = task(call), tasks.read(call, _fields(call))
    status = values.pop("STATUS", None)
    tasks.check(call, {**row, **values})
    row |= values
    if status:
        tasks.set_status(call, row, status)
    else:
        tasks.save(call, row)
    return {"task": tasks.shown(call, row)}


@methods("tasks.task.get")
def get(call: Call) -> Json:
    select = _select(call)
    row = task(call)
    allowed = dict.fromkeys(("complete", "start", "edit", "remove"), True)
    return {"task": {**tasks.shown(call, row, select), "action": allowed}}


@methods("tasks.task.list")
def listing(call: Call) -> Page:
    """Filtered and sorted by classic names, shown in camelCase; rows of others are left out."""
    select = _select(call)
    comparer = Comparer(call.zone)
    raw = call.params.get("filter")
    wanted = raw if isinstance(raw, dict) else {}
    tests = classic_tests(wanted, COLUMNS, comparer)
    asked = call.params.get("order")
    ways = {key.upper(): way for key, way in asked.items()} if isinstance(asked, dict) else {}
    order = classic_order(ways, COLUMNS)
    visible = (row for row in candidates(call.store, "tasks", wanted) if _visible(call, row))
    found = needed(call, (row for row in visible if all(test(row) for test in tests)), order)
    page = call.paged(filters.sort(found, order, comparer))
    return Page({"tasks": [tasks.shown(call, row, select) for row in page.result]}, page.total, page.next)


@methods("tasks.task.delete")
def delete(call: Call) -> Json:
    row = task(call)
    call.store.drop("tasks", row["ID"])
    data = {"FIELDS_BEFORE": {"ID": row["ID"]}, "FIELDS_AFTER": tasks.UNDEFINED}
    tasks.tell(call, "DELETE", {**data, "IS_ACCESSIBLE_BEFORE": tasks.UNDEFINED, "IS_ACCESSIBLE_AFTER": "N"})
    return {"task": True}


def move(call: Call, status: int) -> Json:
    row = task(call)
    tasks.set_status(call, row, status)
    return {"task": tasks.shown(call, row)}


for verb, wanted_status in VERBS.items():
    methods.add(f"tasks.task.{verb}", partial(move, status=wanted_status))


@methods("tasks.task.delegate")
def delegate(call: Call) -> Json:
    row, person = task(call), whole(call.exact("userId"))
    tasks.check(call, {**row, "RESPONSIBLE_ID": person})
    row["RESPONSIBLE_ID"] = person
    tasks.save(call, row)
    return {"task": tasks.shown(call, row)}


@methods("tasks.task.getFields")
def task_fields(call: Call) -> Json:
    del call
    kinds = {name: {"type": column.type} for name, column in COLUMNS.items()}
    return {"fields": kinds}


@methods("task.commentitem.add")
def comment_add(call: Call) -> int:
    """A chat message of the task since tasks 25.700; the event has no comment number."""
    row = _positional(call)
    fields = call.map("fields") or call.map("1")
    message = text(fields.get("POST_MESSAGE"))
    if not message:
        raise RestError("ERROR_CORE", "TASKS_ERROR_EXCEPTION_#8; Не указан текст комментария<br>")
    number = call.store.new_id("messages")
    row["COMMENTS"].append({"id": number, "text": message, "author": call.user_id, "created": call.now})
    call.store.put("tasks", row["ID"], row)
    after = {"ID": 0, "TASK_ID": row["ID"], "MESSAGE_ID": number}
    data = {"FIELDS_BEFORE": tasks.UNDEFINED, "FIELDS_AFTER": after}
    tasks.tell(
        call, "COMMENTADD", {**data, "IS_ACCESSIBLE_BEFORE": tasks.UNDEFINED, "IS_ACCESSIBLE_AFTER": tasks.UNDEFINED}
    )
    return number


def _positional(call: Call) -> Json:
    """The old methods take parameters by their order; the first is the task."""
    raw = call.any("taskId") if call.any("taskId") is not None else call.any("0")
    row = call.store.get("tasks", whole(raw))
    if row is None or not _visible(call, row):
        raise RestError("ERROR_CORE", "TASKS_ERROR_EXCEPTION_#8; Action failed; not found<br>")
    return row


@methods("tasks.task.result.addFromComment")
def result_add(call: Call) -> Json:
    """Mark a comment as the task's result."""
    number = whole(call.exact("commentId"))
    for row in call.store.table("tasks").values():
        for one in row["COMMENTS"]:
            if one["id"] == number and _visible(call, row):
                result = {**one, "id": call.store.new_id("results"), "commentId": number}
                row["RESULTS"].append(result)
                tasks.save(call, row)
                return _result(call, row, result)
    raise RestError("ERROR_CORE", "Комментарий не найден<br>")


@methods("tasks.task.result.deleteFromComment")
def result_delete(call: Call) -> None:
    number = whole(call.exact("commentId"))
    for row in call.store.table("tasks").values():
        kept = [one for one in row["RESULTS"] if one["commentId"] != number]
        if len(kept) < len(row["RESULTS"]) and _visible(call, row):
            row["RESULTS"] = kept
            tasks.save(call, row)


@methods("tasks.task.result.list")
def result_list(call: Call) -> list[Json]:
    row = task(call)
    return [_result(call, row, one) for one in reversed(row["RESULTS"])]


def _result(call: Call, row: Json, one: Json) -> Json:
    return {
        "id": one["id"],
        "taskId": row["ID"],
        "commentId": one["commentId"],
        "createdBy": one["author"],
        "createdAt": call.shown(one["created"]),
        "updatedAt": call.shown(one["created"]),
        "status": 0,
        "text": one["text"],
        "formattedText": one["text"],
        "files": [],
    }
