"""Comments and log messages in the timeline of a card."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24 import files
from sandbox.bitrix24.activities import owner_card
from sandbox.bitrix24.api_users import full_name
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.cards import actor_of
from sandbox.bitrix24.errors import Json, RestError, item_not_found, missing_argument
from sandbox.bitrix24.lists import classic_list, picked, simple_columns
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import BY_WORD, TYPES

methods = Methods("crm")
COLUMNS = simple_columns({"ID": "integer", "AUTHOR_ID": "integer"})


def _fields(call: Call) -> Json:
    """Lower-case `fields` only, as this method has it."""
    found = call.params.get("fields")
    if not isinstance(found, dict):
        raise missing_argument("fields")
    return found


def _owner(call: Call, fields: Json, entity_type: str = "ENTITY_TYPE") -> tuple[int, int]:
    kind = BY_WORD.get(text(fields.get(entity_type)))
    number = whole(fields.get("ENTITY_ID"))
    owner_card(call, kind.id if kind else 0, number)
    return (kind.id if kind else 0, number)


@methods("crm.timeline.comment.add")
def add(call: Call) -> int:
    """A comment by the caller."""
    fields = _fields(call)
    owner = _owner(call, fields)
    if not text(fields.get("COMMENT")):
        raise RestError("INVALID_ARG_VALUE", "Пустое сообщение")
    number = call.store.new_id("comments")
    row = {
        "ID": number,
        "ENTITY_ID": owner[1],
        "ENTITY_TYPE": TYPES[owner[0]].word,
        "CREATED": call.now,
        "COMMENT": text(fields["COMMENT"]),
        "AUTHOR_ID": call.user_id,
        "FILES": _files(call, fields.get("FILES")),
        "BINDINGS": [{"OWNER_TYPE_ID": owner[0], "OWNER_ID": owner[1]}],
    }
    call.store.put("comments", number, row)
    _tell(call, number, "ADD")
    return number


def _files(call: Call, raw: object) -> list[int]:
    pairs = [files.read_pair(one) for one in rows(raw)]
    return [files.store_file(call, *pair)["id"] for pair in pairs if pair]


def _tell(call: Call, number: int, verb: str) -> None:
    data: Json = {"ID": number} if call.settings.flat_comment_events else {"FIELDS": {"ID": number}}
    call.events.publish(f"ONCRMTIMELINECOMMENT{verb}", data, actor_of(call), call.base)


def _comment(call: Call) -> Json:
    row = call.store.get("comments", whole(call.any("id")))
    if row is None:
        raise item_not_found()
    owner_card(call, BY_WORD[row["ENTITY_TYPE"]].id, row["ENTITY_ID"])
    return row


def _shown(call: Call, row: Json) -> Json:
    found: dict[str, Any] = {
        "ID": str(row["ID"]),
        "ENTITY_ID": str(row["ENTITY_ID"]),
        "ENTITY_TYPE": row["ENTITY_TYPE"],
        "CREATED": call.shown(row["CREATED"]),
        "COMMENT": row["COMMENT"],
        "AUTHOR_ID": str(row["AUTHOR_ID"]),
    }
    held = [call.store.get("files", one) for one in row["FILES"]]
    found["FILES"] = {str(one["id"]): _file(call, one) for one in held if one} or []
    return found


def _file(call: Call, one: Json) -> Json:
    author = call.store.get("users", one["author"])
    return {
        "id": one["id"],
        "date": call.shown(one["created"]),
        "type": "file",
        "name": one["name"],
        "size": one["size"],
        "authorId": one["author"],
        "authorName": full_name(author) if author else "",
        "urlShow": files.link(call, one["id"]),
        "urlDownload": files.link(call, one["id"]),
    }


@methods("crm.timeline.comment.get")
def get(call: Call) -> Json:
    return _shown(call, _comment(call))


@methods("crm.timeline.comment.list")
def listing(call: Call) -> Page:
    """Comments of one card; a filter by `CREATED` is ignored."""
    wanted = call.map("filter")
    owner = _owner(call, wanted)
    found = call.store.of("comments", owner)
    return classic_list(call, found, COLUMNS, lambda row, select: picked(_shown(call, row), select))


@methods("crm.timeline.comment.update")
def update(call: Call) -> int:
    """The comment's number, not `true`."""
    row, fields = _comment(call), _fields(call)
    if not text(fields.get("COMMENT")):
        raise RestError("INVALID_ARG_VALUE", "Пустое сообщение")
    row["COMMENT"] = text(fields["COMMENT"])
    row["FILES"] += _files(call, fields.get("FILES"))
    call.store.put("comments", row["ID"], row)
    _tell(call, row["ID"], "UPDATE")
    return int(row["ID"])


