"""What rules do with an invoice of 1C that is there: order, cancel, print, and have the CRM follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from provodka.accounting import NewCounterparty, PartyKind
from provodka.crm import CardKind, Invoice, InvoicePayment, InvoiceState, ProductLine
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.invoices import InvoiceLine
from provodka.operation import Done, Postponed
from rules.actions.sources import invoice_lines
from tests.rules.onec import INN, KPP, SCREW, TILE, Books
from tests.rules.world import NOW, delivery, plan_of


@pytest.fixture
def books() -> Books:
    return Books()


# order


@pytest.mark.shows("S3-33")
def test_a_payment_makes_the_order_of_its_own_invoice(books: Books) -> None:
    first = books.issued()
    books.issued(again=True)
    outcome = books.done("place_order", {}, books.told("invoice.paid", first))
    assert outcome.values["sale"] == "17:1"
    assert books.look() == ["order.created"]
    assert [one.order is not None for one in books.sales()] == [True, False]


def test_without_an_event_of_1c_it_is_of_the_newest_invoice_that_is_not_cancelled(books: Books) -> None:
    books.issued()
    books.issued(again=True)
    books.done("cancel_invoice", {}, books.staged("c"))
    books.look()
    assert books.done("place_order").values["sale"] == "17:1"


def test_what_1c_has_refused_to_issue_does_not_hide_what_it_has_issued(books: Books) -> None:
    books.issued()
    books.road.breaks = [Rejected("the period is closed")]
    books.around.products["17"] = [SCREW]
    assert isinstance(books.do("issue_invoice", {}, books.staged("e8")), Rejected)
    assert [one.id for one in books.sales()] == ["17:1", "17:2"]
    assert books.done("place_order").values["sale"] == "17:1"
    assert books.done("print", {}, books.staged("e9")).values["sale"] == "17:1"
    ((line, _),) = [sent.lines for (sent,) in _products(books)]
    assert line == TILE


def _products(books: Books) -> Any:
    books.done("products", {"from": "invoice"}, books.staged("e10"))
    return books.around.calls("set_lead_lines")


def test_the_order_that_is_there_stays_the_only_one(books: Books) -> None:
    books.issued()
    books.done("place_order")
    books.look()
    again = books.done("place_order", {}, books.staged("e2"))
    assert (again.found, again.values["reason"]) == (True, "the order is there already")
    assert books.road.writes == 3


def test_a_lost_answer_makes_no_second_order(books: Books) -> None:
    books.issued()
    books.road.breaks, books.road.late = [Ambiguous("cut off")], True
    assert isinstance(books.do("place_order"), Ambiguous)
    assert books.done("place_order", unsure_since=NOW).found
    assert books.look() == ["order.created"]


def test_without_an_invoice_or_out_of_a_cancelled_one_there_is_no_order(books: Books) -> None:
    outcome = books.do("place_order")
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "У сделки нет счёта в 1С: поставьте перед этим действием issue_invoice"
    books.issued()
    books.done("cancel_invoice", {}, books.staged("c"))
    books.look()
    outcome = books.do("place_order", {}, books.staged("e2"))
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "Счёт отменён: выставьте новый действием issue_invoice"


def test_out_of_an_invoice_that_1c_has_refused_there_is_no_order(books: Books) -> None:
    books.road.parties["ref"] = NewCounterparty("", PartyKind.LEGAL, "Ромашка", inn=INN, kpp=KPP)
    books.road.breaks = [Rejected("the period is closed")]
    assert isinstance(books.do("issue_invoice", {}, books.staged("e8")), Rejected)
    outcome = books.do("place_order")
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "1С ещё не выставила счёт: посмотрите, чем кончилось действие issue_invoice"
    books.done("cancel_invoice", {}, books.staged("e9"))
    assert books.look() == ["invoice.requested", "counterparty.ready", "invoice.cancelled"]


# cancel


def test_an_invoice_is_cancelled_once(books: Books) -> None:
    books.issued()
    books.done("cancel_invoice")
    assert books.look() == ["invoice.cancelled"]
    assert books.done("cancel_invoice", {}, books.staged("e2")).found


def test_what_was_paid_only_an_accountant_takes_back(books: Books) -> None:
    books.issued()
    books.pay("10")
    outcome = books.do("cancel_invoice")
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "Счёт 1 оплачен или отгружен: отменить его может только бухгалтер в 1С"


# print


@pytest.mark.shows("S3-34")
def test_the_printed_form_is_hung_on_the_card_once(books: Books) -> None:
    invoice = books.issued()
    event = books.told("invoice.issued", invoice)
    outcome = books.done("print", {"name": "Счёт {{ invoice.short }} для {{ invoice.buyer }}"}, event)
    assert outcome.values["files"] == "Счёт 1 для ООО «Ромашка».pdf"
    ((new,),) = books.around.calls("attach_files")
    assert (new.card.kind, new.card.id, new.file.content_type) == (CardKind.LEAD, "17", "application/pdf")
    assert books.kept == {"Счёт 1 для ООО «Ромашка».pdf": b"%PDF-"}
    books.road.prints = False
    assert isinstance(books.do("print", {"name": "Счёт {{ invoice.short }}"}, event, unsure_since=NOW), Done)
    assert len(books.around.made) == 1


def test_without_a_name_it_has_that_of_1c(books: Books) -> None:
    books.issued()
    assert books.done("print").values["files"] == "Счёт 1.pdf"


def test_a_form_that_is_not_there_yet_is_waited_for_ever_more_seldom(books: Books) -> None:
    books.issued()
    books.road.prints = False
    event = books.staged()
    pauses = []
    while isinstance(outcome := books.do("print", {"within": "1d"}, event), Postponed):
        assert outcome.reason == "accounting has no printed form of the invoice yet"
        pauses.append(outcome.until - books.now)
        books.now = outcome.until
    assert isinstance(outcome, Rejected)
    assert outcome.hint.startswith("1С не дала печатную форму счёта")
    assert pauses[0] == timedelta(seconds=15)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert sum(pauses, timedelta()) == timedelta(days=1)
    assert len(pauses) < 50


def test_what_1c_cannot_print_now_is_told_as_its_trouble(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.issued()

    def broken(*_: object) -> None:
        raise Retryable("no free session")

    monkeypatch.setattr(books.road, "printed", broken)
    outcome = books.do("print")
    assert isinstance(outcome, Retryable)
    assert outcome.system == "1c"


# the CRM follows


@pytest.mark.shows("S2-41", "S3-34")
def test_the_products_of_the_lead_become_those_of_the_invoice(books: Books) -> None:
    invoice = books.issued()
    lines = tuple(
        replace(one, quantity=Decimal(2), amount=one.price * 2) for one in books.road.papers[invoice.ref].lines
    )
    books.road.change(invoice.ref, lines=lines, amount=Decimal("1001.30"))
    books.look("sale:17:1")
    outcome = books.done("products", {"from": "invoice"}, books.told("invoice.changed", invoice))
    assert outcome.values["lead_id"] == "17"
    ((sent,),) = books.around.calls("set_lead_lines")
    assert sent.set_price
    assert sent.lines == (replace(TILE, quantity=Decimal(2)), replace(SCREW, quantity=Decimal(2)))


def test_a_lead_without_an_invoice_keeps_its_products(books: Books) -> None:
    for step in ({"products": {"from": "invoice"}}, {"invoice": {"title": "Счёт", "from": "invoice"}}):
        ((name, params),) = step.items()
        assert books.done(name, params).values["reason"] == "the lead has no invoice in accounting"
    assert books.around.calls("set_lead_lines") == books.around.calls("create_invoices") == []


def test_the_crms_own_invoice_has_the_lines_and_the_number_of_1c(books: Books) -> None:
    event = books.told("invoice.issued", books.issued())
    books.done("invoice", {"title": "Счёт {{ invoice.short }}", "from": "invoice"}, event)
    ((new,),) = books.around.calls("create_invoices")
    assert (new.title, [(one.name, one.quantity, one.price) for one in new.lines]) == (
        "Счёт 1",
        [("Черепица", 10, Decimal("500.55")), ("Саморез", 3, Decimal("0.10"))],
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            InvoiceLine("А", Decimal(3), Decimal(10), Decimal(30), sku="a"),
            ProductLine("А", Decimal(3), Decimal(10), "a"),
        ),
        (InvoiceLine("А", Decimal(4), Decimal(10), Decimal(36)), ProductLine("А", Decimal(4), Decimal(9))),
        (InvoiceLine("А", Decimal(3), Decimal(10), Decimal(28)), ProductLine("А, 3 шт", Decimal(1), Decimal(28))),
        (
            InvoiceLine("А", Decimal("2.50"), Decimal(10), Decimal("24.99"), unit="м"),
            ProductLine("А, 2.5 м", Decimal(1), Decimal("24.99")),
        ),
    ],
)
def test_a_discount_of_1c_costs_the_sum_no_kopeck(line: InvoiceLine, expected: ProductLine) -> None:
    (found,) = invoice_lines([line])
    assert found == expected
    assert found.price * found.quantity == line.amount


def test_the_crms_own_invoice_is_paid_when_1c_says_so(books: Books) -> None:
    books.issued()
    books.pay("5005.80")
    books.around.bills["17"] = [
        Invoice("i0", "Счёт 2", InvoiceState.ISSUED),
        Invoice("i1", "счёт 1", InvoiceState.ISSUED),
    ]
    event = books.told("invoice.paid", books.sales()[-1])
    step = {"title": "Счёт {{ invoice.short }}"}
    books.done("pay_invoice", step, event)
    paid_at = books.sales()[-1].payments[0].date
    assert paid_at is not None
    assert books.around.calls("pay_invoices") == [[InvoicePayment("i1", paid_at)]]
    books.around.bills["17"] = [Invoice("i1", "Счёт 1", InvoiceState.PAID)]
    again = books.done("pay_invoice", step, replace(event, id="i2"))
    assert (again.found, again.values["reason"]) == (True, "it is paid already")


def test_what_is_paid_in_part_is_not_paid(books: Books) -> None:
    books.issued()
    books.pay("5005.79")
    outcome = books.done("pay_invoice", {"title": "Счёт"}, books.told("invoice.partly_paid", books.sales()[-1]))
    assert outcome.values["reason"] == "invoice 1 is not paid in full: 5005.79 of 5005.80"
    assert books.around.calls("pay_invoices") == []


def test_an_invoice_that_the_crm_does_not_have_is_named(books: Books) -> None:
    outcome = books.do("pay_invoice", {"title": "Счёт 5"})
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "В сделке нет счёта «Счёт 5»: создайте его действием invoice на событие invoice.issued"


# all of them


@pytest.mark.parametrize("name", ["place_order", "cancel_invoice", "print"])
def test_a_lead_that_was_deleted_does_not_keep_the_sale_from_going_on(books: Books, name: str) -> None:
    event = books.told("invoice.paid", books.issued())
    del books.around.lead_cards["17"]
    event = replace(event, payload=replace(event.payload, lead=None))
    assert isinstance(books.do(name, {}, event), Done)


@pytest.mark.parametrize("name", ["place_order", "cancel_invoice", "print"])
def test_a_step_behind_a_maker_is_about_the_makers_lead(books: Books, name: str) -> None:
    event = books.told("invoice.paid", books.issued())
    outcome = books.do(name, {}, event, needed={"lead_id": "18"})
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "lead 18 has no invoice in accounting"


def test_batches_are_answered_in_their_order(books: Books) -> None:
    invoice = books.issued()
    events: list[Any] = [books.told("invoice.paid", invoice), books.staged("e2", "17")]
    items = [delivery(plan_of({"place_order": {}}, event=event).actions[0], event) for event in events]
    outcomes = books.deliver_items(items, "place_order")
    assert [outcome.values["sale"] for outcome in outcomes if isinstance(outcome, Done)] == ["17:1", "17:1"]
