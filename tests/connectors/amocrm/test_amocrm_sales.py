"""Products of leads, invoices, regular customers, against the running sandbox."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from provodka.crm import (
    Customer,
    Invoice,
    InvoicePayment,
    InvoiceState,
    LeadLines,
    NewCustomer,
    NewInvoice,
    NewLead,
    ProductLine,
)
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done, Request

PUMP = ProductLine("Насос", Decimal(2), Decimal(7500), "P-100", "шт")
WIRE = ProductLine("Провод", Decimal("12.5"), Decimal(40))
PAID_AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
PRODUCTS, INVOICES = "/catalogs/4001/elements", "/catalogs/4003/elements"


@pytest.fixture
def lead(crm, ask):
    [done] = crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид"), prefix="made"))
    return done.remote_id


def unsure(requests):
    since = datetime.now(UTC) - timedelta(seconds=30)
    return [Request(one.key, one.params, since) for one in requests]


def elements(desk, path):
    found = desk.api("GET", path)
    return found["_embedded"]["elements"] if found else []


def test_products_that_are_not_there_are_made_and_the_price_becomes_their_sum(crm, desk, lead, ask):
    assert crm.lead_lines([lead, "999"]) == {lead: []}
    assert crm.set_lead_lines(ask(LeadLines(lead, (PUMP, WIRE)))) == [Done(lead)]
    assert crm.lead_lines([lead])[lead] == [PUMP, WIRE]
    assert crm.leads([lead])[lead].price == 15500
    assert len(elements(desk, PRODUCTS)) == 2


def test_known_products_are_found_by_article_else_by_name_and_keep_their_price(crm, desk, lead, ask):
    sku = {"field_code": "SKU", "values": [{"value": "P-100"}]}
    decoy = {"field_code": "DESCRIPTION", "values": [{"value": "не P-100, провод"}]}
    other, pump, wire = desk.add(
        PRODUCTS,
        {"name": "Кран", "custom_fields_values": [decoy]},
        {"name": "Насос старый", "custom_fields_values": [sku]},
        {"name": "ПРОВОД"},
    )
    crm.set_lead_lines(ask(LeadLines(lead, (PUMP, WIRE, ProductLine("провод", Decimal(1))))))
    lines = crm.lead_lines([lead])[lead]
    assert [(line.name, line.quantity, line.price) for line in lines] == [
        ("Насос старый", 2, 0),
        ("ПРОВОД", Decimal("13.5"), 0),
    ]
    assert {str(one["id"]) for one in elements(desk, PRODUCTS)} == {other, pump, wire}
    assert crm.leads([lead])[lead].price == 15500


def test_lines_set_again_replace_those_before_and_make_nothing_new(crm, desk, lead, ask):
    crm.set_lead_lines(ask(LeadLines(lead, (PUMP, WIRE))))
    before = desk.calls("POST /api/v4/leads/<id>/link")
    crm.set_lead_lines(ask(LeadLines(lead, (PUMP, WIRE))))
    assert desk.calls("POST /api/v4/leads/<id>/link") == before
    more = ProductLine("Насос", Decimal(3), Decimal(7500), "P-100", "шт")
    crm.set_lead_lines(ask(LeadLines(lead, (more,), set_price=False)))
    assert crm.lead_lines([lead])[lead] == [more]
    assert crm.leads([lead])[lead].price == 15500
    crm.set_lead_lines(ask(LeadLines(lead, ())))
    assert crm.lead_lines([lead])[lead] == []
    assert crm.leads([lead])[lead].price == 0
    assert len(elements(desk, PRODUCTS)) == 2


def test_a_product_that_the_search_does_not_show_yet_is_not_made_twice(crm, desk, lead, ask):
    desk.control("settings", {"search_delay": 60})
    crm.set_lead_lines(ask(LeadLines(lead, (PUMP,))))
    crm.set_lead_lines(ask(LeadLines(lead, (PUMP,))))
    assert len(elements(desk, PRODUCTS)) == 1


def test_a_product_whose_answer_was_lost_is_not_made_twice(make_crm, desk, ask):
    crm = make_crm(settle_seconds=20)
    [lead] = desk.add("/leads", {"name": "Сайт"})
    requests = ask(LeadLines(lead, (PUMP,)))
    desk.fault(PRODUCTS, "cut_after")
    [first] = crm.set_lead_lines(requests)
    assert isinstance(first, Ambiguous)
    [early] = crm.set_lead_lines([Request(one.key, one.params, datetime.now(UTC)) for one in requests])
    assert isinstance(early, Retryable), "the search may not show it yet"
    assert crm.set_lead_lines(unsure(requests)) == [Done(lead)]
    assert len(elements(desk, PRODUCTS)) == 1


def test_lines_of_a_lead_that_is_gone_cost_the_others_nothing(crm, lead, ask):
    gone, good = crm.set_lead_lines(ask(LeadLines("999", (PUMP,)), LeadLines(lead, (PUMP,))))
    assert isinstance(gone, Rejected)
    assert "удалили или объединили" in gone.hint
    assert good == Done(lead)


@pytest.mark.parametrize("line", [ProductLine(" ", Decimal(1)), ProductLine("Насос", Decimal(0))])
def test_a_line_of_nothing_is_refused_and_the_others_stay(crm, lead, ask, line):
    crm.set_lead_lines(ask(LeadLines(lead, (PUMP,))))
    [outcome] = crm.set_lead_lines(ask(LeadLines(lead, (line,))))
    assert isinstance(outcome, Rejected)
    assert outcome.hint
    assert crm.lead_lines([lead])[lead] == [PUMP]


def test_an_invoice_is_made_read_and_paid(crm, desk, lead, ask):
    contact = desk.contact("Мария", "+79160001122")
    new = NewInvoice("Счёт 238", lead, (PUMP, WIRE), contact_id=contact, comment="Заказ 17")
    [done] = crm.create_invoices(ask(new))
    [issued] = crm.invoices([lead, "999"])[lead]
    assert issued == Invoice(done.remote_id, "Счёт 238", InvoiceState.ISSUED, Decimal(15500), lead, None, issued.url)
    assert issued.url.endswith(done.remote_id)
    codes = {one["field_code"]: one["values"] for one in elements(desk, INVOICES)[0]["custom_fields_values"]}
    assert codes["PAYER"] == [{"value": {"entity_type": "contacts", "entity_id": int(contact)}}]
    assert codes["ITEMS"][0]["value"]["sku"] == "P-100"
    payment = InvoicePayment(done.remote_id, PAID_AT)
    assert crm.pay_invoices(ask(payment)) == [Done(done.remote_id)]
    assert crm.pay_invoices(ask(payment)) == [Done(done.remote_id)]
    [paid] = crm.invoices([lead])[lead]
    assert (paid.state, paid.paid_at) == (InvoiceState.PAID, PAID_AT)


def test_products_and_invoices_of_a_lead_are_not_mixed_up(crm, lead, ask):
    crm.create_invoices(ask(NewInvoice("Счёт 1", lead)))
    crm.set_lead_lines(ask(LeadLines(lead, (PUMP,))))
    crm.set_lead_lines(ask(LeadLines(lead, ())))
    assert [one.title for one in crm.invoices([lead])[lead]] == ["Счёт 1"]


@pytest.mark.parametrize(
    ("path", "kind", "found"),
    [(INVOICES, "cut_after", True), (INVOICES, "cut_before", False), ("/leads/{id}/link", "cut_before", True)],
)
def test_an_invoice_whose_answer_was_lost_is_not_made_twice(crm, desk, lead, ask, path, kind, found):
    requests = ask(NewInvoice("Счёт 238", lead, (PUMP,)))
    desk.fault(path.format(id=lead), kind)
    assert isinstance(crm.create_invoices(requests)[0], Ambiguous)
    [again] = crm.create_invoices(unsure(requests))
    assert again.found == found
    assert [one.id for one in crm.invoices([lead])[lead]] == [again.remote_id]
    assert len(elements(desk, INVOICES)) == 1


def test_bad_invoices_cost_the_good_one_nothing(crm, lead, ask):
    gone, good, nameless = crm.create_invoices(
        ask(NewInvoice("Счёт 1", "999"), NewInvoice("Счёт 2", lead), NewInvoice(" ", lead))
    )
    assert isinstance(nameless, Rejected)
    assert "нет названия" in nameless.hint
    assert isinstance(gone, Rejected)
    assert "удалили или объединили" in gone.hint
    assert isinstance(good, Done)
    paid, missing = crm.pay_invoices(ask(InvoicePayment(good.remote_id, PAID_AT), InvoicePayment("999", PAID_AT)))
    assert paid == Done(good.remote_id)
    assert isinstance(missing, Rejected)
    assert "Счёта нет" in missing.hint


def test_an_account_without_invoices_says_so(crm, lead, ask):
    crm._room.directory.keep("catalogs", dict)
    [outcome] = crm.create_invoices(ask(NewInvoice("Счёт 1", lead)))
    assert isinstance(outcome, Rejected)
    assert "выключены счета" in outcome.hint


def test_a_contact_becomes_a_regular_customer(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    new = NewCustomer("Мария, обслуживание", contact, "ivan@krovlya.ru", PAID_AT, Decimal(5000), ("опт",))
    [done] = crm.create_customers(ask(new))
    found = crm.customers([contact, "999"])
    assert found == {
        contact: [
            Customer(done.remote_id, "Мария, обслуживание", (contact,), "ivan@krovlya.ru", PAID_AT, Decimal(5000))
        ]
    }


@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_a_customer_whose_answer_was_lost_is_not_made_twice(crm, desk, ask, kind):
    contact = desk.contact("Мария", "+79160001122")
    requests = ask(NewCustomer("Мария", contact))
    desk.fault("/customers", kind)
    assert isinstance(crm.create_customers(requests)[0], Ambiguous)
    [again] = crm.create_customers(unsure(requests))
    assert again.found == (kind == "cut_after")
    assert len(crm.customers([contact])[contact]) == 1


def test_bad_customers_are_told_one_by_one(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    gone, user, good = crm.create_customers(
        ask(NewCustomer("а", "999"), NewCustomer("б", contact, "old@krovlya.ru"), NewCustomer("в", contact))
    )
    assert isinstance(gone, Rejected)
    assert "удалили или объединили" in gone.hint
    assert isinstance(user, Rejected)
    assert "отключён" in user.hint
    assert isinstance(good, Done)


def test_where_customers_are_switched_off_the_hint_says_so(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    desk.api("PATCH", "/customers/mode", {"mode": "segments", "is_enabled": False})
    [outcome] = crm.create_customers(ask(NewCustomer("Мария", contact)))
    assert isinstance(outcome, Rejected)
    assert "«Покупатели»" in outcome.hint
