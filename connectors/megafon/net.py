"""What needs the API of the exchange beside its calls: the net below the notices, and the files of recordings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from connectors.calls.book import CallBook
from connectors.calls.history import History
from connectors.calls.net import Net
from connectors.calls.notice import CallNotice
from connectors.calls.orders import Orders
from connectors.calls.recordings import LinkedRecordings, Shelf
from connectors.megafon.api import MegafonApi
from connectors.megafon.channel import Joining
from connectors.megafon.notice import listed
from connectors.megafon.settings import MegafonSettings
from provodka.channel import Around, PartsReader
from provodka.payloads import Attachment, Call


class MegafonRecordings:
    """Recordings lie where `history` says. The key of the API goes along only to the exchange itself."""

    def __init__(self, name: str, shelf: Shelf, host: str, key: str) -> None:
        self.name = name
        self._host = host
        self._ours = LinkedRecordings(name, shelf, lambda: {"X-API-KEY": key} if key else {})
        self._others = LinkedRecordings(name, shelf)

    def fetch_recording(self, call: Call) -> Attachment:
        """The file at `call.recording`."""
        is_ours = urlsplit(call.recording).hostname == self._host
        return (self._ours if is_ours else self._others).fetch_recording(call)


def watcher(name: str, settings: MegafonSettings, around: Around) -> Net:
    """The net of the channel `name`; without the key of the API it only ends the calls whose end was never told."""
    book = CallBook(name, settings)
    if settings.api_key is None:
        return Net(book, around.now)
    api = MegafonApi(settings, around.store)
    orders = Orders(name, around.store, around.now)

    def read(since: datetime, until: datetime) -> list[CallNotice]:
        heard = around.now()
        return orders.marked([one for row in api.history(since, until) if (one := listed(row, heard)) is not None])

    def each(notice: CallNotice, parts: PartsReader) -> Sequence[CallNotice]:
        return Joining(notice, "", parts).notices

    look = History(book, around.now, read, each).look
    return Net(book, around.now, look=look, every=settings.poll, test=api.check, close=api.close)


def recordings(name: str, settings: MegafonSettings, around: Around) -> MegafonRecordings:
    """The recordings of the channel `name`."""
    host = urlsplit(settings.base_url).hostname or ""
    key = settings.api_key.get_secret_value() if settings.api_key is not None else ""
    return MegafonRecordings(name, Shelf.of(settings, around, (host,)), host, key)
