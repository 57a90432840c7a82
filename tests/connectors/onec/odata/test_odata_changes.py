"""What people do in 1C comes back: by few calls, in both directions, with nothing lost between pages."""

from __future__ import annotations

import base64
import zlib
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.onec.odata import changes
from provodka.accounting import DocumentKind
from provodka.errors import Rejected
from provodka.invoices import SaleState
from sandbox.onec.schema import NAMESPACE
from tests.connectors.onec.odata.conftest import every_configuration

FILES = "Catalog_СчетНаОплатуПокупателюПрисоединенныеФайлы"


@every_configuration
def test_a_poll_costs_one_call_for_each_set_whatever_the_base_holds(world):
    world.invoice()
    world.poll()
    before = sum(world.calls()["calls"].values())

    assert world.poll() == []

    papers = [paper for paper in world.settings().names.documents.values() if world.base().schema.has(paper.set)]
    assert sum(world.calls()["calls"].values()) - before == len(papers)


@every_configuration
def test_money_comes_and_goes_back(world):
    world.invoice()
    world.poll()
    ref = world.sale().ref

    payment = world.accountant.pay(ref, Decimal("13128.00"))
    assert world.poll() == ["invoice.paid"]
    assert world.sale().left == Decimal("-100.00")
    world.accountant.refund(ref, Decimal(100))
    assert world.poll() == ["invoice.unpaid"]
    assert (world.sale().paid, world.sale().left) == (Decimal("13028.00"), Decimal(0))
    world.accountant.unpost(payment.ref)
    assert world.poll() == ["invoice.unpaid"]
    world.accountant.post(payment.ref)
    world.accountant.delete(payment.ref)
    world.poll()

    assert world.sale().state is not SaleState.PAID
    assert world.sale().paid == Decimal(-100)


@every_configuration
def test_a_payment_in_cash_and_one_for_two_invoices_belong_where_they_say(world):
    world.invoice(lead="16")
    world.invoice(lead="17")
    world.poll()
    first, second = world.sale("16").ref, world.sale("17").ref

    world.accountant.pay(first, Decimal(28), cash=True)
    world.accountant.pay_many({first: Decimal(13000), second: Decimal(500)})
    world.poll()

    assert world.sale("16").paid == Decimal(13028)
    assert world.sale("17").paid == Decimal(500)
    assert world.sale("16").state is SaleState.PAID


@every_configuration
def test_a_payment_that_only_mentions_the_number_is_suggested_and_never_counted(world):
    world.invoice()
    world.poll()
    payment = world.accountant.pay(world.sale().ref, linked=False)

    assert world.poll() == []

    found = world.account._road.read(DocumentKind.PAYMENT, [payment.ref])[payment.ref]
    assert [basis.ref for basis in found.suggested] == [world.sale().ref]
    assert world.sale().paid == 0


@pytest.mark.parametrize("world", ["ut"], indirect=True)
def test_a_payment_counts_only_when_the_bank_has_carried_it_out(world):
    world.invoice()
    world.poll()
    payment = world.accountant.pay(world.sale().ref)
    world.onec.base.patch(payment.set, payment.ref, {"ПроведеноБанком": False})

    assert world.poll() == []
    world.onec.base.patch(payment.set, payment.ref, {"ПроведеноБанком": True})
    assert world.poll() == ["invoice.paid"]


def test_a_payment_for_a_shipment_belongs_to_the_invoice_of_that_shipment(world):
    world.invoice()
    world.poll()
    shipment = world.accountant.ship(world.sale().ref)
    payment = world.accountant.pay(world.sale().ref, linked=False)
    part = {"LineNumber": 1, "СуммаПлатежа": Decimal(13028), "Сделка": shipment.ref}
    part["Сделка_Type"] = f"{NAMESPACE}.Document_РеализацияТоваровУслуг"
    world.accountant.unpost(payment.ref)
    world.onec.base.patch(payment.set, payment.ref, {"РасшифровкаПлатежа": [part]})
    world.accountant.post(payment.ref)

    assert set(world.poll()) == {"order.shipped", "invoice.paid"}


