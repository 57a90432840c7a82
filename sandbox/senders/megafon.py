"""The virtual exchange of MegaFon: commands with the CRM's token, the states of phones, the last word on a call."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import requests
from flask import Flask

from sandbox.senders.http import FORM, Signing, post
from sandbox.senders.megafon_api import MegafonApi
from sandbox.senders.service import Answers, Client, Service, utc_now

LINE = "74950003344"
GROUP = "Отдел продаж"
LOGINS = {"ivanov": "510", "petrova": "511"}


@dataclass(frozen=True, slots=True)
class MegafonSender:
    """Posts commands to `url`; with `as_json` in the form that the published examples also show."""

    url: str
    token: str
    signing: Signing = Signing.GOOD
    as_json: bool = False

    def command(self, cmd: str, **fields: str) -> requests.Response:
        """Any command; `crm_token` comes last."""
        token = f"not {self.token}" if self.signing is Signing.WRONG else self.token
        body = {"cmd": cmd, **fields} | ({} if self.signing is Signing.MISSING else {"crm_token": token})
        if self.as_json:
            return post(self.url, json.dumps(body, ensure_ascii=False).encode(), "application/json")
        return post(self.url, urlencode(body).encode(), FORM)

    def event(self, state: str, call: str, phone: str, user: str, direction: str = "in", **more: str) -> Answers:
        """What happens to the phone of one employee."""
        ext = LOGINS.get(user, "")
        where = {"ext": ext, "telnum": f"79230000{ext}" if ext else "", "groupRealName": GROUP}
        fields = {"type": state, "phone": phone, "diversion": LINE, "user": user, **where, "direction": direction}
        return [self.command("event", **fields, callid=call, **more)]

    def history(self, call: Mapping[str, Any]) -> Answers:
        """The last word, of an entry as the list of calls has it."""
        start = datetime.fromisoformat(call["start"]).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        ext = LOGINS.get(call["user"], "")
        who = {"user": call["user"], "ext": ext, "groupRealName": call["group_name"], "telnum": ""}
        which = {"phone": call["client"], "diversion": call["diversion"], "callid": call["uid"]}
        how = {"start": start, "duration": str(call["duration"]), "link": call["record"]}
        return [self.command("history", type=call["type"], **who, **which, **how, status=call["status"].capitalize())]


class Megafon(Service):
    """An exchange with two employees. Its API wants the key `sandbox`."""

    name: ClassVar[str] = "megafon"
    title: ClassVar[str] = "МегаФон: виртуальная АТС"
    buttons: ClassVar[Mapping[str, str]] = {
        "call": "Входящий звонок",
        "missed": "Пропущенный звонок",
        "ring_all": "Звонок на группу",
        "transfer": "Перевод звонка",
        "outgoing": "Исходящий звонок",
        "rating": "Оценка разговора",
        "contact": "Спросить, кто звонит",
    }
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника",
        "token": "Ключ CRM (crm_token)",
        "user": "Логин сотрудника",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/megafon",
        "token": "sandbox-crm-token",
        "user": "ivanov",
    }
    prefix: ClassVar[str] = "/megafon"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.api = MegafonApi(now, LINE)
        self._last = ""

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A talk of two minutes, with its recording."""
        sender, call, user = self._sender(given), self._new_call(), given["user"]
        states = [sender.event(one, call, client.digits, user) for one in ("INCOMING", "ACCEPTED", "COMPLETED")]
        return _all(*states, sender.history(self._listed(call, client, user, talked=123)))

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The phone rings, nobody answers."""
        sender, call, user = self._sender(given), self._new_call(), given["user"]
        states = [sender.event(one, call, client.digits, user) for one in ("INCOMING", "CANCELLED")]
        return _all(*states, sender.history(self._listed(call, client, "", status="missed")))

    def ring_all(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Two phones ring; when one is answered, the other is told that the call is cancelled."""
        sender, call, phone = self._sender(given), self._new_call(), client.digits
        first, second = LOGINS
        steps = [("INCOMING", first), ("INCOMING", second), ("ACCEPTED", first), ("CANCELLED", second)]
        states = [sender.event(state, call, phone, user) for state, user in [*steps, ("COMPLETED", first)]]
        return _all(*states, sender.history(self._listed(call, client, first, talked=60)))

    def transfer(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The first employee passes the call on; it goes on under a second id."""
        sender, call, half, phone = self._sender(given), self._new_call(), self._new_call(), client.digits
        first, second = LOGINS
        states = [
            sender.event("INCOMING", call, phone, first),
            sender.event("ACCEPTED", call, phone, first),
            sender.event("ACCEPTED", half, phone, second),
            sender.event("TRANSFERRED", call, phone, first, second_callid=half),
            sender.event("COMPLETED", half, phone, second),
        ]
        ends = [self._listed(half, client, second, talked=90), self._listed(call, client, first, talked=120)]
        self._last = call
        return _all(*states, *(sender.history(one) for one in ends))

    def outgoing(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The employee calls, the client does not answer."""
        sender, call, user = self._sender(given), self._new_call(), given["user"]
        states = [sender.event(one, call, client.digits, user, "out") for one in ("OUTGOING", "CANCELLED")]
        return _all(*states, sender.history(self._listed(call, client, user, "out", "notavailable")))

    def rating(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The client gives a mark to the last talk."""
        who = {"phone": client.digits, "user": given["user"], "ext": LOGINS.get(given["user"], "")}
        return [self._sender(given).command("rating", callid=self._last or self._new_call(), rating="4", **who)]

    def contact(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The exchange asks who calls while the phone rings."""
        asked = {"phone": client.digits, "callid": self._new_call(), "diversion": LINE}
        return [self._sender(given).command("contact", **asked)]

    def mount(self, app: Flask) -> None:
        self.api.mount(app, self.prefix)

    def reset(self) -> None:
        self.api.clear()
        self._last = ""

    def stats(self) -> dict[str, Any]:
        return self.api.stats()

    def _sender(self, given: Mapping[str, str]) -> MegafonSender:
        return MegafonSender(given["url"], given["token"])

    def _new_call(self) -> str:
        self._last = secrets.token_hex(8)
        return self._last

    def _listed(
        self, call: str, client: Client, user: str, kind: str = "in", status: str = "success", *, talked: int = 0
    ) -> Mapping[str, Any]:
        began = self.now() - timedelta(seconds=talked + 8)
        return self.api.ended(call, client.digits, user, began, talked, kind=kind, status=status)


def _all(*steps: Answers) -> Answers:
    return [answer for step in steps for answer in step]
