"""Tasks as they are stored (classic names) and shown (camelCase strings)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sandbox.bitrix24 import moments
from sandbox.bitrix24.api_users import full_name
from sandbox.bitrix24.call import Call
from sandbox.bitrix24.cards import actor_of
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.filters import Column
from sandbox.bitrix24.params import rows, text, whole

WAITING, WORKING, CONTROL, DONE, DEFERRED = 2, 3, 4, 5, 6
UNDEFINED = "undefined"
TIMES = ("CREATED_DATE", "CHANGED_DATE", "CLOSED_DATE", "ACTIVITY_DATE", "DATE_START", "DEADLINE")
WHOLES = (
    "ID",
    "PARENT_ID",
    "PRIORITY",
    "STATUS",
    "CREATED_BY",
    "RESPONSIBLE_ID",
    "CHANGED_BY",
    "CLOSED_BY",
    "GROUP_ID",
)
SHOWN = {
    "ID": "id",
    "PARENT_ID": "parentId",
    "TITLE": "title",
    "DESCRIPTION": "description",
    "PRIORITY": "priority",
    "STATUS": "status",
    "CREATED_BY": "createdBy",
    "CREATED_DATE": "createdDate",
    "RESPONSIBLE_ID": "responsibleId",
    "CHANGED_BY": "changedBy",
    "CHANGED_DATE": "changedDate",
    "CLOSED_BY": "closedBy",
    "CLOSED_DATE": "closedDate",
    "ACTIVITY_DATE": "activityDate",
    "DATE_START": "dateStart",
    "DEADLINE": "deadline",
    "GUID": "guid",
    "XML_ID": "xmlId",
    "GROUP_ID": "groupId",
    "STAGE_ID": "stageId",
    "DESCRIPTION_IN_BBCODE": "descriptionInBbcode",
    "DURATION_TYPE": "durationType",
    "FAVORITE": "favorite",
    "AUDITORS": "auditors",
    "ACCOMPLICES": "accomplices",
    "CHECKLIST": "checklist",
    "UF_CRM_TASK": "ufCrmTask",
    "UF_TASK_WEBDAV_FILES": "ufTaskWebdavFiles",
    "TAGS": "tags",
}
ON_DEMAND = ("UF_CRM_TASK", "UF_TASK_WEBDAV_FILES", "TAGS")


def columns() -> dict[str, Column]:
    """What `tasks.task.list` can be filtered and sorted by."""
    found = {}
    for name in SHOWN:
        kind = "datetime" if name in TIMES else "integer" if name in WHOLES else "string"
        found[name] = Column(kind, _value(name), is_key=name == "ID")
    return {**found, "REAL_STATUS": found["STATUS"], "TAG": found["TAGS"], "AUDITOR": found["AUDITORS"]}


def _value(name: str) -> Callable[[Json], object]:
    return lambda row: row.get(name)


def read(call: Call, fields: Json) -> Json:
    """What a client wrote, by classic names; unknown ones are dropped."""
    found: Json = {}
    for key, raw in fields.items():
        name = key.upper()
        if name in ("TITLE", "DESCRIPTION", "XML_ID"):
            found[name] = text(raw) or None
        elif name in ("RESPONSIBLE_ID", "CREATED_BY", "GROUP_ID", "PRIORITY", "PARENT_ID", "STATUS"):
            found[name] = whole(raw) or None
        elif name == "DEADLINE":
            found[name] = moments.read(raw, call.zone)
        elif name in ("AUDITORS", "ACCOMPLICES"):
            found[name] = [str(whole(one)) for one in rows(raw) if whole(one)]
        elif name in ("TAGS", "UF_CRM_TASK"):
            found[name] = [text(one) for one in rows(raw) or [raw] if text(one)]
        elif name == "UF_TASK_WEBDAV_FILES":
            found[name] = [whole(text(one).lstrip("n")) for one in rows(raw) if whole(text(one).lstrip("n"))]
    return found


def check(call: Call, row: Json) -> None:
    """Refusals of a task's form, localised and with HTML in them."""
    if not row.get("TITLE"):
        raise RestError("ERROR_CORE", "Не указано название задачи<br>")
    if not row.get("RESPONSIBLE_ID"):
        raise RestError("ERROR_CORE", "Не указан исполнитель<br>")
    if call.store.get("users", row["RESPONSIBLE_ID"]) is None:
        raise RestError("ERROR_CORE", "Пользователь, указанный в поле «Ответственный», не найден<br>")


