"""The HTTP service by the bodies of the reference, and services that fall short of the contract."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import responses
from pydantic import ValidationError
from responses import matchers

from connectors.onec.account import key_of
from connectors.onec.service.room import open_account
from provodka.accounting import BankAccount, Basis, DocumentKind, NewCounterparty, PartyKind, Sale, Vat
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.readiness import Weight
from sandbox.faults import Fault
from tests.connectors.memory_store import MemoryStore
from tests.connectors.onec.service.opening import BUYER, Books, http_settings, invoice

BODIES = Path(__file__).parents[3] / "sandbox/onec/bodies/http"
HOST = "https://1c.example.test"
ROOT = HOST + "/base/hs/crm/v1"
NOON = datetime(2026, 7, 15, 9, tzinfo=UTC)
INVOICE = "7c9e1a40-6a32-11f0-9a01-00155d0a0b01"
PAYMENT = "9d10b250-6b40-11f0-9a01-00155d0a0b01"
SHIPMENT = "9d10b260-6c01-11f0-9a01-00155d0a0b01"
OURS = {"inn": "7801999002", "kpp": "780101001"}


def body(name: str) -> dict:
    return json.loads((BODIES / name).read_text())


def nothing_known(kind, refs):
    return {}


@pytest.fixture
def road():
    account = open_account(http_settings(HOST, organization=OURS), MemoryStore(), lambda: NOON)
    yield account._road
    account.close()


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
        assert "counterparty.inn" in caught.value.reason and "исправьте его в карточке" in caught.value.hint

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
        assert news.cursors == {"changes": "184"} and news.since is not None

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
        since = datetime(2026, 7, 18, tzinfo=UTC)
        assert [one.ref for one in road.window(since)] == [SHIPMENT]


class TestServicesThatFallShort:
    def test_a_proxy_that_blocks_put_is_gone_round_by_post(self, opened):
        books: Books = opened("http")
        books.onec.faults.arm(Fault(status=405, method="PUT", next=9))
        books.issue("17:1")
        books.issue("18:1")
        assert books.count("invoice") == 2
        assert books.onec.counts.faults["status"] == 1  # the second was not even tried by PUT

    @responses.activate
    def test_without_put_and_post_the_refusal_is_that_of_put(self, road):
        responses.put(f"{ROOT}/counterparties/amocrm%3Acompany%3A4", status=405)
        responses.post(f"{ROOT}/counterparties/amocrm%3Acompany%3A4/put", status=404)
        with pytest.raises(Rejected) as caught:
            road.create_counterparty(BUYER, "key")
        assert caught.value.status == 405 and "WebDAV" in caught.value.hint

    @responses.activate
    def test_a_refusal_by_post_is_told_as_it_is(self, road):
        responses.put(f"{ROOT}/counterparties/amocrm%3Acompany%3A4", status=501)
        responses.post(f"{ROOT}/counterparties/amocrm%3Acompany%3A4/put", status=422, json=body("error_422.json"))
        with pytest.raises(Rejected, match="контрольном"):
            road.create_counterparty(BUYER, "key")

    @responses.activate
    @pytest.mark.parametrize("status", [404, 405])
    def test_where_nothing_can_be_looked_up_by_our_mark_the_put_is_repeated(self, road, status):
        asked = invoice("")
        path = f"{ROOT}/invoices/amocrm%3Alead%3A17%3Ainvoice%3A1"
        responses.get(path, status=status)
        answer = responses.put(path, json=body("invoice_put_response.json"))
        made = road.find_invoice(asked, key_of(asked.mark))
        assert made is not None and made.ref == INVOICE
        assert answer.call_count == 1

    @responses.activate
    def test_a_clash_of_another_sum_stays_one(self, road):
        asked = invoice("")
        path = f"{ROOT}/invoices/amocrm%3Alead%3A17%3Ainvoice%3A1"
        responses.put(path, status=409, json={"error": {"code": "conflict", "message": "Другое содержание"}})
        responses.get(path, json={"ref": INVOICE, "sum": "13028.01"})
        with pytest.raises(Rejected, match="Другое содержание"):
            road.create_invoice(asked, "key")
        responses.replace(responses.GET, path, json={"ref": INVOICE, "sum": 13028, "number": "217"})
        assert road.create_invoice(asked, "key").number == "217"

    @responses.activate
    def test_an_answer_without_a_ref_leaves_it_open_what_happened(self, road):
        responses.put(f"{ROOT}/counterparties/amocrm%3Acompany%3A4", json={"status": "created"})
        with pytest.raises(Ambiguous, match="no ref"):
            road.create_counterparty(BUYER, "key")
        responses.replace(responses.PUT, f"{ROOT}/counterparties/amocrm%3Acompany%3A4", json=["created"])
        with pytest.raises(Ambiguous, match="no object"):
            road.create_counterparty(BUYER, "key")

    @responses.activate
    def test_firms_are_sifted_again_where_the_service_does_not(self, road):
        firm = {"ref": "1", "name": "Ромашка", "inn": " 7701999111", "kpp": "770101001"}
        others = [firm | {"ref": "2", "kpp": "770102002"}, firm | {"ref": "3", "deleted": "Да"}]
        others += [firm | {"ref": "4", "is_folder": True}, firm | {"ref": "5", "inn": "7801999002"}]
        responses.get(f"{ROOT}/counterparties", json={"items": [firm, *others]})
        assert [one.ref for one in road.find_counterparties(BUYER)] == ["1"]

    @responses.activate
    def test_a_person_is_sought_by_mark_and_then_by_the_whole_name(self, road):
        who = NewCounterparty("amocrm:contact:10", PartyKind.PERSON, "Сидорова Анна")
        responses.get(f"{ROOT}/counterparties/amocrm%3Acontact%3A10", status=404)
        namesakes = [{"ref": "1", "name": "Сидорова Анна"}, {"ref": "2", "name": "Сидорова Анна Петровна"}]
        responses.get(f"{ROOT}/counterparties", json={"items": namesakes})
        assert [one.ref for one in road.find_counterparties(who)] == ["1"]

    @responses.activate
    def test_what_is_no_pdf_is_not_sent_to_a_client(self, road):
        responses.get(f"{ROOT}/documents/1/print/pdf", body=b"PK\x03\x04", content_type="application/pdf")
        with pytest.raises(Retryable, match="no PDF"):
            road.printed(DocumentKind.INVOICE, "1")

    @responses.activate
    def test_a_service_that_does_not_print_has_no_form(self, road):
        responses.get(f"{ROOT}/documents/1/print/pdf", status=405)
        assert road.printed(DocumentKind.INVOICE, "1") is None

    @responses.activate
    def test_what_a_person_changed_is_not_cancelled(self, road):
        responses.get(f"{ROOT}/documents/1", json={"type": "invoice", "ref": "1", "number": "217", "version": "C="})
        with pytest.raises(Rejected, match="changed in 1C") as caught:
            road.cancel(Sale("17:1", "17", "m", invoice="1"), lambda kind, refs: {"1": "B="})
        assert "отмените его в 1С" in caught.value.hint


def test_json_with_a_byte_order_mark_is_json(opened):
    books: Books = opened("http")
    books.onec.services.desk.switches.bom = True
    books.issue()
    assert "invoice.issued" in books.hear()


@responses.activate
def test_a_bank_account_goes_along(road):
    account = BankAccount("40702810400000012345", "044599991", "АО «Банк»", "30101810900000000991")
    who = NewCounterparty("m", PartyKind.LEGAL, "Р", inn="7701999111", account=account)
    responses.put(f"{ROOT}/counterparties/m", json={"ref": "1"})
    road.create_counterparty(who, "key")
    assert json.loads(responses.calls[0].request.body)["bank_account"] == {
        "number": "40702810400000012345",
        "bic": "044599991",
        "bank": "АО «Банк»",
        "correspondent": "30101810900000000991",
    }


class TestTheCheck:
    def test_a_service_that_has_all_answers_with_its_name(self, opened):
        remarks = opened("http").account.check()
        assert [one.weight for one in remarks] == [Weight.NOTE]

    def test_a_disabled_extension_is_told_to_the_administrator(self, opened):
        books: Books = opened("http")
        books.onec.services.desk.switches.installed = False
        assert {one.cure for one in books.account.check() if one.weight is Weight.ACCOUNT} == {
            "По этому адресу сервиса 1С нет. Администратору 1С: опубликуйте сервис на веб-сервере заново и включите "
            "расширение: его отключает обновление платформы."
        }

    def test_a_wrong_password_is_told_once(self, opened):
        books: Books = opened("http", password="other")
        assert ["имя или пароль" in one.cure for one in books.account.check()] == [True]

    def test_a_service_without_look_up_by_mark_is_warned_of(self, opened):
        books: Books = opened("http")
        books.onec.faults.arm(Fault(status=405, path="/base/hs/crm/v1/invoices/"))
        assert "GET invoices" in next(one.cure for one in books.account.check() if one.weight is Weight.WARNING)

    def test_of_a_server_that_is_down_one_sentence_is_enough(self):
        account = open_account(http_settings("http://127.0.0.1:9"), MemoryStore())
        (remark,) = account.check()
        assert "no connection" in remark.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"user": "a:b"}, "no user of 1C"),
        ({"url": "http://1c.example.test/hs"}, "https"),
        ({"organization": {"inn": "7801999003"}}, "check digits"),
    ],
)
def test_settings_that_cannot_work_are_refused(changed, words):
    with pytest.raises(ValidationError, match=words):
        http_settings(HOST, **changed)
