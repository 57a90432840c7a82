"""What the account tells when it is asked: the calls that no notice told of, and the files of recordings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from connectors.calls.book import CallBook
from connectors.calls.history import History
from connectors.calls.net import Net
from connectors.calls.notice import CallNotice
from connectors.calls.orders import Orders
from connectors.calls.recordings import Shelf
from connectors.zadarma.account import ZadarmaSubscriber, check
from connectors.zadarma.api import ZadarmaApi
from connectors.zadarma.channel import zone_of
from connectors.zadarma.notice import read_statistics
from connectors.zadarma.settings import ZadarmaSettings
from provodka.channel import Around
from provodka.errors import Rejected
from provodka.payloads import Attachment, Call

LINK_SECONDS: Final = "1800"
SETTLED: Final = timedelta(minutes=15)


class ZadarmaRecordings:
    """A recording has no address of its own: a link for half an hour is asked for, and then fetched."""

    def __init__(self, name: str, api: ZadarmaApi, shelf: Shelf) -> None:
        self.name = name
        self._api = api
        self._shelf = shelf

    def fetch_recording(self, call: Call) -> Attachment:
        """Of the call's several recordings (it was passed on) the last one."""
        asked = {"pbx_call_id": call.id, "lifetime": LINK_SECONDS}
        try:
            told = self._api.ask("/v1/pbx/record/request/", asked)
        except Rejected as error:  # some forty seconds after the notice there is a file
            raise self._shelf.missing(call, error.reason) from error
        links = [one for one in (told.get("link"), *(told.get("links") or ())) if isinstance(one, str) and one]
        if not links:
            raise self._shelf.missing(call, "the service gave no link")
        return self._shelf.fetch(links[-1], call)

    def check(self) -> list[str]:
        """Try the key; what is wrong in one sentence."""
        return check(self._api)

    def close(self) -> None:
        self._api.close()


def watcher(name: str, settings: ZadarmaSettings, around: Around) -> Net:
    """The net of the channel `name`; without the key of the API it only ends the calls whose end was never told."""
    book = CallBook(name, settings)
    if settings.key is None:
        return Net(book, around.now)
    api, zone = ZadarmaApi(settings, around.store), zone_of(settings, around)
    orders = Orders(name, around.store, around.now)

    def read(since: datetime, until: datetime) -> list[CallNotice]:
        return orders.marked(read_statistics(api.statistics(since, until, zone), zone))

    def test() -> list[str]:
        return check(api, zone, around.now())

    look = History(book, around.now, read, settled=SETTLED).look
    return Net(book, around.now, look=look, every=settings.poll, test=test, close=api.close)


def recordings(name: str, settings: ZadarmaSettings, around: Around) -> ZadarmaRecordings | None:
    """The recordings of the channel `name`; none without the key of the API."""
    if settings.key is None:
        return None
    host = urlsplit(settings.base_url).hostname or ""
    return ZadarmaRecordings(name, ZadarmaApi(settings, around.store), Shelf.of(settings, around, (host,)))


def subscriber(name: str, settings: ZadarmaSettings, around: Around) -> ZadarmaSubscriber | None:
    """What tells the exchange where the notices of the channel `name` go."""
    del name
    return None if settings.key is None else ZadarmaSubscriber(ZadarmaApi(settings, around.store))
