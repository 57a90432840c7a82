"""Our orders of payments: written down before the service is asked, so that whoever pays is known.

An order is kept under its number for good; its number is taken in one step with it, once for each key of an action, so
that neither two processes nor a repeated action give it twice. Identities make orders findable: by lead, by key, by the
service's id, and by what is still to be done about them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from provodka.cashier import PaymentRequest
from provodka.errors import Rejected
from provodka.stores import ConnectorStore, Snapshot

ORDER: Final = "order"
MOST_NUMBER: Final = 2**31 - 1
"""The largest that every service takes (Robokassa keeps its InvId in 32 bits)."""
_LAST: Final = "last"
_PLACED: Final = "placed"
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
NO_NUMBERS: Final = "Номера заказов магазина закончились: задайте first_order меньше или заведите другой магазин."


class Stage(StrEnum):
    """What is still to be done about an order. `lost`: nobody pays it any more; `closed`: it has been paid, and nobody
    gives it back any more."""

    OPEN = "open"
    PAID = "paid"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `tries` is how often the service was asked for its link, `payment` its id there; `paid_late` is when
    it was paid though nobody reckoned with that any more."""

    number: int
    key: str
    lead_id: str
    amount: str
    currency: str
    made_at: str
    total: str = "0"
    part: str = ""
    purpose: str = ""
    invoice_id: str = ""
    phone: str = ""
    email: str = ""
    expires: str = ""
    payment: str = ""
    url: str = ""
    tries: int = 0
    stage: Stage = Stage.OPEN
    announced: bool = False
    paid_late: str = ""

    @property
    def asked(self) -> Decimal:
        return Decimal(self.amount)

    @property
    def since(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    def refundable(self, keep_open: timedelta, refund_days: int) -> datetime:
        """Until when it may be given back, if it is paid by the end of `keep_open` or was paid late."""
        paid = datetime.fromisoformat(self.paid_late) if self.paid_late else self.since + keep_open
        return paid + timedelta(days=refund_days)

    def expired(self, now: datetime) -> bool:
        """Whether its link has run out."""
        return bool(self.expires) and datetime.fromisoformat(self.expires) <= now

    @property
    def wanted(self) -> tuple[str, ...]:
        """What makes it the same request: two of these for one deal would be one too many."""
        return (self.lead_id, self.invoice_id, self.amount, self.currency, self.part, self.purpose)


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of one shop (`robokassa:romashka`), whichever channel they were made by."""

    shop: str
    store: ConnectorStore
    now: Callable[[], datetime]
    first: int = 0

    @property
    def _system(self) -> str:
        return f"payments:{self.shop}"

    def place(self, key: str, request: PaymentRequest) -> Order:
        """The order of this action; made, with the next number, if there is none. Durable on return."""
        mark = f"key:{key}"
        made: list[Order] = []

        def amend(known: Mapping[str, Snapshot]) -> Sequence[Snapshot]:
            made.clear()
            if mark in known:
                return ()
            last = int(known[_LAST].body) if _LAST in known else 0
            number = max(last + 1, self.first or self._by_the_clock())
            if number > MOST_NUMBER:
                raise Rejected(f"order {number} is beyond what services take", hint=NO_NUMBERS)
            made.append(self._new(number, key, request))
            now = self.now()
            marked = Snapshot(mark, str(number), now)
            return [Snapshot(_LAST, str(number), now), marked, self._row(made[0])]

        with self.store.lock(f"{self._system}:orders"):  # rows that are not there yet cannot be locked by themselves
            self.store.amend_snapshots(self._system, ORDER, [_LAST, mark], amend)
        if made:
            placed = Snapshot(str(made[0].number), key, self.now())
            self.store.add_snapshots(self._system, _PLACED, [placed], {})  # so that a power cut takes nothing of it
            return made[0]
        order = self.of(self.store.snapshots(self._system, ORDER, [mark])[mark].body)
        assert order is not None  # noqa: S101 -- the two are written together, and orders stay
        return order

    def paid_after_all(self, order: Order) -> None:
        """Money has come for an order: one that was lost is paid, so that it is asked for refunds, and is not the
        reason for a second link."""
        if order.stage is Stage.LOST:
            self.change(order, stage=Stage.PAID, paid_late=self.now().isoformat())

    def turn(self) -> AbstractContextManager[None]:
        """Held while notices are read beside those before them, and stored: of two of one order one is the first."""
        return self.store.lock(f"{self._system}:notices")

    def asking(self, lead_id: str) -> AbstractContextManager[None]:
        """Held while a link of this deal is made, so that of two requests for the same one finds the other's."""
        return self.store.lock(f"{self._system}:lead:{lead_id}", seconds=300.0)

    def same(self, request: PaymentRequest) -> Order | None:
        """The newest order of the same deal for the same, which can be paid still or has been paid."""
        wanted = self._new(0, "", request).wanted
        found = [one for one in self.of_lead(request.lead_id) if one.wanted == wanted and one.url]
        living = [one for one in found if one.stage in (Stage.PAID, Stage.CLOSED) or not self._is_over(one)]
        return max(living, key=lambda one: one.number, default=None)

    def of(self, number: str) -> Order | None:
        """By its number; None for what is no number of ours."""
        if not number.isdecimal() or len(number) > 10:
            return None
        row = self.store.snapshots(self._system, ORDER, [number]).get(number)
        return _read(row) if row else None

    def of_lead(self, lead_id: str) -> list[Order]:
        """All of a deal, oldest first."""
        return self._found(f"lead:{lead_id}") if lead_id else []

    def of_payment(self, payment: str) -> Order | None:
        """By the service's id."""
        return next(iter(self._found(f"payment:{payment}")), None) if payment else None

    def open(self) -> list[Order]:
        """Those that somebody may still pay."""
        return self._found(Stage.OPEN)

    def paid(self) -> list[Order]:
        """Those that have been paid, and may be given back."""
        return self._found(Stage.PAID)

    def unannounced(self) -> list[Order]:
        """Those that have a link of which rules have not been told."""
        return self._found("new")

    def change(self, order: Order, **changes: Any) -> Order:  # noqa: ANN401 -- members of Order
        """The order with these members changed; durable on return."""
        changed: list[Order] = []

        def amend(known: Mapping[str, Snapshot]) -> Sequence[Snapshot]:
            changed[:] = [replace(_read(known[str(order.number)]), **changes)]
            return [self._row(changed[0])]

        self.store.amend_snapshots(self._system, ORDER, [str(order.number)], amend)
        return changed[0]

    def _is_over(self, order: Order) -> bool:
        return order.stage is Stage.LOST or order.expired(self.now())

    def _found(self, identity: str) -> list[Order]:
        ids = self.store.find_snapshots(self._system, ORDER, [identity]).get(identity, ())
        rows = self.store.snapshots(self._system, ORDER, ids) if ids else {}
        return sorted((_read(one) for one in rows.values()), key=lambda one: one.number)

    def _new(self, number: int, key: str, request: PaymentRequest) -> Order:
        return Order(
            number=number,
            key=key,
            lead_id=request.lead_id,
            amount=str(request.amount),
            currency=request.currency,
            made_at=self.now().isoformat(),
            total=str(request.total),
            part=request.part,
            purpose=request.purpose,
            invoice_id=request.invoice_id,
            phone=request.phone,
            email=request.email,
            expires=request.expires.isoformat() if request.expires else "",
        )

    def _row(self, order: Order) -> Snapshot:
        identities = [f"lead:{order.lead_id}"]
        if order.payment:
            identities.append(f"payment:{order.payment}")
        if order.stage in (Stage.OPEN, Stage.PAID) and order.tries:
            identities.append(order.stage)
        if order.url and not order.announced:
            identities.append("new")
        known = asdict(order)
        if not order.paid_late:  # a process of the version before, which still runs beside us, knows no such member
            del known["paid_late"]
        body = json.dumps(known, ensure_ascii=False)
        return Snapshot(str(order.number), body, self.now(), tuple(identities))

    def _by_the_clock(self) -> int:
        """Minutes since 2020: whoever loses the journal does not begin again with numbers that the shop knows."""
        return int((self.now() - _EPOCH).total_seconds() // 60)


def _read(row: Snapshot) -> Order:
    known = json.loads(row.body)
    return Order(**{**known, "stage": Stage(known["stage"])})
