"""What the journal keeps of payments: numbers of orders, given once, and the parts of payments, which stay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from connectors.payments.orders import Orders
from provodka.channel import Part
from provodka.journal import Journal
from scheduler import forget_parts
from tests.connectors.payments.bench import REQUEST
from tests.contract.case import NOW
from tests.journal.conftest import Clock


def test_many_at_once_get_numbers_of_their_own(journal: Journal) -> None:
    both = [Orders("shop", journal.store, lambda: NOW, 1047) for _ in range(2)]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda n: both[n % 2].place(f"key-{n}", REQUEST).number, range(12)))
    assert sorted(made) == list(range(1047, 1059))
    assert both[0].place("key-3", REQUEST).number == made[3]
    assert [one.number for one in both[1].of_lead("17")] == sorted(made)


def test_parts_of_payments_outlive_those_of_calls(journal: Journal, clock: Clock) -> None:
    journal.accept([], channel="pay", parts=[Part("payment:1047", "41:paid", "{}"), Part("call:1", "a", "{}")])
    clock.now += timedelta(days=400)
    forget_parts(journal)
    assert [part.id for part in journal.parts("pay", "payment:1047")] == ["41:paid"]
    assert journal.parts("pay", "call:1") == []
