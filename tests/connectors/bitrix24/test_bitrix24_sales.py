"""Product rows, invoices, customers and incoming requests of the running portal."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from provodka.crm import (
    NOT_OFFERED,
    InvoicePayment,
    InvoiceState,
    LeadLines,
    NewCustomer,
    NewInvoice,
    ProductLine,
    RequestAcceptance,
    RequestDecline,
    RequestKind,
)
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done
from tests.connectors.follower import Follower

TILE = ProductLine("Черепица", Decimal(10), Decimal(500), "A-17", "шт")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def price(crm, lead):
    return crm.leads([lead])[lead].price


def test_the_rows_of_a_lead_are_these_and_no_others_and_set_its_price(crm, desk, ask):
    lead = desk.lead(opportunity=7, isManualOpportunity="Y")
    lines = (TILE, TILE, ProductLine("Монтаж", Decimal("2.5"), Decimal(1000), unit="м"))
    for _ in range(2):
        assert crm.set_lead_lines(ask(LeadLines(lead, lines))) == [Done(lead)]
    tile, work = crm.lead_lines([lead, "999"])[lead]
    assert (tile.name, tile.sku, tile.quantity, tile.price) == ("Черепица", "A-17", Decimal(20), Decimal(500))
    assert (work.name, work.sku, work.quantity) == ("Монтаж", "", Decimal("2.5"))
    assert price(crm, lead) == Decimal(12500)
    assert set(crm.lead_lines([lead, "999"])) == {lead}


def test_a_price_set_by_hand_stays_where_the_lines_are_not_to_set_it(deals, desk, ask):
    by_hand, by_rows = desk.lead(2, opportunity=700, isManualOpportunity="Y"), desk.lead(2)
    deals.set_lead_lines(ask(LeadLines(by_rows, (TILE,))))
    lines = (TILE, ProductLine("Монтаж", price=Decimal(1)))
    wanted = [LeadLines(one, lines, set_price=False) for one in (by_hand, by_rows)]
    assert deals.set_lead_lines(ask(*wanted)) == [Done(by_hand), Done(by_rows)]
    assert [price(deals, one) for one in (by_hand, by_rows)] == [Decimal(700), Decimal(5000)]


def test_rows_without_prices_leave_the_price_alone_and_no_rows_make_it_nothing(crm, desk, ask):
    lead = desk.lead(opportunity=700, isManualOpportunity="Y")
    crm.set_lead_lines(ask(LeadLines(lead, (ProductLine("Замер"),))))
    assert price(crm, lead) == Decimal(700)
    crm.set_lead_lines(ask(LeadLines(lead, ())))
    assert (crm.lead_lines([lead])[lead], price(crm, lead)) == ([], Decimal(0))


def test_bad_lines_cost_the_good_ones_nothing(crm, desk, ask):
    lead = desk.lead()
    nothing, gone, good = crm.set_lead_lines(
        ask(LeadLines(lead, (ProductLine(" "),)), LeadLines("999", (TILE,)), LeadLines(lead, (TILE,)))
    )
    assert "ни артикула, ни названия" in nothing.hint
    assert isinstance(gone, Rejected)
    assert good == Done(lead)


def test_a_price_that_our_rows_set_is_no_news(crm, desk, ask, store):
    lead = desk.lead()
    follower = Follower(crm, store)
    follower.hint(f"lead:{lead}")
    crm.set_lead_lines(ask(LeadLines(lead, (TILE,))))
    assert follower.hint(f"lead:{lead}") == []


def test_an_invoice_of_a_deal_is_made_read_and_paid(deals, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    firm = str(desk.rest("crm.company.add", fields={"TITLE": "Ромашка"}))
    deal = desk.lead(2, assignedById=5)
    [done] = deals.create_invoices(ask(NewInvoice("Счёт 238", deal, (TILE,), contact, firm, "Доставка отдельно")))
    row = desk.rest("crm.item.get", entityTypeId=31, id=done.remote_id)["item"]
    assert (str(row["companyId"]), [str(one) for one in row["contactIds"]]) == (firm, [contact])
    assert (row["comments"], row["assignedById"]) == ("Доставка отдельно", 5)
    [invoice] = deals.invoices([deal, "999"])[deal]
    assert (invoice.id, invoice.title, invoice.state) == (done.remote_id, "Счёт 238", InvoiceState.ISSUED)
    assert (invoice.amount, invoice.lead_id, invoice.paid_at) == (Decimal(5000), deal, None)
    for _ in range(2):
        assert deals.pay_invoices(ask(InvoicePayment(done.remote_id, NOW))) == [Done(done.remote_id)]
    [paid] = deals.invoices([deal])[deal]
    assert paid.state is InvoiceState.PAID
    assert paid.paid_at is not None
    assert "/crm/type/31/details/" in paid.url


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_an_invoice_whose_answer_was_lost_is_made_once_with_its_rows(deals, desk, ask, kind):
    deal = desk.lead(2)
    wanted = NewInvoice("Счёт 238", deal, (TILE,))
    deals.invoices([deal])
    began = datetime.now(UTC)
    desk.fault("delay", seconds=0)  # of the look at the deal
    desk.fault(kind)
    assert type(deals.create_invoices(ask(wanted))[0]) is Ambiguous
    [again] = deals.create_invoices(ask(wanted, since=began))
    assert again.found is (kind == "cut_after")
    [invoice] = deals.invoices([deal])[deal]
    assert (invoice.id, invoice.amount) == (again.remote_id, Decimal(5000))


def test_an_invoice_of_nothing_of_nobody_or_of_a_lead_is_refused(deals, crm, desk, ask):
    deal = desk.lead(2)
    title, gone, line, foreign, good = deals.create_invoices(
        ask(
            NewInvoice(" ", deal),
            NewInvoice("Счёт 1", "999"),
            NewInvoice("Счёт 2", deal, (ProductLine(""),)),
            NewInvoice("Счёт 3", deal, contact_id="C_5"),
            NewInvoice("Счёт 4", deal),
        )
    )
    assert all(isinstance(one, Rejected) for one in (title, gone, line, foreign))
    assert "нет названия" in title.hint
    assert isinstance(good, Done)
    assert len(deals.invoices([deal])[deal]) == 1
    [refused] = crm.create_invoices(ask(NewInvoice("Счёт", desk.lead())))
    assert (refused.code, "entity: deal" in refused.hint) == (NOT_OFFERED, True)
    with pytest.raises(Rejected, match="no such thing"):
        crm.invoices(["1"])
    [unknown] = deals.pay_invoices(ask(InvoicePayment("999", NOW)))
    assert isinstance(unknown, Rejected)


def test_regular_customers_are_not_offered(crm, ask):
    with pytest.raises(Rejected) as refused:
        crm.customers(["1"])
    [outcome] = crm.create_customers(ask(NewCustomer("Мария", "1")))
    assert refused.value.code == outcome.code == NOT_OFFERED
    assert "тегом" in outcome.hint


def test_requests_are_leads_that_still_stand_on_their_first_stage(crm, desk):
    contact = desk.contact("Мария", "+79160001122")
    desk.change(desk.lead(), stageId="IN_PROCESS")
    first, second = desk.lead(sourceId="WEBFORM", contactId=contact), desk.lead(sourceId="CALL")
    found = crm.incoming_requests("Лиды")
    assert [(one.id, one.kind) for one in found] == [(first, RequestKind.FORM), (second, RequestKind.CALL)]
    assert (found[0].source, found[0].pipeline, found[0].lead_id, found[0].contact_id) == (
        "CRM-форма",
        "Лиды",
        first,
        contact,
    )
    assert found == crm.incoming_requests()
    with pytest.raises(Rejected, match="Кровля"):
        crm.incoming_requests("Кровля")


def test_a_request_is_accepted_once_and_one_that_is_taken_stays_where_it_is(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    lead, other = desk.lead(contactId=contact), desk.lead()
    stages = [stage.name for stage in crm._room.directory.pipelines()[0].stages]
    wanted = [RequestAcceptance(lead, lead, "ivan@krovlya.ru"), RequestAcceptance(other, other, stage=stages[2])]
    for _ in range(2):
        done = crm.accept_requests(ask(*wanted))
        assert done == [Done(lead, {"contact_id": contact}), Done(other, {"contact_id": ""})]
    leads = crm.leads([lead, other])
    assert (leads[lead].stage, leads[lead].responsible) == (stages[1], "ivan@krovlya.ru")
    assert leads[other].stage == stages[2]
    [taken] = crm.decline_requests(ask(RequestDecline(lead, lead)))
    assert "взяли в работу" in taken.hint


def test_a_request_is_declined_once_and_is_then_not_accepted(crm, desk, ask):
    lead = desk.lead()
    for _ in range(2):
        assert crm.decline_requests(ask(RequestDecline(lead, lead))) == [Done(lead)]
    assert crm.leads([lead])[lead].state == "lost"
    [gone] = crm.decline_requests(ask(RequestDecline("999", "999")))
    assert gone == Done("999", found=True)
    refused, missing = crm.accept_requests(ask(RequestAcceptance(lead, lead), RequestAcceptance("999", "999")))
    assert "отклонили" in refused.hint
    assert isinstance(missing, Rejected)


def test_requests_are_not_offered_where_deals_are_the_leads(deals, ask):
    with pytest.raises(Rejected) as refused:
        deals.incoming_requests()
    [outcome] = deals.accept_requests(ask(RequestAcceptance("1", "1")))
    assert refused.value.code == outcome.code == NOT_OFFERED
