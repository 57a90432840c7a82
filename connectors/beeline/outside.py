"""What we do with the portal of a Beeline exchange: subscribe, look after calls, fetch recordings, make calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from connectors.addresses import own_host
from connectors.beeline.api import Portal, Row
from connectors.beeline.settings import BeelineSettings
from connectors.beeline.statistics import Statistics, as_known, phone_of, when
from connectors.beeline.subscription import Subscription
from connectors.calls.book import CallBook
from connectors.calls.callback import Callback, CallbackDialler
from connectors.calls.history import OVERLAP, History
from connectors.calls.net import Net
from connectors.calls.orders import Orders
from connectors.calls.recordings import Shelf
from provodka.channel import Around, Intake
from provodka.errors import Rejected
from provodka.payloads import Attachment, Call

NEAR: Final = timedelta(minutes=2)
_NOBODY: Final = "Впишите сотруднику в staff extension: его номер или id, как в кабинете облачной АТС Билайн."
_NO_LINE: Final = "Билайн сам выбирает номер, с которого звонит: уберите line или назовите в by другой канал."


class Watch:
    """What the net does each time: the subscription first, and what the statistics tell even where that fails."""

    def __init__(
        self, book: CallBook, around: Around, statistics: Statistics, subscription: Subscription, orders: Orders
    ) -> None:
        self._book = book
        self._now = around.now
        self._statistics = statistics
        self._subscription = subscription
        self._history = History(book, around.now, lambda a, b: orders.marked(statistics.calls(a, b)), as_known)

    def look(self, intake: Intake) -> None:
        try:
            self._subscription.keep()
        finally:
            self._history.look(intake)
            now = self._now()
            found = self._statistics.recorded(now - OVERLAP, now, lambda key: intake.parts(self._book.name, key))
            self._book.accept(found, intake, now)


class BeelineRecordings:
    """A recording is found by whom was talked to and when, and fetched by its id."""

    def __init__(self, name: str, portal: Portal, shelf: Shelf) -> None:
        self.name = name
        self._portal = portal
        self._shelf = shelf

    def fetch_recording(self, call: Call) -> Attachment:
        began = call.answered_at or call.started_at
        if not call.phone or began is None:
            raise Rejected("nothing is known by which the recording could be found", hint="У этого звонка нет записи")
        last = (call.ended_at or began) + NEAR
        rows = self._portal.records((call.started_at or began) - NEAR, last)
        own = [row for row in rows if phone_of(row) == call.phone and str(row.get("id") or "")]
        if not own:
            raise self._shelf.missing(call, "the list of recordings has none of this call")
        record = min(own, key=lambda row: _away(row, began))
        url, headers = self._portal.sound(str(record["id"]))
        return self._shelf.fetch(url, call, headers)

    def check(self) -> list[str]:
        """There is nothing to try before there is a recording."""
        return []

    def close(self) -> None:
        self._portal.close()


def _away(row: Row, moment_of_call: datetime) -> timedelta:
    at = when(row, "date")
    return abs(at - moment_of_call) if at else timedelta.max


def _employee(names: Sequence[str]) -> str:
    """By their number, or the id of the user."""
    return next((one for one in names if one.removeprefix("+").partition("@")[0].isdigit()), "")


def _subscription(name: str, settings: BeelineSettings, around: Around, portal: Portal) -> Subscription:
    return Subscription(name, settings, portal, around.store, around.now, around.hooks)


def watcher(name: str, settings: BeelineSettings, around: Around) -> Net:
    """The net below the events; it keeps the subscription by which they come."""
    book, portal = CallBook(name, settings), Portal(name, settings, around.store)
    statistics = Statistics(portal, settings.duration_unit)
    orders = Orders(name, around.store, around.now)
    watch = Watch(book, around, statistics, _subscription(name, settings, around, portal), orders)
    return Net(book, around.now, look=watch.look, every=settings.poll, test=portal.check, close=portal.close)


def subscriber(name: str, settings: BeelineSettings, around: Around) -> Subscription:
    """The subscriber of the channel `name`."""
    return _subscription(name, settings, around, Portal(name, settings, around.store))


def dialler(name: str, settings: BeelineSettings, around: Around) -> CallbackDialler:
    """The dialler of the channel `name`."""
    portal = Portal(name, settings, around.store)
    callback = Callback(portal.call, _employee, _NOBODY, _NO_LINE, seen_as=lambda one: one.partition("@")[0])
    return CallbackDialler(name, callback, Orders(name, around.store, around.now), portal.check, portal.close)


def recordings(name: str, settings: BeelineSettings, around: Around) -> BeelineRecordings:
    """The recordings of the channel `name`."""
    shelf = Shelf.of(settings, around, own_host(settings.api_url))
    return BeelineRecordings(name, Portal(name, settings, around.store), shelf)
