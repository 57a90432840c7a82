"""The accountant's acts in every configuration, seen through the neutral documents."""

from decimal import Decimal

import pytest

from sandbox.onec.base import Base
from sandbox.onec.errors import BadActError, LockedError, OnecError
from tests.sandbox.onec.onec_client import COUNTERPARTY, INVOICE, body

BUYER = body("bp_counterparty_post_request.json")["Ref_Key"]
CONFIGURATIONS = ("bp", "ut", "unf", "erp")


def issued(base, number=""):
    """An invoice of three lines for 13028.00 in whatever configuration."""
    name = base.configuration.name
    if base.get(COUNTERPARTY, BUYER) is None:
        base.write(COUNTERPARTY, body("bp_counterparty_post_request.json"))
    if name == "bp":
        request = body("bp_invoice_post_request.json") | {"Number": number}
        record = base.write(INVOICE, {key: one for key, one in request.items() if key != "Ref_Key"})
        return posted(base, INVOICE, record)
    if name == "unf":
        request = {key: one for key, one in body("unf_order_post_request.json").items() if key != "Ref_Key"}
        record = base.write("Document_СчетНаОплату", request | {"СуммаДокумента": 13028, "Number": number})
        return posted(base, "Document_СчетНаОплату", record)
    order = {key: one for key, one in body("ut_order_post_request.json").items() if key != "Ref_Key"}
    made = posted(base, "Document_ЗаказКлиента", base.write("Document_ЗаказКлиента", order))
    invoice = body("ut_invoice_get_response.json") | {"ДокументОснование": made.ref, "Number": number}
    record = base.write("Document_СчетНаОплатуКлиенту", {key: one for key, one in invoice.items() if key != "Ref_Key"})
    return posted(base, "Document_СчетНаОплатуКлиенту", record)


def posted(base, name, record):
    base.post(name, record["Ref_Key"])
    return base.papers.of(record["Ref_Key"])


@pytest.fixture(params=CONFIGURATIONS)
def base(request):
    return Base(request.param)


@pytest.fixture
def bp():
    return Base("bp")


def test_a_payment_in_parts_an_overpayment_and_a_refund(base):
    invoice = issued(base)
    part = base.accountant.pay(invoice.ref, Decimal("28.00"))
    assert (part.kind, part.sum, part.counts, part.cash) == ("payment", Decimal("28.00"), True, False)
    assert [(one.ref, one.sum) for one in part.bases] == [(invoice.ref, Decimal("28.00"))]
    rest = base.accountant.pay(invoice.ref, cash=True)
    assert (rest.sum, rest.cash, rest.set != part.set) == (Decimal("13000.00"), True, True)
    with pytest.raises(BadActError, match="уже оплачен"):
        base.accountant.pay(invoice.ref)
    base.accountant.pay(invoice.ref, Decimal(100))
    assert base.papers.paid(invoice.ref) == Decimal("13128.00")
    back = base.accountant.refund(part.ref, Decimal(100))
    assert (back.kind, base.papers.paid(invoice.ref)) == ("refund", Decimal("13028.00"))
    base.accountant.refund(invoice.ref, cash=True)
    assert base.papers.paid(invoice.ref) == 0
    with pytest.raises(BadActError, match="нечего"):
        base.accountant.refund(invoice.ref)


def test_one_payment_for_two_invoices_and_one_that_names_none(base):
    first, second = issued(base), issued(base)
    both = base.accountant.pay_many({first.ref: None, second.number: Decimal(72)})
    assert both.sum == Decimal("13100.00")
    assert [(one.ref, one.sum) for one in both.bases] == [(first.ref, Decimal("13028.00")), (second.ref, Decimal(72))]
    loose = base.accountant.pay(second.ref, Decimal(5), linked=False)
    assert loose.bases == ()
    assert f"№ {second.printed} от" in str(dict(loose.record))
    assert base.papers.paid(second.ref) == 72


