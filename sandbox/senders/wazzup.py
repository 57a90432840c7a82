"""Wazzup24: messages of several messengers by one webhook, and the API by which we write."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from flask import Flask, Response, jsonify, request

from sandbox.senders.graph import PICTURE
from sandbox.senders.http import Signing, post
from sandbox.senders.service import Answers, Client, Service, as_json, utc_now

CHANNEL: Final = "c0ffee00-0000-4000-8000-000000000001"
JSON: Final = "application/json; charset-utf-8"  # as Wazzup writes it
KEY: Final = "sandbox"
LONGEST: Final = 10_000


class Wazzup(Service):
    """`signing` is what the buttons do with the crmKey."""

    name = "wazzup"
    title = "Wazzup24"
    group = "Мессенджеры"
    prefix = "/wazzup"
    buttons: ClassVar[Mapping[str, str]] = {
        "trial": "Проверка адреса",
        "text": "Сообщение WhatsApp",
        "telegram": "Сообщение Telegram",
        "picture": "Картинка",
        "missed": "Пропущенный звонок",
        "edited": "Последнее исправлено",
        "deleted": "Последнее удалено",
        "answer": "Ответ сотрудника с телефона",
        "batch": "Три сообщения, одно сломано",
        "delivered": "Последнее наше доставлено",
        "read": "Последнее наше прочитано",
        "error": "Последнее наше не доставлено",
    }
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника",
        "crm_key": "Ключ crmKey",
        "host": "Адрес песочницы",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/wazzup",
        "crm_key": "sandbox",
        "host": "http://127.0.0.1:8907",
    }

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.signing = Signing.GOOD
        self.reset()

    def reset(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {}
        self.closed: set[str] = set()
        self.gone: set[str] = set()
        self._written: dict[str, dict[str, Any]] = {}

    def stats(self) -> dict[str, Any]:
        keys = [one["crmMessageId"] for one in self.sent if one.get("crmMessageId")]
        return {"messages": len(self.sent), "doubles": len(keys) - len(set(keys))}

    # what people do

    def trial(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return [post(given["url"], as_json({"test": True}), JSON)]

    def text(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._say(client, given, type="text", text=client.text)

    def telegram(self, client: Client, given: Mapping[str, str]) -> Answers:
        contact = {"name": client.name, "username": "masha_r", "phone": client.digits}
        return self._say(client, given, chatType="telegram", chatId="7001", contact=contact, text=client.text)

    def picture(self, client: Client, given: Mapping[str, str]) -> Answers:
        address = f"{given['host']}/wazzup/files/picture.png"
        return self._say(client, given, type="image", contentUri=address, text=client.text)

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._say(client, given, type="missing_call")

    def edited(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._change(client, given, isEdited=True, text=f"{client.text}!")

    def deleted(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._change(client, given, isDeleted=True)

    def answer(self, client: Client, given: Mapping[str, str]) -> Answers:
        staff = {"authorName": "Иванов Пётр", "authorId": "501", "sentFromApp": True}
        return self._say(client, given, isEcho=True, status="sent", text="Добрый день, чем помочь?", **staff)

    def batch(self, client: Client, given: Mapping[str, str]) -> Answers:
        said = [self._message(client, text=f"{client.text} {n}") for n in (1, 2)]
        return [self._post(given, {"messages": [said[0], {"type": "text"}, said[1]]})]

    def delivered(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._status(client, given, "delivered")

    def read(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._status(client, given, "read")

    def error(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._status(client, given, "error", error={"error": "BAD_CONTACT", "description": "no such account"})

    def _say(self, client: Client, given: Mapping[str, str], **more: Any) -> Answers:  # noqa: ANN401
        return [self._post(given, {"messages": [self._message(client, **more)]})]

    def _change(self, client: Client, given: Mapping[str, str], **more: Any) -> Answers:  # noqa: ANN401
        last = self._written.get(client.digits) or self._message(client, text=client.text)
        return [self._post(given, {"messages": [{**last, "oldInfo": {"oldText": last.get("text", "")}, **more}]})]

    def _status(self, client: Client, given: Mapping[str, str], status: str, **more: Any) -> Answers:  # noqa: ANN401
        del client
        number = self.sent[-1]["messageId"] if self.sent else "none"
        piece = {"messageId": number, "timestamp": self._time(), "status": status, **more}
        return [self._post(given, {"statuses": [piece]})]

    def _message(self, client: Client, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        message = {
            "messageId": self._number(),
            "channelId": CHANNEL,
            "chatType": "whatsapp",
            "chatId": client.digits,
            "dateTime": self._time(),
            "type": "text",
            "isEcho": False,
            "status": "inbound",
            "contact": {"name": client.name, "avatarUri": "https://example.com/a.jpg"},
            **more,
        }
        self._written[client.digits] = message
        return message

    def _post(self, given: Mapping[str, str], body: dict[str, Any]) -> Any:  # noqa: ANN401
        key = f"not {given['crm_key']}" if self.signing is Signing.WRONG else given["crm_key"]
        headers = {} if self.signing is Signing.MISSING else {"Authorization": f"Bearer {key}"}
        return post(given["url"], as_json(body), JSON, headers)

    def _time(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _number(self) -> str:
        return str(uuid.uuid4())  # new after each start: a journal outlives the sandbox

    # the API

    def mount(self, app: Flask) -> None:
        app.add_url_rule("/wazzup/v3/message", view_func=self._send, methods=["POST"], endpoint="wazzup_send")
        app.add_url_rule("/wazzup/v3/webhooks", view_func=self._webhooks, methods=["GET", "PATCH"])
        app.add_url_rule("/wazzup/v3/channels", view_func=self._channels, endpoint="wazzup_channels")
        app.add_url_rule("/wazzup/files/<name>", view_func=self._file, endpoint="wazzup_file")

    def _send(self) -> Response:
        body = request.get_json(force=True)
        if not _is_let_in():
            return _refuse(401, "INVALID_API_KEY", "Invalid API key")
        if body.get("crmMessageId") in {one.get("crmMessageId") for one in self.sent} - {None}:
            return _refuse(400, "repeatedCrmMessageId", "You have already sent message with the same crmMessageId")
        for fault in self._faults(body):
            return fault
        number = self._number()
        self.sent.append({**body, "messageId": number, "at": self.now() + timedelta(0)})
        answer = jsonify({"messageId": number, "chatId": body["chatId"]})
        answer.status_code = 201
        return answer

    def _faults(self, body: dict[str, Any]) -> Iterator[Response]:
        if body.get("channelId") != CHANNEL:
            yield _refuse(400, "CHANNEL_NOT_FOUND", "Channel not found")
        if ("text" in body) + ("contentUri" in body) + ("templateId" in body) != 1:
            yield _refuse(400, "MESSAGE_ONLY_TEXT_OR_CONTENT", "Use only text or contentUri")
        if len(body.get("text", "")) > LONGEST:
            yield _refuse(400, "MESSAGES_TOO_LONG_TEXT", "Text is too long")
        if body.get("chatId") in self.gone:
            yield _refuse(400, "BAD_CONTACT", "No such account")
        if body.get("chatId") in self.closed and "templateId" not in body:
            yield _refuse(400, "24_HOURS_EXCEEDED", "24 hours have passed")

    def _webhooks(self) -> Response:
        if not _is_let_in():
            return _refuse(401, "INVALID_API_KEY", "Invalid API key")
        if request.method == "PATCH":
            wanted = request.get_json(force=True)
            if len(wanted["webhooksUri"]) > 200 or not post(wanted["webhooksUri"], as_json({"test": True}), JSON).ok:
                return _refuse(400, "testPostNotPassed", "URI does not return 200 OK")
            self.webhook = wanted
        return jsonify(self.webhook or {"webhooksUri": "", "subscriptions": {}})

    def _channels(self) -> Response:
        if not _is_let_in():
            return _refuse(401, "INVALID_API_KEY", "Invalid API key")
        return jsonify([{"channelId": CHANNEL, "transport": "whatsapp", "plainId": "74950003344", "state": "active"}])

    def _file(self, name: str) -> Response:
        return Response("gone", 404) if name == "gone.png" else Response(PICTURE, mimetype="image/png")


def _is_let_in() -> bool:
    return request.headers.get("Authorization") == f"Bearer {KEY}"


def _refuse(status: int, error: str, description: str) -> Response:
    answer = jsonify({"error": error, "description": description})
    answer.status_code = status
    return answer
