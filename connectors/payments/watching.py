"""The life of every payment channel: tells of links that were made, fetches what hints named, asks what none told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from connectors.looking import Looking
from connectors.payments.book import PaymentBook
from connectors.payments.ledger import Ledger
from connectors.payments.notice import key_of, stored_notice
from connectors.payments.orders import Order, Stage
from connectors.payments.settings import PaymentSettings
from provodka.channel import Intake, Status

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 1.0
RETRY: Final = 300.0
DAY: Final = timedelta(days=1)
_SLOWER: Final = 20  # an order is asked for in steps of a twentieth of its age

Ask = Callable[[Sequence[Order], Intake], None]
"""Asks the service for these orders, and puts what it says into the intake. Raises ConnectorError."""
Fetch = Callable[[Intake], None]


class PaymentWatcher:
    """`provodka.channel.Watcher`. `ask` is given the orders that are due, `fetch` takes what hints named, `test` tries
    the settings against the real service."""

    def __init__(
        self,
        book: PaymentBook,
        settings: PaymentSettings,
        ask: Ask,
        *,
        fetch: Fetch = lambda _: None,
        test: Callable[[], list[str]],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = book.name
        self._book = book
        self._settings = settings
        self._ask = ask
        self._fetch = fetch
        self._test = test
        self._close = close
        self._asked: dict[int, datetime] = {}
        self._next: datetime | None = None

    @property
    def _now(self) -> datetime:
        return self._book.orders.now()

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Until `stop`. The first look asks at once for what happened while nobody listened."""
        Looking(self.name, last_retry=RETRY).forever(partial(self.look, intake), stop, status)
        self.close()

    def look(self, intake: Intake) -> float:
        """One round; the seconds until the next. Links are told of whatever the service is like just now."""
        self.announce(intake)
        self._fetch(intake)
        now = self._now
        if self._next is None or now >= self._next:
            self._next = now + min(self._settings.poll, timedelta(seconds=30))
            self.reconcile(intake)
        return LOOK_EVERY

    def announce(self, intake: Intake) -> None:
        """`payment.requested` of each link that was made since."""
        orders = self._book.orders
        for order in orders.unannounced():
            intake.accept([self._book.requested(order, self._now)], channel=self.name)
            orders.change(order, announced=True)

    def reconcile(self, intake: Intake) -> None:
        """Ask for the orders that are due, and keep their stages: what has been paid is looked at once a day, what
        nobody pays any more not at all."""
        now, orders = self._now, self._book.orders
        waiting = [self._settled(one, intake) for one in orders.open()]
        due = [one for one in waiting if one.stage is Stage.OPEN and self._is_due(one, now)]
        due += [one for one in orders.paid() if self._is_due(one, now)]
        self._ask(due, intake)
        for one in due:
            self._asked[one.number] = now
            self._settled(one, intake)

    def check(self) -> list[str]:
        """Try the settings against the real service; sentences of what is wrong, empty when all is well."""
        return self._test()

    def close(self) -> None:
        """Close the connections."""
        self._close()

    def _is_due(self, order: Order, now: datetime) -> bool:
        last = self._asked.get(order.number)
        if order.stage is Stage.PAID:
            is_over = now - order.since > timedelta(days=self._settings.refund_days)
            return not is_over and (last is None or now - last >= DAY)
        pause = max(self._settings.poll, (now - order.since) / _SLOWER)
        return last is None or now - last >= pause

    def _settled(self, order: Order, intake: Intake) -> Order:
        """The order with the stage that it has come to."""
        if order.stage is not Stage.OPEN:
            return order
        ledger = Ledger.of(stored_notice(part) for part in intake.parts(self.name, key_of(str(order.number))))
        if ledger.is_settled:
            return self._book.orders.change(order, stage=Stage.PAID)
        asked = order.number in self._asked  # once more after its end: it may have been paid in the last minute
        if asked and (order.expired(self._now - DAY) or self._now - order.since > self._settings.keep_open):
            return self._book.orders.change(order, stage=Stage.LOST)
        return order
