"""The life of every payment channel: tells of links that were made, fetches what hints named, asks what none told."""

from __future__ import annotations

import logging
import threading
from collections import Counter
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
from provodka.channel import Intake, Status, UnreadableError
from provodka.errors import ConnectorError, Rejected

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 1.0
RETRY: Final = 300.0
DAY: Final = timedelta(days=1)
_ROUND: Final = 25
_SLOWER: Final = 20  # an order is asked for in steps of a twentieth of its age

Ask = Callable[[Order, Intake], None]
"""Asks the service for an order, and puts what it says into the intake. Raises ConnectorError or UnreadableError."""
Fetch = Callable[[Intake], None]


class PaymentWatcher:
    """`provodka.channel.Watcher`. `ask` is given the orders that are due, a few in each round, `sweep` looks for what
    came past them, `fetch` takes what hints named, `test` tries the settings against the real service."""

    def __init__(
        self,
        book: PaymentBook,
        settings: PaymentSettings,
        ask: Ask,
        *,
        fetch: Fetch = lambda _: None,
        sweep: Fetch = lambda _: None,
        test: Callable[[], list[str]],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = book.name
        self._book = book
        self._settings = settings
        self._ask = ask
        self._fetch = fetch
        self._sweep = sweep
        self._test = test
        self._close = close
        self._asked: dict[int, datetime] = {}
        self._stumbled: Counter[int] = Counter()
        self._next: datetime | None = None
        self._swept: datetime | None = None

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
            left = self.reconcile(intake)
            self._next = now if left else now + min(self._settings.poll, timedelta(seconds=30))
        return LOOK_EVERY

    def announce(self, intake: Intake) -> None:
        """`payment.requested` of each link that was made since."""
        orders = self._book.orders
        for order in orders.unannounced():
            intake.accept([self._book.requested(order, self._now)], channel=self.name)
            orders.change(order, announced=True)

    def reconcile(self, intake: Intake) -> int:
        """Ask for the orders that are due, and keep their stages: what has been paid is looked at once a day, what
        nobody pays or gives back any more not at all. How many are left for the next round: links are to be told of
        meanwhile."""
        now, orders = self._now, self._book.orders
        waiting = [self._settled(one, intake) for one in orders.open()]
        due = [one for one in waiting if one.stage is Stage.OPEN and self._is_due(one, now)]
        due += [one for one in map(self._kept, orders.paid()) if one.stage is Stage.PAID and self._is_due(one, now)]
        due.sort(key=lambda one: self._stumbled[one.number])
        self._ask_each(due[:_ROUND], intake, now)
        if self._swept is None or now - self._swept >= self._settings.poll:
            self._sweep(intake)
            self._swept = now
        return len(due[_ROUND:])

    def check(self) -> list[str]:
        """Try the settings against the real service; sentences of what is wrong, empty when all is well."""
        return self._test()

    def close(self) -> None:
        """Close the connections."""
        self._close()

    def _ask_each(self, due: Sequence[Order], intake: Intake, now: datetime) -> None:
        """One that the service will not tell of holds up no other; where it tells of none, that is a trouble. At one
        that it stumbles over the round ends, since it may be down; the next one begins with the others."""
        refusals: list[Rejected] = []
        for one in due:
            try:
                self._ask(one, intake)
            except UnreadableError as error:
                log.warning("order not read: channel=%s order=%s: %s", self.name, one.number, error)
            except Rejected as error:
                log.warning("order not told of: channel=%s order=%s: %s", self.name, one.number, error.reason)
                refusals.append(error)
            except ConnectorError:
                self._stumbled[one.number] += 1
                raise
            self._stumbled.pop(one.number, None)
            self._asked[one.number] = now
            self._settled(one, intake)
        if refusals and len(refusals) == len(due):
            raise refusals[0]

    def _is_due(self, order: Order, now: datetime) -> bool:
        last = self._asked.get(order.number)
        if order.stage is Stage.PAID:
            return last is None or now - last >= DAY
        pause = max(self._settings.poll, (now - order.since) / _SLOWER)
        return last is None or now - last >= pause

    def _settled(self, order: Order, intake: Intake) -> Order:
        """The order with the stage that it has come to."""
        if order.stage is not Stage.OPEN:
            return order
        ledger = Ledger.of(stored_notice(part) for part in intake.parts(self.name, key_of(str(order.number))))
        if ledger.is_settled or self._book.tell_of_unpaid(order, intake, self._now):
            return self._book.orders.change(order, stage=Stage.PAID)
        asked = order.number in self._asked  # once more after its end: it may have been paid in the last minute
        if asked and (order.expired(self._now - DAY) or self._now - order.since > self._settings.keep_open):
            return self._ended(order, Stage.LOST)
        return order

    def _kept(self, order: Order) -> Order:
        """The paid order, with its stage changed once nobody gives the money back any more."""
        settings = self._settings
        is_over = self._now > order.refundable(settings.keep_open, settings.refund_days)
        return self._ended(order, Stage.CLOSED) if is_over else order

    def _ended(self, order: Order, stage: Stage) -> Order:
        self._asked.pop(order.number, None)
        self._stumbled.pop(order.number, None)
        return self._book.orders.change(order, stage=stage)
