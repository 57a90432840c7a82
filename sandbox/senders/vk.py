"""VK as a sender: the notices of a community, by the Callback API or in a long poll."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

import requests
from flask import Flask

from sandbox.senders.http import Signing, post
from sandbox.senders.service import Answers, Client, Service, as_json, utc_now
from sandbox.senders.vk_api import VkApi
from sandbox.senders.vk_community import Community

Json = dict[str, Any]
VERSION = "5.199"
PERSON, ADMIN, FORM = 100200300, 100000001, 3
PERSON_NAME = ("Мария", "Петрова")


class Vk(Service):
    """The buttons keep what they send in the community, so that its history and its long poll tell of it, too.

    `deliver` off keeps a notice back: nobody is told, as after an outage. `old_shape` is a server set to a version
    below 5.103; `signing` says what is done with the secret. `person` among what is given is the number of whoever
    writes, where it is not the usual one.
    """

    name: ClassVar[str] = "vk"
    title: ClassVar[str] = "ВКонтакте"
    group: ClassVar[str] = "Мессенджеры"
    buttons: ClassVar[Mapping[str, str]] = {
        "confirm": "Подтвердить адрес",
        "message": "Написать сообществу",
        "picture": "Прислать фото",
        "button": "Нажать кнопку",
        "edit": "Исправить сообщение",
        "answer": "Ответить из сообщества",
        "allow": "Разрешить сообщения",
        "deny": "Запретить сообщения",
        "lead": "Заполнить форму",
    }
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника",
        "secret": "Секретный ключ",
        "group": "Номер сообщества",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/vk",
        "secret": "sandbox",
        "group": "190000001",
    }
    prefix: ClassVar[str] = "/vk"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.signing = Signing.GOOD
        self.old_shape = False
        self.deliver = True
        self.community = Community(now)
        self._api = VkApi(self.community, self._echo)
        self._last: Mapping[str, str] = dict(self.defaults)

    def mount(self, app: Flask) -> None:
        self._api.mount(app, self.prefix)

    def reset(self) -> None:
        self.community.clear()
        self.signing, self.old_shape, self.deliver = Signing.GOOD, False, True
        self._last = dict(self.defaults)

    def stats(self) -> dict[str, Any]:
        return {"sent": len(self.community.sent), "uploads": len(self.community.files)}

    def confirm(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return self._tell({"type": "confirmation", "group_id": int(given["group"])}, given)

    def message(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._write(client, given, {"ref": "utm_vk_spring", "ref_source": "ads"})

    def picture(self, client: Client, given: Mapping[str, str]) -> Answers:
        sizes = [
            {"type": kind, "url": f"{self.community.base}/vk/files/{kind}.jpg", "width": side, "height": side}
            for kind, side in (("s", 75), ("z", 1280), ("x", 604))
        ]
        photo = {"type": "photo", "photo": {"id": 457, "owner_id": _person(given), "sizes": sizes}}
        return self._write(client, given, {"attachments": [photo]})

    def button(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._write(client, given, {"payload": '{"button":"замер"}'})

    def edit(self, client: Client, given: Mapping[str, str]) -> Answers:
        self._introduce(client, given)
        body = self.community.change(_person(given), f"{client.text} (исправлено)")
        return self._notice("message_edit", body, given)

    def answer(self, client: Client, given: Mapping[str, str]) -> Answers:
        """One of the community's people writes by hand, in VK itself."""
        del client
        body = self.community.say(_person(given), "Здравствуйте! Чем помочь?", {"admin_author_id": ADMIN}, out=True)
        return self._notice("message_reply", body, given)

    def allow(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        self.community.allowed.add(_person(given))
        return self._notice("message_allow", {"user_id": _person(given), "key": "utm_vk_spring"}, given)

    def deny(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        self.community.allowed.discard(_person(given))
        return self._notice("message_deny", {"user_id": _person(given)}, given)

    def lead(self, client: Client, given: Mapping[str, str]) -> Answers:
        answers = [
            {"key": "first_name", "question": "Имя", "answer": client.name},
            {"key": "phone_number", "question": "Номер телефона", "answer": client.phone},
            {"key": "email", "question": "Электронная почта", "answer": client.email},
            {"key": "custom_0", "question": "Сколько окон?", "answer": client.text},
        ]
        lead = self.community.fill(FORM, _person(given), answers)
        form = {"form_id": FORM, "form_name": self.community.form_name, "group_id": int(given["group"])}
        return self._notice("lead_forms_new", {**lead, **form, "answers": answers}, given)

    def _introduce(self, client: Client, given: Mapping[str, str]) -> None:
        first, _, last = client.name.partition(" ")
        self.community.people[_person(given)] = (first, last)

    def _write(self, client: Client, given: Mapping[str, str], more: Json) -> Answers:
        self._introduce(client, given)
        return self._message(self.community.say(_person(given), client.text, more), given)

    def _message(self, body: Json, given: Mapping[str, str]) -> Answers:
        if self.old_shape:
            return self._notice("message_new", body, given)
        client_info = {"button_actions": ["text", "open_link"], "keyboard": True, "lang_id": 0}
        return self._notice("message_new", {"message": body, "client_info": client_info}, given)

    def _echo(self, body: Json) -> None:
        """What was sent by the API comes back, too; whoever does not listen misses it, and the message is sent all the
        same."""
        with suppress(requests.RequestException):
            self._notice("message_reply", body, self._last)

    def _notice(self, kind: str, body: Json, given: Mapping[str, str]) -> Answers:
        event_id = secrets.token_hex(20)
        update = {"type": kind, "object": body, "group_id": int(given["group"]), "event_id": event_id, "v": VERSION}
        self.community.tell(update)
        return self._tell(update, given) if self.deliver else []

    def _tell(self, update: Json, given: Mapping[str, str]) -> Answers:
        self._last = given
        secret = given["secret"]
        if self.signing in (Signing.WRONG, Signing.TAMPERED):
            secret = f"not {secret}"
        signed = update if self.signing is Signing.MISSING else {**update, "secret": secret}
        return [post(given["url"], as_json(signed), "application/json")]


def _person(given: Mapping[str, str]) -> int:
    return int(given.get("person") or PERSON)
