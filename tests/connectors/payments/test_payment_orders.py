"""Orders: their numbers are given once, and they are there before the service is asked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.payments.cashier import Link, carry_out
from connectors.payments.orders import MOST_NUMBER, ORDER, Order, Orders, Stage
from provodka.cashier import PaymentRequest
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Outcome, Request
from tests.connectors.memory_store import MemoryStore
from tests.connectors.payments.bench import REQUEST
from tests.contract.case import NOW


def shop(store: MemoryStore | None = None, first: int = 1047) -> Orders:
    return Orders("shop", store or MemoryStore(), lambda: NOW, first)


def linked(order: Order, _asked: PaymentRequest) -> Link:
    return Link(f"https://pay.example/{order.number}", str(order.number))


def asked(orders: Orders, key: str, request: PaymentRequest = REQUEST, make: object = linked) -> Outcome:
    [outcome] = carry_out(orders, [Request(key, request)], make)  # type: ignore[arg-type]
    return outcome


def test_numbers_after_a_lost_journal_do_not_begin_again() -> None:
    first = shop(first=0).place("k", REQUEST).number
    later = Orders("shop", MemoryStore(), lambda: NOW + timedelta(hours=2)).place("k", REQUEST).number
    assert 0 < first < later <= MOST_NUMBER


def test_there_are_no_numbers_beyond_what_services_take() -> None:
    orders = shop(first=MOST_NUMBER)
    assert orders.place("k1", REQUEST).number == MOST_NUMBER
    with pytest.raises(Rejected) as caught:
        orders.place("k2", REQUEST)
    assert "first_order" in caught.value.hint


def test_only_an_order_that_was_paid_late_says_so_lest_a_process_of_the_version_before_cannot_read_it() -> None:
    orders = shop()
    order = orders.place("k", REQUEST)
    number = str(order.number)
    assert "paid_late" not in json.loads(orders.store.snapshots("payments:shop", ORDER, [number])[number].body)
    assert orders.of(number) == order
    late = orders.change(order, stage=Stage.PAID, paid_late=NOW.isoformat())
    assert orders.of(number) == late


def test_the_order_is_there_before_the_service_is_asked() -> None:
    orders = shop()

    def lost(order: Order, request: PaymentRequest) -> Link:
        known = orders.of(str(order.number))
        assert known is not None
        assert known.asked == request.amount
        raise Ambiguous("no answer")

    assert isinstance(asked(orders, "k", make=lost), Ambiguous)
    again = asked(orders, "k")
    assert isinstance(again, Done)
    assert again.values["order"] == "1047"


def test_the_same_sum_of_the_same_deal_has_one_link() -> None:
    orders = shop()
    first, second = asked(orders, "k1"), asked(orders, "k2")
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert (second.remote_id, second.found) == (first.remote_id, True)
    for other in (
        replace(REQUEST, amount=Decimal(1)),
        replace(REQUEST, part="постоплата"),
        replace(REQUEST, purpose="Второй платёж"),
        replace(REQUEST, lead_id="18"),
        replace(REQUEST, again=True),
    ):
        outcome = asked(orders, f"k:{other}", other)
        assert isinstance(outcome, Done)
        assert outcome.remote_id != first.remote_id


def test_a_link_that_has_run_out_is_made_anew() -> None:
    orders = shop()
    short = replace(REQUEST, expires=NOW - timedelta(minutes=1))
    first, second = asked(orders, "k1", short), asked(orders, "k2", short)
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.remote_id != second.remote_id


@pytest.mark.parametrize("amount", ["0", "-5", "10.005"])
def test_what_cannot_be_paid_is_refused_without_an_order(amount: str) -> None:
    orders = shop()
    outcome = asked(orders, "k", replace(REQUEST, amount=Decimal(amount)))
    assert isinstance(outcome, Rejected)
    assert outcome.hint
    assert orders.of_lead("17") == []


def test_an_order_that_the_service_refuses_is_not_looked_after() -> None:
    orders = shop()

    def refused(_order: Order, _request: PaymentRequest) -> Link:
        raise Rejected("no")

    assert isinstance(asked(orders, "k", make=refused), Rejected)
    assert [one.stage for one in orders.of_lead("17")] == [Stage.LOST]
    assert orders.open() == []