@pytest.mark.parametrize("world", ["erp"], indirect=True)
def test_a_payment_of_erp_reaches_its_order_by_the_settlement_object(world):
    _, done = world.invoice()
    world.poll()
    order = done.values["order"]
    between = world.onec.base.write(
        "Catalog_ОбъектыРасчетов", {"Объект": order, "Объект_Type": f"{NAMESPACE}.Document_ЗаказКлиента"}
    )
    payment = world.accountant.pay(world.sale().ref, linked=False)
    rows = [{"LineNumber": 1, "Сумма": Decimal(13028), "ОбъектРасчетов_Key": between["Ref_Key"]}]
    world.accountant.unpost(payment.ref)
    world.onec.base.patch(payment.set, payment.ref, {"РасшифровкаПлатежа": rows})
    world.accountant.post(payment.ref)

    assert world.poll() == ["invoice.paid"]


@every_configuration
def test_lines_that_an_accountant_changes_are_told_with_the_new_sum(world):
    world.invoice()
    world.poll()
    world.accountant.edit_lines(world.sale().ref, {1: {"quantity": Decimal(50)}})

    assert world.poll() == ["invoice.changed"]
    assert world.sale().amount == Decimal("8758.00")
    assert world.sale().lines[0].quantity == 50


def test_an_unposted_invoice_is_withdrawn_and_comes_back(world):
    world.invoice()
    world.poll()
    world.accountant.unpost(world.sale().ref)
    assert world.poll() == ["invoice.withdrawn"]
    world.accountant.post(world.sale().ref)
    assert world.poll() == ["invoice.issued"]


@every_configuration
def test_shipments_by_parts_and_without_an_order(world):
    world.invoice()
    world.poll()
    first = world.accountant.ship(world.sale().ref, {1: Decimal(100)})
    assert world.poll()[-1] == "order.partly_shipped"
    world.accountant.ship(world.sale().ref)
    assert world.poll() == ["order.shipped"]
    world.accountant.delete(first.ref)

    assert world.poll() == ["order.unshipped"]


def test_a_statement_that_is_loaded_late_is_found_by_the_wide_window(world):
    world.invoice()
    world.poll()
    world.accountant.pay(world.sale().ref, on=date.today() - timedelta(days=20))

    narrow = world.poll()
    world.ahead = timedelta(hours=1, minutes=1)

    assert narrow == []
    assert world.poll() == ["invoice.paid"]


def test_a_document_that_is_physically_gone_is_found_by_the_full_reading(world):
    world.invoice()
    world.poll()
    payment = world.accountant.pay(world.sale().ref)
    world.poll()
    del world.onec.base.state.tables[payment.set][payment.ref]

    assert world.poll() == []
    assert world.poll(full=True) == ["invoice.unpaid"]


@every_configuration
def test_what_is_older_than_any_window_is_looked_at_by_night_as_long_as_the_sale_is_open(world):
    world.invoice()
    world.poll()
    ref = world.sale().ref
    payment = world.accountant.pay(ref, Decimal(100))
    world.poll()
    world.ahead = timedelta(days=90)
    world.accountant.unpost(payment.ref)

    assert world.poll() == []
    assert world.poll(full=True) == ["invoice.unpaid"]
    world.accountant.delete(ref)
    assert world.poll(full=True) == ["invoice.cancelled"]


def test_what_was_not_changed_is_not_told_again_though_1c_has_written_it(world):
    world.invoice()
    world.poll()
    world.onec.base.patch("Document_СчетНаОплатуПокупателю", world.sale().ref, {})

    assert world.poll() == []


