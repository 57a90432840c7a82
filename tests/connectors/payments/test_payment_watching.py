"""Which orders a watcher asks for, how long, and that one of them holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import responses

from connectors.payments.book import PaymentBook
from connectors.payments.notice import PaymentNotice, Told
from connectors.payments.orders import Order, Orders
from connectors.payments.settings import PaymentSettings
from connectors.payments.watching import PaymentWatcher
from connectors.registry import CHANNELS
from connectors.robokassa.state import _root, _word
from provodka.channel import Delivery, Intake
from provodka.errors import Retryable
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.connectors.memory_store import MemoryStore
from tests.connectors.payments.bench import REQUEST
from tests.contract.case import NOW, around


class Shop:
    """A shop whose service is a function."""

    def __init__(self, **written: Any) -> None:
        self.now = NOW
        self.intake = MemoryIntake(NOW)
        self.orders = Orders("robokassa:romashka", MemoryStore(), lambda: self.now)
        self.book = PaymentBook("pay", self.orders)
        self.asked: list[int] = []
        self.answer: Callable[[Order], PaymentNotice | None] = lambda _: None
        settings = PaymentSettings.model_validate({"refund_days": 10, "keep_open": "30d", **written})
        self.watcher = PaymentWatcher(self.book, settings, self._ask, test=list)

    def _ask(self, order: Order, intake: Intake) -> None:
        self.asked.append(order.number)
        notice = self.answer(order)
        if notice is not None:
            self.book.accept([notice], intake, self.now)

    def place(self, number: int = 1) -> Order:
        order = self.orders.place(f"key-{number}", replace(REQUEST, part=str(number)))
        return self.orders.change(order, tries=1, url="https://pay.example", payment=f"p{order.number}")

    def look(self, after: timedelta = timedelta(0)) -> list[int]:
        self.now += after
        self.intake.now = self.now
        self.asked.clear()
        self.watcher.look(self.intake)
        return list(self.asked)


def paid(order: Order) -> PaymentNotice:
    return PaymentNotice(order.payment, "paid", Told.PAID, order=str(order.number), amount=Decimal(order.amount))


def given_back(order: Order) -> PaymentNotice:
    about = {"order": str(order.number), "amount": order.asked, "refunded": order.asked}
    return PaymentNotice(order.payment, "back", Told.REFUNDED, **about)


def test_an_order_of_which_the_service_always_stumbles_is_asked_for_last() -> None:
    shop = Shop()
    first, second = shop.place(1), shop.place(2)

    def answer(order: Order) -> PaymentNotice | None:
        if order.number == first.number:
            raise Retryable("HTTP 500")
        return paid(order)

    shop.answer = answer
    for _ in range(2):
        with pytest.raises(Retryable):
            shop.look(timedelta(hours=1))
    assert shop.intake.types()[f"paid:p{second.number}"] == "payment.succeeded"


def test_a_refund_long_after_a_late_payment_is_found_by_asking() -> None:
    shop = Shop()
    order = shop.place()
    shop.look()
    shop.answer = paid
    shop.look(timedelta(days=20))
    shop.answer = given_back
    shop.look(timedelta(days=5))
    assert list(shop.intake.types().values()) == ["payment.requested", "payment.succeeded", "payment.refunded"]
    assert shop.look(timedelta(days=30)) == []
    assert shop.orders.paid() == [], "what nobody asks about any more is not read again and again"
    assert shop.orders.same(replace(REQUEST, part="1")) is not None, "it is paid all the same"
    assert shop.orders.of(str(order.number)) is not None


def test_an_order_that_was_given_up_and_then_paid_is_asked_for_its_refund_and_makes_no_second_link() -> None:
    shop = Shop()
    order = shop.place()
    assert shop.look() == [order.number]
    assert shop.look(timedelta(days=100)) == [], "nobody pays it any more"
    assert shop.orders.same(replace(REQUEST, part="1")) is None
    shop.book.accept([paid(order)], shop.intake, shop.now)
    assert shop.orders.same(replace(REQUEST, part="1")) is not None
    shop.answer = given_back
    assert shop.look(timedelta(days=9)) == [order.number]
    assert list(shop.intake.types().values()) == ["payment.requested", "payment.succeeded", "payment.refunded"]
    assert shop.look(timedelta(days=2)) == [], "the days for refunds are counted from the late payment"
    assert shop.orders.paid() == []


def test_a_trial_payment_of_an_order_that_was_given_up_is_no_reason_against_another_link() -> None:
    shop = Shop()
    order = shop.place()
    shop.look()
    shop.look(timedelta(days=100))
    shop.book.accept([replace(paid(order), test=True)], shop.intake, shop.now)
    assert list(shop.intake.types().values())[-1] == "payment.differs"
    assert shop.orders.same(replace(REQUEST, part="1")) is None


class YooKassa:
    """A watcher of YooKassa, which answers as `responses` says, and two hints of payments: `x` and `2f3a`."""

    def __init__(self) -> None:
        self.now = NOW
        self.intake = MemoryIntake(NOW)
        settings = CHANNELS["yookassa"].model().model_validate({"shop_id": "1", "key": "k", "per_second": 1000})
        here = replace(around(MemoryStore()), now=lambda: self.now)
        receiver, self.watcher = (CHANNELS["yookassa"].open(p, "pay", settings, here) for p in ("receiver", "watcher"))
        for one in ("x", "2f3a"):
            body = b'{"event": "payment.succeeded", "object": {"id": "%s"}}' % one.encode()
            received = receiver.receive(Delivery("POST", "", {}, {}, body, NOW), lambda _: ())
            self.intake.accept((), channel="pay", parts=received.parts)
        told = {"id": "2f3a", "status": "succeeded", "amount": {"value": "5.00", "currency": "RUB"}, "paid": True}
        responses.get(f"{URL}/payments/2f3a", json=told)
        for kind in ("payments", "refunds"):
            responses.get(f"{URL}/{kind}", json={"items": []})

    def look(self, after: timedelta = timedelta(0)) -> list[str]:
        self.intake.now = self.now = self.now + after
        self.watcher.look(self.intake)
        return sorted(self.intake.types().values())


URL = "https://api.yookassa.ru/v3"


@pytest.fixture
def yookassa() -> Iterator[YooKassa]:
    responses.start()
    shop = YooKassa()
    yield shop
    shop.watcher.close()
    responses.stop()
    responses.reset()


def test_a_hint_with_an_id_that_yookassa_cannot_read_holds_up_no_other(yookassa: YooKassa) -> None:
    responses.get(f"{URL}/payments/x", status=400, json={"type": "error", "code": "invalid_request"})
    assert yookassa.look() == ["payment.unmatched"]
    assert yookassa.look(timedelta(hours=2)) == ["payment.unmatched", "unreadable"]


def test_a_hint_that_yookassa_always_stumbles_over_holds_up_no_other(yookassa: YooKassa) -> None:
    responses.get(f"{URL}/payments/x", status=500)
    with pytest.raises(Retryable):
        yookassa.look()
    assert yookassa.look(timedelta(seconds=2)) == ["payment.unmatched"]


def test_a_comment_in_the_answer_of_robokassa_is_no_member_of_it() -> None:
    root = _root(b"<OperationStateResponse><!-- a --><Result><?b c?><Code>0</Code></Result></OperationStateResponse>")
    assert _word(root, "Result", "Code") == "0"
