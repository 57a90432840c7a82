"""Asks YooKassa for the truth: of what hints named, of our orders, and of what was made since it was last asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.payments.book import PaymentBook
from connectors.payments.notice import HINTS, PaymentNotice
from connectors.payments.orders import Order
from connectors.yookassa.api import YooKassa
from connectors.yookassa.reading import notices_of, refund_notice
from provodka.channel import Intake, UnreadableError
from provodka.errors import ConnectorError
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, Person, Unreadable

OVERLAP: Final = timedelta(hours=3)
INVENTED_AFTER: Final = timedelta(hours=1)
RETRY: Final = timedelta(minutes=5)
TIMES: Final = 6
LONGEST: Final = 9  # 2⁹ seconds are more than RETRY
SECOND: Final = timedelta(seconds=1)
TRIAL_SHOP: Final = (
    "ЮKassa: магазин тестовый, денег в его платежах нет, и каждый станет payment.differs. Для пробы напишите "
    "test: true, для работы возьмите номер и ключ боевого магазина."
)
NOT_KNOWN: Final = "YooKassa does not know {kind} {id}: the notice was invented, or is of another shop"


class Fetching:
    """The outside half of the watcher. A hint that comes to nothing is asked about again a few times, more and more
    seldom, since a service may tell of a state a moment before its own answers show it; then it was a late notice of an
    earlier state."""

    def __init__(self, book: PaymentBook, api: YooKassa) -> None:
        self._book = book
        self._api = api
        self._done: set[str] = set()
        self._asked: Counter[str] = Counter()
        self._later: dict[str, datetime] = {}

    def fetch(self, intake: Intake) -> None:
        """All that hints named. Raises ConnectorError; the hint that it stumbled over then waits a little, and the
        next time the others go first."""
        now = self._book.orders.now()
        named = [key for prefix in HINTS for key in intake.unfinished(self._book.name, prefix, now + SECOND)]
        due = [key for key in named if key not in self._done and self._later.get(key, now) <= now]
        for key in sorted(due, key=self._asked.__getitem__):
            self._asked[key] += 1
            self._later[key] = now + min(RETRY, 2 * self._pause(key))
            self._one(key, intake, now)

    def _pause(self, key: str) -> timedelta:
        """Until it is asked about again: longer each time."""
        return timedelta(seconds=2.0 ** min(self._asked[key], LONGEST))

    def ask(self, order: Order, intake: Intake) -> None:
        """What has become of it. Raises ConnectorError."""
        found = self._api.one("payments", order.payment) if order.payment else None
        if found is not None:
            self._take(found, "payment", intake, self._book.orders.now())

    def sweep(self, intake: Intake) -> None:
        """Everything that was made since the last time: also what was paid past us. Raises ConnectorError."""
        now, cursor = self._book.orders.now(), f"yookassa:{self._book.name}"
        known = intake.cursor(cursor)
        since = datetime.fromisoformat(known) - OVERLAP if known else now - OVERLAP
        for payment in self._api.since("payments", since):
            self._take(payment, "payment", intake, now)
        for refund in self._api.since("refunds", since):
            self._take(refund, "refund", intake, now)
        self._book.accept([], intake, now, {cursor: now.isoformat()})

    def check(self) -> list[str]:
        """Whether the key opens, and whether the payments of this shop will count."""
        try:
            shop = self._api.me()
        except ConnectorError as error:
            return [error.sentence("ЮKassa")]
        return [TRIAL_SHOP] if shop.get("test") is True and not self._book.test else []

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _one(self, key: str, intake: Intake, now: datetime) -> None:
        hint = json.loads(intake.parts(self._book.name, key)[0].body)
        kind = "refunds" if key.startswith("refund:") else "payments"
        found = self._api.one(kind, hint["id"])
        if found is None:
            self._later[key] = now + RETRY
            self._unknown(key, hint, kind, intake, now)
            return
        self._take(found, kind.removesuffix("s"), intake, now)
        self._later[key] = now + self._pause(key)
        if self._asked[key] >= TIMES:
            self._done.add(key)
            del self._asked[key], self._later[key]

    def _take(self, found: Mapping[str, Any], kind: str, intake: Intake, now: datetime) -> None:
        """What cannot be read is put aside and holds up nobody else."""
        try:
            notices = list(self._refunds(found) if kind == "refund" else notices_of(found))
        except UnreadableError as error:
            key = f"unreadable:{kind}:{found.get('id')}"
            self._aside(key, str(error), json.dumps(dict(found), ensure_ascii=False).encode(), intake, now)
        else:
            self._book.accept(notices, intake, now)

    def _unknown(self, key: str, hint: Mapping[str, str], kind: str, intake: Intake, now: datetime) -> None:
        """One that was sent by a stranger is put aside after an hour, so that support can see it."""
        if now - datetime.fromisoformat(hint["at"]) < INVENTED_AFTER:
            return
        self._later.pop(key, None)
        self._asked.pop(key, None)
        self._aside(key, NOT_KNOWN.format(kind=kind, id=hint["id"]), json.dumps(dict(hint)).encode(), intake, now)

    def _aside(self, key: str, why: str, raw: bytes, intake: Intake, now: datetime) -> None:
        event = Event(
            id=new_event_id(now),
            type=EventType.UNREADABLE,
            channel=self._book.name,
            external_id=key,
            occurred_at=now,
            received_at=now,
            person=Person(),
            payload=Unreadable(why),
            raw=raw,
        )
        intake.accept([event], channel=self._book.name)

    def _refunds(self, refund: Mapping[str, Any]) -> Iterator[PaymentNotice]:
        payment_id = refund.get("payment_id")
        payment = self._api.one("payments", payment_id) if isinstance(payment_id, str) else None
        if payment is None:
            raise UnreadableError("a refund of a payment that is not there")
        notice = refund_notice(refund, payment)
        if notice is not None:
            yield from notices_of(payment)
            yield notice
