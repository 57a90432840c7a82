"""Notifications, chat messages and bots of the second generation."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24.call import Call
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.params import text, whole
from sandbox.bitrix24.registry import Methods

methods = Methods("im")
LONGEST = 20_000
LONGEST_TOKEN = 40
EVENTS_AT_ONCE = 1000


@methods("im.notify.personal.add", "im.notify.system.add", "im.notify")
def notify(call: Call) -> int | bool:
    """The notification's number, or `false` for an unknown person; one with the same TAG replaces the old one."""
    user_id, message, tag = call.whole("user_id") or call.whole("to"), call.text("message"), call.text("tag")
    if not user_id:
        raise RestError("USER_ID_EMPTY", "User ID can't be empty")
    if not message:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    if call.store.get("users", user_id) is None:
        return False
    if tag and (call.auth.kind == "app" or call.text("client_id")):
        for row in list(call.store.table("notifications").values()):
            if row["tag"] == tag and row["user_id"] == user_id:
                call.store.drop("notifications", row["id"])
    number = call.store.new_id("notifications")
    row = {"id": number, "user_id": user_id, "author": call.user_id, "text": message, "tag": tag, "created": call.now}
    call.store.put("notifications", number, row)
    return number


@methods("im.notify.delete")
def notify_delete(call: Call) -> bool:
    number, tag = call.whole("id"), call.text("tag")
    gone = [
        row["id"]
        for row in call.store.table("notifications").values()
        if row["id"] == number or (tag and row["tag"] == tag)
    ]
    for one in gone:
        call.store.drop("notifications", one)
    return bool(gone)


@methods("im.message.add")
def message_add(call: Call) -> int:
    dialog, message = call.text("dialog_id"), call.text("message")
    if not dialog:
        raise RestError("DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    if not message and not call.any("attach"):
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    if len(message) > LONGEST:
        raise RestError("MESSAGE_TOO_LONG", "Message is too long")
    if dialog.isdigit() and call.store.get("users", whole(dialog)) is None:
        raise RestError("USER_NOT_FOUND", "User not found")
    return _message(call, dialog, message, call.user_id)


def _message(call: Call, dialog: str, message: str, author: int) -> int:
    number = call.store.new_id("messages")
    row = {"id": number, "dialog": dialog, "author": author, "text": message, "created": call.now}
    call.store.put("messages", number, row)
    return number


@methods("imbot.v2.Revision.get", scope="imbot")
def revision(call: Call) -> Json:
    del call
    return {"rest": 32, "web": 117, "mobile": 18, "desktop": 5}


@methods("imbot.v2.Bot.register", scope="imbot")
def bot_register(call: Call) -> Json:
    """A bot, the same one for the same code."""
    fields = call.exact("fields")
    fields = fields if isinstance(fields, dict) else {}
    code, token = text(fields.get("code")), text(fields.get("botToken"))
    properties = fields.get("properties")
    name = text(properties.get("name")) if isinstance(properties, dict) else ""
    if not code:
        raise RestError("BOT_CODE_REQUIRED", "Bot code is required")
    if not name:
        raise RestError("BOT_PROPERTIES_REQUIRED", "Bot name is required")
    if not token or len(token) > LONGEST_TOKEN:
        raise RestError("BOT_TOKEN_NOT_SPECIFIED", "Bot token is not specified")
    row = next((row for row in call.store.table("bots").values() if row["code"] == code), None)
    if row is None:
        number = 455 + call.store.new_id("bots")
        row = {"id": number, "code": code, "events": []}
    row |= {"token": token, "name": name, "mode": text(fields.get("eventMode")) or "fetch"}
    call.store.put("bots", row["id"], row)
    bot = {
        "id": row["id"],
        "code": code,
        "type": text(fields.get("type")) or "bot",
        "isHidden": False,
        "language": "ru",
        "moduleId": "rest",
        "eventMode": row["mode"],
        **dict.fromkeys(("countMessage", "countCommand", "countChat", "countUser"), 0),
    }
    user = {"id": row["id"], "active": True, "name": name, "bot": True, "status": "online", "type": "bot"}
    return {"bot": bot, "users": [user]}


def _bot(call: Call) -> Json:
    row = call.store.get("bots", whole(call.exact("botId")))
    if row is None:
        raise RestError("BOT_NOT_FOUND", "Bot not found")
    if row["token"] != text(call.params.get("botToken")):
        raise RestError("BOT_OWNERSHIP_ERROR", "Bot token is wrong")
    return row


@methods("imbot.v2.Chat.Message.send", scope="imbot")
def bot_send(call: Call) -> Json:
    row, fields = _bot(call), call.params.get("fields")
    message = text(fields.get("message")) if isinstance(fields, dict) else ""
    if not message:
        raise RestError("EMPTY_MESSAGE", "Message is empty")
    return {"id": _message(call, text(call.exact("dialogId")), message, row["id"]), "uuidMap": {}}


@methods("imbot.v2.Event.get", scope="imbot")
def bot_events(call: Call) -> Json:
    """Events from an offset on; what was acknowledged by a higher offset is gone."""
    row = _bot(call)
    offset = whole(call.params.get("offset"))
    limit = max(1, min(whole(call.params.get("limit")) or 100, EVENTS_AT_ONCE))
    row["events"] = [one for one in row["events"] if one["eventId"] >= offset]
    call.store.put("bots", row["id"], row)
    found: list[Any] = row["events"][:limit]
    following = found[-1]["eventId"] + 1 if found else max(offset, 1)
    return {"events": found, "nextOffset": following, "hasMore": len(row["events"]) > limit}
