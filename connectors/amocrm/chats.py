"""amoCRM's chat service: a channel of our own, so that a talk in a messenger is seen inside the card.

It is a service apart (`amojo`): no token, every request is signed with the secret of the channel, which the vendor's
support gives out. Facts: amocrm.ru/developers/content/chats/chat-api-reference.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

import structlog

from connectors.amocrm.chat_settings import ChatSettings
from connectors.amocrm.client import Json, Pairs
from connectors.amocrm.room import Room
from connectors.http import Http, Reply
from connectors.talks.keys import chat_key
from provodka.crm import NOT_OFFERED, ChatDelivery, ChatMessage, DeliveryState
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request

log = structlog.get_logger("amocrm")

PREFIX: Final = "/v2/origin/custom"
PAGE: Final = 50
MOST_PAGES: Final = 10
BAD_SIGNATURE: Final = "ORIGIN_INVALID_SIGNATURE"
FORBIDDEN: Final = 403
OTHER_ERROR: Final = 905
STATUSES: Final = {DeliveryState.DELIVERED: 1, DeliveryState.READ: 2, DeliveryState.FAILED: -1}
NO_CHANNEL: Final = "Канал чатов amoCRM не настроен: добавьте crm.chats (id и секрет канала выдаёт поддержка amoCRM)."
NOT_SIGNED: Final = (
    "Чаты amoCRM не приняли подпись: проверьте crm.chats.secret и часы сервера (расхождение до 15 минут)."
)
WRONG_CHANNEL: Final = "Чаты amoCRM не знают такого канала или чата: проверьте crm.chats.channel_id."
NO_AMOJO: Final = "amoCRM не назвал id аккаунта в сервисе чатов: проверьте, включены ли чаты в аккаунте."
MOST_KNOWN: Final = 10_000  # chats that are kept in mind; beyond that they are linked once more
EMPTY: Final = "В сообщении нет ни текста, ни файла."
UNKNOWN_STAFF: Final = "У сотрудника {login} нет id в чатах amoCRM: сообщение нельзя показать от его имени."


class Chats:
    """`connect_talks`, `post_messages` and `report_deliveries` of one account."""

    def __init__(self, room: Room, settings: ChatSettings | None, http: Http | None) -> None:
        self._room = room
        self._settings = settings
        self._http = http
        self._linked: dict[str, str] = {}

    @property
    def offered(self) -> bool:
        """Whether the settings name a channel."""
        return self._settings is not None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def connect(self) -> None:
        settings = self._given()
        body = {"account_id": self._amojo_id(), "title": settings.title, "hook_api_version": "v2"}
        self._call("POST", f"/{settings.channel_id}/connect", body)

    def post(self, requests: Sequence[Request[ChatMessage]]) -> list[Outcome]:
        return _each(requests, self._post)

    def find(self, requests: Sequence[Request[ChatMessage]]) -> list[Done | ConnectorError | None]:
        """By the messenger's id, in the history of the chat back to when the message was sent. Each takes calls of its
        own: where one in five fails, of ten that had to succeed together hardly any would ever."""
        return [self._settled(request) for request in requests]

    def report(self, requests: Sequence[Request[ChatDelivery]]) -> list[Outcome]:
        return _each(requests, self._report)

    def _post(self, message: ChatMessage) -> Done:
        self._link(message)
        answer = self._scoped("POST", "", {"event_type": "new_message", "payload": self._payload(message)})
        made = answer.get("new_message")
        if not isinstance(made, dict) or not made.get("msgid"):
            raise Ambiguous("the answer does not name the message")
        return Done(str(made["msgid"]), {"crm_chat_id": str(made.get("conversation_id") or "")})

    def _link(self, message: ChatMessage) -> None:
        """The chat becomes that of our contact before its first word: a stranger's would make a request of its own.

        Whoever moves the chat to another contact by hand has it so until the next start.
        """
        key, contact = _key(message), message.contact_id
        if not contact.isdecimal() or self._linked.get(key) == contact:
            return
        body = [{"contact_id": int(contact), "chat_id": self._chat(message)}]
        try:
            self._room.client.write("POST", "/contacts/chats", body)
        except Rejected as refused:  # the card may be gone: the message is worth more than its place
            log.warning("chat.not_linked", contact=contact, error=refused.reason)
        if len(self._linked) >= MOST_KNOWN:
            self._linked.pop(next(iter(self._linked)), None)
        self._linked[key] = contact

    def _chat(self, message: ChatMessage) -> str:
        """A chat is known to us by the messenger's id only; asking for it again gives its own."""
        wanted: Json = {"conversation_id": _key(message), "user": _person(message), **_source(message)}
        return str(self._scoped("POST", "/chats", wanted).get("id") or "")

    def _settled(self, request: Request[ChatMessage]) -> Done | ConnectorError | None:
        try:
            [found] = self._room.settled([request], [self._find(request.params)])
        except ConnectorError as error:
            return error
        return found

    def _find(self, message: ChatMessage) -> Done | None:
        chat = self._chat(message)
        for page in range(MOST_PAGES):
            params = [("offset", str(page * PAGE)), ("limit", str(PAGE))]
            rows = self._scoped("GET", f"/chats/{chat}/history", None, params).get("messages") or []
            for row in rows:
                if (row.get("message") or {}).get("client_id") == message.id:
                    return Done(str(row["message"]["id"]), {"crm_chat_id": chat}, found=True)
            if len(rows) < PAGE or int(rows[-1].get("timestamp") or 0) < int(message.sent_at.timestamp()):
                break
        return None

    def _report(self, news: ChatDelivery) -> Done:
        body: Json = {"msgid": news.message_id, "delivery_status": STATUSES[news.state]}
        if news.state is DeliveryState.FAILED:
            body |= {"error_code": OTHER_ERROR, "error": news.error}
        self._scoped("POST", f"/{news.message_id}/delivery_status", body)
        return Done(news.message_id)

    def _payload(self, message: ChatMessage) -> Json:
        person = _person(message)
        people = {"sender": {"ref_id": self._staff(message.staff)}, "receiver": person} if message.staff else {}
        seconds = message.sent_at.timestamp()
        return {
            "timestamp": int(seconds),
            "msec_timestamp": int(seconds * 1000),
            "msgid": message.id,
            "conversation_id": _key(message),
            **(people or {"sender": person}),
            "message": _content(message),
            "silent": bool(message.staff),
            **_source(message),
        }

    def _staff(self, login: str) -> str:
        found = self._room.directory.chat_id_of(self._room.directory.user(login))
        if not found:
            raise Rejected(f"{login} has no id in the chat service", hint=UNKNOWN_STAFF.format(login=login))
        return found

    def _scoped(self, method: str, path: str, body: Json | None, params: Pairs = ()) -> Json:
        """A call for this account; uninstalling the integration cuts the channel off, so connect it once again."""
        whole = f"/{self._given().channel_id}_{self._amojo_id()}{path}"
        try:
            return self._call(method, whole, body, params)
        except Rejected as error:
            if error.status != FORBIDDEN or error.code == BAD_SIGNATURE:
                raise
        self.connect()
        return self._call(method, whole, body, params)

    def _call(self, method: str, path: str, body: Json | None, params: Pairs = ()) -> Json:
        if self._http is None:
            raise Rejected("no chat channel is set up", hint=NO_CHANNEL, code=NOT_OFFERED)
        content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        secret = self._given().secret.get_secret_value()
        headers = sign(secret, method, f"{PREFIX}{path}", content, self._room.now())
        write = method != "GET" and not path.endswith("/chats")  # a chat that is there already is only given back
        reply = self._http.call(
            method, f"{PREFIX}{path}", params=params, content=content or None, headers=headers, write=write
        )
        return reply.data if isinstance(reply.data, dict) else {}

    def _given(self) -> ChatSettings:
        if self._settings is None:
            raise Rejected("no chat channel is set up", hint=NO_CHANNEL, code=NOT_OFFERED)
        return self._settings

    def _amojo_id(self) -> str:
        found = self._room.directory.account().amojo_id
        if not found:
            raise Rejected("the account has no id in the chat service", hint=NO_AMOJO)
        return found