def create(call: Call, values: Json) -> Json:
    """A new task from values that were read."""
    row: Json = {
        "PARENT_ID": None,
        "DESCRIPTION": None,
        "PRIORITY": 1,
        "CREATED_BY": call.user_id,
        "DEADLINE": None,
        "XML_ID": None,
        "GROUP_ID": 0,
        "AUDITORS": [],
        "ACCOMPLICES": [],
        "TAGS": [],
        "UF_CRM_TASK": [],
        "UF_TASK_WEBDAV_FILES": [],
        **values,
    }
    check(call, row)
    row |= {
        "ID": call.store.new_id("tasks"),
        "STATUS": WAITING,
        "CREATED_DATE": call.now,
        "CHANGED_BY": call.user_id,
        "CHANGED_DATE": call.now,
        "CLOSED_BY": None,
        "CLOSED_DATE": None,
        "ACTIVITY_DATE": call.now,
        "DATE_START": None,
        "GUID": f"{{{uuid.uuid4()}}}",
        "STAGE_ID": 0,
        "DESCRIPTION_IN_BBCODE": "Y",
        "DURATION_TYPE": "days",
        "FAVORITE": "N",
        "CHECKLIST": [],
        "COMMENTS": [],
        "RESULTS": [],
    }
    call.store.put("tasks", row["ID"], row)
    after = {"FIELDS_BEFORE": UNDEFINED, "FIELDS_AFTER": {"ID": row["ID"]}}
    tell(call, "ADD", {**after, "IS_ACCESSIBLE_BEFORE": "N", "IS_ACCESSIBLE_AFTER": UNDEFINED})
    return row


def save(call: Call, row: Json) -> None:
    """Store a changed task and tell the handlers."""
    row["CHANGED_BY"], row["CHANGED_DATE"], row["ACTIVITY_DATE"] = call.user_id, call.now, call.now
    call.store.put("tasks", row["ID"], row)
    both = {"FIELDS_BEFORE": {"ID": row["ID"]}, "FIELDS_AFTER": {"ID": row["ID"]}}
    tell(call, "UPDATE", {**both, "IS_ACCESSIBLE_BEFORE": UNDEFINED, "IS_ACCESSIBLE_AFTER": UNDEFINED})


def set_status(call: Call, row: Json, status: int) -> None:
    """Move a task on; only a done one has a closing time."""
    row["STATUS"] = status
    row["CLOSED_BY"], row["CLOSED_DATE"] = (call.user_id, call.now) if status == DONE else (None, None)
    if status == WORKING and row["DATE_START"] is None:
        row["DATE_START"] = call.now
    save(call, row)


def tell(call: Call, verb: str, data: Json) -> None:
    call.events.publish(f"ONTASK{verb}", data, actor_of(call), call.base)


def shown(call: Call, row: Json, select: set[str] | None = None) -> Json:
    """A task in camelCase with strings; CRM links, files and tags where they are named."""
    found: Json = {}
    for name, key in SHOWN.items():
        if select is None and name in ON_DEMAND:
            continue
        if select is None or "*" in select or name in select or name == "ID":
            found[key] = _shown(call, name, row[name])
    found["group"] = []
    if select is None or "CREATED_BY" in select:
        found["creator"] = _person(call, row["CREATED_BY"])
    if select is None or "RESPONSIBLE_ID" in select:
        found["responsible"] = _person(call, row["RESPONSIBLE_ID"])
    return found


def _shown(call: Call, name: str, value: object) -> object:
    if name in TIMES:
        return None if value is None else call.shown(float(str(value)))
    if value is None or isinstance(value, list):
        return value
    return str(value)


def _person(call: Call, number: int) -> Json:
    row = call.store.get("users", number)
    return {
        "id": str(number),
        "name": full_name(row) if row else "",
        "link": f"/company/personal/user/{number}/",
        "icon": "/bitrix/images/tasks/default_avatar.png",
        "workPosition": row["position"] if row else "",
    }
