"""What goes over the wire, byte for byte as the vendor's examples have it, and answers that the sandbox never gives."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
import responses
from responses import matchers

from connectors.amocrm.crm import AmoCrm
from connectors.amocrm.settings import AmocrmSettings
from provodka.crm import (
    BotStart,
    CardKind,
    CardLink,
    CardRef,
    CompanyChange,
    ContactChange,
    InvoicePayment,
    LeadClosing,
    LeadLines,
    NewFile,
    ProductLine,
    RequestAcceptance,
    RequestDecline,
    TaskCompletion,
)
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from provodka.operation import Done, Request
from provodka.payloads import Attachment

BASE, DRIVE = "https://krovlya.amocrm.ru", "https://drive-b.amocrm.ru"
API = f"{BASE}/api/v4"
LEAD, CONTACT = CardRef(CardKind.LEAD, "11000001"), CardRef(CardKind.CONTACT, "21000001")
PAID_AT = datetime.fromtimestamp(1767225690, UTC)
UUID = "f0000000-0000-4000-8000-000000000001"


@pytest.fixture
def crm(store):
    settings = {"type": "amocrm", "url": BASE, "token": "t", "per_second": 1000, "burst": 100}
    crm = AmoCrm(AmocrmSettings.model_validate(settings), store, name="crm", sleep=lambda _: None)
    yield crm
    crm.close()


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        account = {"is_api_filter_enabled": True, "drive_url": DRIVE, "amojo_id": "a1"}
        wire.get(f"{API}/account", json={**account, "_embedded": {"task_types": [{"id": 1, "name": "Связаться"}]}})
        stages = [
            {"id": 50000001, "name": "Неразобранное", "sort": 10, "type": 1},
            {"id": 50000002, "name": "Новый лид", "sort": 20, "type": 0},
            {"id": 142, "name": "Успешно реализовано", "sort": 10000, "type": 0},
            {"id": 143, "name": "Закрыто и не реализовано", "sort": 11000, "type": 0},
        ]
        pipeline = {"id": 5000001, "name": "Кровля", "is_main": True, "sort": 1, "_embedded": {"statuses": stages}}
        wire.get(f"{API}/leads/pipelines", json=hal("pipelines", pipeline))
        user = {"id": 7000001, "name": "Анна", "email": "anna@krovlya.ru", "rights": {"is_active": True}}
        wire.get(f"{API}/users", json=hal("users", user))
        wire.get(f"{API}/leads/loss_reasons", json=hal("loss_reasons", {"id": 600001, "name": "Дорого"}))
        lists = [{"id": 4001, "type": "products"}, {"id": 4003, "type": "invoices"}]
        wire.get(f"{API}/catalogs", json=hal("catalogs", *lists))
        wire.get(f"{API}/bots", json=hal("items", {"id": 91001, "name": "Приветствие"}))
        yield wire


def hal(collection, *rows):
    return {"_links": {"self": {"href": BASE}}, "_embedded": {collection: list(rows)}}


def lead(status=50000002, **more):
    return {"id": 11000001, "name": "Сайт", "pipeline_id": 5000001, "status_id": status, **more}


def one(params):
    return [Request("key", params)]


def sent(wire, method, url):
    return [json.loads(c.request.body) for c in wire.calls if (c.request.method, c.request.url) == (method, url)]


def test_a_lost_lead_names_stage_pipeline_and_reason_together(crm, wire):
    wire.get(f"{API}/leads", json=hal("leads", lead()))
    wire.patch(f"{API}/leads", json=hal("leads", {"id": 11000001, "updated_at": 1}))
    assert crm.close_leads(one(LeadClosing("11000001", won=False, loss_reason="Дорого"))) == [Done("11000001")]
    assert sent(wire, "PATCH", f"{API}/leads") == [
        [
            {
                "id": 11000001,
                "updated_by": 0,
                "pipeline_id": 5000001,
                "status_id": 143,
                "loss_reason_id": 600001,
                "request_id": "0",
            }
        ]
    ]


def test_a_rule_of_the_account_against_a_reason_is_told(crm, wire):
    wire.get(f"{API}/leads", json=hal("leads", lead()))
    refusal = {"errors": {"11000001": "Loss reason can be specified only for lost lead"}, "status": 400}
    wire.patch(f"{API}/leads", json=refusal, status=400)
    [outcome] = crm.close_leads(one(LeadClosing("11000001", won=False, loss_reason="Дорого")))
    assert isinstance(outcome, Rejected)
    assert "Loss reason" in outcome.reason
    assert outcome.hint


def test_a_contact_that_the_answer_does_not_mention_is_gone(crm, wire):
    wire.patch(f"{API}/contacts", json=hal("contacts"))
    [outcome] = crm.update_contacts(one(ContactChange("21000001", name="Мария")))
    assert isinstance(outcome, Rejected)
    assert "удалили или объединили" in outcome.hint


def test_a_link_is_written_at_the_leads_side(crm, wire):
    row = {"entity_id": 11000001, "entity_type": "leads", "to_entity_id": 21000001, "to_entity_type": "contacts"}
    wire.post(f"{API}/leads/link", json=hal("links", row))
    assert crm.link_cards(one(CardLink(CONTACT, LEAD, main=True))) == [Done("21000001")]
    [[body]] = sent(wire, "POST", f"{API}/leads/link")
    assert body == {
        "entity_id": 11000001,
        "to_entity_id": 21000001,
        "to_entity_type": "contacts",
        "metadata": {"is_main": True},
        "request_id": "0",
    }


def test_a_link_that_the_answer_does_not_show_is_in_doubt(crm, wire):
    wire.post(f"{API}/leads/link", json=hal("links"))
    assert isinstance(crm.link_cards(one(CardLink(LEAD, CONTACT)))[0], Ambiguous)


def test_numbers_of_a_firm_keep_what_else_its_details_hold(crm, wire):
    field = {"id": 8, "name": "Реквизиты", "type": "legal_entity", "code": None, "enums": None}
    wire.get(f"{API}/companies/custom_fields", json=hal("custom_fields", field))
    old = {"name": "ООО Ромашка", "vat_id": "7700000000", "address": "Москва"}
    values = [{"field_id": 8, "field_name": "Реквизиты", "field_type": "legal_entity", "values": [{"value": old}]}]
    card = {"id": 22000001, "name": "Ромашка", "custom_fields_values": values}
    wire.get(f"{API}/companies", json=hal("companies", card))
    wire.patch(f"{API}/companies", json=hal("companies", {"id": 22000001}))
    assert crm.update_companies(one(CompanyChange("22000001", kpp="770001001"))) == [Done("22000001")]
    [[body]] = sent(wire, "PATCH", f"{API}/companies")
    assert body["custom_fields_values"] == [{"field_id": 8, "values": [{"value": {**old, "kpp": "770001001"}}]}]


def test_a_task_is_completed_with_its_result(crm, wire):
    wire.get(f"{API}/tasks", json=hal("tasks", {"id": 33, "is_completed": False, "result": None}))
    wire.patch(f"{API}/tasks", json=hal("tasks", {"id": 33}))
    assert crm.complete_tasks(one(TaskCompletion("33", "Договорились"))) == [Done("33")]
    [[body]] = sent(wire, "PATCH", f"{API}/tasks")
    assert (body["is_completed"], body["result"]) == (True, {"text": "Договорились"})


def test_an_invoice_is_paid_by_state_and_date(crm, wire):
    wire.patch(f"{API}/catalogs/4003/elements", json=hal("elements", {"id": 40030001}))
    assert crm.pay_invoices(one(InvoicePayment("40030001", PAID_AT))) == [Done("40030001")]
    [[body]] = sent(wire, "PATCH", f"{API}/catalogs/4003/elements")
    assert body["custom_fields_values"] == [
        {"field_code": "BILL_STATUS", "values": [{"enum_code": "paid"}]},
        {"field_code": "BILL_PAYMENT_DATE", "values": [{"value": 1767225690}]},
    ]


def test_a_request_is_accepted_and_declined_as_documented(crm, wire):
    wire.get(f"{API}/leads", json=hal("leads", lead(50000001)))
    answer = {"uid": "u", "_embedded": {"leads": [{"id": 11000001}], "contacts": [{"id": 21000001}]}}
    wire.post(f"{API}/leads/unsorted/u/accept", json=answer)
    wire.delete(f"{API}/leads/unsorted/u/decline", json=answer)
    [done] = crm.accept_requests(one(RequestAcceptance("u", "11000001", "anna@krovlya.ru")))
    assert done == Done("11000001", {"contact_id": "21000001"})
    assert crm.decline_requests(one(RequestDecline("u", "11000001"))) == [done]
    assert sent(wire, "POST", f"{API}/leads/unsorted/u/accept") == [{"status_id": 50000002, "user_id": 7000001}]


def test_a_request_whose_lead_cannot_be_read_yet_is_accepted_all_the_same(crm, wire):
    wire.get(f"{API}/leads", status=204)
    wire.get(f"{API}/leads/unsorted/u", json={"uid": "u", "pipeline_id": 5000001})
    answer = {"uid": "u", "_embedded": {"leads": [{"id": 11000001}], "contacts": []}}
    wire.post(f"{API}/leads/unsorted/u/accept", json=answer)
    assert crm.accept_requests(one(RequestAcceptance("u", "11000001"))) == [Done("11000001", {"contact_id": ""})]
    assert sent(wire, "POST", f"{API}/leads/unsorted/u/accept") == [{"status_id": 50000002}]


def test_a_bot_is_started_by_version_two(crm, wire):
    wire.get(f"{API}/leads", json=hal("leads", lead()))
    wire.post(f"{BASE}/api/v2/salesbot/run", json={"success": True}, status=202)
    assert crm.start_bots(one(BotStart("Приветствие", "11000001"))) == [Done("11000001")]
    assert sent(wire, "POST", f"{BASE}/api/v2/salesbot/run") == [
        [{"bot_id": 91001, "entity_id": 11000001, "entity_type": 2}]
    ]


def test_where_bots_are_not_listed_one_is_started_by_its_number(crm, wire):
    wire.replace("GET", f"{API}/bots", json={"title": "Not Found", "status": 404}, status=404)
    wire.get(f"{API}/leads", json=hal("leads", lead()))
    wire.post(f"{BASE}/api/v2/salesbot/run", json={"success": True})
    assert crm.bots() == ()
    assert crm.start_bots(one(BotStart("91001", "11000001"))) == [Done("11000001")]
    assert isinstance(crm.start_bots(one(BotStart("Приветствие", "11000001")))[0], Rejected)


def test_a_product_whose_answer_names_nothing_is_in_doubt(crm, wire):
    fields = hal("custom_fields", {"id": 1, "name": "Артикул", "type": "text", "code": "SKU", "enums": None})
    wire.get(f"{API}/catalogs/4001/custom_fields", json=fields)
    wire.get(f"{API}/leads", json=hal("leads", lead()))
    wire.get(f"{API}/catalogs/4001/elements", status=204)
    wire.post(f"{API}/catalogs/4001/elements", json=hal("elements"))
    lines = LeadLines("11000001", (ProductLine("Насос", sku="P-100"),))
    assert isinstance(crm.set_lead_lines(one(lines))[0], Ambiguous)


@pytest.fixture
def file(store):
    body = b"x" * 200_000
    sha256 = hashlib.sha256(body).hexdigest()
    store.blobs[sha256] = body
    return NewFile(Attachment("kp.pdf", "application/pdf", len(body), sha256), LEAD)


def uploading(wire, first=f"{DRIVE}/v1.0/upload/one", second=f"{DRIVE}/v1.0/upload/two"):
    session = {"session_id": 1, "upload_url": first, "max_file_size": 314572800, "max_part_size": 131072}
    wire.post(f"{DRIVE}/v1.0/sessions", json=session)
    wire.post(f"{DRIVE}/v1.0/upload/one", json={"session_id": 1, "next_url": second}, status=202)
    wire.post(f"{DRIVE}/v1.0/upload/two", json={"uuid": UUID, "name": "kp.pdf"})


def test_the_files_service_gets_the_token_and_the_parts(crm, wire, file):
    uploading(wire)
    wire.put(f"{API}/leads/11000001/files", match=[matchers.json_params_matcher([{"file_uuid": UUID}])])
    wire.get(f"{API}/leads/11000001/notes", status=204)
    wire.post(f"{API}/leads/11000001/notes", json=hal("notes", {"id": 1}))
    assert crm.attach_files(one(file)) == [Done(UUID)]
    parts = [call.request for call in wire.calls if "/upload/" in call.request.url]
    assert [len(part.body) for part in parts] == [131072, 68928]
    assert {part.headers["Authorization"] for part in parts} == {"Bearer t"}
    assert {part.headers["Content-Type"] for part in parts} == {"application/octet-stream"}


def test_where_amocrm_makes_the_note_by_itself_we_make_none(crm, wire, file):
    uploading(wire)
    wire.put(f"{API}/leads/11000001/files")
    note = {"id": 1, "note_type": "attachment", "params": {"file_uuid": UUID, "file_name": "kp.pdf"}}
    wire.get(f"{API}/leads/11000001/notes", json=hal("notes", note))
    assert crm.attach_files(one(file)) == [Done(UUID)]
    assert sent(wire, "POST", f"{API}/leads/11000001/notes") == []


@pytest.mark.parametrize("where", ["https://stranger.example/v1.0/upload/one", f"{DRIVE}.stranger.example/x", None])
def test_no_part_and_no_token_go_to_a_stranger(crm, wire, file, where):
    uploading(wire, first=where)
    [outcome] = crm.attach_files(one(file))
    assert isinstance(outcome, Retryable)
    assert not [call for call in wire.calls if "/upload/" in call.request.url or "stranger" in call.request.url]


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(crm, wire, file):
    session = {"upload_url": f"{DRIVE}/v1.0/upload/one", "max_file_size": 1048576, "max_part_size": 131072}
    wire.post(f"{DRIVE}/v1.0/sessions", json={**session, "max_file_size": 100_000})
    [outcome] = crm.attach_files(one(file))
    assert isinstance(outcome, Rejected)
    assert "«kp.pdf» больше" in outcome.hint


def test_a_files_service_without_tls_gets_nothing(crm, wire, file):
    wire.replace("GET", f"{API}/account", json={"drive_url": "http://drive.example"})
    [outcome] = crm.attach_files(one(file))
    assert isinstance(outcome, Rejected)
    assert outcome.hint


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(401, "{}", AuthFailed), (429, "slow down", RateLimited), (403, "<html>nginx</html>", RateLimited)],
)
def test_the_files_service_says_no_as_the_account_does(crm, wire, store, file, status, body, kind):
    wire.post(f"{DRIVE}/v1.0/sessions", body=body, status=status)
    assert isinstance(crm.attach_files(one(file))[0], kind)
    assert bool(store.holds) == (kind is RateLimited)
