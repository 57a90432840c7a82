"""Making a link: the order first, then the service; the same for every service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.payments.money import KOPECK
from connectors.payments.orders import Order, Orders, Stage
from provodka.cashier import RUB, PaymentRequest
from provodka.errors import Ambiguous, ConnectorError, Rejected, Retryable
from provodka.operation import Done, Outcome, Request

NOTHING: Final = "Сумма ссылки должна быть больше нуля и без долей копейки: проверьте amount в правиле."
ONLY_RUB: Final = "Этот сервис принимает только рубли: уберите currency."


@dataclass(frozen=True, slots=True)
class Link:
    """What a service has made of an order: its address, and the service's id where it has one already."""

    url: str
    payment: str = ""


Make = Callable[[Order, PaymentRequest], Link]


def carry_out(orders: Orders, requests: Sequence[Request[PaymentRequest]], make: Make) -> list[Outcome]:
    """The outcome of each: an order that is there already for the same of the same deal is found, and not made anew."""
    return [_one(orders, request, make) for request in requests]


def _one(orders: Orders, request: Request[PaymentRequest], make: Make) -> Outcome:
    asked = request.params
    try:
        check(asked)
        with orders.asking(asked.lead_id):
            return _found_or_made(orders, request, make)
    except ConnectorError as error:
        return error


def _found_or_made(orders: Orders, request: Request[PaymentRequest], make: Make) -> Outcome:
    asked = request.params
    known = None if asked.again or request.unsure_since else orders.same(asked)
    if known is not None and known.key != request.key:
        return _done(known, found=True)
    order = orders.place(request.key, asked)
    if order.url:
        return _done(order, found=True)
    unwritten = bool(request.unsure_since) and not order.tries  # a try that was made, but of which nothing is left
    order = orders.change(order, tries=order.tries + 1 + unwritten)
    return _made(orders, order, asked, make)


def _made(orders: Orders, order: Order, asked: PaymentRequest, make: Make) -> Outcome:
    try:
        link = make(order, asked)
    except (Retryable, Ambiguous):
        raise
    except Rejected:
        orders.change(order, stage=Stage.LOST)
        raise
    return _done(orders.change(order, url=link.url, payment=link.payment, stage=Stage.OPEN))


def check(asked: PaymentRequest) -> None:
    """Raises Rejected where no service could take it."""
    if asked.amount <= 0 or asked.amount != asked.amount.quantize(KOPECK):
        raise Rejected(f"{asked.amount} is no sum to be paid", hint=NOTHING)
    if asked.currency != RUB:
        raise Rejected(f"payments are in roubles, not in {asked.currency}", hint=ONLY_RUB)


def _done(order: Order, *, found: bool = False) -> Done:
    number = str(order.number)
    values = {"order": number, "payment": order.payment, "url": order.url, "amount": order.amount}
    if found:
        values["reason"] = "there is a link for the same already"
    return Done(number, values, found=found)
