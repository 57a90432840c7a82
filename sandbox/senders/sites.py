"""Site forms and letters as buttons of the page."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar

import requests

from sandbox.senders.forms import form_post, tilda_lead, tilda_probe
from sandbox.senders.letters import letter, send_letter
from sandbox.senders.service import Answers, Client, Service, utc_now

_UTM = {"utm_source": "yandex", "utm_medium": "cpc", "utm_campaign": "brand"}


class TildaSite(Service):
    """A site on Tilda."""

    name: ClassVar[str] = "tilda"
    title: ClassVar[str] = "Tilda"
    group: ClassVar[str] = "Сайт и почта"
    buttons: ClassVar[Mapping[str, str]] = {"lead": "Заявка Tilda", "probe": "Проверка адреса Tilda"}
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "key": "Ключ (заголовок X-Api-Key)"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/site", "key": ""}

    def lead(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A filled-in form."""
        answer = tilda_lead(
            given["url"],
            name=client.name,
            phone=client.phone,
            email=client.email,
            comments=client.text,
            utm=_UTM,
            api_key=("X-Api-Key", given["key"]) if given["key"] else None,
        )
        return [answer]

    def probe(self, client: Client, given: Mapping[str, str]) -> Answers:
        """What comes when the address is saved."""
        del client
        return [tilda_probe(given["url"])]


class SiteForm(Service):
    """A form of a site of one's own, signed."""

    name: ClassVar[str] = "form"
    title: ClassVar[str] = "Форма сайта"
    group: ClassVar[str] = "Сайт и почта"
    buttons: ClassVar[Mapping[str, str]] = {"submit": "Форма сайта"}
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "secret": "Секрет подписи"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/form", "secret": "sandbox"}

    def submit(self, client: Client, given: Mapping[str, str]) -> Answers:
        """JSON with the HMAC of its bytes."""
        who = {"name": client.name, "phone": client.phone, "email": client.email, "message": client.text}
        page = "https://example.ru/?utm_source=yandex&utm_medium=cpc"
        body = {"form": "callback", **who, "page": page, "consent": True, "id": f"f-{secrets.token_hex(6)}"}
        return [form_post(given["url"], body, secret=given["secret"] or None)]


class Post(Service):
    """People who write letters. `smtp` gives host and port of the mail server."""

    name: ClassVar[str] = "mail"
    title: ClassVar[str] = "Почта"
    group: ClassVar[str] = "Сайт и почта"
    buttons: ClassVar[Mapping[str, str]] = {"write": "Письмо"}
    fields: ClassVar[Mapping[str, str]] = {}

    def __init__(self, smtp: Callable[[], tuple[str, int]] | None, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self._smtp = smtp

    def write(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A request by mail, with the phone in its text."""
        del given
        if self._smtp is None:
            raise OSError("no mail server beside these senders")
        host, port = self._smtp()
        text = f"{client.text}\n{client.phone}\n"
        raw = letter(from_=f"{client.name} <{client.email}>", subject="Заявка", text=text)
        send_letter(host, port, raw, from_=client.email)
        return []


class CallCentre(Service):
    """The program of a call centre, which knows the key that it was given."""

    name: ClassVar[str] = "call_centre"
    title: ClassVar[str] = "Колл-центр"
    group: ClassVar[str] = "Сайт и почта"
    buttons: ClassVar[Mapping[str, str]] = {"request": "Заявка колл-центра", "again": "Та же заявка ещё раз"}
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "key": "Ключ программы"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/partners", "key": "sandbox"}

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self._number = 0

    def request(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A request with a number of its own."""
        self._number += 1
        return [self._send(client, given)]

    def again(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The last one, as a program repeats it that has not heard the answer."""
        return [self._send(client, given)]

    def _send(self, client: Client, given: Mapping[str, str]) -> requests.Response:
        who = {"Имя": client.name, "Телефон": client.phone, "Комментарий": client.text, "Оператор": "17"}
        key = {"Authorization": f"Bearer {given['key']}"} if given["key"] else {}
        return requests.post(given["url"], json={**who, "id": f"cc-{self._number}"}, headers=key, timeout=10)
