"""What each service posts, signed as it signs: one function per kind, which makes the request of a number."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
SECRET: Final = "bench-secret"
STARTED: Final = 1_764_576_000


@dataclass(frozen=True, slots=True)
class Post:
    """One request below `/hooks/<channel>`."""

    body: bytes
    kind: str = JSON
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def _json(body: Mapping[str, Any], **headers: str) -> Post:
    return Post(json.dumps(body).encode(), headers=headers)


def _fields(path: str, fields: Mapping[str, object]) -> Post:
    return Post(urlencode(fields).encode(), FORM, path)


def _phone(number: int) -> str:
    return f"7916{number % 10**7:07d}"


def form(number: int) -> Post:
    """The plain form of a site: the floor."""
    body = {"name": "Мария", "phone": _phone(number), "comment": "Нужен замер", "id": f"f-{number}"}
    return Post(json.dumps(body, ensure_ascii=False).encode(), JSON, f"/{SECRET}")


def mango(number: int) -> Post:
    sides = {"from": {"number": _phone(number)}, "to": {"extension": "101"}, "line_number": "74950003344"}
    times = {"create_time": STARTED, "forward_time": STARTED, "talk_time": STARTED + 8, "end_time": STARTED + 90}
    text = json.dumps({"entry_id": f"e{number}", "call_direction": 1, **sides, **times, "disconnect_reason": 1110})
    sign = hashlib.sha256(f"{SECRET}{text}{SECRET}".encode()).hexdigest()
    return _fields("/events/summary", {"vpbx_api_key": SECRET, "sign": sign, "json": text})


def megafon(number: int) -> Post:
    call = {"cmd": "history", "type": "in", "user": "ivanov", "phone": _phone(number), "diversion": "74950003344"}
    end = {"start": "20251201T080006Z", "duration": 123, "callid": f"c{number}", "status": "Success", "link": ""}
    return _fields("", {**call, **end, "crm_token": SECRET})


def zadarma(number: int) -> Post:
    who = {"caller_id": f"+{_phone(number)}", "called_did": "74950003344", "call_start": "2025-12-01 11:00:00"}
    digest = hmac.new(SECRET.encode(), "".join(who.values()).encode(), hashlib.sha1).hexdigest()
    end = {"internal": "101", "duration": "90", "disposition": "answered", "pbx_call_id": f"in_{number}"}
    body = urlencode({"event": "NOTIFY_END", **who, **end}).encode()
    return Post(body, FORM, headers={"Signature": base64.b64encode(digest.encode()).decode()})


def uis(number: int) -> Post:
    call = {"mnemonic": "finished_call", "time": "2025-12-01 11:02:17.310", "call": number, "phone": _phone(number)}
    return _json({"secret": SECRET, **call, "line": "74950003344", "direction": "in", "employee": "Иванов", "talk": 90})


def sipuni(number: int) -> Post:
    sides = {"event": 2, "call_id": f"1.{number}", "src_num": _phone(number), "src_type": 1, "dst_num": 101}
    more = {"short_dst_num": 101, "dst_type": 2, "status": "ANSWER", "pbxdstnum": "74950003344", "is_inner_call": 0}
    times = {"timestamp": STARTED + 90, "call_start_timestamp": STARTED, "call_answer_timestamp": STARTED + 8}
    return _fields(f"/{SECRET}", {**sides, **more, **times})


def roistat(number: int) -> Post:
    call = {"id": f"r{number}", "caller": _phone(number), "callee": "74950003344", "date": "2025-12-01 11:00:00"}
    body = {**call, "duration": 90, "status": "ANSWER", "utm_source": "yandex", "visit_id": "1"}
    return Post(json.dumps(body).encode(), path=f"/{SECRET}")


def telegram(number: int) -> Post:
    who = {"id": number, "is_bot": False, "first_name": "Мария"}
    chat = {"id": number, "type": "private", "first_name": "Мария"}
    message = {"message_id": 1, "from": who, "chat": chat, "date": STARTED, "text": "Сколько стоит крыша?"}
    return _json({"update_id": number, "message": message}, **{"X-Telegram-Bot-Api-Secret-Token": SECRET})


def whatsapp(number: int) -> Post:
    message = {"from": _phone(number), "id": f"wamid.{number}", "timestamp": str(STARTED), "type": "text"}
    message_with = {**message, "text": {"body": "Сколько стоит крыша?"}}
    contact = {"profile": {"name": "Мария"}, "wa_id": _phone(number)}
    value = {"metadata": {"phone_number_id": "1"}, "contacts": [contact], "messages": [message_with]}
    change = {"field": "messages", "value": value}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": [change]}]}).encode()
    sign = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return Post(body, headers={"X-Hub-Signature-256": f"sha256={sign}"})


def instagram(number: int) -> Post:
    """Instagram direct, of the channel `meta`."""
    message = {"mid": f"m{number}", "text": "Сколько стоит крыша?"}
    moment = {"sender": {"id": str(number)}, "recipient": {"id": "4"}, "timestamp": STARTED * 1000, "message": message}
    body = json.dumps({"object": "instagram", "entry": [{"id": "4", "messaging": [moment]}]}).encode()
    sign = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return Post(body, headers={"X-Hub-Signature-256": f"sha256={sign}"})


def wazzup(number: int) -> Post:
    chat = {"messageId": f"w{number}", "channelId": "c", "chatType": "whatsapp", "chatId": _phone(number)}
    more = {"dateTime": "2025-12-01T08:00:00.000Z", "type": "text", "isEcho": False, "text": "Сколько стоит крыша?"}
    return _json({"messages": [{**chat, **more, "status": "inbound"}]}, Authorization=f"Bearer {SECRET}")


def greenapi(number: int) -> Post:
    at = f"{_phone(number)}@c.us"
    told = {"typeMessage": "textMessage", "textMessageData": {"textMessage": "Сколько стоит крыша?"}}
    sender = {"chatId": at, "sender": at, "senderName": "Мария"}
    head = {"typeWebhook": "incomingMessageReceived", "timestamp": STARTED, "idMessage": f"g{number}"}
    body = {**head, "instanceData": {"idInstance": 1}, "senderData": sender, "messageData": told}
    return Post(json.dumps(body).encode(), path=f"/{SECRET}")


def viber(number: int) -> Post:
    sender = {"id": f"{number}==", "name": "Мария"}
    head = {"event": "message", "timestamp": STARTED * 1000, "message_token": 5_850_000_000_000_000_000 + number}
    body = json.dumps({**head, "sender": sender, "message": {"type": "text", "text": "Сколько стоит крыша?"}}).encode()
    sign = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return Post(body, headers={"X-Viber-Content-Signature": sign})


def vk(number: int) -> Post:
    message = {"date": STARTED, "from_id": number, "id": 1, "out": 0, "peer_id": number, "text": "Сколько стоит крыша?"}
    head = {"type": "message_new", "group_id": 1, "event_id": f"e{number}", "v": "5.199", "secret": SECRET}
    return _json({**head, "object": {"message": {**message, "conversation_message_id": number}, "client_info": {}}})


def avito(number: int) -> Post:
    value = {"id": f"a{number}", "chat_id": f"u2i-{number}", "user_id": 90, "author_id": number, "created": STARTED}
    told = {"type": "text", "chat_type": "u2i", "content": {"text": "Сколько стоит крыша?"}, "item_id": 3}
    body = {"id": f"n{number}", "version": "v3.0.0", "payload": {"type": "message", "value": {**value, **told}}}
    return Post(json.dumps(body).encode(), path=f"/{SECRET}")


def max_(number: int) -> Post:
    told = {"mid": f"mid.{number}", "seq": number, "text": "Сколько стоит крыша?"}
    sender = {"user_id": number, "first_name": "Мария", "name": "Мария", "is_bot": False}
    recipient = {"chat_id": number, "chat_type": "dialog", "user_id": 5}
    message = {"recipient": recipient, "timestamp": STARTED * 1000, "body": told, "sender": sender}
    body = {"update_type": "message_created", "timestamp": STARTED * 1000, "message": message}
    return _json(body, **{"X-Max-Bot-Api-Secret": SECRET})


KINDS: Final[Mapping[str, Callable[[int], Post]]] = {
    "form": form,
    "mango": mango,
    "megafon": megafon,
    "zadarma": zadarma,
    "uis": uis,
    "sipuni": sipuni,
    "roistat": roistat,
    "telegram": telegram,
    "whatsapp": whatsapp,
    "meta": instagram,
    "wazzup": wazzup,
    "greenapi": greenapi,
    "viber": viber,
    "vk": vk,
    "avito": avito,
    "max": max_,
}
"""By channel of `channels.yaml`."""
