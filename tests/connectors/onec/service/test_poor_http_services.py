"""HTTP services that fall short of the contract, and the check that tells of it before the start."""

from __future__ import annotations

import json

import pytest
import responses
from pydantic import ValidationError

from connectors.onec.account import key_of
from connectors.onec.service.room import open_account
from provodka.accounting import BankAccount, DocumentKind, NewCounterparty, PartyKind, Sale
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.readiness import Weight
from sandbox.faults import Fault
from tests.connectors.memory_store import MemoryStore
from tests.connectors.onec.service.opening import BUYER, Books, http_settings, invoice
from tests.connectors.onec.service.reference import HOST, INVOICE, ROOT, body


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
        assert caught.value.status == 405
        assert "WebDAV" in caught.value.hint

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
        assert made is not None
        assert made.ref == INVOICE
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
