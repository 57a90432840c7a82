"""Whatever order the notices of a payment come in, doubled or lost, it ends in the same events and the same sums."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.payments.book import PaymentBook
from connectors.payments.notice import PaymentNotice, Told
from connectors.payments.orders import Orders
from provodka.journal.paid import PaymentTold
from provodka.payloads import EventType, PaymentEvent
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.connectors.payments.bench import placed
from tests.contract.case import NOW, around
from worker.facts.money import summed_up

ASKED = Decimal("12500.50")
MONEY = ("paid:", "refund:", "requested:")


def notice(told: Told, **more: object) -> PaymentNotice:
    made = PaymentNotice("41", f"41:{told}", told, order="1047", amount=ASKED)
    return replace(made, **more)  # type: ignore[arg-type]


@st.composite
def lives(draw: st.DrawFn) -> list[PaymentNotice]:
    """All that a service says of one payment."""
    told = [notice(Told.HELD), notice(Told.FAILED), notice(Told.PAID)]
    if draw(st.booleans()):
        sums = draw(st.lists(st.integers(1, 400_000), max_size=3))
        told += [
            notice(Told.REFUNDED, id=f"refund:{n}", refund_id=f"r{n}", refund=Decimal(one) / 100)
            for n, one in enumerate(sums)
        ]
    else:
        steps = sorted(set(draw(st.lists(st.integers(1, 1_250_050), max_size=3))))
        told += [notice(Told.REFUNDED, id=f"until:{one}", refunded=Decimal(one) / 100) for one in steps]
    return told


def played(book: PaymentBook, deliveries: list[PaymentNotice]) -> MemoryIntake:
    intake = MemoryIntake(NOW)
    for number, one in enumerate(deliveries):
        book.accept([one], intake, NOW + timedelta(seconds=number))
    return intake


def told_of(intake: MemoryIntake) -> list[PaymentTold]:
    events = intake.events.values()
    return [PaymentTold(one.type, one.channel, one.payload) for one in events if isinstance(one.payload, PaymentEvent)]


def money(intake: MemoryIntake) -> dict[str, str]:
    return {key: kind for key, kind in intake.types().items() if key.startswith(MONEY)}


@settings(max_examples=60, deadline=None)
@given(life=lives(), data=st.data())
def test_order_doubles_and_losses_change_nothing_once_the_watcher_has_asked(
    life: list[PaymentNotice], data: st.DataObject
) -> None:
    surroundings = around()
    placed(surroundings, "shop")
    book = PaymentBook("pay", Orders("shop", surroundings.store, lambda: NOW))
    right = played(book, life)
    came = data.draw(st.lists(st.sampled_from(life), max_size=12))
    repaired = played(book, [*came, *data.draw(st.permutations(life))])  # the watcher tells all that there is
    assert money(repaired) == money(right)
    assert summed_up(told_of(repaired)) == summed_up(told_of(right))
    assert right.types()["paid:41"] == EventType.PAYMENT_SUCCEEDED
    payments = [one.said.payment for one in told_of(repaired)]
    given_back = max((one.refunded for one in payments), default=Decimal(0))
    assert summed_up(told_of(repaired)).paid == ASKED - min(given_back, ASKED)
    refunds = [one.said.payment.refund for one in told_of(repaired) if one.kind is EventType.PAYMENT_REFUNDED]
    assert sum(refunds, Decimal(0)) == given_back


@settings(max_examples=30, deadline=None)
@given(order=st.permutations([Told.HELD, Told.PAID, Told.FAILED]))
def test_a_late_word_of_an_earlier_state_is_not_told(order: list[Told]) -> None:
    surroundings = around()
    placed(surroundings, "shop")
    book = PaymentBook("pay", Orders("shop", surroundings.store, lambda: NOW))
    told = [one.type for one in played(book, [notice(one) for one in order]).events.values()]
    after = told[told.index(EventType.PAYMENT_SUCCEEDED) + 1 :]
    assert after == []
    assert EventType.PAYMENT_SUCCEEDED in told
