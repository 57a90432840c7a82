"""Two processes hear of one order at the same instant: each knows of the other what it has to know."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from flask import Flask

from connectors.payments.cashier import Link, carry_out
from connectors.payments.orders import Orders
from connectors.tbank.channel import TBankChannel, receiver
from connectors.tbank.settings import TBankSettings
from connectors.tbank.token import token_of
from provodka.channel import Delivery, Part
from provodka.journal import Journal
from provodka.operation import Done, Request
from provodka.payloads import EventType, Payment, PaymentEvent
from tests.connectors.payments.bench import REQUEST, placed
from tests.contract.case import NOW, RIGHT, around
from webhooks.metrics import Metrics
from webhooks.receive import Door, answer

SETTINGS = TBankSettings.model_validate({"terminal": "T1", "password": RIGHT})
ASKED = 1_250_050
PATIENCE = 0.15


def told(status: str, amount: int = ASKED, payment: int = 41) -> Delivery:
    fields = {
        "TerminalKey": "T1",
        "OrderId": "prv-1047",
        "Success": True,
        "Status": status,
        "PaymentId": payment,
        "Amount": amount,
    }
    body = json.dumps({**fields, "Token": token_of(fields, RIGHT)}).encode()
    return Delivery("POST", "", {"content-type": "application/json"}, {}, body, NOW)


class Twins:
    """Two processes; whoever has read what is known waits a moment for the other to have read the same."""

    def __init__(self, journals: Sequence[Journal]) -> None:
        self.journals = journals
        placed(around(journals[0].store), "tbank:T1")
        self.both = Barrier(2)

    def hear(self, *deliveries: Delivery) -> list[int]:
        app = Flask("test")

        def take(n: int) -> int:
            channel: TBankChannel = receiver("pay", SETTINGS, around(self.journals[n].store))
            door = Door({}, Slow(self.journals[n], self.both), lambda: NOW, 100_000, Metrics())  # type: ignore[arg-type]
            with app.app_context():
                return answer(door, channel, deliveries[n]).status_code

        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(take, range(2)))

    def payments(self) -> list[tuple[EventType, Payment]]:
        events = [one.event for one in self.journals[0].claim_events(100)]
        return [(one.type, one.payload.payment) for one in events if isinstance(one.payload, PaymentEvent)]


class Slow:
    """A journal in which everybody reads before anybody writes, where nothing keeps them apart."""

    def __init__(self, journal: Journal, both: Barrier) -> None:
        self.accept = journal.accept
        self._journal, self._both = journal, both

    def parts(self, channel: str, key: str) -> list[Part]:
        found = self._journal.parts(channel, key)
        with suppress(BrokenBarrierError):
            self._both.wait(PATIENCE)
        return found


@pytest.fixture
def twins(open_journal: Callable[[], Journal]) -> Twins:
    return Twins([open_journal(), open_journal()])


def test_of_two_payments_of_one_order_one_is_agreed_and_the_other_is_one_too_many(twins: Twins) -> None:
    assert twins.hear(told("CONFIRMED"), told("CONFIRMED", payment=42)) == [200, 200]
    found = dict(twins.payments())
    assert found.keys() == {EventType.PAYMENT_SUCCEEDED, EventType.PAYMENT_DIFFERS}
    assert found[EventType.PAYMENT_SUCCEEDED].id in found[EventType.PAYMENT_DIFFERS].reason


def test_two_parts_that_are_given_back_at_once_are_together_what_was_given_back(twins: Twins) -> None:
    twins.hear(told("CONFIRMED"), told("CONFIRMED"))
    assert twins.hear(told("PARTIAL_REFUNDED", 1_000_000), told("PARTIAL_REFUNDED", 750_000)) == [200, 200]
    found = [payment for kind, payment in twins.payments() if kind is EventType.PAYMENT_REFUNDED]
    assert sum((one.refund for one in found), Decimal(0)) == Decimal("5000.50")
    assert max(one.refunded for one in found) == Decimal("5000.50")


def test_a_refund_that_is_told_twice_at_once_is_told_once(twins: Twins) -> None:
    twins.hear(told("CONFIRMED"), told("CONFIRMED"))
    assert twins.hear(told("REFUNDED"), told("REFUNDED")) == [200, 200]
    assert [kind for kind, _ in twins.payments()] == [EventType.PAYMENT_SUCCEEDED, EventType.PAYMENT_REFUNDED]


def test_what_is_given_back_of_another_sum_than_asked_is_reckoned_from_what_was_paid(twins: Twins) -> None:
    twins.hear(told("CONFIRMED", ASKED + 101), told("CONFIRMED", ASKED + 101))
    twins.hear(told("PARTIAL_REFUNDED", ASKED), told("PARTIAL_REFUNDED", ASKED))
    twins.hear(told("REFUNDED", ASKED + 101), told("REFUNDED", ASKED + 101))
    found = [(kind, payment.refund) for kind, payment in twins.payments()]
    back = [Decimal(0), Decimal("1.01"), Decimal("12500.50")]
    kinds = [EventType.PAYMENT_DIFFERS, EventType.PAYMENT_REFUNDED, EventType.PAYMENT_REFUNDED]
    assert found == list(zip(kinds, back, strict=True))


def test_what_cannot_be_read_of_a_signed_notice_is_kept_without_what_it_tells_of_the_card(journal: Journal) -> None:
    fields = {"TerminalKey": "T1", "Status": "CONFIRMED", "PaymentId": 41, "Amount": "1,5", "RebillId": "777000111"}
    body = json.dumps({**fields, "CardId": 10452089, "Token": token_of({**fields, "CardId": 10452089}, RIGHT)})
    channel = receiver("pay", SETTINGS, around(journal.store))
    door = Door({}, journal, lambda: NOW, 100_000, Metrics())
    with Flask("test").app_context():
        assert answer(door, channel, Delivery("POST", "", {}, {}, body.encode(), NOW)).status_code == 200
    [event] = [one.event for one in journal.claim_events(10)]
    assert event.type is EventType.UNREADABLE
    assert json.loads(event.raw) == {name: fields[name] for name in ("TerminalKey", "Status", "PaymentId", "Amount")}


@pytest.mark.parametrize(
    ("one", "other", "kinds"),
    [
        ("CONFIRMED", "REFUNDED", {EventType.PAYMENT_SUCCEEDED, EventType.PAYMENT_REFUNDED}),
        ("CONFIRMED", "CONFIRMED", {EventType.PAYMENT_SUCCEEDED}),
        ("REFUNDED", "REFUNDED", set()),  # what was paid is not known yet
    ],
)
def test_whatever_is_told_at_once_is_told_once(twins: Twins, one: str, other: str, kinds: set[EventType]) -> None:
    assert twins.hear(told(one), told(other)) == [200, 200]
    found = twins.payments()
    assert ({kind for kind, _ in found}, len(found)) == (kinds, len(kinds))
    assert all(payment.refund == Decimal("12500.50") for kind, payment in found if kind is EventType.PAYMENT_REFUNDED)


def test_two_processes_that_are_asked_for_the_same_link_make_one(open_journal: Callable[[], Journal]) -> None:
    both, made = Barrier(2), []

    def make(order: Any, _: object) -> Link:
        made.append(order.number)
        with suppress(BrokenBarrierError):
            both.wait(PATIENCE)
        return Link(f"https://pay.example/{order.number}", str(order.number))

    shops = [Orders("shop", open_journal().store, lambda: NOW, 1047) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(lambda n: carry_out(shops[n], [Request(f"key-{n}", REQUEST)], make)[0], range(2)))
    assert made == [1047]
    assert [one.values["url"] for one in outcomes if isinstance(one, Done)] == ["https://pay.example/1047"] * 2
