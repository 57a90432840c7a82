"""`crm.activity.*` and the reminders of `crm.activity.todo.*`."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24 import activities, files, moments
from sandbox.bitrix24.activities import CALL, EMAIL, MEETING, TODO, owner_card
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError, denied, missing_argument, plain
from sandbox.bitrix24.lists import classic_list, simple_columns
from sandbox.bitrix24.params import rows, text, whole, yes
from sandbox.bitrix24.registry import Methods

methods = Methods("crm")
COLUMNS = simple_columns(activities.TYPES_OF)
REQUIRED = ("OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "SUBJECT", "RESPONSIBLE_ID")
PLAIN_TEXTS = ("SUBJECT", "DESCRIPTION", "LOCATION", "ORIGINATOR_ID", "ORIGIN_ID", "ORIGIN_VERSION")
PLAIN_NUMBERS = ("RESPONSIBLE_ID", "PRIORITY", "NOTIFY_TYPE", "NOTIFY_VALUE", "DESCRIPTION_TYPE", "DIRECTION")
OWN_TIMES = ("START_TIME", "END_TIME", "DEADLINE")


@methods("crm.activity.add")
def add(call: Call) -> int:
    """Log a call, a meeting or a letter; one letter with DIRECTION 2 and COMPLETED Y would be sent for real."""
    fields = call.fields()
    if not fields:
        raise plain("Fields is not specified.")
    for name in REQUIRED:
        if not text(fields.get(name)):
            raise plain(f"The field {name} is required.")
    type_id = whole(fields["TYPE_ID"])
    communications = _communications(call, fields)
    if not communications and type_id in (CALL, MEETING, EMAIL):
        raise plain("The field COMMUNICATIONS is not defined or invalid.")
    if len(communications) > 1 and type_id in (CALL, MEETING):
        raise plain("The only one communication is allowed for activity of specified type.")
    if type_id not in (CALL, MEETING, EMAIL) and not text(fields.get("PROVIDER_ID")):
        raise plain("The activity type is not supported in current context.")
    owner = (whole(fields["OWNER_TYPE_ID"]), whole(fields["OWNER_ID"]))
    owner_card(call, *owner)
    row = activities.create(
        call,
        owner,
        TYPE_ID=type_id,
        PROVIDER_ID=text(fields.get("PROVIDER_ID")) or activities.PROVIDERS.get(type_id),
        PROVIDER_TYPE_ID=text(fields.get("PROVIDER_TYPE_ID")) or {CALL: "CALL", EMAIL: "EMAIL"}.get(type_id),
        COMMUNICATIONS=communications,
        BINDINGS=_bindings(fields, owner),
        FILES=_files(call, fields),
        COMPLETED="Y" if yes(fields.get("COMPLETED")) else "N",
        **_plain_values(call, fields, type_id),
    )
    return int(row["ID"])


def _plain_values(call: Call, fields: Json, type_id: int) -> Json:
    found: Json = {name: text(fields[name]) or None for name in PLAIN_TEXTS if name in fields}
    found |= {name: whole(fields[name]) for name in PLAIN_NUMBERS if name in fields}
    found |= {name: moments.read(fields[name], call.zone) for name in OWN_TIMES if name in fields}
    if type_id in (CALL, MEETING) and "START_TIME" in found:
        found["DEADLINE"] = found["START_TIME"]
    if isinstance(fields.get("SETTINGS"), dict):
        found["SETTINGS"] = fields["SETTINGS"]
    return found


def _communications(call: Call, fields: Json) -> list[Json]:
    found = []
    for one in rows(fields.get("COMMUNICATIONS")):
        if isinstance(one, dict) and text(one.get("VALUE")):
            value = text(one["VALUE"])
            found.append(
                {
                    "ID": call.store.new_id("communications"),
                    "TYPE": "EMAIL" if "@" in value else "PHONE",
                    "VALUE": value,
                    "ENTITY_ID": whole(one.get("ENTITY_ID")) or whole(fields.get("OWNER_ID")),
                    "ENTITY_TYPE_ID": whole(one.get("ENTITY_TYPE_ID")) or whole(fields.get("OWNER_TYPE_ID")),
                }
            )
    return found


def _bindings(fields: Json, owner: tuple[int, int]) -> list[Json]:
    found = [owner]
    for one in rows(fields.get("BINDINGS")):
        if isinstance(one, dict):
            found.append((whole(one.get("OWNER_TYPE_ID")), whole(one.get("OWNER_ID"))))
    return [{"OWNER_TYPE_ID": kind, "OWNER_ID": number} for kind, number in dict.fromkeys(found)]


def _files(call: Call, fields: Json) -> list[Json]:
    found = []
    for one in rows(fields.get("FILES")):
        if pair := files.read_pair(one):
            row = files.store_file(call, *pair)
            found.append({"id": row["id"], "url": files.link(call, row["id"])})
    return found


def activity(call: Call, number: int) -> Json:
    row = call.store.get("activities", number)
    if row is None:
        raise plain("Not found")
    try:
        owner_card(call, row["OWNER_TYPE_ID"], row["OWNER_ID"])
    except RestError:
        raise denied() from None
    return row


@methods("crm.activity.get")
def get(call: Call) -> Json:
    return activities.shown(call, activity(call, call.id()))


@methods("crm.activity.update")
def update(call: Call) -> bool:
    row, fields = activity(call, call.id()), call.fields()
    row |= _plain_values(call, fields, row["TYPE_ID"])
    if "COMPLETED" in fields:
        row["COMPLETED"] = "Y" if yes(fields["COMPLETED"]) else "N"
    row["LAST_UPDATED"], row["EDITOR_ID"] = call.now, call.user_id
    activities.save(call, row)
    return True


@methods("crm.activity.delete")
def delete(call: Call) -> bool:
    row = activity(call, call.id())
    call.store.drop("activities", row["ID"])
    activities.tell(call, row, "DELETE")
    return True


@methods("crm.activity.list")
def listing(call: Call) -> Page:
    """Activities whose card the caller may see; `filter[BINDINGS]` finds those bound to several cards."""
    wanted = call.map("filter")
    bound = [one for one in rows(wanted.get("BINDINGS")) if isinstance(one, dict)]
    found = list(call.store.table("activities").values())
    if bound:
        owners = [(whole(one.get("OWNER_TYPE_ID")), whole(one.get("OWNER_ID"))) for one in bound]
        found = list({row["ID"]: row for one in owners for row in call.store.of("activities", one)}.values())
    elif {"OWNER_TYPE_ID", "OWNER_ID"} <= wanted.keys() and not isinstance(wanted["OWNER_ID"], list | dict):
        found = call.store.of("activities", (whole(wanted["OWNER_TYPE_ID"]), whole(wanted["OWNER_ID"])))
    visible = (row for row in found if _visible(call, row))
    return classic_list(call, visible, COLUMNS, lambda row, select: activities.shown(call, row, select))


def _visible(call: Call, row: Json) -> bool:
    try:
        owner_card(call, row["OWNER_TYPE_ID"], row["OWNER_ID"])
    except RestError:
        return False
    return True


@methods("crm.activity.fields")
def fields(call: Call) -> Json:
    del call
    kinds = {**activities.TYPES_OF, "COMMUNICATIONS": "crm_activity_communication", "FILES": "diskfile"}
    return {
        name: {"type": kind, "isRequired": name in REQUIRED, "isReadOnly": name == "ID"} for name, kind in kinds.items()
    }


@methods("crm.activity.binding.list")
def bindings(call: Call) -> list[Json]:
    row = activity(call, whole(call.exact("activityId")))
    return [{"entityTypeId": one["OWNER_TYPE_ID"], "entityId": one["OWNER_ID"]} for one in row["BINDINGS"]]


@methods("crm.activity.binding.add")
def bind(call: Call) -> bool:
    row = activity(call, whole(call.exact("activityId")))
    owner = (whole(call.exact("entityTypeId")), whole(call.exact("entityId")))
    owner_card(call, *owner)
    held = [(one["OWNER_TYPE_ID"], one["OWNER_ID"]) for one in row["BINDINGS"]]
    if owner in held:
        raise RestError("BINDING_ALREADY_EXISTS", "Binding already exists")
    row["BINDINGS"].append({"OWNER_TYPE_ID": owner[0], "OWNER_ID": owner[1]})
    activities.save(call, row)
    return True


@methods("crm.activity.binding.delete")
def unbind(call: Call) -> bool:
    row = activity(call, whole(call.exact("activityId")))
    owner = {"OWNER_TYPE_ID": whole(call.exact("entityTypeId")), "OWNER_ID": whole(call.exact("entityId"))}
    if owner not in row["BINDINGS"]:
        raise RestError("BINDING_NOT_FOUND", "Binding not found")
    if len(row["BINDINGS"]) == 1:
        raise RestError("LAST_BINDING_CANNOT_BE_DELETED", "You cannot delete the last activity binding")
    row["BINDINGS"].remove(owner)
    activities.save(call, row)
    return True


@methods("crm.activity.todo.add")
def todo_add(call: Call) -> Json:
    """A reminder; its deadline comes as `2026-08-24 15:00:00`, in portal time, or in ISO."""
    owner = _owner(call)
    deadline = _deadline(call, call.exact("deadline"))
    responsible = whole(call.params.get("responsibleId")) or call.user_id
    row = activities.create(
        call,
        owner,
        PROVIDER_ID=TODO,
        PROVIDER_TYPE_ID="TODO",
        SUBJECT=text(call.params.get("title")) or "Запланировано дело",
        DESCRIPTION=text(call.params.get("description")),
        DEADLINE=deadline,
        START_TIME=deadline,
        END_TIME=deadline,
        RESPONSIBLE_ID=responsible,
        SETTINGS=_todo_settings(call),
    )
    return {"id": row["ID"]}


def _todo_settings(call: Call) -> Any:  # noqa: ANN401  # an empty map is a list in PHP
    found: Json = {}
    if text(call.params.get("colorId")):
        found["COLOR"] = text(call.params["colorId"])
    pings = [whole(one) for one in rows(call.params.get("pingOffsets"))]
    if pings:
        found["PING_OFFSETS"] = pings
    return found or []


def _owner(call: Call) -> tuple[int, int]:
    owner = (whole(call.exact("ownerTypeId")), whole(call.exact("ownerId")))
    owner_card(call, *owner)
    return owner


def _deadline(call: Call, raw: object) -> int:
    found = moments.read(raw, call.zone)
    if found is None:
        raise RestError("WRONG_DATETIME_FORMAT", "Wrong datetime format")
    return found


def _todo(call: Call) -> Json:
    owner = _owner(call)
    row = call.store.get("activities", whole(call.exact("id")))
    if row is None or (row["OWNER_TYPE_ID"], row["OWNER_ID"]) != owner or row["PROVIDER_ID"] != TODO:
        raise RestError("NOT_FOUND", "Дело не найдено")
    if row["COMPLETED"] == "Y":
        raise RestError("CAN_NOT_UPDATE_COMPLETED_TODO", "Нельзя изменить выполненное дело")
    return row


def _todo_changed(call: Call, row: Json, **values: object) -> Json:
    row |= values
    row["LAST_UPDATED"], row["EDITOR_ID"] = call.now, call.user_id
    activities.save(call, row)
    return {"id": row["ID"]}


@methods("crm.activity.todo.update")
def todo_update(call: Call) -> Json:
    row = _todo(call)
    deadline = _deadline(call, call.exact("deadline"))
    known = {"SUBJECT": "title", "DESCRIPTION": "description"}
    values: Json = {name: text(call.params[key]) for name, key in known.items() if key in call.params}
    if whole(call.params.get("responsibleId")):
        values["RESPONSIBLE_ID"] = whole(call.params["responsibleId"])
    return _todo_changed(call, row, DEADLINE=deadline, START_TIME=deadline, END_TIME=deadline, **values)


@methods("crm.activity.todo.updateDeadline")
def todo_deadline(call: Call) -> Json:
    row = _todo(call)
    when = _deadline(call, call.exact("value"))
    return _todo_changed(call, row, DEADLINE=when, START_TIME=when, END_TIME=when)


@methods("crm.activity.todo.updateDescription")
def todo_description(call: Call) -> Json:
    return _todo_changed(call, _todo(call), DESCRIPTION=text(call.exact("value")))


@methods("crm.activity.todo.updateResponsibleUser")
def todo_responsible(call: Call) -> Json:
    row, wanted = _todo(call), whole(call.exact("responsibleId"))
    if call.store.get("users", wanted) is None:
        raise missing_argument("responsibleId")
    return _todo_changed(call, row, RESPONSIBLE_ID=wanted)


@methods("crm.activity.todo.updateColor")
def todo_color(call: Call) -> Json:
    row = _todo(call)
    held = row["SETTINGS"] if isinstance(row["SETTINGS"], dict) else {}
    return _todo_changed(call, row, SETTINGS={**held, "COLOR": text(call.exact("colorId"))})
