"""What a service of 1C has done is found again, whatever broke; its poll, its papers, its refusals."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

from connectors.onec.account import key_of
from provodka.accounting import Cancellation, DocumentKind, NewCounterparty, PartyKind, Vat, priced
from provodka.crm import ProductLine
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Request
from sandbox.faults import Fault
from tests.connectors.onec.service.opening import BUYER, GOODS, Books, invoice

SOLE = NewCounterparty("amocrm:contact:9", PartyKind.SOLE, "ИП Петров П. П.", inn="500199912201")
PERSON = NewCounterparty("amocrm:contact:10", PartyKind.PERSON, "Сидорова Анна")


class TestNothingTwice:
    def test_the_same_request_at_another_hour_is_the_same_invoice(self, books: Books):
        first, again = books.issue(), books.issue()
        assert again.remote_id == first.remote_id
        assert books.count("invoice") == 1

    def test_another_sum_under_the_same_mark_is_refused(self, books: Books):
        books.issue()
        refused = books.issue(lines=priced(GOODS[:2], Vat.R22, included=True))
        assert isinstance(refused, Rejected)
        assert "другой документ" in refused.hint
        assert books.count("invoice") == 1

    def test_an_answer_that_was_lost_is_found_by_the_mark(self, books: Books):
        asked = invoice(books.buyer())
        books.onec.faults.arm(Fault(kind="cut_after"))
        lost = books.ask(asked)
        assert isinstance(lost, Ambiguous)
        found = books.ask(asked, unsure=True)
        assert isinstance(found, Done)
        assert found.found
        assert books.count("invoice") == 1
        assert not any(books.onec.doubles().values())

    def test_a_call_that_never_arrived_is_surely_nothing(self, books: Books):
        asked = invoice(books.buyer())
        assert isinstance(books.ask(invoice(books.buyer(), "18:1")), Done)  # so that SOAP has its WSDL
        books.onec.faults.arm(Fault(kind="cut_before"))
        assert isinstance(books.ask(asked), Ambiguous)
        assert books.road.find_invoice(asked, key_of(asked.mark)) is None
        made = books.ask(asked, unsure=True)
        assert isinstance(made, Done)
        assert not made.found
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
        assert isinstance(found, Done)
        assert found.found
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
        assert heard.count("invoice.issued") == 2
        assert "invoice.cancelled" in heard

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
            assert list(books.road.read(DocumentKind.INVOICE, [made.remote_id])) == [made.remote_id]


class TestPaperAndCancelling:
    def test_the_printed_form_comes_from_1c_when_it_is_ready(self, books: Books):
        made = books.issue()
        books.hear()
        books.onec.services.desk.switches.print_after = 1
        assert books.account.printed("17:1", DocumentKind.INVOICE) is None
        printed = books.account.printed("17:1", DocumentKind.INVOICE)
        assert printed is not None
        assert printed.body.startswith(b"%PDF")
        assert printed.name == "Счёт 1.pdf"
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
        assert isinstance(refused, Rejected)
        assert "бухгалтер" in refused.hint


def test_a_product_that_1c_does_not_have_is_refused_by_name(books: Books):
    odd = priced([ProductLine("Лицензия 1С", Decimal(1), Decimal(100))], Vat.R22, included=True)
    refused = books.issue(lines=odd)
    assert isinstance(refused, Rejected)
    assert "Лицензия 1С" in refused.reason
    assert "products.create" in refused.hint


def test_products_are_made_where_the_settings_say_so(opened):
    books = opened("http", products={"create": True})
    odd = priced([ProductLine("Муфта", Decimal(1), Decimal(100), "MUF")], Vat.R22, included=True)
    assert isinstance(books.issue(lines=odd), Done)


def test_a_user_with_a_cyrillic_name_gets_in(opened):
    for kind in ("http", "soap"):
        books = opened(kind, user="Обмен CRM", password="пароль:да")
        books.onec.door.users["Обмен CRM"] = "пароль:да"
        assert books.account.check()[0].text.startswith("the service answers: Бухгалтерия")
