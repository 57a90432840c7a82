"""A sale through each service of a base, HTTP and SOAP: what comes of it, and that nothing is made twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.base import collect_calls
from provodka.accounting import NewCounterparty, PartyKind, Vat, priced
from provodka.errors import Rejected
from provodka.invoices import SaleState
from provodka.operation import Done, Request
from tests.connectors.onec.service.opening import BUYER, GOODS, Books

SOLE = NewCounterparty("amocrm:contact:9", PartyKind.SOLE, "ИП Петров П. П.", inn="500199912201")
PERSON = NewCounterparty("amocrm:contact:10", PartyKind.PERSON, "Сидорова Анна")


class TestTheWholeCycle:
    def test_a_trade_goes_from_the_invoice_to_the_shipment(self, trade: Books):
        made = trade.issue(comment="Заявка из CRM")
        assert isinstance(made, Done)
        assert made.values["number"] == "ТД00-000001"
        assert trade.hear() == ["invoice.requested", "counterparty.ready", "invoice.issued"]
        assert trade.sale().amount == Decimal("13028.00")
        assert trade.sale().vat_amount == Decimal("2349.31")

        first = trade.desk.pay(made.remote_id, Decimal(5000))
        assert trade.hear() == ["invoice.partly_paid"]
        trade.desk.pay(made.remote_id)
        assert trade.hear() == ["invoice.paid"]
        assert isinstance(trade.order(), Done)
        assert trade.hear() == ["order.created"]
        trade.desk.ship(made.remote_id)
        assert trade.hear() == ["order.shipped"]
        assert trade.sale().state is SaleState.SHIPPED
        assert trade.sale().paid == Decimal("13028.00")

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
        assert isinstance(refused, Rejected)
        assert "нет заказов" in refused.hint

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
        assert told
        assert not any("buh@romashka" in one or "4950001122" in one for one in told)
        assert any("invoice" in one.path.lower() for one in calls)


class TestCounterparties:
    def test_a_firm_is_found_by_its_inn_and_kpp(self, books: Books):
        first = books.buyer()
        (again,) = books.account.create_counterparties([Request("c", replace(BUYER, mark="amocrm:company:5"))])
        assert isinstance(again, Done)
        assert again.found
        assert again.remote_id == first

    def test_a_branch_with_its_own_kpp_is_another_counterparty(self, books: Books):
        branch = replace(BUYER, mark="amocrm:company:5", name="Ромашка, филиал", kpp="770102002")
        assert books.buyer() != books.buyer(branch)
        assert books.count("counterparty") == 2

    def test_two_with_the_same_inn_and_kpp_are_for_a_person_to_choose(self, books: Books):
        for name in ("Ромашка", "Ромашка (старая)"):
            values = {"Description": name, "ИНН": BUYER.inn, "КПП": BUYER.kpp, "НаименованиеПолное": name}
            books.onec.base.write("Catalog_Контрагенты", values)
        (refused,) = books.account.create_counterparties([Request("c", BUYER)])
        assert isinstance(refused, Rejected)
        assert "Ромашка (старая)" in refused.hint

    @pytest.mark.parametrize("who", [SOLE, PERSON], ids=["sole", "person"])
    def test_who_has_no_kpp_is_recognised_when_asked_for_again(self, books: Books, who: NewCounterparty):
        assert books.buyer(who) == books.buyer(who)
        assert books.count("counterparty") == 1
        assert isinstance(books.issue(buyer=who), Done)

    def test_a_wrong_inn_is_refused_in_words_for_support(self, books: Books):
        (refused,) = books.account.create_counterparties([Request("c", replace(BUYER, inn="7701999112"))])
        assert isinstance(refused, Rejected)
        assert "контрольном разряде" in refused.reason
        assert "ИНН покупателя неверен" in refused.hint

    def test_a_company_whose_inn_has_changed_is_told_apart(self, books: Books):
        books.buyer()
        (refused,) = books.account.create_counterparties([Request("c", replace(BUYER, inn="7801999002"))])
        assert isinstance(refused, Rejected)
        assert "сменился ИНН" in refused.hint
