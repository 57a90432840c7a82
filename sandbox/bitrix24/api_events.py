"""Subscriptions of the application, and the queue of offline events."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from sandbox.bitrix24 import filters
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.cards import actor_of
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.events import NAMES
from sandbox.bitrix24.filters import Comparer
from sandbox.bitrix24.lists import classic_list, classic_order, classic_tests, simple_columns
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.registry import Methods

methods = Methods("")
OFFLINE = simple_columns(
    {
        "ID": "integer",
        "TIMESTAMP_X": "datetime",
        "EVENT_NAME": "string",
        "MESSAGE_ID": "string",
        "PROCESS_ID": "string",
        "ERROR": "integer",
    }
)


@methods("events", app="context")
def names(call: Call) -> list[str]:
    del call
    return list(NAMES)


@methods("event.bind", app="context")
def bind(call: Call) -> bool:
    """Bind a handler, or the offline queue; the same handler twice is refused."""
    event, handler = call.text("event").upper(), call.text("handler")
    offline = call.text("event_type").lower() == "offline"
    if event not in NAMES:
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found")
    user_id = call.whole("auth_type")
    if not call.is_admin and (offline or user_id not in (0, call.user_id)):
        raise RestError("ACCESS_DENIED", "Access denied!", 403)
    if not offline and not is_address(handler):
        raise RestError("ERROR_EVENT_BINDING", "Unable to set event handler: wrong handler URL")
    connector = call.text("auth_connector")
    for row in call.store.table("bindings").values():
        if row["source"] == "app" and _key(row) == (event, handler, offline, user_id, connector):
            raise RestError("ERROR_EVENT_BINDING", "Unable to set event handler")
    options = call.map("options")
    add_binding(
        call,
        event,
        handler,
        offline=offline,
        user_id=user_id,
        connector=connector,
        wait=whole(options.get("minTimeout")),
    )
    return True


def add_binding(
    call: Call, event: str, handler: str, *, offline: bool, user_id: int, connector: str, wait: int
) -> None:
    number = call.store.new_id("bindings")
    row = {
        "id": number,
        "event": event,
        "handler": handler,
        "offline": offline,
        "user_id": user_id,
        "connector": connector,
        "source": "app",
        "application_token": call.events.seed.application_token,
        "min_timeout": wait,
    }
    call.store.put("bindings", number, row)


def is_address(handler: str) -> bool:
    """Whether a text is an http address."""
    try:
        parts = urlsplit(handler)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _key(row: Json) -> tuple[str, str, bool, int, str]:
    return row["event"], row["handler"], row["offline"], row["user_id"], row["connector"]


@methods("event.unbind", app="context")
def unbind(call: Call) -> Json:
    """How many bindings went; offline ones only where `event_type` asks for them."""
    event, handler = call.text("event").upper(), call.text("handler")
    offline = call.text("event_type").lower() == "offline"
    gone = [
        row["id"]
        for row in call.store.table("bindings").values()
        if row["source"] == "app"
        and row["event"] == event
        and row["offline"] == offline
        and (offline or row["handler"] == handler)
        and (call.any("auth_type") is None or row["user_id"] == call.whole("auth_type"))
    ]
    for number in gone:
        call.store.drop("bindings", number)
    return {"count": len(gone)}


@methods("event.get", app="context")
def bound(call: Call) -> list[Json]:
    """The application's bindings; who is no administrator sees his own."""
    return [
        {
            "event": row["event"],
            "handler": row["handler"],
            "auth_type": str(row["user_id"]),
            "offline": int(row["offline"]),
            **({"connector_id": row["connector"]} if row["offline"] else {}),
        }
        for row in call.store.table("bindings").values()
        if row["source"] == "app" and (call.is_admin or row["user_id"] == call.user_id)
    ]


