"""The chat service, `/amojo/v2/origin/custom/…`: every request signed by the channel's secret.

`X-Signature` is the lower-case hex HMAC-SHA1 of method, Content-MD5, Content-Type, Date and path, joined by line
feeds. In the vendor's house the service has a host of its own; here the signed path may be with or without `/amojo`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from flask import request

from sandbox.amocrm import chats
from sandbox.amocrm.api_users import amojo_id
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json, User
from sandbox.amocrm.problems import Raw
from sandbox.amocrm.records import Chat, Message

PREFIX = "/amojo"
CHANNEL = "channel"
PATIENCE = 15 * 60
HISTORY_PAGE = 50
STATUSES = (1, 2, -1)
ERROR_CODES = range(901, 906)


def problem(status: int, kind: str, words: str) -> Raw:
    """An error of the chat service."""
    return Raw(status, {"status": 0, "error_code": status, "error_type": kind, "error_description": words})


def check_signature(call: Call) -> None:
    """Refuse what is not signed by the channel, or was signed more than 15 minutes ago."""
    body, headers = request.get_data(), request.headers
    digest = headers.get("Content-MD5", "")
    paths = {request.path, request.path.removeprefix(PREFIX)}
    known = [[request.method, digest, headers.get("Content-Type", ""), headers.get("Date", ""), one] for one in paths]
    secret = call.store.seed.channel_secret.encode()
    marks = [hmac.new(secret, "\n".join(parts).encode(), hashlib.sha1).hexdigest() for parts in known]
    given = headers.get("X-Signature", "")
    is_ours = any(hmac.compare_digest(mark, given.lower()) for mark in marks if given.isascii())
    if digest.lower() != hashlib.md5(body).hexdigest() or not is_ours or not _is_recent(call, headers.get("Date", "")):  # noqa: S324  # the vendor's choice
        raise problem(403, "ORIGIN_INVALID_SIGNATURE", "invalid signature")


def _is_recent(call: Call, date: str) -> bool:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return False
    # «-0000» is UTC of a machine that does not tell its zone; Python gives it without any.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return abs(aware.timestamp() - call.now) <= PATIENCE


def scope_of(call: Call) -> str:
    """`{channel id}_{amojo id of the account}`."""
    return f"{call.store.seed.channel_id}_{call.store.seed.amojo_id}"


def connect(call: Call, channel_id: str) -> Json:
    """`POST /{channel_id}/connect`."""
    body = _known_channel(call, channel_id)
    wish = {"title": str(body.get("title") or ""), "hook_api_version": str(body.get("hook_api_version") or "v1")}
    call.store.set_setting(CHANNEL, {**call.store.setting(CHANNEL), **wish, "is_connected": True})
    head = {"account_id": body["account_id"], "scope_id": scope_of(call)}
    return {**head, **wish, "is_time_window_disabled": False}


def disconnect(call: Call, channel_id: str) -> tuple[None, int]:
    """`DELETE /{channel_id}/disconnect`."""
    _known_channel(call, channel_id)
    call.store.set_setting(CHANNEL, {**call.store.setting(CHANNEL), "is_connected": False})
    return None, 200


def take_event(call: Call, scope_id: str) -> Any:  # noqa: ANN401  # JSON, or nothing with a status
    """`POST /{scope_id}`: `new_message`, `edit_message`."""
    _need_scope(call, scope_id)
    body = _body()
    payload = body.get("payload")
    if not isinstance(payload, dict):
        raise _invalid("payload")
    if body.get("event_type") == "new_message":
        return _new_message(call, scope_id, payload)
    if body.get("event_type") == "edit_message":
        _edit_message(call, scope_id, payload)
        return None, 200
    raise _invalid("event_type")


def create_chat(call: Call, scope_id: str) -> Json:
    """`POST /{scope_id}/chats`: a chat without a word in it yet; the same conversation is given back as it is."""
    _need_scope(call, scope_id)
    body = _body()
    client = _client(body.get("user"), "user")
    if not isinstance(body.get("conversation_id"), str):
        raise _invalid("conversation_id")
    chat = chats.find_chat(call, scope_id, body) or chats.open_chat(call, scope_id, body, client)
    profile = client.get("profile") or {}
    shown = {
        "id": chat.client["ref_id"],
        "client_id": client["id"],
        "name": client.get("name", ""),
        "avatar": client.get("avatar", ""),
        "phone": profile.get("phone", ""),
        "email": profile.get("email", ""),
    }
    return {"id": chat.id, "user": shown}


def history(call: Call, scope_id: str, chat_id: str) -> Json:
    """`GET /{scope_id}/chats/{id}/history`, the newest first; at most 50."""
    _need_scope(call, scope_id)
    chat = chats.find_chat(call, scope_id, {"conversation_ref_id": chat_id})
    if chat is None:
        raise problem(404, "CHAT_NOT_FOUND", "chat not found")
    offset, limit = (_number(request.args.get(key), default) for key, default in (("offset", 0), ("limit", 50)))
    rows = list(reversed(chat.messages))[offset : offset + min(limit, HISTORY_PAGE)]
    return {"messages": [_line(call, chat, row) for row in rows]}


def delivery_status(call: Call, scope_id: str, message_id: str) -> tuple[None, int]:
    """`POST /{scope_id}/{msgid}/delivery_status`: 1 delivered, 2 read, -1 with an error code of 901–905."""
    _need_scope(call, scope_id)
    body, (chat, message) = _body(), _message(call, scope_id, message_id)
    status, code = body.get("delivery_status"), body.get("error_code")
    if status not in STATUSES or isinstance(status, bool):
        raise _invalid("delivery_status")
    if code is not None and (not isinstance(code, int) or code not in ERROR_CODES):
        raise _invalid("error_code")
    message.delivery = status
    message.error = {"code": code, "text": str(body.get("error") or "")} if status == -1 else None
    call.store.touch("chats", chat.id)
    return None, 200


def typing(call: Call, scope_id: str) -> None:
    """`POST /{scope_id}/typing`: nothing that lasts."""
    _need_scope(call, scope_id)
    body = _body()
    if chats.find_chat(call, scope_id, body) is None:
        raise problem(404, "CHAT_NOT_FOUND", "chat not found")
    _client(body.get("sender"), "sender")


def react(call: Call, scope_id: str) -> tuple[None, int]:
    """`POST /{scope_id}/react`: `react` with an emoji, or `unreact`."""
    _need_scope(call, scope_id)
    body = _body()
    user = _client(body.get("user"), "user")
    chat, message = _message(call, scope_id, str(body.get("msgid") or body.get("id")))
    message.reactions = [one for one in message.reactions if one["user"] != user["id"]]
    if body.get("type") == "react":
        message.reactions.append({"user": user["id"], "emoji": str(body.get("emoji") or "")})
    elif body.get("type") != "unreact":
        raise _invalid("type")
    call.store.touch("chats", chat.id)
    return None, 200


def _new_message(call: Call, scope_id: str, payload: Json) -> Json:
    content, sender = payload.get("message"), payload.get("sender")
    if not isinstance(content, dict) or content.get("type") not in chats.MESSAGE_TYPES:
        raise _invalid("message.type")
    if not isinstance(payload.get("msgid"), str) or not payload["msgid"]:
        raise _invalid("msgid")
    manager = _manager(call, sender)
    client = _client(payload.get("receiver"), "receiver") if manager else _client(sender, "sender")
    chat = chats.find_chat(call, scope_id, payload)
    if chat is None:
        if not isinstance(payload.get("conversation_id"), str) or not payload["conversation_id"]:
            raise _invalid("conversation_id")
        chat = chats.open_chat(call, scope_id, payload, client)
    known = next((one for one in chat.messages if one.msgid == payload["msgid"]), None)
    message = known or _say(call, chat, payload, client, manager)
    person = {"receiver_id" if manager else "sender_id": chat.client["ref_id"]}
    told = {"conversation_id": chat.id, **person, "msgid": message.id, "ref_id": message.msgid}
    return {"new_message": told}


def _say(call: Call, chat: Chat, payload: Json, client: Json, manager: User | None) -> Message:
    stamp = payload.get("timestamp")
    sent_at = stamp if isinstance(stamp, int) and not isinstance(stamp, bool) else call.now
    author = {"user_id": manager.id, "name": manager.name} if manager else client
    message = chats.new_message(
        author, payload["message"], incoming=manager is None, sent_at=sent_at, msgid=payload["msgid"]
    )
    return chats.add_message(call, chat, message)


def _edit_message(call: Call, scope_id: str, payload: Json) -> None:
    content = payload.get("message")
    if not isinstance(content, dict):
        raise _invalid("message")
    chat, message = _message(call, scope_id, str(payload.get("msgid")))
    message.content = {**message.content, **content}
    call.store.touch("chats", chat.id)


def _manager(call: Call, sender: object) -> User | None:
    """The user whose word it is: a message from outside names him by his id in the chat service."""
    ref_id = sender.get("ref_id") if isinstance(sender, dict) else None
    if ref_id is None:
        return None
    found = next((user for user in call.store.users.values() if amojo_id(user) == ref_id), None)
    if found is None:
        raise _invalid("sender.ref_id")
    return found


def _client(raw: object, path: str) -> Json:
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not raw["id"]:
        raise _invalid(f"{path}.id")
    if raw.get("profile") is not None and not isinstance(raw["profile"], dict):
        raise _invalid(f"{path}.profile")
    return raw


def _message(call: Call, scope_id: str, message_id: str) -> tuple[Chat, Message]:
    """By the service's id or the channel's own."""
    for chat in call.store.chats.values():
        for message in chat.messages if chat.scope_id == scope_id else ():
            if message_id in (message.id, message.msgid):
                return chat, message
    raise problem(404, "MESSAGE_NOT_FOUND", "message not found")


def _known_channel(call: Call, channel_id: str) -> Json:
    check_signature(call)
    body = _body()
    if channel_id != call.store.seed.channel_id:
        raise problem(404, "ORIGIN_NOT_FOUND", "channel not found")
    if body.get("account_id") != call.store.seed.amojo_id:
        raise _invalid("account_id")
    return body


def _need_scope(call: Call, scope_id: str) -> None:
    check_signature(call)
    if scope_id != scope_of(call) or not call.store.setting(CHANNEL).get("is_connected"):
        raise problem(403, "ORIGIN_NOT_CONNECTED", "channel is not connected to the account")


def _body() -> Json:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _invalid("body")
    return body


def _invalid(path: str) -> Raw:
    return problem(400, "VALIDATION_ERROR", f"invalid value: {path}")


def _line(call: Call, chat: Chat, row: Message) -> Json:
    if row.is_incoming:
        sender = {"id": chat.client["ref_id"], "name": chat.client.get("name", ""), "client_id": chat.client["id"]}
    else:
        user = call.store.users.get(row.author.get("user_id", 0))
        sender = {"id": amojo_id(user) if user else "", "name": row.author.get("name", "")}
    blank = {"text": "", "media": "", "thumbnail": "", "file_name": "", "file_size": 0}
    return {
        "timestamp": row.sent_at,
        "sender": sender,
        "message": {"id": row.id, "client_id": row.msgid, **blank, **row.content},
    }


def _number(value: str | None, default: int) -> int:
    return int(value) if value is not None and value.isdigit() else default
