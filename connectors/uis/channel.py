"""The receiver of a UIS account: notifications, and questions of the interactive handling of calls."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from connectors.bodies import fields_of, plain_body
from connectors.calls.book import CallBook
from connectors.calls.history import History
from connectors.calls.net import Net
from connectors.calls.notice import CallNotice
from connectors.calls.recordings import LinkedRecordings, Shelf
from connectors.http import Timeouts
from connectors.secrecy import same_secret, secret_in_url, without_secret
from connectors.uis.dialler import UisDialler
from connectors.uis.notice import Filled, read_notice
from connectors.uis.reports import Reports
from connectors.uis.rpc import Rpc
from connectors.uis.settings import UisSettings
from provodka import identity
from provodka.calls import Callers
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError

log = logging.getLogger(__name__)

FILES_TOLD: Final = timedelta(minutes=30)  # so long after its call a notice of the recording may still come

_SECRET: Final = re.compile(rb'"secret"\s*:\s*"((?:[^"\\]|\\.)*)"')
_NUMBER: Final = re.compile(r"\+?\d{2,15}")


class UisChannel:
    """Joins the notifications about a call into its events, and tells whom a caller belongs to.

    UIS signs nothing and waits for status 200 only. A question of the interactive handling (`numa` calls `numb`) is
    answered with the numbers of the responsible employee, or with the code of a branch of the scenario.
    """

    def __init__(self, name: str, settings: UisSettings, zone: tzinfo, callers: Callers) -> None:
        self.name = name
        self._settings = settings
        self._zone = zone
        self._callers = callers
        self._book = CallBook(name, settings)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """The part, and at most one event; nothing for what is not about a call."""
        secret = self._settings.secret.get_secret_value()
        if not (secret_in_url(delivery, secret) or _secret_in_body(delivery, secret)):
            raise RefusedError("the secret is wrong or absent")
        fields = without_secret(fields_of(delivery), secret)
        if "numa" in fields:
            return Received(reply=_as_json(self._whom_to_ring(fields)))
        return self._noticed(fields, parts, delivery.received_at)

    def _noticed(self, fields: Mapping[str, Any], parts: PartsReader, now: datetime) -> Received:
        filled = Filled(fields)
        if self._settings.moment(filled.mnemonic) is None and filled.mnemonic:
            log.warning("uis: mnemonic %s is in no moments: channel=%s", filled.mnemonic[:80], self.name)
            if not filled.call:
                return Received()  # a chat, a request: nothing of a call
        notice = read_notice(filled, self._settings, self._zone)
        raw = json.dumps(fields, ensure_ascii=False).encode()
        return self._book.received([notice], parts, now, raw=raw)

    def _whom_to_ring(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        phone = identity.phone(str(fields.get("numa", "")))
        caller = self._callers.who_calls(phone) if phone else None
        numbers = [one.removeprefix("+") for one in (caller.extensions if caller else ()) if _NUMBER.fullmatch(one)]
        return {"phones": numbers} if numbers else {"returned_code": self._settings.unknown_code}


def _secret_in_body(delivery: Delivery, secret: str) -> bool:
    """Also where an empty place of the template has broken the JSON."""
    try:
        found = _SECRET.search(plain_body(delivery))
    except UnreadableError:
        return False
    return same_secret(_unescaped(found[1]) if found else "", secret)


def _unescaped(text: bytes) -> str:
    try:
        return str(json.loads(b'"%b"' % text))
    except ValueError:
        return ""


def _as_json(answer: Mapping[str, Any]) -> Reply:
    return Reply(body=json.dumps(answer).encode(), content_type="application/json")


def _zone_of(settings: UisSettings, around: Around) -> tzinfo:
    """The zone in which the account tells and takes its times."""
    return ZoneInfo(settings.timezone) if settings.timezone else around.zone


def _rpc(name: str, url: str, settings: UisSettings, token: SecretStr, around: Around) -> Rpc:
    timeouts = Timeouts(settings.connect_timeout, settings.read_timeout)
    return Rpc(url, token, f"uis:{name}:{urlsplit(url).hostname}", around.store, timeouts)


def _reports(name: str, settings: UisSettings, token: SecretStr, around: Around) -> Reports:
    rpc = _rpc(name, settings.data_url, settings, token, around)
    return Reports(rpc, _zone_of(settings, around), settings.record_url)


def receiver(name: str, settings: UisSettings, around: Around) -> UisChannel:
    """The receiver of the channel `name`."""
    return UisChannel(name, settings, _zone_of(settings, around), around.callers)


def watcher(name: str, settings: UisSettings, around: Around) -> Net:
    """The net below the notices: with a token it reads the statistics, too."""
    book = CallBook(name, settings)
    if settings.token is None:
        return Net(book, around.now)
    reports = _reports(name, settings, settings.token, around)

    def each(notice: CallNotice, parts: PartsReader) -> list[CallNotice]:
        """The address of a recording is another one here than in the notices, which have time to tell theirs."""
        is_old = notice.ended_at is not None and around.now() - notice.ended_at > FILES_TOLD
        return [notice if is_old or not parts(notice.key) else replace(notice, recording="")]

    return Net(
        book,
        around.now,
        look=History(book, around.now, reports.calls, each).look,
        every=settings.poll,
        test=lambda: reports.check(around.now()),
        close=reports.close,
    )


def dialler(name: str, settings: UisSettings, around: Around) -> UisDialler | None:
    """None without a token and a number to call from."""
    if settings.token is None or not settings.from_number:
        return None
    calls = _rpc(name, settings.call_url, settings, settings.token, around)
    reports = _reports(name, settings, settings.token, around)
    return UisDialler(name, calls, reports, settings.from_number, around.now)


def recordings(name: str, settings: UisSettings, around: Around) -> LinkedRecordings:
    """UIS tells the address of each recording (`file_link`)."""
    return LinkedRecordings(name, Shelf.of(settings, around))
