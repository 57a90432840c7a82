"""A sale on the road on which 1C comes to us: each step is told once, and taken back when 1C takes it back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.onec.account import key_of
from connectors.onec.commerceml.road import CommerceMLRoad
from provodka.accounting import Cancellation, DocumentKind, OrderRequest, Sale
from provodka.errors import Rejected
from provodka.invoices import SaleState
from provodka.operation import Done, Request
from tests.connectors.onec.commerceml.parts import BUYER, NOW, Firm, invoice_request, of_1c, sample

PAID = {"Номер_оплаты_по_1С": "ТД00-000101", "Дата_оплаты_по_1С": "2026-07-17T00:00:00"}
SHIPPED = {"Номер_отгрузки_по_1С": "ТД00-000188", "Дата_отгрузки_по_1С": "2026-07-18T15:20:00"}
REF = key_of("amocrm:lead:17:invoice:1")


@pytest.fixture
def firm():
    return Firm()


@pytest.fixture
def asked(firm):
    """An invoice that 1C has taken, but not told of yet."""
    assert firm.invoice() == REF
    firm.take()
    assert firm.work() == []
    return firm


def told(firm, formed="2026-07-18T16:00:00", **how):
    """1C sends a file about our order; the arrows that come of it."""
    assert firm.send([of_1c(REF, formed=formed, **how)]) == ["success"]
    return firm.work()


def test_an_invoice_is_requested_at_once_and_issued_when_1c_tells_its_number(asked):
    assert asked.sale.state is SaleState.COUNTERPARTY_READY
    assert told(asked) == ["invoice.issued"]
    sale = asked.sale
    assert (sale.state, sale.number, sale.amount) == (SaleState.ISSUED, "ТД00-000311", Decimal("13028.00"))
    assert sale.date == datetime(2026, 7, 15, 9, 0, tzinfo=UTC)
    assert [line.sku for line in sale.lines] == ["KAB-3x2.5", "ROZ-2Z", ""]  # the file had none: those asked for


def test_requests_and_events_of_the_beginning_come_with_the_writing():
    firm = Firm()
    firm.invoice()
    assert [one.type.value for one in firm.told] == ["invoice.requested", "counterparty.ready"]


def test_payment_makes_the_order_and_shipment_ends_the_sale(asked):
    told(asked)
    assert told(asked, "2026-07-18T16:05:00", **PAID) == ["invoice.paid"]
    assert asked.order().remote_id == f"{REF}:order"
    assert asked.sale.state is SaleState.PAID  # 1C has not heard of it yet
    asked.take()
    assert asked.work() == ["order.created"]
    assert (asked.sale.state, asked.sale.order.number) == (SaleState.ORDERED, "ТД00-000311")
    assert told(asked, "2026-07-18T16:10:00", **PAID, **SHIPPED) == ["order.shipped"]
    assert asked.sale.state is SaleState.SHIPPED
    assert [(one.number, one.amount) for one in asked.sale.payments] == [("ТД00-000101", Decimal("13028.00"))]
    assert [one.number for one in asked.sale.shipments] == ["ТД00-000188"]


def test_all_of_it_in_one_file_is_told_in_its_order(asked):
    assert told(asked, **PAID, **SHIPPED) == ["invoice.issued", "invoice.paid", "order.shipped"]


def test_the_samples_of_the_reference_lead_to_a_shipped_sale(firm):
    """They tell of the order by the site's id: here by its number, as older modules do."""
    firm.invoice(invoice_request(1, lead="17"))
    firm.take()
    for name in ("orders_from_1c_2.08_unpaid_T_dates.xml", "orders_from_1c_2.09_paid_shipped.xml"):
        body = sample(name).replace(b"90210</", b"17-1</")
        assert firm.send([body], name) == ["success"]
    assert firm.work() == ["invoice.issued", "invoice.paid", "order.shipped"]
    assert firm.sale.lines[0].name == "Кабель ВВГнг(А)-LS 3х2,5"


def test_a_file_of_3_1_is_understood_too(firm):
    firm.invoice()
    firm.send([sample("orders_from_1c_3.1_container.xml").replace(b"90210</", REF.encode() + b"</")])
    assert firm.work() == ["invoice.issued", "invoice.paid", "order.shipped"]


