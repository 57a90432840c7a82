"""A sale through each service of a base, HTTP and SOAP: what comes of it, and that nothing is made twice."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.base import collect_calls
from connectors.onec.account import key_of
from provodka.accounting import Cancellation, DocumentKind, NewCounterparty, PartyKind, Vat, priced
from provodka.crm import ProductLine
from provodka.errors import Ambiguous, Rejected
from provodka.invoices import SaleState
from provodka.operation import Done, Request
from sandbox.faults import Fault
from tests.connectors.onec.service.opening import BUYER, GOODS, Books, invoice

SOLE = NewCounterparty("amocrm:contact:9", PartyKind.SOLE, "ИП Петров П. П.", inn="500199912201")
PERSON = NewCounterparty("amocrm:contact:10", PartyKind.PERSON, "Сидорова Анна")


class TestTheWholeCycle:
    def test_a_trade_goes_from_the_invoice_to_the_shipment(self, trade: Books):
        made = trade.issue(comment="Заявка из CRM")
        assert isinstance(made, Done) and made.values["number"] == "ТД00-000001"
        assert trade.hear() == ["invoice.requested", "counterparty.ready", "invoice.issued"]
        assert trade.sale().amount == Decimal("13028.00") and trade.sale().vat_amount == Decimal("2349.31")

        first = trade.desk.pay(made.remote_id, Decimal(5000))
        assert trade.hear() == ["invoice.partly_paid"]
        trade.desk.pay(made.remote_id)
        assert trade.hear() == ["invoice.paid"]
        assert isinstance(trade.order(), Done)
        assert trade.hear() == ["order.created"]
        trade.desk.ship(made.remote_id)
        assert trade.hear() == ["order.shipped"]
        assert trade.sale().state is SaleState.SHIPPED and trade.sale().paid == Decimal("13028.00")

        trade.desk.unpost(first.ref)
        assert trade.hear() == ["invoice.unpaid"]
        assert trade.sale().paid == Decimal("8028.00")

    def test_an_order_that_had_to_come_first_is_none_until_it_is_put_to_work(self, trade: Books):
        trade.issue()
        assert "order.created" not in trade.hear()
        assert trade.sale().state is SaleState.ISSUED

    def test_the_bookkeeping_ships_by_the_invoice_itself(self, books: Books):
        made = books.issue()
        books.desk.pay(made.remote_id)
        books.desk.ship(made.remote_id, {1: Decimal(40)})
        assert books.hear()[-2:] == ["invoice.paid", "order.partly_shipped"]
        assert books.sale().shipped == Decimal("3416.00")

    def test_a_configuration_without_orders_says_so(self, books: Books):
        books.issue()
        refused = books.order()
        assert isinstance(refused, Rejected) and "нет заказов" in refused.hint

    def test_lines_numbers_and_dates_come_back_as_they_stand_in_1c(self, books: Books):
        books.issue()
        books.hear()
        sale = books.sale()
        assert [(one.sku, one.quantity, one.price, one.amount, one.vat, one.vat_amount) for one in sale.lines] == [
            ("KAB-3x2.5", Decimal(100), Decimal("85.4"), Decimal(8540), "22", Decimal(1540)),
            ("ROZ-2Z", Decimal(12), Decimal(249), Decimal(2988), "22", Decimal("538.82")),
            ("DELIVERY", Decimal(1), Decimal(1500), Decimal(1500), "22", Decimal("270.49")),
        ]
        paper = books.onec.base.papers.of(sale.ref)
        assert sale.short == "1"
        assert sale.date.timestamp() == pytest.approx(paper.date.timestamp() - 3 * 3600, abs=1)

    def test_a_payment_of_two_invoices_counts_for_each_its_part(self, books: Books):
        one, two = books.issue("17:1"), books.issue("18:1")
        books.desk.pay_many({one.remote_id: Decimal(1000), two.remote_id: Decimal(200)})
        books.hear()
        assert (books.sale("17").paid, books.sale("18").paid) == (Decimal(1000), Decimal(200))

    def test_a_refund_takes_from_what_was_paid(self, books: Books):
        made = books.issue()
        books.desk.pay(made.remote_id)
        books.hear()
        books.desk.refund(made.remote_id, Decimal(28))
        assert books.hear() == ["invoice.unpaid"]
        assert books.sale().paid == Decimal(13000)

    def test_a_payment_that_nobody_sorted_out_counts_for_nothing(self, books: Books):
        made = books.issue()
        books.desk.pay(made.remote_id, linked=False)
        books.hear()
        assert books.sale().paid == 0

    def test_what_is_marked_for_deletion_in_1c_is_cancelled_with_us(self, books: Books):
        made = books.issue()
        books.hear()
        books.desk.delete(made.remote_id)
        assert books.hear() == ["invoice.cancelled"]

    def test_an_edit_by_the_accountant_is_told(self, books: Books):
        made = books.issue()
        books.hear()
        books.desk.edit_lines(made.remote_id, {3: None})
        assert books.hear() == ["invoice.changed"]
        assert books.sale().amount == Decimal(11528)

    @pytest.mark.parametrize("vat", [Vat.R22, Vat.R20, Vat.R10, Vat.R0, Vat.NONE])
    def test_each_rate_of_vat_goes_there_and_back(self, books: Books, vat: Vat):
        made = books.issue(lines=priced(GOODS, vat, included=True))
        assert isinstance(made, Done), made
        books.hear()
        assert {one.vat for one in books.sale().lines} == {vat.value}

    def test_prices_may_have_vat_on_top(self, books: Books):
        books.issue(lines=priced(GOODS, Vat.R22, included=False), vat_included=False)
        books.hear()
        assert books.sale().amount == Decimal("15894.16")

    def test_a_poll_costs_one_call_however_much_has_changed(self, books: Books):
        for lead in range(3):
            books.issue(f"{lead}:1")
        books.hear()
        before = books.calls()
        books.hear()
        assert books.calls() == before + 1
        books.desk.pay(books.sale("1").ref)
        books.desk.ship(books.sale("1").ref)
        books.hear()
        assert books.calls() == before + 2

    def test_every_call_stands_in_the_trace_without_phones_and_letters(self, books: Books):
        with collect_calls() as calls:
            books.issue()
        told = [one.request_summary for one in calls if "Ромашка" in one.request_summary]
        assert told and not any("buh@romashka" in one or "4950001122" in one for one in told)
        assert any("invoice" in one.path.lower() for one in calls)


class TestCounterparties:
    def test_a_firm_is_found_by_its_inn_and_kpp(self, books: Books):
        first = books.buyer()
        (again,) = books.account.create_counterparties([Request("c", replace(BUYER, mark="amocrm:company:5"))])
        assert isinstance(again, Done) and again.found and again.remote_id == first

    def test_a_branch_with_its_own_kpp_is_another_counterparty(self, books: Books):
        branch = replace(BUYER, mark="amocrm:company:5", name="Ромашка, филиал", kpp="770102002")
        assert books.buyer() != books.buyer(branch)
        assert books.count("counterparty") == 2

    def test_two_with_the_same_inn_and_kpp_are_for_a_person_to_choose(self, books: Books):
        for name in ("Ромашка", "Ромашка (старая)"):
            values = {"Description": name, "ИНН": BUYER.inn, "КПП": BUYER.kpp, "НаименованиеПолное": name}
            books.onec.base.write("Catalog_Контрагенты", values)
        (refused,) = books.account.create_counterparties([Request("c", BUYER)])
        assert isinstance(refused, Rejected) and "Ромашка (старая)" in refused.hint

    @pytest.mark.parametrize("who", [SOLE, PERSON], ids=["sole", "person"])
    def test_who_has_no_kpp_is_recognised_when_asked_for_again(self, books: Books, who: NewCounterparty):
        assert books.buyer(who) == books.buyer(who)
        assert books.count("counterparty") == 1
        assert isinstance(books.issue(buyer=who), Done)

    def test_a_wrong_inn_is_refused_in_words_for_support(self, books: Books):
        (refused,) = books.account.create_counterparties([Request("c", replace(BUYER, inn="7701999112"))])
        assert isinstance(refused, Rejected)
        assert "контрольном разряде" in refused.reason and "ИНН покупателя неверен" in refused.hint

    def test_a_company_whose_inn_has_changed_is_told_apart(self, books: Books):
        books.buyer()
        (refused,) = books.account.create_counterparties([Request("c", replace(BUYER, inn="7801999002"))])
        assert isinstance(refused, Rejected) and "сменился ИНН" in refused.hint


class TestNothingTwice:
    def test_the_same_request_at_another_hour_is_the_same_invoice(self, books: Books):
        first, again = books.issue(), books.issue()
        assert again.remote_id == first.remote_id
        assert books.count("invoice") == 1

    def test_another_sum_under_the_same_mark_is_refused(self, books: Books):
        books.issue()
        refused = books.issue(lines=priced(GOODS[:2], Vat.R22, included=True))
        assert isinstance(refused, Rejected) and "другой документ" in refused.hint
        assert books.count("invoice") == 1

    def test_an_answer_that_was_lost_is_found_by_the_mark(self, books: Books):
        asked = invoice(books.buyer())
        books.onec.faults.arm(Fault(kind="cut_after"))
        lost = books.ask(asked)
        assert isinstance(lost, Ambiguous)
        found = books.ask(asked, unsure=True)
        assert isinstance(found, Done) and found.found
        assert books.count("invoice") == 1 and not any(books.onec.doubles().values())

    def test_a_call_that_never_arrived_is_surely_nothing(self, books: Books):
        asked = invoice(books.buyer())
        assert isinstance(books.ask(invoice(books.buyer(), "18:1")), Done)  # so that SOAP has its WSDL
        books.onec.faults.arm(Fault(kind="cut_before"))
        assert isinstance(books.ask(asked), Ambiguous)
        assert books.road.find_invoice(asked, key_of(asked.mark)) is None
        made = books.ask(asked, unsure=True)
        assert isinstance(made, Done) and not made.found
        assert books.count("invoice") == 2

    def test_a_counterparty_whose_answer_was_lost_is_found(self, opened):
        for kind, method in (("http", "PUT"), ("soap", "POST")):
            books = opened(kind)
            books.buyer(SOLE)
            # the look-up comes first; of SOAP both are POST
            books.onec.faults.arm(Fault(kind="cut_after", method=method, next=1 if kind == "http" else 2))
            (lost,) = books.account.create_counterparties([Request("c", BUYER)])
            assert not isinstance(lost, Done)
            books.onec.faults.clear()
            books.buyer()
            assert books.count("counterparty") == 2

    def test_an_order_whose_answer_was_lost_is_found(self, trade: Books):
        trade.issue()
        trade.onec.faults.arm(Fault(kind="cut_after"))
        assert isinstance(trade.order(), Ambiguous)
        found = trade.order(unsure=True)
        assert isinstance(found, Done) and found.found
        assert trade.count("order") == 1

    def test_many_threads_with_one_request_make_one_invoice(self, books: Books):
        asked = invoice(books.buyer())
        outcomes: list[object] = []
        threads = [threading.Thread(target=lambda: outcomes.append(books.ask(asked))) for _ in range(6)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len({one.remote_id for one in outcomes if isinstance(one, Done)}) == 1
        assert books.count("invoice") == 1


class TestThePoll:
    def test_of_a_base_restored_from_a_copy_all_is_told_that_went_back(self, books: Books, caplog):
        paid = books.issue("17:1")
        books.hear()
        books.desk.take_copy()
        books.desk.pay(paid.remote_id)
        books.issue("18:1")
        books.hear()
        books.desk.restore()
        assert sorted(books.hear()) == ["invoice.cancelled", "invoice.unpaid"]
        assert "restored from a copy" in caplog.text
        assert books.hear() == []

    def test_a_restored_base_that_has_moved_on_is_seen_through_by_the_full_reading(self, books: Books):
        books.desk.take_copy()
        books.issue("18:1")
        books.hear()
        books.desk.restore()
        books.issue("19:1")  # the cursor is where it was: the numbers have gone the same way again
        books.issue("20:1")
        heard = books.hear(full=True)
        assert heard.count("invoice.issued") == 2 and "invoice.cancelled" in heard

    def test_the_full_reading_tells_nothing_that_was_told(self, books: Books):
        books.desk.pay(books.issue().remote_id)
        books.hear()
        assert books.hear(full=True) == []

    def test_the_feed_is_read_by_pages_to_its_end(self, opened):
        for kind in ("http", "soap"):
            books = opened(kind, page=2)
            for lead in range(5):
                books.issue(f"{lead}:1")
            assert books.hear().count("invoice.issued") == 5

    def test_a_first_poll_leaves_alone_what_is_older_than_the_window(self, opened):
        for kind in ("http", "soap"):
            books = opened(kind, wide_days=1, comparison={"days": 1})
            made = books.issue()
            paper = books.onec.base.papers.of(made.remote_id)
            books.onec.base.patch(paper.set, paper.ref, {"Date": paper.date - timedelta(days=3)})
            assert books.hear() == []
            assert [one.ref for one in books.road.window(books.now() - timedelta(days=9))] == [made.remote_id]


class TestPaperAndCancelling:
    def test_the_printed_form_comes_from_1c_when_it_is_ready(self, books: Books):
        made = books.issue()
        books.hear()
        books.onec.services.desk.switches.print_after = 1
        assert books.account.printed("17:1", DocumentKind.INVOICE) is None
        printed = books.account.printed("17:1", DocumentKind.INVOICE)
        assert printed is not None and printed.body.startswith(b"%PDF") and printed.name == "Счёт 1.pdf"
        assert books.road.printed(DocumentKind.INVOICE, key_of("nobody")) is None
        assert made.remote_id

    def test_an_invoice_is_cancelled_with_its_order(self, trade: Books):
        trade.issue()
        trade.order()
        trade.hear()
        (done,) = trade.account.cancel_invoices([Request("x", Cancellation("17:1"))])
        assert isinstance(done, Done)
        assert all(paper.deleted for paper in trade.onec.base.papers.all() if paper.kind in ("invoice", "order"))
        (again,) = trade.account.cancel_invoices([Request("x", Cancellation("17:1"))])
        assert isinstance(again, Done)
        assert trade.hear() == ["invoice.cancelled"]

    def test_what_is_paid_is_not_cancelled(self, books: Books):
        books.desk.pay(books.issue().remote_id)
        (refused,) = books.account.cancel_invoices([Request("x", Cancellation("17:1"))])
        assert isinstance(refused, Rejected) and "бухгалтер" in refused.hint


def test_a_product_that_1c_does_not_have_is_refused_by_name(books: Books):
    odd = priced([ProductLine("Лицензия 1С", Decimal(1), Decimal(100))], Vat.R22, included=True)
    refused = books.issue(lines=odd)
    assert isinstance(refused, Rejected)
    assert "Лицензия 1С" in refused.reason and "products.create" in refused.hint


def test_products_are_made_where_the_settings_say_so(opened):
    books = opened("http", products={"create": True})
    odd = priced([ProductLine("Муфта", Decimal(1), Decimal(100), "MUF")], Vat.R22, included=True)
    assert isinstance(books.issue(lines=odd), Done)


def test_a_user_with_a_cyrillic_name_gets_in(opened):
    for kind in ("http", "soap"):
        books = opened(kind, user="Обмен CRM", password="пароль:да")
        books.onec.door.users["Обмен CRM"] = "пароль:да"
        assert books.account.check()[0].text.startswith("the service answers: Бухгалтерия")
