"""The SOAP service by the bodies of the reference, and services that fall short of the contract."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from lxml import etree

from connectors.onec.account import key_of
from provodka.accounting import Basis, DocumentKind, Sale
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.readiness import Weight
from tests.connectors.onec.service.opening import BUYER, invoice
from tests.connectors.onec.soap.reference import BUYER_REF, INVOICE, NOON, PAYMENT, body


def nothing_known(kind, refs):
    return {}


def told(element) -> list[tuple[str, str]]:
    """Names and texts of the leaves, in their order."""
    return [(etree.QName(one).localname, one.text or "") for one in element.iter() if len(one) == 0]


class TestTheBodiesOfTheReference:
    def test_a_counterparty_is_asked_for_as_the_reference_has_it(self, reference):
        reference.publish()
        reference.answers("CreateCounterparty", body("create_counterparty_response.xml"))
        assert reference.road.create_counterparty(BUYER, "key") == BUYER_REF
        wanted = told(etree.fromstring(body("create_counterparty_request.xml"))[1][0])
        names = [name for name, _ in told(reference.sent())]
        assert [name for name, _ in wanted if name != "OGRN"] == [name for name in names if name != "Phone"]
        assert dict(told(reference.sent()))["KPP"] == "770101001"

    def test_an_invoice_is_asked_for_as_the_reference_has_it(self, reference):
        reference.publish()
        reference.answers("CreateInvoice", body("create_invoice_response.xml"))
        made = reference.road.create_invoice(invoice(BUYER_REF), "key")
        assert (made.ref, made.number) == (INVOICE, "00БП-000217")
        wanted = told(etree.fromstring(body("create_invoice_request.xml"))[1][0])
        ours = [(name, text) for name, text in told(reference.sent()) if name != "Article"]
        assert [(n, Decimal(t) if re.fullmatch(r"[\d.]+", t) else t) for n, t in ours[1:]] == [
            (n, Decimal(t) if re.fullmatch(r"[\d.]+", t) else t) for n, t in wanted[1:]
        ]
        assert ours[0] == ("ExternalId", "amocrm:lead:17:invoice:1")

    def test_a_fault_is_a_refusal_in_1c_s_words(self, reference):
        reference.publish()
        reference.answers("CreateInvoice", body("fault_11.xml"), 500)
        with pytest.raises(Rejected) as caught:
            reference.road.create_invoice(invoice(BUYER_REF), "key")
        assert caught.value.reason == 'Не заполнено поле "Организация"'
        assert "organization.inn" in caught.value.hint

    def test_the_feed_tells_payments_with_what_they_pay(self, reference):
        reference.publish()
        reference.answers("GetDocumentsSince", body("get_documents_since_response.xml"))
        news = reference.road.changed({"changes": "180"}, nothing_known, NOON, full=False)
        (payment,) = news.documents
        assert (payment.kind, payment.ref, payment.amount) == (DocumentKind.PAYMENT, PAYMENT, Decimal(13028))
        assert payment.bases == (Basis(INVOICE, Decimal(13028)),)
        assert payment.date == datetime(2026, 7, 16, 21, tzinfo=UTC)
        assert news.cursors == {"changes": "184"}

    def test_a_printed_form_is_a_pdf(self, reference):
        reference.publish()
        reference.answers("GetPrintForm", body("get_print_form_response.xml"))
        assert reference.road.printed(DocumentKind.INVOICE, INVOICE).startswith(b"%PDF")

    def test_a_service_that_cannot_look_up_is_asked_to_create_again(self, reference):
        reference.publish()
        answer = reference.answers("CreateInvoice", body("create_invoice_response.xml"))
        asked = invoice(BUYER_REF)
        assert reference.road.find_invoice(asked, key_of(asked.mark)).ref == INVOICE
        assert answer.call_count == 1
        assert reference.road.find_counterparties(BUYER) == ()

    def test_what_the_service_does_not_do_is_named_with_the_operation(self, reference):
        reference.publish()
        sale = Sale("17:1", "17", "m", invoice=INVOICE)
        with pytest.raises(Rejected) as caught:
            reference.road.create_order(sale, "m", "key")
        assert "добавьте операцию CreateOrder" in caught.value.hint

    def test_the_check_lists_all_that_the_service_has_not_got(self, reference):
        reference.publish()
        reference.answers("GetDocumentsSince", body("get_documents_since_response.xml"))
        remarks = reference.account.check()
        assert [one.text.split()[-1] for one in remarks if one.weight is Weight.ACCOUNT] == ["GetDocument"]
        lacking = [one.text.split()[-1] for one in remarks if one.weight is Weight.WARNING]
        assert lacking == ["FindCounterparty", "FindDocument", "CreateOrder", "CancelDocument"]


class TestAnswersThatBreakOff:
    @pytest.mark.parametrize("cut", [40, -120, -1])
    def test_half_an_answer_of_a_write_leaves_it_open_what_happened(self, reference, cut):
        reference.publish()
        reference.answers("CreateInvoice", body("create_invoice_response.xml").rstrip()[:cut])
        with pytest.raises(Ambiguous) as caught:
            reference.road.create_invoice(invoice(BUYER_REF), "key")
        assert "оборвался" in caught.value.hint

    @pytest.mark.parametrize("cut", [40, -120, -1])
    def test_half_a_feed_is_not_taken_for_a_whole_one(self, reference, cut):
        reference.publish()
        reference.answers("GetDocumentsSince", body("get_documents_since_response.xml").rstrip()[:cut])
        with pytest.raises(Retryable):
            reference.road.changed({"changes": "180"}, nothing_known, NOON, full=False)

    def test_an_answer_of_another_operation_is_not_read(self, reference):
        reference.publish()
        reference.answers("CreateInvoice", body("get_print_form_response.xml"))
        with pytest.raises(Ambiguous):
            reference.road.create_invoice(invoice(BUYER_REF), "key")

    def test_a_web_page_is_no_answer(self, reference):
        reference.publish()
        reference.answers("CreateInvoice", b"<html><body>login</body></html>")
        with pytest.raises(Ambiguous) as caught:
            reference.road.create_invoice(invoice(BUYER_REF), "key")
        assert "веб-страница" in caught.value.hint

    def test_an_answer_in_the_encoding_of_windows_is_read(self, reference):
        reference.publish()
        text = body("create_invoice_response.xml").decode().replace("UTF-8", "windows-1251")
        reference.answers("CreateInvoice", text.encode("cp1251"))
        assert reference.road.create_invoice(invoice(BUYER_REF), "key").number == "00БП-000217"

    def test_an_external_entity_is_not_followed(self, reference):
        reference.publish()
        evil = body("create_invoice_response.xml").decode()
        evil = evil.replace("?>", '?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>', 1)
        reference.answers("CreateInvoice", evil.replace("00БП-000217", "&e;").encode())
        assert reference.road.create_invoice(invoice(BUYER_REF), "key").number == ""