def test_shipments_take_what_is_left_to_the_kopeck(base):
    invoice = issued(base)
    order = base.accountant.order(invoice.ref) if base.configuration.role("order") else invoice
    assert base.accountant.order(invoice.ref).ref == order.ref if order is not invoice else True
    part = base.accountant.ship(invoice.ref, {1: Decimal(33), 2: Decimal(12)})
    assert [(one.number, one.quantity, one.sum) for one in part.lines] == [
        (1, Decimal(33), Decimal("2818.20")),
        (2, Decimal(12), Decimal("2988.00")),
    ]
    assert [one.ref for one in part.bases] == [order.ref]
    rest = base.accountant.ship(order.ref)
    assert [one.quantity for one in rest.lines] == [67, 1]
    assert part.sum + rest.sum == invoice.sum
    assert part.vat + rest.vat == Decimal("2349.31")
    with pytest.raises(BadActError, match="отгружать нечего"):
        base.accountant.ship(invoice.ref)
    base.accountant.delete(rest.ref)
    assert base.accountant.ship(invoice.ref).sum == rest.sum
    with pytest.raises(BadActError, match="осталось"):
        base.accountant.ship(invoice.ref, {1: Decimal(1)})


def test_edited_lines_move_sums_vat_and_version(base):
    invoice = issued(base)
    edited = base.accountant.edit_lines(invoice.ref, {1: {"quantity": Decimal(10), "price": Decimal("85.45")}, 3: None})
    goods = base.papers.goods(edited)
    assert [(one.number, one.sum, one.vat) for one in goods.lines] == [
        (1, Decimal("854.50"), Decimal("154.09")),
        (2, Decimal("2988.00"), Decimal("538.82")),
    ]
    assert (edited.sum, goods.sum, edited.posted) == (Decimal("3842.50"), Decimal("3842.50"), True)
    assert edited.version != invoice.version
    with pytest.raises(BadActError, match="нет строки 9"):
        base.accountant.edit_lines(invoice.ref, {9: None})


def test_vat_on_top_of_the_price_is_added_to_the_sum(bp):
    invoice = issued(bp)
    bp.unpost(INVOICE, invoice.ref)
    bp.patch(INVOICE, invoice.ref, {"СуммаВключаетНДС": False})
    edited = bp.accountant.edit_lines(
        invoice.ref, {1: {"quantity": Decimal(1), "price": Decimal(100)}, 2: None, 3: None}
    )
    assert [(one.sum, one.vat, one.total) for one in edited.lines] == [(Decimal(100), Decimal(22), Decimal(122))]
    assert edited.sum == 122
    bp.accountant.post(invoice.ref)
    assert bp.accountant.ship(invoice.ref).sum == 122


def test_an_order_is_made_once_and_not_at_all_in_accounting(bp):
    with pytest.raises(BadActError, match="нет документа"):
        bp.accountant.order(issued(bp).ref)
    unf = Base("unf")
    invoice = issued(unf)
    order = unf.accountant.order(invoice.ref)
    assert [one.ref for one in order.bases] == [invoice.ref]
    assert (order.sum, order.posted, len(order.lines)) == (Decimal("13028.00"), True, 3)
    assert unf.accountant.order(invoice.ref).ref == order.ref
    assert len(unf.papers.all("order")) == 1


def test_unposting_deleting_and_posting_again_move_what_is_paid(base):
    invoice = issued(base)
    paid = base.accountant.pay(invoice.ref)
    assert base.accountant.unpost(paid.ref).counts is False
    assert base.papers.paid(invoice.ref) == 0
    assert base.accountant.post(paid.ref).counts is True
    assert base.accountant.delete(paid.ref).deleted is True
    assert base.papers.paid(invoice.ref) == 0
    with pytest.raises(OnecError, match="Помеченный"):
        base.accountant.post(paid.ref)
    base.accountant.undelete(paid.ref)
    base.accountant.post(paid.ref)
    assert base.papers.paid(invoice.ref) == invoice.sum


