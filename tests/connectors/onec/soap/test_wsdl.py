"""The WSDL of a SOAP service: when it is fetched, what of it is believed, and what is told of one that does not fit."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from connectors.base import collect_calls
from connectors.onec.soap.room import open_account
from provodka.errors import Rejected, Retryable
from provodka.operation import Done, Request
from tests.connectors.onec.service.opening import BUYER, GOODS, Books, invoice, soap_settings
from tests.connectors.onec.soap.reference import BUYER_REF, HOST, NOON, Reference, body


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
        assert isinstance(refused, Rejected)
        assert "не найден" in refused.reason

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
    assert "Ромашка" in calls[2].request_summary
    assert calls[0].answer_summary == ""


def test_a_disabled_extension_is_told_to_the_administrator(opened):
    books: Books = opened("soap")
    books.onec.services.desk.switches.installed = False
    assert {"включите расширение" in one.cure for one in books.account.check()} == {True}