def sign(secret: str, method: str, path: str, content: bytes, now: datetime) -> dict[str, str]:
    """The headers that open the service: valid for 15 minutes, for exactly these bytes; `path` without its query."""
    kind, date = "application/json", format_datetime(now)
    digest = hashlib.md5(content).hexdigest()  # noqa: S324  # the vendor's choice
    text = "\n".join((method, digest, kind, date, path))
    mark = hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()
    return {"Date": date, "Content-Type": kind, "Content-MD5": digest, "X-Signature": mark}


def classify(reply: Reply) -> ConnectorError | None:
    """The service's own error bodies. A wrong channel concerns talks alone, so it never holds the whole account."""
    data = reply.data if isinstance(reply.data, dict) else {}
    code = str(data.get("error_type") or "")
    if reply.status == FORBIDDEN or code == BAD_SIGNATURE:
        hint = NOT_SIGNED if code == BAD_SIGNATURE else WRONG_CHANNEL
        return Rejected(reply.words, hint=hint, status=FORBIDDEN, code=code)
    if reply.status == 401:
        return Rejected(reply.words, hint=NOT_SIGNED, status=401, code=code)
    return Rejected(reply.words, hint=WRONG_CHANNEL, status=404, code=code) if reply.status == 404 else None


def _each(requests: Sequence[Request[Any]], do: Callable[[Any], Done]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for request in requests:
        try:
            outcomes.append(do(request.params))
        except ConnectorError as error:  # it is this message's own, and costs the others nothing
            outcomes.append(error)
    return outcomes


def _key(message: ChatMessage) -> str:
    return chat_key(message.source, message.chat_id)


def _person(message: ChatMessage) -> Json:
    profile = {key: value for key, value in (("phone", message.phone), ("email", message.email)) if value}
    person: Json = {"id": message.person_id, "name": message.person_name}
    return {**person, "profile": profile} if profile else person


def _source(message: ChatMessage) -> Json:
    return {"source": {"external_id": message.source}} if message.source else {}


def _content(message: ChatMessage) -> Json:
    media = message.media
    if media is None:
        if not message.text:
            raise Rejected("the message is empty", hint=EMPTY)
        return {"type": "text", "text": message.text}
    return {
        "type": media.kind.value,
        "text": message.text,
        "media": media.url,
        "file_name": media.name,
        "file_size": media.size,
    }