def test_what_1c_takes_back_is_taken_back(asked):
    told(asked, **PAID, **SHIPPED)
    assert told(asked, "2026-07-18T16:05:00", **PAID) == ["order.unshipped"]
    assert told(asked, "2026-07-18T16:10:00", Дата_оплаты_по_1С="T") == ["invoice.unpaid"]
    assert told(asked, "2026-07-18T16:15:00", Проведен="false") == ["invoice.withdrawn"]
    assert told(asked, "2026-07-18T16:20:00") == ["invoice.issued"]
    assert told(asked, "2026-07-18T16:25:00", **PAID) == ["invoice.paid"]


def test_an_order_that_1c_marks_for_deletion_is_cancelled(asked):
    told(asked)
    assert told(asked, "2026-07-18T16:05:00", ПометкаУдаления="true") == ["invoice.cancelled"]
    assert asked.sale.state is SaleState.CANCELLED


def test_the_same_file_again_tells_nothing(asked):
    told(asked, **PAID)
    assert told(asked, **PAID) == []
    assert told(asked, "2026-07-18T17:00:00", **PAID) == []


def test_files_that_are_worked_on_in_another_order_leave_the_newest_state(asked):
    told(asked, "2026-07-18T16:10:00")
    assert told(asked, "2026-07-18T16:05:00", **PAID) == []  # unpaid since
    assert asked.sale.state is SaleState.ISSUED


def test_a_1c_whose_clock_was_set_back_is_believed(asked):
    told(asked, "2027-07-18T16:10:00")
    assert told(asked, "2026-07-18T16:05:00", **PAID) == ["invoice.paid"]


def test_two_files_compared_with_the_same_mirror_do_not_leave_the_older_state(asked):
    """A worker derives several hints before it stores what came of them."""
    told(asked)
    for formed, facts in (("2026-07-18T16:05:00", PAID), ("2026-07-18T16:10:00", {})):
        asked.send([of_1c(REF, formed=formed, **facts)])
    files = asked.journal.hints()[-2:]
    derived = [asked.account.derive(event.payload, event) for event in files]
    (_, first), (_, second) = derived
    assert [one.before for one in first["told"]] == [one.before for one in second["told"]]
    for _, rows in derived:
        for kind, some in rows.items():
            if kind != "told":
                asked.store.put_snapshots("1c", kind, some)
    _, rows = asked.account.derive(asked.journal.hints("sale")[0].payload, files[0])
    assert rows.keys() == {"told"}  # nothing of the mirror is given out as fresh
    assert asked.sale.paid == 0


def test_our_own_word_that_it_is_paid_is_no_payment_when_it_comes_back(asked):
    told(asked)
    asked.order()
    asked.take()
    asked.work()
    assert told(asked, "2026-07-18T16:05:00", Заказ_оплачен="true") == []


def test_an_old_module_that_only_says_paid_is_believed(asked):
    told(asked)
    assert told(asked, "2026-07-18T16:05:00", Заказ_оплачен="true") == ["invoice.paid"]


def test_a_changed_sum_is_told(asked):
    told(asked)
    cheaper = of_1c(REF, formed="2026-07-18T16:05:00").replace(b"13028.00", b"12000.00")
    asked.send([cheaper])
    assert asked.work() == ["invoice.changed"]
    assert asked.sale.amount == Decimal("12000.00")


def test_lines_that_come_back_under_names_of_1c_keep_our_articles(asked):
    def file(quantity):
        rows = [("Провод", quantity, "8540.00"), ("Розетка", 12, "2988.00"), ("Доставка", 1, "1500.00")]
        goods = "".join(
            f"<Товар><Ид>g{n}</Ид><Наименование>{name}</Наименование><Количество>{n}</Количество><Сумма>{sum_}</Сумма></Товар>"
            for name, n, sum_ in rows
        )
        return of_1c(REF, more=f"<Товары>{goods}</Товары>", formed=f"2026-07-18T16:00:{quantity - 90}")

    for quantity, expected in ((100, ["KAB-3x2.5", "ROZ-2Z", ""]), (101, ["", "ROZ-2Z", ""])):
        asked.send([file(quantity)])
        asked.work()
        assert [(one.name, one.sku) for one in asked.sale.lines] == list(
            zip(["Провод", "Розетка", "Доставка"], expected, strict=True)
        )