def test_merged_counterparties_leave_one_that_all_documents_are_with(base):
    invoice = issued(base)
    kept = base.write(COUNTERPARTY, {"Description": "Ромашка", "ИНН": "7701999111", "КПП": "770101001"})
    assert base.accountant.merge_counterparties(kept["Code"], BUYER) == kept["Ref_Key"]
    moved = base.papers.of(invoice.ref)
    assert moved.counterparty.ref == kept["Ref_Key"]
    assert moved.version != invoice.version
    assert base.read(COUNTERPARTY, BUYER)["DeletionMark"] is True
    with pytest.raises(BadActError, match="самим"):
        base.accountant.merge_counterparties(kept["Code"], kept["Ref_Key"])


def test_a_closed_period_refuses_changes_of_its_documents(base):
    invoice = issued(base)
    base.accountant.close_period(invoice.date.date())
    for act in (base.accountant.unpost, base.accountant.delete):
        with pytest.raises(OnecError, match="Дата запрета"):
            act(invoice.ref)
    base.accountant.pay(invoice.ref)
    base.accountant.close_period(None)
    base.accountant.unpost(invoice.ref)


def test_a_document_open_at_somebody_is_locked_for_a_while(bp):
    invoice = issued(bp)
    bp.accountant.lock(invoice.ref, 60)
    with pytest.raises(LockedError, match="Конфликт блокировок"):
        bp.patch(INVOICE, invoice.ref, {"Комментарий": "нет"})
    bp.accountant.lock(invoice.ref, 0)
    bp.patch(INVOICE, invoice.ref, {"Комментарий": "да"})


def test_a_copy_restored_takes_numbers_versions_and_changes_back(base):
    invoice = issued(base)
    number = base.accountant.take_copy()
    cursor = base.cursor
    paid = base.accountant.pay(invoice.ref)
    second = issued(base)
    base.accountant.restore(number)
    assert base.cursor == cursor
    assert base.papers.paid(invoice.ref) == 0
    assert {one.ref for one in base.papers.all("payment")} == set()
    again = issued(base)
    assert (again.number, again.ref != second.ref) == (second.number, True)
    assert base.accountant.pay(again.ref).number == paid.number
    with pytest.raises(BadActError, match="копии"):
        base.accountant.restore(7)


def test_changes_are_told_once_each_in_their_order(base):
    invoice = issued(base)
    start = base.cursor
    first, second = base.accountant.pay(invoice.ref, Decimal(1)), base.accountant.pay(invoice.ref, Decimal(2))
    base.accountant.unpost(first.ref)
    told = [one.ref for one in base.changes(start, sets=base.configuration.documents)]
    assert told == [second.ref, first.ref]
    base.remove(first.set, first.ref)
    last = base.changes(start, sets=base.configuration.documents)[-1]
    assert (last.ref, last.record) == (first.ref, None)
    assert base.changes(base.cursor) == []
    assert len(base.changes(0, limit=1)) == 1


def test_ids_of_others_are_bound_to_objects_and_restored_with_them(bp):
    copy = bp.accountant.take_copy()
    invoice = issued(bp)
    bp.bind("b24:deal:90210", INVOICE, invoice.ref)
    assert bp.bound("b24:deal:90210")["Ref_Key"] == invoice.ref
    bp.accountant.restore(copy)
    assert bp.bound("b24:deal:90210") is None


def test_settlement_objects_of_erp_lead_from_a_payment_to_its_order():
    erp = Base("erp")
    invoice = issued(erp)
    rows = [erp.accountant.pay(invoice.ref, Decimal(1)).record["РасшифровкаПлатежа"][0] for _ in range(2)]
    holders = {row["ОбъектРасчетов_Key"] for row in rows}
    assert len(holders) == 1
    assert erp.read("Catalog_ОбъектыРасчетов", holders.pop())["Объект"] == invoice.bases[0].ref
