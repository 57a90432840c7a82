"""The SOAP service by the bodies of the reference, and services that fall short of the contract."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import responses
from lxml import etree
from responses import matchers

from connectors.base import collect_calls
from connectors.onec.account import key_of
from connectors.onec.soap.room import open_account
from provodka.accounting import Basis, DocumentKind, Sale
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done, Request
from provodka.readiness import Weight
from tests.connectors.memory_store import MemoryStore
from tests.connectors.onec.service.opening import BUYER, GOODS, WS, Books, invoice, soap_settings

BODIES = Path(__file__).parents[3] / "sandbox/onec/bodies/soap"
HOST = "https://1c.example.test"
URL = HOST + WS
NOON = datetime(2026, 7, 15, 9, tzinfo=UTC)
INVOICE = "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"
PAYMENT = "9d10b250-6b40-11f0-9a01-00155d0a0b01"
BUYER_REF = "5b2f7c10-6a31-11f0-9a01-00155d0a0b01"
NS = {"m": "http://crm.example.test/CRMExchange"}


def body(name: str) -> bytes:
    return (BODIES / name).read_bytes()


def nothing_known(kind, refs):
    return {}


class Reference:
    """A road to a service that is exactly that of the reference."""

    def __init__(self, wire: responses.RequestsMock, **changed) -> None:
        self.wire = wire
        self.store = MemoryStore()
        self.clock = NOON
        self.account = open_account(soap_settings(HOST, **changed), self.store, lambda: self.clock)
        self.road = self.account._road

    def publish(self, wsdl: bytes = b"", **how):
        asked = matchers.query_string_matcher("wsdl")
        return self.wire.get(URL, body=wsdl or body("CRMExchange.wsdl"), match=[asked], **how)

    def answers(self, operation: str, content: bytes, status: int = 200):
        action = f'"http://crm.example.test/CRMExchange#CRMExchange:{operation}"'
        return self.wire.post(URL, body=content, status=status, match=[matchers.header_matcher({"SOAPAction": action})])

    def sent(self):
        """The last call inside its envelope."""
        return etree.fromstring(self.wire.calls[-1].request.body)[0][0]


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def reference(wire):
    one = Reference(wire)
    yield one
    one.account.close()


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


class TestTheWsdl:
    def test_nothing_is_asked_for_and_zeep_is_not_loaded_before_the_first_call(self, reference):
        assert len(reference.wire.calls) == 0
        code = "import sys, connectors.onec.soap.room; print('zeep' in sys.modules, 'lxml' in sys.modules)"
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert ran.stdout.split() == ["False", "False"]

    def test_it_is_fetched_once_a_day_and_kept_in_the_journal(self, reference):
        wsdl = reference.publish()
        reference.answers("CreateCounterparty", body("create_counterparty_response.xml"))
        reference.road.create_counterparty(BUYER, "key")
        reference.road.create_counterparty(BUYER, "key")
        assert wsdl.call_count == 1
        for hours, fetched in ((23, 1), (25, 2)):
            again = Reference(reference.wire)
            again.store, again.clock = reference.store, NOON + timedelta(hours=hours)
            again.account = open_account(soap_settings(HOST), again.store, lambda again=again: again.clock)
            again.account._road.create_counterparty(BUYER, "key")
            assert wsdl.call_count == fetched

    def test_with_1c_down_the_old_copy_serves(self, reference):
        wsdl = reference.publish()
        reference.answers("CreateCounterparty", body("create_counterparty_response.xml"))
        reference.road.create_counterparty(BUYER, "key")
        reference.wire.remove(wsdl)
        reference.publish(b"down", status=503)
        later = open_account(soap_settings(HOST), reference.store, lambda: NOON + timedelta(days=9))
        assert later._road.create_counterparty(BUYER, "key") == BUYER_REF

    def test_a_page_instead_of_it_is_said_to_be_none(self, reference):
        reference.publish(b"<root/>")
        with pytest.raises(Retryable, match="no WSDL"):
            reference.road.create_counterparty(BUYER, "key")

    def test_one_that_cannot_be_used_is_for_the_administrator(self, reference):
        reference.publish(
            body("CRMExchange.wsdl").replace(b"<service", b"<nothing").replace(b"</service", b"</nothing")
        )
        with pytest.raises(Rejected) as caught:
            reference.road.create_counterparty(BUYER, "key")
        assert "опубликуйте веб-сервис заново" in caught.value.hint

    def test_a_service_that_wants_another_field_is_named_with_it(self, reference):
        extra = b'<xs:element name="LegalEntity" type="xs:boolean"/><xs:element name="Region" type="xs:string"/>'
        old = b'<xs:element name="LegalEntity" type="xs:boolean"/>'
        reference.publish(body("CRMExchange.wsdl").replace(old, extra))
        with pytest.raises(Rejected, match="Region") as caught:
            reference.road.create_counterparty(BUYER, "key")
        assert "пакет XDTO" in caught.value.hint

    def test_the_address_that_leads_to_it_is_called_whatever_it_says_itself(self, opened):
        books: Books = opened("soap")
        books.onec.services.desk.switches.internal_address = True
        assert books.buyer()

    def test_an_endpoint_of_its_own_is_called(self, wire):
        one = Reference(wire, endpoint="https://proxy.example.test/ws")
        one.publish()
        wire.post("https://proxy.example.test/ws", body=body("create_counterparty_response.xml"))
        assert one.road.create_counterparty(BUYER, "key") == BUYER_REF

    def test_the_port_of_soap_12_can_be_chosen(self, opened):
        books: Books = opened("soap", service="CRMExchange", port="CRMExchangeSoap12")
        (done,) = books.account.create_counterparties([Request("c", BUYER)])
        assert isinstance(done, Done)
        (refused,) = books.account.create_invoices([Request("i", invoice("nobody"))])
        assert isinstance(refused, Rejected) and "не найден" in refused.reason

    def test_a_port_that_is_not_there_is_told(self, wire):
        one = Reference(wire, port="Other")
        one.publish()
        with pytest.raises(Rejected, match="no port Other, it has CRMExchangeSoap, CRMExchangeSoap12") as caught:
            one.road.create_counterparty(BUYER, "key")
        assert "accounting.port" in caught.value.hint


def test_each_call_is_named_in_the_trace(opened):
    books: Books = opened("soap")
    with collect_calls() as calls:
        books.issue(lines=invoice("").lines[: len(GOODS)])
    assert [one.path for one in calls] == ["?wsdl", "#FindCounterparty", "#CreateCounterparty", "#CreateInvoice"]
    assert all(one.status == 200 for one in calls)
    assert "Ромашка" in calls[2].request_summary and calls[0].answer_summary == ""


def test_a_disabled_extension_is_told_to_the_administrator(opened):
    books: Books = opened("soap")
    books.onec.services.desk.switches.installed = False
    assert {"включите расширение" in one.cure for one in books.account.check()} == {True}