def test_a_cancelled_invoice_is_laid_out_as_such_and_stays_cancelled(asked):
    told(asked)
    (done,) = asked.account.cancel_invoices([Request("k", Cancellation("17:1"), None)])
    assert isinstance(done, Done)
    asked.hint("sale:17:1")
    body = asked.take().decode()
    assert "<Наименование>Отменен</Наименование>\n        <Значение>true</Значение>" in body
    assert asked.sale.state is SaleState.CANCELLED
    told(asked, "2026-07-18T16:05:00", Отменен="true")
    assert asked.sale.state is SaleState.CANCELLED


def test_an_order_is_made_once_and_found_again(asked):
    asked.order()
    asked.take()
    request = Request("k", OrderRequest("amocrm:lead:17:order:1", "17:1"), NOW - timedelta(hours=1))
    (found,) = asked.account.create_orders([request])
    assert (found.remote_id, found.found) == (f"{REF}:order", True)
    assert b"<\xd0\x94\xd0\xbe\xd0\xba" not in asked.take()  # nothing to be taken again


def test_an_invoice_that_broke_off_is_found_by_its_key(asked):
    request = Request("k", invoice_request(), NOW - timedelta(hours=1))
    (found,) = asked.account.create_invoices([request])
    assert (found.remote_id, found.found) == (REF, True)
    (made,) = asked.account.create_invoices([Request("k", invoice_request(2), NOW - timedelta(hours=1))])
    assert (made.remote_id, made.found) == (key_of("amocrm:lead:17:invoice:2"), False)


def test_an_order_without_an_invoice_of_ours_is_refused_with_the_cure(firm):
    road = firm.account._road
    assert isinstance(road, CommerceMLRoad)
    with pytest.raises(Rejected) as caught:
        road.create_order(Sale("9:1", "9", "m", invoice="elsewhere"), "m", "r")
    assert "через этот обмен" in caught.value.hint


def test_the_buyer_goes_with_the_order(firm):
    (done,) = firm.account.create_counterparties([Request("k", BUYER, None)])
    assert done.remote_id == key_of(BUYER.mark)
    assert b"\xd0\x98\xd0\x9d\xd0\x9d" not in firm.take()


def test_orders_made_in_1c_are_passed_over_unless_the_settings_take_them():
    foreign = "5b2f7c10-6a31-11f0-9a01-00155d0a0b01"
    for take, expected in ((False, {}), (True, {foreign: Decimal("13028.00")})):
        firm = Firm(take_foreign=take)
        firm.send([of_1c(foreign, site="ТД00-000400")])
        assert firm.work() == []
        kept = firm.account._book.documents(DocumentKind.INVOICE, [foreign])
        assert {ref: one.amount for ref, one in kept.items()} == expected


def test_orders_that_nobody_takes_are_remarked_after_a_day(firm):
    firm.invoice()
    assert firm.account.check() == []
    firm.at += timedelta(days=1)
    (remark,) = firm.account.check()
    assert remark.text == "orders that 1C has not taken for more than a day: 1, the oldest is 17-1"
    firm.take()
    assert firm.account.check() == []


def test_an_order_whose_taking_nobody_was_told_of_is_found_by_night(asked):
    """We were killed after 1C's confirmation was kept, and before what it means was."""
    told(asked)
    asked.order()
    asked.take()
    asked.journal.events.popitem()
    assert asked.account.reconcile(NOW) == ([], {}, {})
    events, rows, _ = asked.account.reconcile(NOW, full=True)
    assert [one.type.value for one in events] == ["order.created"]
    for kind, some in rows.items():
        asked.store.put_snapshots("1c", kind, some)
    assert asked.account.reconcile(NOW, full=True)[0] == []


def test_a_poll_asks_nothing(asked):
    told(asked, **PAID)
    assert asked.account.reconcile(NOW, full=True) == ([], {}, {})
