"""The parts of a channel of T-Bank: the receiver of notices, the watcher, the cashier."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.bodies import plain_body
from connectors.payments.book import PaymentBook
from connectors.payments.cashier import Link, carry_out
from connectors.payments.money import to_kopecks
from connectors.payments.orders import Order, Orders
from connectors.payments.receipt import of_table, receipt_items
from connectors.payments.watching import PaymentWatcher
from connectors.secrecy import same_secret
from connectors.tbank.api import TBank
from connectors.tbank.notice import Reader
from connectors.tbank.settings import TBankSettings
from connectors.tbank.token import token_of
from provodka import identity
from provodka.cashier import PaymentRequest
from provodka.channel import Around, Delivery, Intake, PartsReader, Received, RefusedError, Reply, UnreadableError
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.operation import Outcome, Repeat, Request, operation
from provodka.stores import Pace

OK: Final = Reply(body=b"OK")
LONGEST: Final = 140
TAXES: Final = {"none": "none", **{rate: f"vat{rate}" for rate in ("0", "5", "7", "10", "20", "22")}}
MOSCOW: Final = ZoneInfo("Europe/Moscow")
OWN: Final = frozenset({"TerminalKey", "Amount", "OrderId", "Token", "Receipt"})


class TBankChannel:
    """Signed notices; the answer is `OK`."""

    def __init__(self, name: str, settings: TBankSettings, book: PaymentBook) -> None:
        self.name = name
        self._settings = settings
        self._book = book
        self._reader = Reader(settings, book.orders)

    def turn(self) -> AbstractContextManager[None]:
        """See `provodka.channel.TakesTurns`."""
        return self._book.orders.turn()

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event."""
        if delivery.method == "GET" and not delivery.body:
            return Received(reply=OK)
        body = plain_body(delivery)
        fields = _fields(body)
        password = self._settings.password.get_secret_value()
        given = fields.get("Token")
        if not isinstance(given, str) or not same_secret(given.lower(), token_of(fields, password)):
            raise RefusedError("the token is wrong or absent")
        if fields.get("TerminalKey") != self._settings.terminal:
            raise RefusedError("it is about another terminal")
        try:
            notice = self._reader.notice(fields, delivery.received_at)
        except UnreadableError as error:
            raise UnreadableError(str(error), OK, _kept(fields)) from error
        if notice is None:
            return Received(reply=OK)
        return self._book.received([notice], parts, delivery.received_at, raw=_kept(fields), reply=OK)


class TBankCashier:
    """Init gives the link. T-Bank takes no key of ours, but a link whose answer was lost is known to nobody, so that
    nobody can pay by it: the order is asked for again under its number with the number of the try behind it."""

    def __init__(self, name: str, settings: TBankSettings, orders: Orders, pace: Pace) -> None:
        self.name = name
        self._settings = settings
        self._orders = orders
        self._api = TBank(settings, pace)

    @operation(repeat=Repeat.SAFE)
    def ask(self, requests: Sequence[Request[PaymentRequest]]) -> list[Outcome]:
        """One payment each."""
        return carry_out(self._orders, requests, self._link)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _link(self, order: Order, asked: PaymentRequest) -> Link:
        answer = self._api.ask("Init", self._body(order, asked), write=True)
        url, payment = answer.get("PaymentURL"), answer.get("PaymentId")
        if not isinstance(url, str) or not url or payment is None:
            raise Ambiguous("T-Bank answered without a link")
        return Link(url, str(payment))

    def _body(self, order: Order, asked: PaymentRequest) -> dict[str, Any]:
        settings, tail = self._settings, f"-{order.tries}" if order.tries > 1 else ""
        extra = {name: value for name, value in asked.extra.items() if name not in OWN}
        given = extra.pop("DATA", {})
        data = {"deal": order.lead_id, "Email": asked.email, "Phone": identity.phone(asked.phone)}
        body: dict[str, Any] = {
            "Amount": to_kopecks(order.asked),
            "OrderId": f"{settings.order_prefix}{order.number}{tail}",
            "Description": asked.purpose[:LONGEST],
            "PayType": "T" if settings.two_stage else "O",
            "NotificationURL": settings.notify_url,
            "SuccessURL": settings.success_url,
            "FailURL": settings.fail_url,
            "RedirectDueDate": asked.expires.astimezone(MOSCOW).isoformat(timespec="seconds") if asked.expires else "",
            "DATA": {name: value for name, value in {**data, **given}.items() if value},
            "Receipt": self._receipt(asked),
            **extra,
        }
        return {name: value for name, value in body.items() if value not in ("", {})}

    def _receipt(self, asked: PaymentRequest) -> dict[str, Any]:
        items = receipt_items(asked, self._settings.receipt)
        if not items or self._settings.receipt is None:
            return {}
        whom = {"Email": asked.email, "Phone": identity.phone(asked.phone), "Taxation": self._settings.receipt.taxation}
        lines = [
            {
                "Name": one.name,
                "Price": to_kopecks(one.price),
                "Quantity": float(one.quantity),
                "Amount": to_kopecks(one.amount),
                "Tax": of_table(one.vat, TAXES),
                "PaymentMethod": one.method,
                "PaymentObject": one.subject,
            }
            for one in items
        ]
        return {**{name: value for name, value in whom.items() if value}, "Items": lines}