@pytest.mark.parametrize("many", [3, 400])
def test_pages_lose_nothing_and_double_nothing(world, many, monkeypatch):
    """Bank documents stand at midnight, many in the same second, and rows come in no order unless asked for."""
    monkeypatch.setattr(changes, "ROWS", 37)
    monkeypatch.setattr(changes, "MANY", many)
    monkeypatch.setattr("connectors.onec.odata.client.PAGE_ROWS", 23)
    world.onec.turn(order=False)
    world.invoice()
    world.poll()
    ref = world.sale().ref
    paid = [world.accountant.pay(ref, Decimal(1), on=date.today()) for _ in range(120)]

    world.poll()
    found = world.account._road.changed({}, lambda *_: {}, world.now(), full=True).documents

    assert world.sale().paid == 120
    payments = [one.ref for one in found if one.kind is DocumentKind.PAYMENT]
    assert sorted(payments) == sorted(paper.ref for paper in paid)


def test_a_base_that_compares_no_keys_is_read_by_skipping(world, monkeypatch):
    world.invoice()
    ref = world.onec.base.papers.all("invoice")[0].ref
    paid = [world.accountant.pay(ref, Decimal(1)) for _ in range(7)]
    client = world.base().client
    rows = client.rows

    def refusing(name, *, where="", **more):
        if "Ref_Key gt" in where:
            raise Rejected("no", status=400, code="14")
        return rows(name, where=where, **more)

    monkeypatch.setattr(client, "rows", refusing)

    pages = list(client.pages("Document_ПоступлениеНаРасчетныйСчет", dated=True, size=3))

    assert [len(page) for page in pages] == [3, 3, 1]
    assert {row["Ref_Key"] for page in pages for row in page} == {one.ref for one in paid}


@pytest.mark.parametrize("world", ["unf"], indirect=True)
def test_a_base_that_casts_nothing_is_compared_here(world, monkeypatch):
    world.invoice()
    base = world.base()
    rows = base.client.rows

    def refusing(name, *, where="", **more):
        if "cast(" in where:
            raise Rejected("no", status=500, code="-1")
        return rows(name, where=where, **more)

    monkeypatch.setattr(base.client, "rows", refusing)
    [invoice] = world.onec.base.papers.all("invoice")

    found = base.owned("Catalog_ДоговорыКонтрагентов", "Owner", "Catalog_Контрагенты", invoice.counterparty.ref)

    assert [one["Description"] for one in found] == ["Основной договор"]


def test_dates_are_the_wall_clock_of_the_server(world):
    _, done = world.invoice()
    account = world.open(timezone="Asia/Vladivostok")
    [here] = world.account._road.read(DocumentKind.INVOICE, [done.remote_id]).values()
    [there] = account._road.read(DocumentKind.INVOICE, [done.remote_id]).values()

    assert abs(here.date - world.now()) < timedelta(minutes=1)
    assert here.date - there.date == timedelta(hours=7)


@pytest.mark.parametrize("packed", [False, True])
def test_the_newest_pdf_that_an_extension_has_attached_is_the_printed_form(world, packed):
    _, done = world.invoice()
    world.poll()
    assert world.account.printed("17:1", DocumentKind.INVOICE) is None
    squeeze = zlib.compressobj(wbits=-15)
    for day, text in ((1, b"%PDF-1.4 old"), (2, b"%PDF-1.4 new")):
        body = squeeze.compress(text) + squeeze.flush() if packed and day == 2 else text
        world.onec.base.write(
            FILES,
            {
                "ВладелецФайла_Key": done.remote_id,
                "Расширение": "pdf",
                "ДатаСоздания": datetime(2026, 7, day),
                "ФайлХранилище_Type": "application/pdf",
                "ФайлХранилище_Base64Data": base64.b64encode(body).decode(),
            },
        )

    printed = world.account.printed("17:1", DocumentKind.INVOICE)

    assert printed.body == b"%PDF-1.4 new"
    assert printed.name.startswith("Счёт ")
