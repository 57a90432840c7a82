"""MAX: people who write to a bot, and the Bot API by which it answers."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import requests
from flask import Flask

from sandbox.senders.http import Signing, post
from sandbox.senders.max_api import BotApi, Room
from sandbox.senders.service import Answers, Client, Service, as_json, utc_now

Json = dict[str, Any]
PERSON, CHAT, BOT = 330001, 880001, 55501
STRANGER = 330099


class Max(Service):
    """Each button is an update: posted to the receiver with its secret, and kept for whoever asks by `/updates`.

    `deliver` off posts nothing. `api` is the bot's side, `api.room` what was sent and what is on the way.
    """

    name: ClassVar[str] = "max"
    title: ClassVar[str] = "MAX"
    group: ClassVar[str] = "Мессенджеры"
    buttons: ClassVar[Mapping[str, str]] = {
        "started": "Запустить бота",
        "message": "Написать боту",
        "picture": "Прислать фото",
        "document": "Прислать файл",
        "contact": "Поделиться номером",
        "card": "Переслать чужой контакт",
        "button": "Нажать кнопку",
        "edit": "Исправить сообщение",
        "in_group": "Написать в группе",
        "stopped": "Остановить бота",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "secret": "Секрет подписки"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/max", "secret": "sandbox"}
    prefix: ClassVar[str] = "/max"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.signing = Signing.GOOD
        self.deliver = True
        self.room = Room()
        self._numbers = itertools.count(int(now().timestamp()))

    def mount(self, app: Flask) -> None:
        BotApi(self.room, self.prefix, self.now).mount(app)

    def reset(self) -> None:
        self.signing, self.deliver = Signing.GOOD, True
        self.room.clear()

    def stats(self) -> dict[str, Any]:
        return {"sent": len(self.room.sent), "uploads": len(self.room.uploads), "updates": len(self.room.updates)}

    def started(self, client: Client, given: Mapping[str, str], payload: str = "utm_vk_spring") -> Answers:
        self.room.stopped = False
        about = {"chat_id": CHAT, "user": self._person(client), "payload": payload, "user_locale": "ru"}
        return self._tell("bot_started", about, given)

    def message(self, client: Client, given: Mapping[str, str], **body: Any) -> Answers:  # noqa: ANN401  # any JSON
        return self._tell("message_created", {"message": self._message(client, **body), "user_locale": "ru"}, given)

    def picture(self, client: Client, given: Mapping[str, str]) -> Answers:
        url = self.room.keep("roof.jpg", b"jpeg of a roof")
        photo = {"type": "image", "payload": {"photo_id": 4484450835, "token": "t-1", "url": url}}
        return self.message(client, given, attachments=[photo])

    def document(self, client: Client, given: Mapping[str, str]) -> Answers:
        url = self.room.keep("plan.pdf", b"%PDF plan")
        file = {"type": "file", "payload": {"url": url, "token": "t-2"}, "filename": "план.pdf", "size": 9}
        return self.message(client, given, text="", attachments=[file])

    def contact(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self.message(client, given, text="", attachments=[self._card(client, PERSON)])

    def card(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self.message(client, given, text="", attachments=[self._card(client, STRANGER)])

    def button(self, client: Client, given: Mapping[str, str]) -> Answers:
        keys = [[{"type": "callback", "text": "Да, звоните", "payload": "call:yes", "intent": "default"}]]
        keyboard = {"type": "inline_keyboard", "payload": {"buttons": keys}}
        below = self._message(client, text="Позвонить вам?", attachments=[keyboard])
        below["sender"] = {"user_id": BOT, "first_name": "Кровля", "is_bot": True}
        below["recipient"]["user_id"] = PERSON
        callback = {"callback_id": f"cb{secrets.token_hex(12)}", "payload": "call:yes", "timestamp": self._stamp()}
        about = {"callback": {**callback, "user": self._person(client)}, "message": below}
        return self._tell("message_callback", about, given)

    def edit(self, client: Client, given: Mapping[str, str]) -> Answers:
        changed = self._message(client, text=f"{client.text} (исправлено)")
        return self._tell("message_edited", {"message": changed}, given)

    def in_group(self, client: Client, given: Mapping[str, str]) -> Answers:
        message = self._message(client)
        message["recipient"] = {"chat_id": -CHAT, "chat_type": "chat"}
        return self._tell("message_created", {"message": message}, given)

    def stopped(self, client: Client, given: Mapping[str, str]) -> Answers:
        self.room.stopped = True
        return self._tell("bot_stopped", {"chat_id": CHAT, "user": self._person(client), "user_locale": "ru"}, given)

    def _message(self, client: Client, **body: Any) -> Json:  # noqa: ANN401  # any JSON
        mid = f"mid.{next(self._numbers):020x}"
        return {
            "recipient": {"chat_id": CHAT, "chat_type": "dialog", "user_id": BOT},
            "timestamp": self._stamp(),
            "body": {"mid": mid, "seq": 115 * 10**15 + next(self._numbers), "text": client.text, **body},
            "sender": self._person(client),
        }

    def _person(self, client: Client) -> Json:
        named = {"first_name": client.name, "last_name": "", "name": client.name}
        return {"user_id": PERSON, **named, "is_bot": False, "last_activity_time": self._stamp()}

    def _card(self, client: Client, owner: int) -> Json:
        vcard = f"BEGIN:VCARD\r\nVERSION:3.0\r\nTEL;TYPE=cell:{client.digits}\r\nFN:{client.name}\r\nEND:VCARD\r\n"
        info = {"user_id": owner, "first_name": client.name, "is_bot": False}
        return {"type": "contact", "payload": {"vcf_info": vcard, "max_info": info}}

    def _stamp(self) -> int:
        return int(self.now().timestamp() * 1000)

    def _tell(self, kind: str, about: Json, given: Mapping[str, str]) -> Answers:
        update = {"update_type": kind, "timestamp": self._stamp(), **about}
        self.room.tell(update)
        return [self._post(update, given)] if self.deliver else []

    def _post(self, update: Json, given: Mapping[str, str]) -> requests.Response:
        secret = given["secret"] if self.signing in (Signing.GOOD, Signing.TAMPERED) else f"not-{given['secret']}"
        headers = {} if self.signing is Signing.MISSING else {"X-Max-Bot-Api-Secret": secret}
        return post(given["url"], as_json(update), "application/json", headers)