class States:
    """Asks how orders stand (GetState)."""

    def __init__(self, settings: TBankSettings, book: PaymentBook, pace: Pace) -> None:
        self._book = book
        self._reader = Reader(settings, book.orders)
        self._api = TBank(settings, pace)

    def ask(self, order: Order, intake: Intake) -> None:
        """What has become of it, as notices. Raises ConnectorError or UnreadableError."""
        if not order.payment:
            return
        now = self._book.orders.now()
        told = self._api.ask("GetState", {"PaymentId": order.payment}, write=False)
        notice = self._reader.notice({"Amount": to_kopecks(order.asked), **told}, now)
        if notice is not None:
            self._book.accept([notice], intake, now)

    def check(self) -> list[str]:
        """Whether terminal and password are right: a payment that nobody has made is asked for."""
        try:
            self._api.ask("GetState", {"PaymentId": "1"}, write=False)
        except Rejected:
            return []  # it says that there is no such payment, so that it has let us in
        except ConnectorError as error:
            return [error.sentence("Т-Банк")]
        return []

    def close(self) -> None:
        """Close the connections."""
        self._api.close()


def _fields(body: bytes) -> dict[str, Any]:
    """The members as they were written: a number keeps its digits, since the token covers them."""
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_float=str, parse_int=_whole, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise RefusedError("the body is no JSON, so that it has no token") from error
    if not isinstance(found, dict):
        raise RefusedError("the body is no object, so that it has no token")
    return found


def _whole(text: str) -> object:
    return int(text) if len(text) <= 19 and str(int(text)) == text else text


def _kept(fields: Mapping[str, Any]) -> bytes:
    """The notice without its token and without what is known of the card but its last digits."""
    shown = {name: value for name, value in fields.items() if name not in ("Token", "RebillId", "ExpDate", "CardId")}
    return json.dumps(shown, ensure_ascii=False, default=str).encode()


def _orders(settings: TBankSettings, around: Around) -> Orders:
    return Orders(f"tbank:{settings.terminal}", around.store, around.now, settings.first_order)


def receiver(name: str, settings: TBankSettings, around: Around) -> TBankChannel:
    """The receiver of the channel `name`."""
    return TBankChannel(name, settings, PaymentBook(name, _orders(settings, around), settings.test))


def watcher(name: str, settings: TBankSettings, around: Around) -> PaymentWatcher:
    """The watcher of the channel `name`."""
    book = PaymentBook(name, _orders(settings, around), settings.test)
    states = States(settings, book, around.store)
    return PaymentWatcher(book, settings, states.ask, test=states.check, close=states.close)


def cashier(name: str, settings: TBankSettings, around: Around) -> TBankCashier:
    """The cashier of the channel `name`."""
    return TBankCashier(name, settings, _orders(settings, around), around.store)