@methods("event.test", app="context")
def test(call: Call) -> int:
    """Deliver ONAPPTEST with the call's parameters."""
    query = {key: value for key, value in call.params.items() if key not in ("auth", "access_token")}
    call.events.publish("ONAPPTEST", {"QUERY": query, "LANGUAGE_ID": "ru"}, actor_of(call), call.base)
    return 1


def _offline_only(call: Call) -> None:
    if not call.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied!", 403)


def _row(row: Json) -> Json:
    return {
        "ID": row["id"],
        "TIMESTAMP_X": row["stamp"],
        "EVENT_NAME": row["event"],
        "EVENT_DATA": row["data"] or False,
        "EVENT_ADDITIONAL": {"user_id": str(row["user_id"])} if row["user_id"] else False,
        "MESSAGE_ID": row["message_id"],
        "PROCESS_ID": row["process_id"],
        "ERROR": row["error"],
    }


def _shown(call: Call, row: Json, *, full: bool = False) -> Json:
    found = {**row, "ID": str(row["ID"]), "TIMESTAMP_X": call.shown(row["TIMESTAMP_X"]), "ERROR": str(row["ERROR"])}
    return found if full else {key: found[key] for key in found if key not in ("PROCESS_ID", "ERROR")}


@methods("event.offline.get", app="context")
def offline_get(call: Call) -> Json:
    """A packet; `clear` (the default) deletes what is read, `clear=0` reserves it under a `process_id`."""
    _offline_only(call)
    clear = call.any("clear") is None or call.whole("clear") != 0
    process_id = call.text("process_id")
    comparer = Comparer(call.zone)
    tests = classic_tests(call.map("filter"), OFFLINE, comparer)
    found = [
        _row(row)
        for row in call.store.table("offline").values()
        if row["connector"] == call.text("auth_connector") and row["process_id"] == process_id
    ]
    found = [row for row in found if all(one(row) for one in tests)]
    order = classic_order(call.map("order") or {"TIMESTAMP_X": "ASC", "ID": "ASC"}, OFFLINE)
    found = filters.sort(found, order, comparer)[: max(1, min(call.whole("limit") or 50, 1000))]
    if clear:
        for row in found:
            call.store.drop("offline", row["ID"])
        return {"process_id": None, "events": [_shown(call, row) for row in found]}
    return {"process_id": _reserve(call, found, process_id), "events": [_shown(call, row) for row in found]}


def _reserve(call: Call, found: list[Json], process_id: str) -> str:
    process_id = process_id or secrets.token_hex(16)
    for one in found:
        row = call.store.table("offline")[one["ID"]]
        row["process_id"] = process_id
        call.store.put("offline", row["id"], row)
    return process_id


def _packet(call: Call) -> list[Json]:
    """The rows of a packet that a call names by number or by message."""
    process_id = call.text("process_id")
    if not process_id:
        raise RestError("ERROR_ARGUMENT", "Argument 'process_id' is null or empty")
    ids = {whole(one) for one in rows(call.any("id"))}
    messages = {text(one) for one in rows(call.any("message_id"))}
    found = [row for row in call.store.table("offline").values() if row["process_id"] == process_id]
    if ids or messages:
        found = [row for row in found if row["id"] in ids or row["message_id"] in messages]
    return found


@methods("event.offline.clear", app="context")
def offline_clear(call: Call) -> bool:
    _offline_only(call)
    for row in _packet(call):
        call.store.drop("offline", row["id"])
    return True


@methods("event.offline.error", app="context")
def offline_error(call: Call) -> bool:
    _offline_only(call)
    for row in _packet(call):
        row["error"] = 1
        call.store.put("offline", row["id"], row)
    return True


@methods("event.offline.list", app="context")
def offline_list(call: Call) -> Page:
    """The queue as it is; reading changes nothing."""
    _offline_only(call)
    found = [_row(row) for row in call.store.table("offline").values()]
    return classic_list(call, found, OFFLINE, lambda row, _: _shown(call, row, full=True))
