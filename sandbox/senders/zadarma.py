"""Zadarma as a sender: the notices of whole calls, each signed as its kind is."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import requests
from flask import Flask

from sandbox.senders.http import FORM, PATIENCE, Signing, post
from sandbox.senders.service import Answers, Client, Service, utc_now
from sandbox.senders.zadarma_api import ZadarmaApi

LINE = "74950003344"
INCOMING = ("caller_id", "called_did", "call_start")
COVERED = {
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": ("internal", "destination", "call_start"),
    "NOTIFY_OUT_END": ("internal", "destination", "call_start"),
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}


def zadarma_sign(text: str, secret: str) -> str:
    """Base64 of the hexadecimal text of HMAC-SHA1."""
    return b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest().encode()).decode()


@dataclass(frozen=True, slots=True)
class ZadarmaSender:
    """Posts notices to `url`, with times of `zone`."""

    url: str
    secret: str
    signing: Signing = Signing.GOOD
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Moscow"))

    def probe(self, mark: str) -> requests.Response:
        """The GET by which the address is tried."""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(self.url, params={"zd_echo": mark}, timeout=PATIENCE)

    def notice(self, event: str, **fields: str) -> requests.Response:
        """Any notice."""
        told = {"event": event, **fields}
        text = "".join(told.get(name, "") for name in COVERED.get(event, INCOMING))
        secret = f"not {self.secret}" if self.signing is Signing.WRONG else self.secret
        headers = {} if self.signing is Signing.MISSING else {"Signature": zadarma_sign(text, secret)}
        if self.signing is Signing.TAMPERED:
            told = {name: f"{value} " for name, value in told.items() if name != "event"} | {"event": event}
        return post(self.url, urlencode(told).encode(), FORM, headers)

    def local(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(slots=True)
class Script:
    """The notices of one incoming call."""

    sender: ZadarmaSender
    phone: str
    began: datetime
    id: str = field(default_factory=lambda: f"in_{secrets.token_hex(8)}")

    @property
    def _common(self) -> dict[str, str]:
        start = self.sender.local(self.began)
        return {"caller_id": f"+{self.phone}", "called_did": LINE, "call_start": start, "pbx_call_id": self.id}

    def start(self) -> requests.Response:
        return self.sender.notice("NOTIFY_START", **self._common)

    def rings(self, extension: str) -> requests.Response:
        return self.sender.notice("NOTIFY_INTERNAL", **self._common, internal=extension)

    def answers(self, extension: str) -> requests.Response:
        told = {name: text for name, text in self._common.items() if name != "called_did"}
        return self.sender.notice("NOTIFY_ANSWER", **told, destination=extension, internal=extension)

    def ends(self, extension: str, disposition: str, seconds: int = 0) -> requests.Response:
        who = {"internal": extension} if extension else {}
        how = {
            "duration": str(seconds),
            "disposition": disposition,
            "status_code": "16",
            "is_recorded": str(seconds and 1),
        }
        recorded = {"call_id_with_rec": self.recording} if seconds else {}
        return self.sender.notice("NOTIFY_END", **self._common, **who, **how, **recorded)

    def recorded(self) -> requests.Response:
        return self.sender.notice("NOTIFY_RECORD", call_id_with_rec=self.recording, pbx_call_id=self.id)

    @property
    def recording(self) -> str:
        return f"{int(self.began.timestamp())}.{self.id[-4:]}"


class Zadarma(Service):
    """An exchange with the extensions 100 to 102. Its API wants the key and secret `sandbox`."""

    name: ClassVar[str] = "zadarma"
    title: ClassVar[str] = "Zadarma (и прежний API Novofon)"
    buttons: ClassVar[Mapping[str, str]] = {
        "probe": "Проверка адреса",
        "call": "Входящий звонок",
        "missed": "Пропущенный звонок",
        "ring_all": "Звонок на группу",
        "outgoing": "Исходящий звонок",
    }
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника",
        "secret": "Секрет API",
        "extension": "Добавочный сотрудника",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/zadarma",
        "secret": "sandbox",
        "extension": "101",
    }
    prefix: ClassVar[str] = "/zadarma"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.api = ZadarmaApi(now)

    def probe(self, client: Client, given: Mapping[str, str]) -> Answers:
        """What the cabinet does when the address is saved."""
        del client
        return [_sender(given).probe(secrets.token_hex(3))]

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A talk of two minutes, with its recording."""
        script, who = self._script(client, given, 132), given["extension"]
        steps = [script.start(), script.rings(who), script.answers(who), script.ends(who, "answered", 123)]
        self.api.ended(script.id, client.digits, who, script.began, "answered", 123)
        return [*steps, script.recorded()]

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The phone rings, nobody answers."""
        script, who = self._script(client, given, 30), given["extension"]
        steps = [script.start(), script.rings(who), script.ends(who, "no answer")]
        self.api.ended(script.id, client.digits, who, script.began, "no answer", 0)
        return steps

    def ring_all(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Two phones ring; the leg of the colleague ends when one has answered."""
        script = self._script(client, given, 70)
        rung = [script.start(), script.rings("101"), script.rings("102"), script.answers("101")]
        self.api.ended(script.id, client.digits, "101", script.began, "answered", 60)
        return [*rung, script.ends("102", "cancel"), script.ends("101", "answered", 60), script.recorded()]

    def outgoing(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The employee calls, the line is busy."""
        return self.calls_out(given, client.digits, f"out_{secrets.token_hex(8)}")

    def calls_out(self, given: Mapping[str, str], phone: str, call: str, seconds: int = 0) -> Answers:
        """An outgoing call from beginning to end."""
        sender, who = _sender(given), given["extension"]
        start = sender.local(self.now() - timedelta(seconds=seconds + 5))
        told = {"internal": who, "destination": phone, "call_start": start, "pbx_call_id": call}
        how = {"duration": str(seconds), "disposition": "answered" if seconds else "busy", "is_recorded": "0"}
        first = sender.notice("NOTIFY_OUT_START", **told)
        return [first, sender.notice("NOTIFY_OUT_END", **told, caller_id=LINE, **how)]

    def mount(self, app: Flask) -> None:
        self.api.mount(app, self.prefix)

    def reset(self) -> None:
        self.api.clear()

    def stats(self) -> dict[str, Any]:
        return self.api.stats()

    def _script(self, client: Client, given: Mapping[str, str], seconds: float) -> Script:
        return Script(_sender(given), client.digits, self.now() - timedelta(seconds=seconds))


def _sender(given: Mapping[str, str]) -> ZadarmaSender:
    return ZadarmaSender(given["url"], given["secret"])
