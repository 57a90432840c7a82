"""Call tracking and telephony that only calls an address: Roistat, Calltouch, and a mobile operator's exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

import requests

from sandbox.senders.service import Answers, Client, Service, as_json, utc_now

LINE = "74950003344"
MOSCOW = timezone(timedelta(hours=3))
WAIT = 10.0
_VISIT = {
    "utm_source": "yandex",
    "utm_medium": "cpc",
    "utm_campaign": "brand",
    "utm_term": "купить окна",
    "utm_content": "b1",
}
_FIELDS = {"url": "Адрес приёмника", "secret": "Секрет в адресе"}


class _Calling(Service):
    """Calls are numbered from 1 since the last reset."""

    fields: ClassVar[Mapping[str, str]] = _FIELDS

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.calls = 0

    def reset(self) -> None:
        self.calls = 0

    def stats(self) -> dict[str, Any]:
        return {"calls": self.calls}

    def _next(self) -> str:
        self.calls += 1
        return str(self.calls)

    def _moment(self, ago: float = 0) -> str:
        return (self.now() - timedelta(seconds=ago)).astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S")


def _post(given: Mapping[str, str], body: Mapping[str, Any]) -> requests.Response:
    url = f"{given['url']}/{given['secret']}" if given.get("secret") else given["url"]
    return requests.post(url, data=as_json(body), headers={"Content-Type": "application/json"}, timeout=WAIT)


class Roistat(_Calling):
    """Tells of a call when it begins and when it is over; signs nothing."""

    name: ClassVar[str] = "roistat"
    title: ClassVar[str] = "Roistat"
    buttons: ClassVar[Mapping[str, str]] = {
        "call": "Звонок с рекламы",
        "missed": "Пропущенный с рекламы",
        "started": "Только начало звонка",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/roistat",
        "secret": "sandbox-secret",
    }

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Its two notices."""
        begun = self._begun(client)
        return [_post(given, begun), _post(given, {**begun, **self._over(begun["id"], "ANSWER", 123)})]

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Nobody answers."""
        begun = self._begun(client)
        return [_post(given, begun), _post(given, {**begun, **self._over(begun["id"], "NOANSWER", 0)})]

    def started(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The first notice alone."""
        return [_post(given, self._begun(client))]

    def _begun(self, client: Client) -> dict[str, Any]:
        return {
            "id": self._next(),
            "caller": client.digits,
            "callee": LINE,
            "date": self._moment(),
            "visit_id": "100500",
            "marker": "direct1",
            "order_id": None,
            "landing_page": "https://example.ru/?utm_source=yandex&utm_medium=cpc",
            "domain": "example.ru",
            "city": "Москва",
            "country": "Россия",
            "ip": "203.0.113.7",
            "first_visit": "1",
            "referrer": "https://ya.ru/",
            "google_client_id": "555.777",
            "roistat_param_1": "",
            "source_level_1": "direct1",
            **_VISIT,
        }

    def _over(self, id_: str, status: str, seconds: int) -> dict[str, Any]:
        link = f"https://example.com/r/{id_}.mp3" if seconds else None
        return {"duration": seconds, "status": status, "link": link}


class Calltouch(_Calling):
    """Tells by GET or POST, with the parameters that were chosen in the cabinet."""

    name: ClassVar[str] = "calltouch"
    title: ClassVar[str] = "Calltouch"
    buttons: ClassVar[Mapping[str, str]] = {"call": "Звонок с рекламы (POST)", "by_get": "Звонок с рекламы (GET)"}
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/calltouch",
        "secret": "sandbox-secret",
    }

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A call that is over, as a form."""
        return [requests.post(f"{given['url']}/{given['secret']}", data=self._call(client), timeout=WAIT)]

    def by_get(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The same in the query."""
        return [requests.get(f"{given['url']}/{given['secret']}", params=self._call(client), timeout=WAIT)]

    def _call(self, client: Client) -> dict[str, str]:
        return {
            "callId": self._next(),
            "leadtype": "callend",
            "callerphone": client.digits,
            "phonenumber": LINE,
            "timestamp": str(int((self.now() - timedelta(seconds=100)).timestamp())),
            "duration": "95",
            "status": "successful",
            "reclink": "https://example.com/r/1.mp3",
            "sessionId": "900100",
            "utmSource": "yandex",
            "utmMedium": "cpc",
            "utmCampaign": "brand",
        }


class MobilePhone(_Calling):
    """The exchange of a mobile operator: employees call from their mobiles, and it tells of it afterwards."""

    name: ClassVar[str] = "mobile"
    title: ClassVar[str] = "АТС мобильного оператора"
    buttons: ClassVar[Mapping[str, str]] = {"outgoing": "Сотрудник позвонил с мобильного", "missed": "Пропущенный"}
    fields: ClassVar[Mapping[str, str]] = {**_FIELDS, "extension": "Номер сотрудника"}
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/mobile",
        "secret": "sandbox-secret",
        "extension": "79031112233",
    }

    def outgoing(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A talk of a minute and a half."""
        return [_post(given, self._over("outgoing", given["extension"], client.digits, given["extension"], 90))]

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A client has called in vain."""
        return [_post(given, self._over("incoming", client.digits, LINE, given["extension"], 0))]

    def _over(self, kind: str, caller: str, callee: str, user: str, seconds: int) -> dict[str, Any]:
        return {
            "call": {"id": f"m-{self._next()}", "type": kind, "from": caller, "to": callee, "user": user},
            "started": self._moment(seconds + 20),
            "talk": seconds,
            "result": "success" if seconds else "missed",
        }
