"""Viber: a bot's notices, signed over their bytes, and the REST API that answers 200 whatever is wrong."""

from __future__ import annotations

import hmac
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar

import requests
from flask import Flask, Response, request

from sandbox.senders.http import Signing, post
from sandbox.senders.service import Answers, Client, Service, as_json, utc_now

Json = dict[str, Any]
PERSON = "01234567890A="
BOT = "Ромашка"
FIRST_TOKEN = 5_850_000_000_000_000_101  # larger than 2^53, as Viber's are
LONGEST = 7000
PICTURE = b"\xff\xd8\xff\xe0picture"


class Viber(Service):
    """A person and a bot. `answers` are what the receiver said to the notices that came by themselves (receipts, the
    `webhook` of `set_webhook`)."""

    name: ClassVar[str] = "viber"
    title: ClassVar[str] = "Viber"
    group: ClassVar[str] = "Мессенджеры"
    buttons: ClassVar[Mapping[str, str]] = {
        "start": "Открыть чат по ссылке",
        "message": "Написать боту",
        "picture": "Прислать фото",
        "contact": "Поделиться номером",
        "subscribe": "Подписаться",
        "unsubscribe": "Отписаться",
        "failed": "Сообщение не дошло",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "token": "Ключ бота"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/viber", "token": "sandbox"}
    prefix: ClassVar[str] = "/viber"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self._lock = Lock()
        self.base = ""
        self.reset()

    def reset(self) -> None:
        self.signing = Signing.GOOD
        self.token = self.defaults["token"]
        self.webhook = ""
        self.subscribed: set[str] = set()
        self.sent: list[Json] = []
        self.answers: Answers = []
        self._tokens = itertools.count(FIRST_TOKEN)

    def stats(self) -> dict[str, Any]:
        return {"sent": len(self.sent), "webhook": self.webhook}

    def start(self, client: Client, given: Mapping[str, str]) -> Answers:
        told = {"type": "open", "context": "utm_vk_spring", "user": self._person(client), "subscribed": False}
        return [self._tell("conversation_started", told, given)]

    def message(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._write(client, given, {"type": "text", "text": client.text, "tracking_data": "lead:17"})

    def picture(self, client: Client, given: Mapping[str, str]) -> Answers:
        media = {"media": f"{self.base}/viber/files/photo.jpg", "thumbnail": "", "file_name": "photo.jpg"}
        return self._write(client, given, {"type": "picture", "text": client.text, **media})

    def contact(self, client: Client, given: Mapping[str, str]) -> Answers:
        card = {"name": client.name, "phone_number": client.digits}
        return self._write(client, given, {"type": "contact", "contact": card})

    def subscribe(self, client: Client, given: Mapping[str, str]) -> Answers:
        self.subscribed.add(PERSON)
        return [self._tell("subscribed", {"user": self._person(client)}, given)]

    def unsubscribe(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        self.subscribed.discard(PERSON)
        return [self._tell("unsubscribed", {"user_id": PERSON}, given)]

    def failed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Of the last message that was sent here."""
        del client
        token = self.sent[-1]["token"] if self.sent else next(self._tokens)
        return [self._tell("failed", {"user_id": PERSON, "desc": "the device is off"}, given, token)]

    def _write(self, client: Client, given: Mapping[str, str], body: Json) -> Answers:
        self.subscribed.add(PERSON)  # who writes is subscribed by that
        told = {"sender": self._person(client), "message": body, "silent": False}
        return [self._tell("message", told, given)]

    def _person(self, client: Client) -> Json:
        face = {"avatar": "https://example.com/a.jpg", "language": "ru", "country": "RU", "api_version": 10}
        return {"id": PERSON, "name": client.name, **face}

    def _tell(self, event: str, told: Json, given: Mapping[str, str], token: int | None = None) -> requests.Response:
        moment = int(self.now().timestamp() * 1000)
        body = as_json({"event": event, "timestamp": moment, "message_token": token or next(self._tokens), **told})
        key = f"not {given['token']}" if self.signing is Signing.WRONG else given["token"]
        headers = {"X-Viber-Content-Signature": hmac.new(key.encode(), body, "sha256").hexdigest()}
        if self.signing is Signing.MISSING:
            headers = {}
        if self.signing is Signing.TAMPERED:
            body += b" "
        return post(given["url"], body, "application/json", headers)

    def mount(self, app: Flask) -> None:
        app.add_url_rule(f"{self.prefix}/pa/<method>", "viber_api", self._called, methods=["POST"])
        app.add_url_rule(f"{self.prefix}/files/<name>", "viber_file", _file)
        app.before_request(self._note_base)

    def _note_base(self) -> None:
        self.base = request.host_url.rstrip("/")

    def _called(self, method: str) -> Response:
        if request.headers.get("X-Viber-Auth-Token") != self.token:
            return _said(2, "invalidAuthToken")
        given = request.get_json(force=True)
        methods: Mapping[str, Callable[[Json], Response]] = {
            "send_message": self._send,
            "set_webhook": self._set_webhook,
            "get_account_info": lambda _: _said(0, "ok", id="pa:1", name=BOT, webhook=self.webhook),
        }
        return methods[method](given) if method in methods else _said(3, "unknown method")

    def _send(self, given: Json) -> Response:
        if not given.get("receiver") or not given.get("type") or not (given.get("sender") or {}).get("name"):
            return _said(4, "missingData")
        if given["receiver"] != PERSON:
            return _said(5, "receiverNotRegistered")
        if given["receiver"] not in self.subscribed:
            return _said(6, "receiverNotSubscribed")
        wanted = {"text": ("text",), "picture": ("media",), "file": ("media", "size", "file_name")}[given["type"]]
        if any(not given.get(name) for name in wanted) or len(given.get("text", "")) > LONGEST:
            return _said(3, "badData")
        with self._lock:
            token = next(self._tokens)
            self.sent.append({**given, "token": token})
        for event in ("delivered", "seen"):
            self._by_itself(event, {"user_id": PERSON}, token)
        return _said(0, "ok", message_token=token, chat_hostname="SN-CHAT-05_", billing_status=1)

    def _set_webhook(self, given: Json) -> Response:
        """The address is called while this call is still open, and has to answer 200."""
        previous, self.webhook = self.webhook, given["url"]
        if given["url"] and self._by_itself("webhook", {}) != 200:
            self.webhook = previous
            return _said(1, "invalidUrl")
        return _said(0, "ok", event_types=given.get("event_types", []))

    def _by_itself(self, event: str, told: Json, token: int | None = None) -> int:
        if not self.webhook:
            return 0
        try:
            answer = self._tell(event, told, {"url": self.webhook, "token": self.token}, token)
        except requests.RequestException:
            return 0
        self.answers.append(answer)
        return answer.status_code


def _said(status: int, words: str, **more: object) -> Response:
    return Response(json.dumps({"status": status, "status_message": words, **more}), mimetype="application/json")


def _file(name: str) -> Response:
    return Response(PICTURE + name.encode(), mimetype="image/jpeg")
