"""The receiver of a Sipuni account, and what it does at our command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from connectors.addresses import own_host
from connectors.bodies import fields_of
from connectors.calls.book import CallBook
from connectors.calls.callback import Callback, CallbackDialler
from connectors.calls.history import History
from connectors.calls.net import Net
from connectors.calls.notice import CallNotice, stored_notice
from connectors.calls.orders import Orders
from connectors.calls.recordings import LinkedRecordings, Shelf
from connectors.secrecy import secret_in_url, without_secret
from connectors.sipuni.api import FORM, Sipuni
from connectors.sipuni.notice import is_one_of_several, left, read_notice
from connectors.sipuni.settings import SipuniSettings
from connectors.sipuni.statistics import Statistics
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError
from provodka.errors import Rejected
from provodka.payloads import Attachment, Call

SUCCESS: Final = Reply(body=b'{"success": true}', content_type="application/json")
_NO_KEY: Final = "Впишите в канал user и key из настроек интеграции Sipuni: по ним скачивается запись."
_NO_LINE: Final = "Sipuni сам выбирает номер, с которого звонит: уберите line или назовите в by другой канал."
_NOBODY: Final = "Впишите сотруднику в staff его внутренний номер в Sipuni (extension)."


class SipuniChannel:
    """Sipuni wants `{"success": true}`, and without it stops sending: it gets that for everything that is its own."""

    def __init__(self, name: str, settings: SipuniSettings, orders: Orders) -> None:
        self.name = name
        self._orders = orders
        self._secret = settings.secret.get_secret_value()
        self._book = CallBook(name, settings)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """The part, and at most one event."""
        if not secret_in_url(delivery, self._secret):
            raise RefusedError("the secret in the address is wrong or absent")
        try:
            fields = without_secret(fields_of(delivery), self._secret)
            if not fields:
                return Received(reply=SUCCESS)  # somebody looks whether the address answers
            notice = read_notice(fields)
        except UnreadableError as error:
            raise UnreadableError(str(error), reply=SUCCESS) from error
        raw = json.dumps(fields, ensure_ascii=False).encode()
        if is_one_of_several(notice, [stored_notice(part) for part in parts(notice.key)]):
            notice = left(notice)
        new = self._orders.marked([notice])
        return self._book.received(new, parts, delivery.received_at, raw=raw, reply=SUCCESS)


class SipuniRecordings:
    """Events tell addresses; a call of which only the statistics tell is asked for by its id."""

    def __init__(self, name: str, shelf: Shelf, api: Sipuni | None) -> None:
        self.name = name
        self._shelf = shelf
        self._linked = LinkedRecordings(name, shelf)
        self._api = api

    def fetch_recording(self, call: Call) -> Attachment:
        if call.recording:
            return self._linked.fetch_recording(call)
        if self._api is None:
            raise Rejected("the call has no address of a recording", hint=_NO_KEY)
        url, form = self._api.recording(call.id)
        return self._shelf.fetch(url, call, FORM, form=form)

    def check(self) -> list[str]:
        """There is nothing to try before there is a recording."""
        return []

    def close(self) -> None:
        if self._api is not None:
            self._api.close()


def _number(names: Sequence[str]) -> str:
    """Of an employee, in the exchange."""
    return next(filter(str.isdigit, names), "")


def _api(name: str, settings: SipuniSettings, around: Around) -> Sipuni | None:
    return None if settings.key is None else Sipuni(name, settings, settings.key, around.store)


def receiver(name: str, settings: SipuniSettings, around: Around) -> SipuniChannel:
    """The receiver of the channel `name`."""
    return SipuniChannel(name, settings, Orders(name, around.store, around.now))


def watcher(name: str, settings: SipuniSettings, around: Around) -> Net:
    """The net below the events: with a key it reads the statistics, too."""
    book, api = CallBook(name, settings), _api(name, settings, around)
    if api is None:
        return Net(book, around.now)
    zone = ZoneInfo(settings.timezone) if settings.timezone else around.zone
    statistics, orders = Statistics(api, settings, zone), Orders(name, around.store, around.now)

    def read(since: datetime, until: datetime) -> list[CallNotice]:
        return orders.marked(statistics.calls(since, until))

    look = History(book, around.now, read).look
    return Net(book, around.now, look=look, every=settings.poll, test=api.check, close=api.close)


def dialler(name: str, settings: SipuniSettings, around: Around) -> CallbackDialler | None:
    """None without a key."""
    api = _api(name, settings, around)
    if api is None:
        return None
    callback = Callback(api.order_call, _number, _NOBODY, _NO_LINE)
    return CallbackDialler(name, callback, Orders(name, around.store, around.now), api.check, api.close)


def recordings(name: str, settings: SipuniSettings, around: Around) -> SipuniRecordings:
    """The recordings of the channel `name`."""
    shelf = Shelf.of(settings, around, own_host(settings.api_url))
    return SipuniRecordings(name, shelf, _api(name, settings, around))