@methods("crm.timeline.comment.delete")
def delete(call: Call) -> None:
    row = _comment(call)
    call.store.drop("comments", row["ID"])
    _tell(call, row["ID"], "DELETE")


@methods("crm.timeline.comment.fields")
def comment_fields(call: Call) -> Json:
    del call
    return {name: {"type": column, "isReadOnly": name in ("ID", "CREATED")} for name, column in FIELD_TYPES.items()}


FIELD_TYPES = {
    "ID": "integer",
    "ENTITY_ID": "integer",
    "ENTITY_TYPE": "string",
    "CREATED": "datetime",
    "COMMENT": "string",
    "AUTHOR_ID": "integer",
    "FILES": "attached_diskfile",
}


@methods("crm.timeline.bindings.bind")
def bind(call: Call) -> bool:
    row, owner = _bound(call)
    held = {"OWNER_TYPE_ID": owner[0], "OWNER_ID": owner[1]}
    if held not in row["BINDINGS"]:
        row["BINDINGS"].append(held)
        call.store.put("comments", row["ID"], row)
    return True


@methods("crm.timeline.bindings.unbind")
def unbind(call: Call) -> bool:
    row, owner = _bound(call)
    held = {"OWNER_TYPE_ID": owner[0], "OWNER_ID": owner[1]}
    if held not in row["BINDINGS"] or len(row["BINDINGS"]) == 1:
        return False
    row["BINDINGS"].remove(held)
    call.store.put("comments", row["ID"], row)
    return True


def _bound(call: Call) -> tuple[Json, tuple[int, int]]:
    fields = call.fields()
    row = call.store.get("comments", whole(fields.get("OWNER_ID")))
    if row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    return row, _owner(call, fields)


@methods("crm.timeline.bindings.list")
def bindings(call: Call) -> list[Json]:
    number = whole(call.map("filter").get("OWNER_ID"))
    row = call.store.get("comments", number) or {"BINDINGS": []}
    return [
        {"OWNER_ID": number, "ENTITY_ID": one["OWNER_ID"], "ENTITY_TYPE": TYPES[one["OWNER_TYPE_ID"]].word}
        for one in row["BINDINGS"]
    ]


@methods("crm.timeline.logmessage.add")
def log_add(call: Call) -> Json:
    """A record in the log style."""
    fields = call.exact("fields")
    fields = fields if isinstance(fields, dict) else {}
    owner = (whole(fields.get("entityTypeId")), whole(fields.get("entityId")))
    owner_card(call, *owner)
    for name in ("title", "text", "iconCode"):
        if not text(fields.get(name)):
            raise RestError("100", f"Could not find value for parameter {{{name}}}")
    number = call.store.new_id("logs")
    row = {
        "id": number,
        "created": call.now,
        "authorId": call.user_id,
        "title": text(fields["title"]),
        "text": text(fields["text"]),
        "iconCode": text(fields["iconCode"]),
        "owner": list(owner),
    }
    call.store.put("logs", number, row)
    return {"logMessage": _log(call, row)}


def _log(call: Call, row: Json) -> Json:
    keys = ("id", "created", "authorId", "title", "text", "iconCode")
    return {key: call.shown(row[key]) if key == "created" else row[key] for key in keys}


@methods("crm.timeline.logmessage.list")
def log_list(call: Call) -> Page:
    owner = [whole(call.exact("entityTypeId")), whole(call.exact("entityId"))]
    found = [row for row in call.store.table("logs").values() if row["owner"] == owner]
    page = call.paged(found)
    return Page({"logMessages": [_log(call, row) for row in page.result]}, page.total, page.next)
