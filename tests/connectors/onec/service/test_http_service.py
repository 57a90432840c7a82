"""The HTTP service by the bodies of the reference, and services that fall short of the contract."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import responses
from responses import matchers

from provodka.accounting import Basis, DocumentKind, Vat
from provodka.errors import Rejected, Retryable
from tests.connectors.onec.service.opening import BUYER, invoice
from tests.connectors.onec.service.reference import INVOICE, NOON, PAYMENT, ROOT, SHIPMENT, body, nothing_known


class TestTheBodiesOfTheReference:
    @responses.activate
    def test_an_invoice_is_asked_for_as_the_reference_has_it(self, road):
        wanted = body("invoice_put_request.json")
        asked = invoice("", comment="Заявка из CRM")
        responses.put(f"{ROOT}/invoices/amocrm%3Alead%3A17%3Ainvoice%3A1", json=body("invoice_put_response.json"))
        made = road.create_invoice(asked, "6f1c2a9e-2b3d-4f5a-8c11-1d2e3f405060")
        assert (made.ref, made.number) == (INVOICE, "00БП-000217")
        sent = json.loads(responses.calls[0].request.body)
        assert sent.keys() - wanted.keys() == {"create_products"}
        same = ("idempotency_key", "organization", "date", "currency", "price_includes_vat", "total", "comment")
        assert {name: sent[name] for name in same} == {name: wanted[name] for name in same}
        for line, told in zip(sent["lines"], wanted["lines"], strict=True):
            assert line.items() <= told.items()
        assert sent["counterparty"].keys() - wanted["counterparty"].keys() == {"full_name"}

    @responses.activate
    def test_a_refusal_has_1c_s_words_and_the_field(self, road):
        responses.put(f"{ROOT}/counterparties/amocrm%3Acompany%3A4", json=body("error_422.json"), status=422)
        with pytest.raises(Rejected, match="контрольном разряде") as caught:
            road.create_counterparty(BUYER, "key")
        assert "counterparty.inn" in caught.value.reason
        assert "исправьте его в карточке" in caught.value.hint

    @responses.activate
    def test_the_feed_tells_payments_whole_and_shipments_in_part(self, road):
        responses.get(f"{ROOT}/changes", json=body("changes_get_response.json"))
        line = {"name": "Кабель", "quantity": "100", "price": "115.28", "sum": "11528.00", "vat_rate": "22"}
        whole = body("changes_get_response.json")["items"][1] | {"lines": [line | {"vat_sum": "2078.82"}]}
        responses.get(f"{ROOT}/documents/{SHIPMENT}", json=whole)
        news = road.changed({"changes": "180"}, nothing_known, NOON, full=False)
        payment, shipment = news.documents
        assert (payment.kind, payment.amount) == (DocumentKind.PAYMENT, Decimal(13028))
        assert payment.bases == (Basis(INVOICE, Decimal(13028)),)
        assert payment.date == datetime(2026, 7, 16, 21, tzinfo=UTC)
        assert (shipment.kind, shipment.bases) == (DocumentKind.SHIPMENT, (Basis(INVOICE),))
        assert (shipment.lines[0].name, shipment.lines[0].vat, shipment.vat_amount) == (
            "Кабель",
            Vat.R22,
            Decimal("2078.82"),
        )
        assert news.cursors == {"changes": "184"}
        assert [call.request.path_url.partition("?")[0][-8:] for call in responses.calls] == ["/changes", SHIPMENT[-8:]]

    @responses.activate
    def test_a_document_that_vanished_meanwhile_is_told_as_the_feed_has_it(self, road):
        responses.get(f"{ROOT}/changes", json=body("changes_get_response.json"))
        responses.get(f"{ROOT}/documents/{SHIPMENT}", json={"error": {"code": "not_found", "message": ""}}, status=404)
        _, shipment = road.changed({"changes": "180"}, nothing_known, NOON, full=False).documents
        assert shipment.amount == Decimal(11528)


class TestTheFeed:
    @responses.activate
    def test_what_the_mirror_has_in_this_version_is_left_out(self, road):
        items = [{**body("changes_get_response.json")["items"][0], "version": "A="}]
        responses.get(f"{ROOT}/changes", json={"cursor": "9", "items": items})
        assert road.changed({"changes": "8"}, lambda kind, refs: {PAYMENT: "A="}, NOON, full=False).documents == ()
        assert len(road.changed({"changes": "8"}, lambda kind, refs: {PAYMENT: "B="}, NOON, full=False).documents) == 1

    @responses.activate
    def test_pages_are_read_to_the_end_and_the_last_state_counts(self, road):
        one = body("changes_get_response.json")["items"][0]
        later = {**one, "deleted": "Да"}
        first = matchers.query_param_matcher({"cursor": "8"}, strict_match=False)
        second = matchers.query_param_matcher({"cursor": "9"}, strict_match=False)
        responses.get(f"{ROOT}/changes", json={"cursor": 9, "has_more": "Да", "items": [one]}, match=[first])
        responses.get(f"{ROOT}/changes", json={"cursor": 10, "has_more": "Нет", "items": [later]}, match=[second])
        news = road.changed({"changes": "8"}, nothing_known, NOON, full=False)
        assert [document.deleted for document in news.documents] == [True]
        assert news.cursors == {"changes": "10"}

    @responses.activate
    def test_a_cursor_that_does_not_move_is_a_fault_of_the_service(self, road):
        responses.get(f"{ROOT}/changes", json={"cursor": "8", "has_more": True, "items": []})
        with pytest.raises(Rejected, match="stays at the cursor") as caught:
            road.changed({"changes": "8"}, nothing_known, NOON, full=False)
        assert "повторяет курсор" in caught.value.hint

    @responses.activate
    def test_a_cursor_that_is_not_taken_any_more_begins_anew(self, road):
        old = matchers.query_param_matcher({"cursor": "99"}, strict_match=False)
        new = matchers.query_param_matcher({"cursor": ""}, strict_match=False)
        responses.get(f"{ROOT}/changes", status=422, json=body("error_422.json"), match=[old])
        responses.get(f"{ROOT}/changes", json=body("changes_get_response.json") | {"items": []}, match=[new])
        news = road.changed({"changes": "99"}, nothing_known, NOON, full=False)
        assert news.cursors == {"changes": "184"}
        assert news.since is not None

    @responses.activate
    def test_kinds_of_documents_that_are_nothing_to_us_are_passed_over(self, road):
        responses.get(f"{ROOT}/changes", json={"cursor": "1", "items": [{"type": "act", "ref": "1", "sum": "?"}]})
        assert road.changed({}, nothing_known, NOON, full=False).documents == ()

    @responses.activate
    @pytest.mark.parametrize("answer", [{}, {"items": []}, {"cursor": "1", "items": {}}, []])
    def test_what_is_no_page_is_not_taken_for_an_empty_one(self, road, answer):
        responses.get(f"{ROOT}/changes", json=answer)
        with pytest.raises((Rejected, Retryable)) as caught:
            road.changed({}, nothing_known, NOON, full=False)
        assert "договору обмена" in caught.value.hint

    @responses.activate
    def test_the_window_is_read_in_full(self, road):
        responses.get(f"{ROOT}/changes", json=body("changes_get_response.json"))
        responses.get(f"{ROOT}/documents/{SHIPMENT}", json=body("changes_get_response.json")["items"][1])
        found = road.changed({}, nothing_known, datetime(2026, 9, 16, tzinfo=UTC), full=True)
        assert [one.ref for one in found.documents] == [SHIPMENT]
