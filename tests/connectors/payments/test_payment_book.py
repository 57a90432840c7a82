"""What payments come to: agreed, differing, of nobody, given back before they came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.payments.book import PaymentBook
from connectors.payments.money import of_kopecks, sum_of
from connectors.payments.notice import PaymentNotice, Told
from connectors.payments.orders import Orders
from provodka.channel import UnreadableError
from provodka.event import Event
from provodka.payloads import EventType, Payment, PaymentEvent, PaymentState
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.connectors.payments.bench import PAYER, placed
from tests.contract.case import NOW, around

ASKED = Decimal("12500.50")
PAID = PaymentNotice("41", "41:paid", Told.PAID, order="1047", amount=ASKED)


class Shop:
    """A book with one order, and what came of its notices."""

    def __init__(self, *, test: bool = False, **order: Any) -> None:
        self.around = around()
        placed(self.around, "shop", **order)
        self.book = PaymentBook("pay", Orders("shop", self.around.store, lambda: NOW), test)
        self.intake = MemoryIntake(NOW)

    def told(self, *notices: PaymentNotice) -> list[Event]:
        before = set(self.intake.events)
        for one in notices:
            self.book.accept([one], self.intake, NOW)
        return [event for key, event in self.intake.events.items() if key not in before]


def payment_of(event: Event) -> Payment:
    assert isinstance(event.payload, PaymentEvent)
    return event.payload.payment


def test_a_payment_as_agreed_knows_its_deal_its_invoice_and_its_part() -> None:
    shop = Shop(part="предоплата", total=Decimal("40000"), invoice_id="17:1")
    [event] = shop.told(replace(PAID, email="Other@Example.ru"))
    assert event.type is EventType.PAYMENT_SUCCEEDED
    assert event.external_id == "paid:41"
    assert isinstance(event.payload, PaymentEvent)
    assert (event.payload.lead_id, event.payload.invoice_id) == ("17", "17:1")
    assert "lead:17" in event.identities
    assert event.person.phones == PAYER.phones
    assert event.person.emails == (*PAYER.emails, "other@example.ru")
    payment = payment_of(event)
    assert (payment.order, payment.part, payment.asked, payment.total) == ("1047", "предоплата", ASKED, Decimal(40000))
    assert payment.state is PaymentState.SUCCEEDED


@pytest.mark.parametrize(
    ("notice", "words"),
    [
        (replace(PAID, amount=Decimal("12500.49")), "12500.49 RUB, а ссылка была на 12500.50 RUB"),
        (replace(PAID, currency="KZT"), "12500.50 KZT"),
        (replace(PAID, test=True), "денег нет"),
    ],
)
def test_another_sum_currency_or_no_money_at_all_differs(notice: PaymentNotice, words: str) -> None:
    [event] = Shop().told(notice)
    assert event.type is EventType.PAYMENT_DIFFERS
    assert words in payment_of(event).reason


def test_a_trial_payment_counts_in_a_trial_shop() -> None:
    [event] = Shop(test=True).told(replace(PAID, test=True))
    assert event.type is EventType.PAYMENT_SUCCEEDED
    assert payment_of(event).test


@pytest.mark.parametrize("order", ["1048", "", "site-55", "9" * 30])
def test_a_payment_that_nobody_asked_for_belongs_to_no_deal(order: str) -> None:
    [event] = Shop().told(replace(PAID, order=order))
    assert event.type is EventType.PAYMENT_UNMATCHED
    assert isinstance(event.payload, PaymentEvent)
    assert event.payload.lead_id == ""
    assert payment_of(event).asked == 0


def test_an_order_that_is_paid_twice_is_agreed_once() -> None:
    first, second = Shop().told(PAID, replace(PAID, payment="42", id="42:paid"))
    assert (first.type, second.type) == (EventType.PAYMENT_SUCCEEDED, EventType.PAYMENT_DIFFERS)
    assert "уже оплачен другим платежом: 41" in payment_of(second).reason


def test_a_refund_before_its_payment_is_told_and_the_payment_too() -> None:
    refund = PaymentNotice(
        "41", "r1", Told.REFUNDED, order="1047", amount=ASKED, refund_id="r1", refund=Decimal("500.50")
    )
    first, second = Shop().told(refund, PAID)
    assert (first.type, second.type) == (EventType.PAYMENT_REFUNDED, EventType.PAYMENT_SUCCEEDED)
    assert payment_of(second).refunded == Decimal("500.50")
    assert payment_of(second).state is PaymentState.REFUNDED


def left(sum_: str) -> PaymentNotice:
    """As T-Bank tells of a refund: by what is left, and with the asked sum for want of the paid one."""
    what = Decimal(sum_)
    return PaymentNotice(
        "41", f"41:{sum_}", Told.REFUNDED, order="1047", amount=ASKED, refunded=ASKED - what, left=what, at=NOW
    )


@pytest.mark.parametrize("order", [("8000", "3000", None), ("3000", "8000", None), ("8000", None, "3000")])
def test_refunds_told_by_what_is_left_wait_for_what_was_paid(order: tuple[str | None, ...]) -> None:
    shop = Shop()
    paid = replace(PAID, amount=Decimal("12501.00"))
    events = shop.told(*(paid if one is None else left(one) for one in order))
    kinds = [event.type for event in events]
    assert kinds == [EventType.PAYMENT_DIFFERS, EventType.PAYMENT_REFUNDED, EventType.PAYMENT_REFUNDED]
    assert [payment_of(event).refund for event in events[1:]] == [Decimal("4501.00"), Decimal("5000.00")]
    assert payment_of(events[-1]).refunded == Decimal("9501.00")
    assert shop.told(paid, left("8000"), left("3000")) == []


def test_a_refund_whose_payment_is_not_told_within_a_day_is_told_by_what_was_asked() -> None:
    shop = Shop()
    [order] = shop.book.orders.open()
    assert shop.told(left("8000.50")) == []
    assert not shop.book.tell_of_unpaid(order, shop.intake, NOW + timedelta(hours=23))
    assert shop.book.tell_of_unpaid(order, shop.intake, NOW + timedelta(hours=24))
    [event] = shop.intake.events.values()
    assert event.type is EventType.PAYMENT_REFUNDED
    assert payment_of(event).refund == Decimal("4500.00")
    assert [one.type for one in shop.told(PAID)] == [EventType.PAYMENT_SUCCEEDED]


def test_nothing_is_told_twice() -> None:
    shop = Shop()
    assert len(shop.told(PAID)) == 1
    assert shop.told(PAID, PAID) == []


@pytest.mark.parametrize("value", ["12,50", "1e3", "NaN", "-5", "", None, True, "12.505", "9" * 14, [], "٣"])
def test_what_is_no_sum_is_refused(value: object) -> None:
    with pytest.raises(UnreadableError):
        sum_of(value)


@pytest.mark.parametrize("value", ["12.5", "1e3", -1, None, True, "9" * 14, 1.5])
def test_what_is_no_sum_in_kopecks_is_refused(value: object) -> None:
    with pytest.raises(UnreadableError):
        of_kopecks(value)


def test_sums_are_read_exactly() -> None:
    assert sum_of("12500.500000") == Decimal("12500.50")
    assert of_kopecks(1250050) == Decimal("12500.50")
