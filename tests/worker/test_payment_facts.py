"""What has been paid for a lead, as rules see it: over all its payments, whichever of them the event is about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from provodka.event import Event
from provodka.invoices import InvoiceRef
from provodka.journal.paid import PaymentTold
from provodka.payloads import EventType, Payment, PaymentEvent, Person
from tests.rules.world import CALENDAR, make_rule
from tests.worker.office import Office
from worker.facts import LiveFacts
from worker.facts.money import summed_up

PAYER = Person(phones=("+79160001122",))
TEXT = "{{ payments.paid }} из {{ payments.total }}, осталось {{ payment.left }} ({{ payments.count }})"


def pay(office: Office, kind: str, id_: str, amount: str = "0", lead: str = "17", **more: Any) -> Event:
    payment = {"id": id_, "order": id_, "amount": amount, **more}
    return office.happens(f"payment.{kind}", PAYER, channel="pay", payment=payment, lead_id=lead)


def told(office: Office, *events: Event) -> list[str]:
    return [text for event in events for a in office.actions(event) if (text := json.loads(a.params).get("text"))]


def test_parts_add_up_refunds_are_taken_off_and_other_leads_do_not_count(office: Office) -> None:
    types = ["payment.requested", "payment.succeeded", "payment.refunded"]
    office.open(*(make_rule({"note": {"text": TEXT}}, on=kind, name=kind) for kind in types))
    asked = pay(office, "requested", "1", asked="300", total="1000")
    office.work()
    first = pay(office, "succeeded", "1", "300", asked="300")
    office.work()
    pay(office, "succeeded", "9", "5000", lead="18", asked="5000")
    second = pay(office, "succeeded", "2", "700")
    office.work()
    back = pay(office, "refunded", "2", "700", refunded="100.50", refund="100.50")
    office.work()
    assert told(office, asked, first, second, back) == [
        "0 из 1000, осталось 1000 (0)",
        "300 из 1000, осталось 700 (1)",
        "1000 из 1000, осталось 0 (2)",
        "899.50 из 1000, осталось 100.50 (2)",
    ]


def test_an_event_that_is_none_of_payments_sees_what_is_left(office: Office) -> None:
    office.open(make_rule({"note": {"text": "{{ payments.left }}"}}, on="payment.requested", wait="1d"))
    asked = pay(office, "requested", "1", asked="300", total="1000")
    office.later(hours=1)
    pay(office, "succeeded", "1", "300")
    office.later(days=2)
    assert told(office, asked) == ["700"]


class Books:
    """Accounting with two sales of a lead."""

    def sales(self, lead_ids: Sequence[str]) -> dict[str, list[InvoiceRef]]:
        return {one: [InvoiceRef(f"{one}:{n}", one, amount=Decimal(n * 100)) for n in (1, 2)] for one in lead_ids}

    def asked(self, lead_ids: Sequence[str]) -> dict[str, list[Any]]:
        return {one: [] for one in lead_ids}


def test_a_payment_for_an_invoice_of_accounting_reads_that_invoice_and_counts_for_it_alone(office: Office) -> None:
    payment = {"id": "1", "order": "1", "amount": "60", "asked": "60"}
    office.open(make_rule({"note": {"text": "х"}}, on="payment.failed"))
    office.happens("payment.succeeded", PAYER, payment={**payment, "id": "2"}, lead_id="17", invoice_id="17:2")
    event = office.happens("payment.succeeded", PAYER, payment=payment, lead_id="17", invoice_id="17:1")
    office.work()
    facts = LiveFacts(event, office.journal, office.crm, office.team, CALENDAR, accounting=Books())  # type: ignore[arg-type]
    assert facts.fetch("invoice").id == "17:1"
    assert (facts.fetch("payment.paid"), facts.fetch("payment.left")) == (Decimal(60), Decimal(40))


def of(kind: str, channel: str = "shop", **payment: Any) -> PaymentTold:
    return PaymentTold(EventType(f"payment.{kind}"), channel, PaymentEvent(Payment(**payment), "17"))


def test_two_shops_that_give_out_the_same_numbers_have_payments_of_their_own() -> None:
    links = [of("requested", shop, order="1", asked=Decimal(asked)) for shop, asked in (("one", 5), ("other", 7))]
    assert summed_up(links).waiting == 2
    found = summed_up([*links, of("succeeded", "one", id="shop-1", order="1", amount=Decimal(5))])
    assert (found.count, found.paid, found.waiting) == (1, Decimal(5), 1)
    found = summed_up(
        [of("succeeded", shop, id="1", amount=Decimal(paid)) for shop, paid in (("one", 5), ("other", 7))]
    )
    assert (found.count, found.paid) == (2, Decimal(12))


def test_payments_of_other_currencies_and_without_money_do_not_count() -> None:
    found = summed_up(
        [
            of("differs", id="1", amount=Decimal(100), currency="KZT"),
            of("differs", id="2", amount=Decimal(100), test=True, trial=True),
            of("differs", id="3", amount=Decimal(70)),
            of("failed", id="4", amount=Decimal(100)),
            of("unmatched", id="5", amount=Decimal(100)),
        ],
        Decimal(100),
    )
    assert (found.count, found.paid, found.left) == (1, Decimal(70), Decimal(30))


def test_a_payment_of_another_sum_counts_in_a_trial_shop_as_well() -> None:
    found = summed_up([of("differs", id="1", amount=Decimal(101), test=True)], Decimal(200))
    assert (found.count, found.paid, found.left) == (1, Decimal(101), Decimal(99))


def test_a_link_that_nobody_has_paid_by_is_waiting() -> None:
    found = summed_up([of("requested", order="1", asked=Decimal(5)), of("requested", order="2", asked=Decimal(7))])
    assert (found.waiting, found.total, found.left) == (2, Decimal(7), Decimal(7))
