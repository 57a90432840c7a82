"""Invoices that rules ask of 1C: for what, once, to the kopeck; and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from provodka.accounting import NewCounterparty, PartyKind
from provodka.crm import Company, ProductLine
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done
from provodka.payloads import LeadRef
from tests.rules.onec import INN, KPP, SCREW, TILE, Books
from tests.rules.world import NOW, delivery, make_event, plan_of

ORDER = {"id": "238", "lines": [{"name": "Окно", "quantity": 2, "price": "4500.05", "amount": 9000.1, "sku": "OK-60"}]}


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.mark.shows("S3-33", "S0-60")
def test_the_products_of_the_lead_become_an_invoice_for_its_company(books: Books) -> None:
    outcome = books.done("issue_invoice", {"comment": "Сделка {{ lead.title }}"})
    assert {name: outcome.values[name] for name in ("lead_id", "sale", "number", "amount", "system")} == {
        "lead_id": "17",
        "sale": "17:1",
        "number": "00БП-000001",
        "amount": "5005.80",
        "system": "1c",
    }
    assert outcome.values["counterparty"] in books.road.parties
    assert books.look() == ["invoice.requested", "counterparty.ready", "invoice.issued"]
    (invoice,) = books.sales()
    assert [(one.name, one.quantity, one.price, one.amount, one.vat) for one in invoice.lines] == [
        ("Черепица", 10, Decimal("500.55"), Decimal("5005.50"), "22"),
        ("Саморез", 3, Decimal("0.10"), Decimal("0.30"), "22"),
    ]
    assert [one.vat_amount for one in invoice.lines] == [Decimal("902.63"), Decimal("0.05")]
    (paper,) = books.road.papers.values()
    assert paper.mark == "fake:lead:17:invoice:1"
    ((asked,),) = books.accounting.asked(["17"]).values()
    assert (asked.mark, asked.buyer, asked.inn, asked.amount) == (paper.mark, "ООО «Ромашка»", INN, invoice.amount)


def test_the_second_invoice_of_a_lead_has_the_second_number(books: Books) -> None:
    books.issued()
    books.around.products["17"] = [TILE]
    assert books.issued().id == "17:2"
    assert [one.id for one in books.sales()] == ["17:1", "17:2"]


def test_the_same_again_is_found_and_nothing_is_made_anew(books: Books) -> None:
    first = books.issued()
    outcome = books.done("issue_invoice", {}, books.staged("e9"))
    assert (outcome.found, outcome.remote_id) == (True, first.ref)
    assert outcome.values["reason"] == "there is one for the same already"
    assert books.done("issue_invoice", {"again": True}, books.staged("e10")).values["sale"] == "17:2"


def test_what_1c_made_of_the_lines_and_rules_wrote_back_is_the_same_still(books: Books) -> None:
    first = books.issued()
    lines = [
        replace(one, name=one.name.upper(), sku=f"НФ-{at}") for at, one in enumerate(books.road.papers[first.ref].lines)
    ]
    books.road.change(first.ref, lines=tuple(lines))
    assert books.look("sale:17:1") == ["invoice.changed"]
    books.around.products["17"] = [ProductLine(one.name, one.quantity, one.price, one.sku) for one in lines]
    assert books.done("issue_invoice", {}, books.staged("e9")).found
    books.around.products["17"] = [ProductLine(one.name, one.quantity, one.price) for one in lines]
    assert books.done("issue_invoice", {}, books.staged("e10")).found


def test_for_another_buyer_it_is_another_invoice(books: Books) -> None:
    books.issued()
    books.firm(Company("9", "Василёк", "7707083893", KPP))
    assert not books.done("issue_invoice", {}, books.staged("e9")).found


def test_a_cancelled_invoice_is_in_nobodys_way(books: Books) -> None:
    books.issued()
    books.done("cancel_invoice", {}, books.staged("e8"))
    books.look()
    assert books.done("issue_invoice", {"if_changed": "refuse"}, books.staged("e9")).values["sale"] == "17:2"


def test_for_something_else_a_new_one_is_refused_or_takes_the_place_of_the_old(books: Books) -> None:
    books.issued()
    books.around.products["17"] = [SCREW]
    outcome = books.do("issue_invoice", {"if_changed": "refuse"}, books.staged("e8"))
    assert isinstance(outcome, Rejected)
    assert outcome.hint == (
        "У сделки есть счёт 1 на 5 005,80 ₽ на другое: отмените его (cancel_invoice) или укажите if_changed: replace"
    ).replace("5 005,80 ₽", "5\xa0005,80\xa0₽")
    replaced = books.done("issue_invoice", {"if_changed": "replace"}, books.staged("e9"))
    assert (replaced.values["sale"], replaced.values["reason"]) == ("17:2", "replaces 1")
    assert books.look() == ["invoice.cancelled", "invoice.requested", "counterparty.ready", "invoice.issued"]
    assert [one.state for one in books.sales()] == ["cancelled", "issued"]


def test_what_has_been_paid_is_not_replaced(books: Books) -> None:
    books.issued()
    books.pay("1000")
    books.around.products["17"] = [SCREW]
    outcome = books.do("issue_invoice", {"if_changed": "replace"}, books.staged("e9"))
    assert isinstance(outcome, Rejected)
    assert "уже есть оплата или отгрузка" in outcome.hint
    assert books.sales()[0].state == "partly_paid"


@pytest.mark.parametrize("price", ["0", "5005.80"])
def test_the_sum_is_the_price_of_the_lead_where_it_has_one(books: Books, price: str) -> None:
    books.price(price)
    books.done("issue_invoice")


def test_a_kopeck_of_difference_is_named(books: Books) -> None:
    books.price("5005.81")
    outcome = books.do("issue_invoice")
    assert isinstance(outcome, Rejected)
    assert outcome.hint.replace("\xa0", " ") == (
        "Сумма счёта 5 005,80 ₽, бюджет сделки 5 005,81 ₽: разница 0,01 ₽. Приведите товары и бюджет к одному"
    )
    assert books.done("issue_invoice", {"check_sum": False}, books.staged("e2")).values["amount"] == "5005.80"


def test_a_crm_that_keeps_no_kopecks_is_asked_for_none(books: Books) -> None:
    books.around.no_kopecks = True
    books.price("5005")
    assert isinstance(books.do("issue_invoice"), Rejected)
    books.price("5006")
    books.done("issue_invoice", {}, books.staged("e2"))


def test_vat_comes_on_top_where_the_client_sells_so() -> None:
    books = Books(vat_included=False, vat=10)
    books.price("5005.80")
    assert books.done("issue_invoice").values["amount"] == "5506.38"
    books.price("5506.38")
    assert books.done("issue_invoice", {"again": True}, books.staged("e2")).values["sale"] == "17:2"


@pytest.mark.parametrize(
    ("vat", "amount"), [(22, "902.68"), (10, "455.08"), (5, "238.37"), (0, "0.00"), ("none", "0.00")]
)
def test_the_rule_may_name_the_rate(books: Books, vat: Any, amount: str) -> None:
    assert sum(one.vat_amount for one in books.issued(vat=vat).lines) == Decimal(amount)


def test_an_order_of_a_form_and_lines_of_the_rule_are_invoiced_too(books: Books) -> None:
    event = make_event(form={"fields": {"n": "3"}}, order=ORDER)
    assert books.done("issue_invoice", {"from": "order"}, event).values["amount"] == "9000.10"
    lines = [{"name": "Замер", "quantity": "{{ form.fields.n }}", "price": "1 000,50"}]
    event = replace(event, id="e2")
    assert books.done("issue_invoice", {"lines": lines}, event).values["amount"] == "3001.50"


def test_a_form_without_an_order_is_no_reason_for_an_invoice(books: Books) -> None:
    assert books.done("issue_invoice", {"from": "order"}, make_event()).values["reason"] == "the event brought no order"
    assert books.around.names == []


def test_a_lost_answer_makes_no_second_invoice(books: Books) -> None:
    books.road.parties["ref"] = NewCounterparty("", PartyKind.LEGAL, "Ромашка", inn=INN, kpp=KPP)
    books.road.breaks, books.road.late = [Ambiguous("cut off")], True
    assert isinstance(books.do("issue_invoice"), Ambiguous)
    books.around.products["17"] = []  # what was decided is sent again, whatever has become of the lead
    again = books.done("issue_invoice", unsure_since=NOW)
    assert (again.found, again.values["sale"]) == (True, "17:1")
    assert len(books.road.papers) == 1
    assert books.look() == ["invoice.requested", "counterparty.ready", "invoice.issued"]


def test_a_lock_of_1c_is_waited_for_with_the_number_that_was_taken(books: Books) -> None:
    books.road.parties["ref"] = NewCounterparty("", PartyKind.LEGAL, "Ромашка", inn=INN, kpp=KPP)
    books.road.breaks = [Retryable("locked", wait=5)]
    outcome = books.do("issue_invoice")
    assert isinstance(outcome, Retryable)
    assert outcome.system == "1c"
    assert books.hinted == {}
    assert books.done("issue_invoice").values["sale"] == "17:1"


def test_what_1c_has_refused_is_asked_for_again_under_its_own_number(books: Books) -> None:
    books.road.parties["ref"] = NewCounterparty("", PartyKind.LEGAL, "Ромашка", inn=INN, kpp=KPP)
    books.road.breaks = [Rejected("the period is closed")]
    assert isinstance(books.do("issue_invoice"), Rejected)
    again = books.done("issue_invoice", {"if_changed": "refuse"}, books.staged("e2"))
    assert (again.found, again.values["sale"]) == (False, "17:1")
    assert len(books.road.papers) == 1


@pytest.mark.parametrize("if_changed", ["new", "refuse", "replace"])
def test_what_1c_has_refused_is_in_nobodys_way(books: Books, if_changed: str) -> None:
    books.road.parties["ref"] = NewCounterparty("", PartyKind.LEGAL, "Ромашка", inn=INN, kpp=KPP)
    books.road.breaks = [Rejected("the period is closed")]
    assert isinstance(books.do("issue_invoice"), Rejected)
    books.around.products["17"] = [SCREW]
    assert books.done("issue_invoice", {"if_changed": if_changed}, books.staged("e2")).values["sale"] == "17:2"
    assert len(books.road.papers) == 1


def test_two_for_one_lead_in_one_batch_come_one_after_the_other(books: Books) -> None:
    events = [books.staged("e1"), books.staged("e2")]
    items = [delivery(plan_of({"issue_invoice": {}}, event=event).actions[0], event) for event in events]
    first, second = books.deliver_items(items, "issue_invoice")
    assert isinstance(first, Done)
    assert isinstance(second, Retryable)
    assert books.done("issue_invoice", {}, events[1]).found


def test_a_number_that_another_lane_has_taken_meanwhile_is_not_taken_for_ones_own(books: Books) -> None:
    event = books.staged("e1")
    (action,) = plan_of({"issue_invoice": {}}, event=event).actions
    books.road.parties["ref"] = NewCounterparty("", PartyKind.LEGAL, "Ромашка", inn=INN, kpp=KPP)
    decided = {action.key: books_decision(books, event)}
    books.around.products["17"] = [SCREW]
    books.issued()
    (outcome,) = books.deliver_items([delivery(action, event, frozen=decided[action.key])], "issue_invoice")
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "Пока счёт выставлялся, сделке выставили другой: сверьте его и выставьте ещё раз"
    assert len(books.road.papers) == 1


def books_decision(books: Books, event: Any) -> Any:
    """What an attempt that was killed before it sent anything has frozen."""
    (action,) = plan_of({"issue_invoice": {}}, event=event).actions
    other = Books()
    other.deliver_items([delivery(action, event)], "issue_invoice")
    assert books.road.writes == 0
    return other.frozen[action.key]


def test_one_bad_lead_costs_the_others_of_its_batch_nothing(books: Books) -> None:
    books.card(LeadRef("18", "Забор", company="9"))
    books.card(LeadRef("17", "Крыша", company="9"))
    events = [books.staged("e1", "18"), books.staged("e2", "17")]
    items = [delivery(plan_of({"issue_invoice": {}}, event=event).actions[0], event) for event in events]
    bad, good = books.deliver_items(items, "issue_invoice")
    assert isinstance(bad, Rejected)
    assert isinstance(good, Done)
