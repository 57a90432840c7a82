"""Services that collect requests: Marquiz, Carrot quest, Taplink, and the forms of WordPress."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import requests

from sandbox.senders.forms import bracketed
from sandbox.senders.http import FORM, Signing, post
from sandbox.senders.service import Answers, Client, Service, as_json, utc_now

_JSON = "application/json"
_PAGE = "https://example.ru/quiz?utm_source=yandex&utm_medium=cpc"


class _Collecting(Service):
    """Requests are counted since the last reset. `signing`: how the next ones are signed."""

    group: ClassVar[str] = "Сайт и почта"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.signing = Signing.GOOD
        self._sent = 0

    def reset(self) -> None:
        self.signing = Signing.GOOD
        self._sent = 0

    def stats(self) -> dict[str, Any]:
        return {"sent": self._sent}

    def _post(self, url: str, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        self._sent += 1
        return post(url, body, kind, headers)

    def _moment(self) -> str:
        return self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _in_address(self, given: Mapping[str, str]) -> str:
        """The address with its secret, or with another where it is to be wrong."""
        told = {Signing.GOOD: given["secret"], Signing.MISSING: ""}.get(self.signing, f"not-{given['secret']}")
        return f"{given['url']}/{told}".rstrip("/")


class Marquiz(_Collecting):
    """A quiz, in today's shape and in the older one."""

    name: ClassVar[str] = "marquiz"
    title: ClassVar[str] = "Marquiz"
    buttons: ClassVar[Mapping[str, str]] = {
        "quiz": "Квиз пройден",
        "quiz_as_form": "Квиз обычной формой",
        "older": "Квиз старого вида",
        "thrice": "Кнопка нажата трижды",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "secret": "Секрет в адресе"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/quiz", "secret": "sandbox"}

    def quiz(self, client: Client, given: Mapping[str, str]) -> Answers:
        """JSON, as a new quiz sends it."""
        return [self._post(self._in_address(given), as_json(self._lead(client)), _JSON)]

    def quiz_as_form(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The same in brackets: the other format of the settings."""
        lead = self._lead(client)
        pairs = [pair for name, value in lead.items() for pair in bracketed(name, value)]
        return [self._post(self._in_address(given), urlencode(pairs).encode(), FORM)]

    def older(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Contacts on top, answers in `results`."""
        answers = [{"name": "Сколько окон?", "value": "3"}]
        body = {"name": client.name, "phone": client.phone, "email": client.email, "results": answers}
        return [self._post(self._in_address(given), as_json(body), _JSON)]

    def thrice(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A visitor who presses the last button three times: three leads of their own moments."""
        told = [self._lead(client) | {"created": f"{self._moment()[:-4]}{n:03}Z"} for n in range(3)]
        return [self._post(self._in_address(given), as_json(lead), _JSON) for lead in told]

    def _lead(self, client: Client) -> dict[str, Any]:
        contacts = {"name": client.name, "email": client.email, "phone": client.phone, "telegram": "", "whatsapp": ""}
        return {
            "contacts": contacts,
            "answers": [{"q": "Сколько окон?", "a": "3"}, {"q": "Что важно?", "a": ["Тишина", "Тепло"]}],
            "quiz": {"id": "60f0000000000000000000a1", "name": "Расчёт окон"},
            "result": {"title": "Комплект Стандарт", "cost": 45000},
            "created": self._moment(),
            "extra": {
                "utm": {"source": "yandex", "medium": "cpc", "name": "brand", "content": "b1", "term": "окна"},
                "cookies": {"_ym_uid": "1764570000111222333", "roistat_visit": "100500"},
                "href": _PAGE,
                "referrer": "https://ya.ru/",
            },
        }


class CarrotQuest(_Collecting):
    """An event of a visitor, and a reaction to a message."""

    name: ClassVar[str] = "carrotquest"
    title: ClassVar[str] = "Carrot quest"
    buttons: ClassVar[Mapping[str, str]] = {"event": "Событие «Оставил заявку»", "reply": "Ответ на сообщение"}
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "token": "Токен"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/carrotquest", "token": "sandbox"}

    def event(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Both texts of JSON within the form."""
        return [self._tell(client, given, "event", "Оставил заявку")]

    def reply(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Of a message that somebody has answered."""
        more = {"message_id": "5", "sending_id": "6", "message_name": "Скидка 10%"}
        return [self._tell(client, given, "message_webhook", "Ответил на сообщение", **more)]

    def _tell(self, client: Client, given: Mapping[str, str], kind: str, name: str, **more: str) -> requests.Response:
        number = str(1_500_000_000_000_000_000 + secrets.randbelow(10**9))
        props = {"$name": client.name, "$email": client.email, "$phone": client.phone, "$last_utm_source": "yandex"}
        user = {"id": "15", "user_id": None, "props": props, "props_custom": {"Город": "Москва"}}
        told = {"text": client.text, "page": _PAGE}
        event = {"id": number, "created": self._moment(), "type": {"id": 77, "name": name}, "user": "15", "props": told}
        token = {Signing.GOOD: {"token": given["token"]}, Signing.MISSING: {}}
        fields = {
            "type": kind,
            **token.get(self.signing, {"token": f"not-{given['token']}"}),
            "user": json.dumps(user, ensure_ascii=False),
            "user_id": "15",
            "event": json.dumps(event, ensure_ascii=False),
            "event_id": number,
            "event_name": name,
            **more,
        }
        return self._post(given["url"], urlencode(fields).encode(), FORM)


class Taplink(_Collecting):
    """A form and a payment of a page of links, signed over the bytes."""

    name: ClassVar[str] = "taplink"
    title: ClassVar[str] = "Taplink"
    buttons: ClassVar[Mapping[str, str]] = {"lead": "Заявка", "payment": "Оплата"}
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "secret": "Секретная фраза"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/taplink", "secret": "sandbox"}

    def lead(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A filled-in form."""
        number = str(100 + secrets.randbelow(10**6))
        data = {"lead_id": number, "lead_number": number, "status_id": 1, "tms_created": self._moment()}
        return [self._tell(given, "leads.created", {**data, "records": _records(client)})]

    def payment(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A paid order."""
        number = str(100 + secrets.randbelow(10**6))
        order = {"order_id": number, "order_number": number, "order_status_id": 2, "purpose": "Замер"}
        sums = {"budget": "250.00", "currency_code": "RUB", "tms_modify": self._moment()}
        return [self._tell(given, "payments.created", {**order, **sums, "records": _records(client)})]

    def _tell(self, given: Mapping[str, str], action: str, data: Mapping[str, Any]) -> requests.Response:
        about = {
            "profile_id": "56",
            "username": "krovlya",
            "page_link": "https://taplink.cc/krovlya",
            "ip": "203.0.113.7",
        }
        body = as_json({"action": action, "data": {**about, **data}})
        key = given["secret"] if self.signing is not Signing.WRONG else f"not {given['secret']}"
        headers = {"taplink-signature": hmac.new(key.encode(), body, hashlib.sha1).hexdigest()}
        if self.signing is Signing.TAMPERED:
            body += b" "
        return self._post(given["url"], body, _JSON, {} if self.signing is Signing.MISSING else headers)


def _records(client: Client) -> list[dict[str, str]]:
    told = (("3", "Имя", client.name), ("1", "Телефон", client.phone), ("2", "Почта", client.email))
    return [{"value": value, "type": kind, "title": title} for kind, title, value in told]


class WordPress(_Collecting):
    """Elementor's webhook in both modes, and Contact Form 7 with a plugin that posts its tags."""

    name: ClassVar[str] = "wordpress"
    title: ClassVar[str] = "WordPress"
    buttons: ClassVar[Mapping[str, str]] = {
        "elementor": "Elementor (Advanced Data)",
        "elementor_simple": "Elementor (просто)",
        "contact_form": "Contact Form 7",
        "robot": "Заполнил робот",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника", "secret": "Секрет в адресе"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/wordpress", "secret": "sandbox"}

    def elementor(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Fields with their ids, types and titles."""
        answers = {"name": ("text", "Имя", client.name), "phone": ("tel", "Телефон", client.phone)}
        fields = {
            key: {"id": key, "type": kind, "title": title, "value": value, "raw_value": value, "required": "1"}
            for key, (kind, title, value) in answers.items()
        }
        meta = {"page_url": {"title": "Page URL", "value": _PAGE}, "remote_ip": {"title": "IP", "value": "203.0.113.7"}}
        body = {"form": {"id": "a1b2c3d", "name": "Обратный звонок"}, "fields": fields, "meta": meta}
        pairs = [pair for name, value in body.items() for pair in bracketed(name, value)]
        return [self._post(self._in_address(given), urlencode(pairs).encode(), FORM)]

    def elementor_simple(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Visible titles, and what Elementor adds under titles of its own."""
        moment = self.now()
        added = {"Дата": moment.strftime("%d.%m.%Y"), "Время": moment.strftime("%H:%M"), "Page URL": _PAGE}
        form = {"form_id": "a1b2c3d", "form_name": "Обратный звонок", "Powered by": "Elementor"}
        body = {"Имя": client.name, "Телефон": client.phone, **added, **form}
        return [self._post(self._in_address(given), urlencode(body).encode(), FORM)]

    def contact_form(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The tags of a form, as JSON."""
        body = {
            "your-name": client.name,
            "your-tel": client.phone,
            "your-email": client.email,
            "your-message": client.text,
        }
        return [self._post(self._in_address(given), as_json(body), _JSON)]

    def robot(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The same form with a robot's links."""
        links = '<a href="http://spam.example/1">cheap</a> [url=http://spam.example/2]cheap[/url]'
        body = {"your-name": client.name, "your-tel": client.phone, "your-message": links}
        return [self._post(self._in_address(given), as_json(body), _JSON)]
