"""The parts of a channel of Robokassa: the receiver of ResultURL, the watcher, the cashier."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from connectors.bodies import fields_of, plain_body
from connectors.payments.book import PaymentBook
from connectors.payments.cashier import Link, carry_out
from connectors.payments.money import sum_of
from connectors.payments.notice import PaymentNotice, Told
from connectors.payments.orders import Order, Orders
from connectors.payments.watching import PaymentWatcher
from connectors.robokassa.link import link
from connectors.robokassa.settings import RobokassaSettings
from connectors.robokassa.signature import signed
from connectors.robokassa.state import StateService
from connectors.robokassa.ways import way_of
from connectors.secrecy import same_secret
from provodka.cashier import PaymentRequest
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError
from provodka.operation import Outcome, Repeat, Request, operation

_PROBE: Final = Reply(body=b"ok")


class RobokassaChannel:
    """Notices to ResultURL, by GET or POST; the answer is `OK<InvId>`. A GET without any field, as a browser makes it,
    leaves nothing."""

    def __init__(self, name: str, settings: RobokassaSettings, book: PaymentBook) -> None:
        self.name = name
        self._settings = settings
        self._book = book

    def turn(self) -> AbstractContextManager[None]:
        """See `provodka.channel.TakesTurns`."""
        return self._book.orders.turn()

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event: Robokassa tells of nothing but success."""
        fields = _by_name(fields_of(delivery)) if delivery.body.strip() or delivery.query else {}
        if not fields and delivery.method == "GET":
            return Received(reply=_PROBE)
        self._verify(fields, _shp(fields))
        number = _text(fields, "invid")
        if not number.isdecimal() or len(number) > 19:
            raise UnreadableError(f"InvId «{number[:40]}» is no number")
        reply = Reply(body=f"OK{number}".encode())
        try:
            amount = sum_of(fields.get("outsum"))
        except UnreadableError as error:
            raise UnreadableError(str(error), reply) from error
        notice = PaymentNotice(
            payment=f"robokassa-{number}",
            id="paid",
            told=Told.PAID,
            order=number,
            amount=amount,
            way=way_of(_text(fields, "paymentmethod"), _text(fields, "inccurrlabel")),
            email=_text(fields, "email"),
            test=_text(fields, "istest") == "1",
            at=delivery.received_at,
            data=dict(_shp(fields)),
        )
        raw = plain_body(delivery) or "&".join(f"{n}={v}" for n, v in delivery.query.items()).encode()
        return self._book.received([notice], parts, delivery.received_at, raw=raw, reply=reply)

    def _verify(self, fields: dict[str, Any], shp: Sequence[tuple[str, str]]) -> None:
        """Over OutSum as it was written: it has other zeros at its end than ours."""
        settings, given = self._settings, _text(fields, "signaturevalue").lower()
        trial = settings.test_password2 if _text(fields, "istest") == "1" else None
        password = (trial or settings.password2).get_secret_value()
        values = (_text(fields, "outsum"), _text(fields, "invid"), password)
        if not same_secret(given, signed(settings.algorithm, *values, shp=shp)):
            raise RefusedError("the signature is wrong or absent")


class RobokassaCashier:
    """Computes links: Robokassa learns of an order when somebody opens its link."""

    def __init__(self, name: str, settings: RobokassaSettings, orders: Orders) -> None:
        self.name = name
        self._settings = settings
        self._orders = orders

    @operation(repeat=Repeat.KEY)
    def ask(self, requests: Sequence[Request[PaymentRequest]]) -> list[Outcome]:
        """The same action has the same number, and so the same link."""
        return carry_out(self._orders, requests, self._link)

    def _link(self, order: Order, asked: PaymentRequest) -> Link:
        return Link(link(self._settings, order, asked), f"robokassa-{order.number}")


def _by_name(fields: dict[str, Any]) -> dict[str, Any]:
    """Names of fields are written in several ways; those of the shop's own keep theirs, since they are signed."""
    return {name if name.lower().startswith("shp_") else name.lower(): value for name, value in fields.items()}


def _shp(fields: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in fields.items() if name.startswith(("Shp_", "shp_", "SHP_"))]


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def orders_of(settings: RobokassaSettings, around: Around) -> Orders:
    """The orders of the shop."""
    return Orders(f"robokassa:{settings.login}", around.store, around.now, settings.first_order)


def _book(name: str, settings: RobokassaSettings, around: Around) -> PaymentBook:
    return PaymentBook(name, orders_of(settings, around), settings.test)


def receiver(name: str, settings: RobokassaSettings, around: Around) -> RobokassaChannel:
    """The receiver of the channel `name`."""
    return RobokassaChannel(name, settings, _book(name, settings, around))


def watcher(name: str, settings: RobokassaSettings, around: Around) -> PaymentWatcher:
    """The watcher of the channel `name`."""
    book = _book(name, settings, around)
    service = StateService(settings, book, around.store)
    return PaymentWatcher(book, settings, service.ask, test=service.check, close=service.close)


def cashier(name: str, settings: RobokassaSettings, around: Around) -> RobokassaCashier:
    """The cashier of the channel `name`."""
    return RobokassaCashier(name, settings, orders_of(settings, around))
