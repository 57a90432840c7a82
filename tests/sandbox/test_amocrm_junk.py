"""Whatever a client sends, the account answers in its own words and never breaks."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.test_amocrm_chats import SCOPE, Channel

WORDS = [
    *("id", "name", "price", "status_id", "pipeline_id", "responsible_user_id", "created_by", "loss_reason_id"),
    *("custom_fields_values", "field_id", "field_code", "values", "value", "enum_id", "enum_code", "_embedded"),
    *("contacts", "companies", "tags", "metadata", "category", "tags_to_add", "tags_to_delete", "request_id"),
    *("text", "complete_till", "entity_id", "entity_type", "task_type_id", "result", "note_type", "params"),
    *("direction", "phone", "duration", "source", "call_status", "to_entity_id", "to_entity_type", "is_main"),
    *("type", "code", "enums", "sort", "destination", "settings", "source_uid", "source_name"),
    *("quantity", "catalog_id", "catalog_elements", "segments", "next_price", "next_date", "mode", "is_enabled"),
    *("earn", "redeem", "comment", "external_id", "completed_at", "email", "rights", "role_id", "group_id"),
    *("bot_id", "contact_id", "chat_id", "url", "file_uuid", "file_name", "file_size", "content_type", "uuid"),
    *("event_type", "payload", "msgid", "conversation_id", "sender", "receiver", "message", "user", "link", "user_id"),
    *("account_id", "profile", "delivery_status", "error_code", "ref_id", "trusted_websites", "add", "pipeline_id"),
]
KNOWN = [142, 143, 5000001, 50000002, 7000001, 11000001, 21000001, 300101, 300102, 300001, 310001, 33000001, 44000001]
KNOWN += [4001, 4003, 40010001, 60000001, 91001, 117, 4051380, 420001]
TEXTS = [
    "",
    "PHONE",
    "EMAIL",
    "leads",
    "contacts",
    "forms",
    "inbound",
    "common",
    "call_in",
    "Сайт",
    "select",
    "add_lead",
    "customers",
    "catalog_elements",
    "new_message",
    "edit_message",
]
atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(KNOWN + TEXTS),
)
junk = st.recursive(
    atoms,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=6)),
    max_leaves=12,
)
items = st.dictionaries(st.sampled_from(WORDS), junk, max_size=7)
WRITES = [
    *(
        "POST /leads",
        "POST /contacts",
        "PATCH /leads",
        "POST /leads/complex",
        "POST /leads/11000001/link",
        "POST /tasks",
    ),
    *("PATCH /tasks", "POST /leads/11000001/notes", "POST /calls", "POST /leads/custom_fields", "POST /leads/tags"),
    *("POST /leads/pipelines", "POST /leads/loss_reasons", "POST /leads/unsorted/forms"),
    *("POST /customers", "PATCH /customers", "POST /customers/60000001/transactions", "POST /customers/segments"),
    *("POST /customers/statuses", "POST /customers/60000001/link", "POST /catalogs", "PATCH /catalogs"),
    *("POST /catalogs/4001/elements", "PATCH /catalogs/4001/elements", "POST /catalogs/4003/elements"),
    *("POST /leads/unsorted/sip", "POST /users", "POST /users/deactivate", "POST /roles", "POST /sources"),
    *("PATCH /sources", "POST /chats/templates", "POST /short_links", "POST /contacts/chats", "POST /bots/run"),
    *("POST /leads/custom_fields/groups", "PATCH /leads/custom_fields", "POST /leads/11000001/unlink"),
    *("POST /catalogs/4001/custom_fields", "PATCH /leads/notes", "POST /customers/segments/custom_fields"),
]
SINGLE = [
    *("PATCH /customers/mode", "POST /customers/60000001/bonus_points", "PATCH /leads/11000001"),
    *(
        "PATCH /customers/60000001",
        "PATCH /leads/pipelines/5000001",
        "PATCH /leads/pipelines/5000001/statuses/50000002",
    ),
    *("PATCH /catalogs/4001", "PATCH /catalogs/4001/elements/40010001", "PATCH /leads/custom_fields/300101"),
    *("POST /website_buttons", "POST /webhooks", "POST /bots/91001/run", "POST /bots/91001/stop"),
    *(
        "POST /salesbot/91001/continue/1",
        "POST /talks/117/close",
        "POST /leads/unsorted/5/link",
        "PATCH /tasks/33000001",
    ),
]
QUERIES = [
    *("page", "limit", "query", "with", "filter", "filter[id]", "filter[id][from]", "filter[statuses][0][status_id]"),
    *(
        "filter[custom_fields_values][300101][]",
        "filter[created_at]",
        "order",
        "order[id]",
        "filter[entity_type]",
        "a[b",
    ),
]


@pytest.fixture
def account(api):
    api.post("/leads/complex", [{"_embedded": {"contacts": [{"name": "Иван"}], "companies": [{"name": "ООО"}]}}])
    api.add("/catalogs/4001/elements", {"name": "Насос"})
    api.add("/customers", {"name": "Опт"})
    api.add("/tasks", {"text": "x", "complete_till": 1, "entity_id": 11000001, "entity_type": "leads"})
    return api


READS = ["/leads", "/contacts", "/tasks", "/events", "/leads/notes", "/leads/custom_fields"]
READS += ["/customers", "/customers/transactions", "/catalogs", "/catalogs/4001/elements", "/leads/unsorted"]
READS += [
    "/leads/unsorted/summary",
    "/talks",
    "/sources",
    "/users",
    "/roles",
    "/contacts/chats",
    "/leads/11000001/links",
]
shared_account = [HealthCheck.function_scoped_fixture]


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=shared_account)
@given(write=st.sampled_from(WRITES), batch=st.lists(items, min_size=1, max_size=3))
def test_junk_in_a_write_is_taken_or_refused_but_breaks_nothing(account, write, batch):
    method, _, path = write.partition(" ")
    answer = (account.post if method == "POST" else account.patch)(path, batch)
    assert answer.status_code in (200, 202, 204, 400, 404, 422), answer.text


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=shared_account)
@given(write=st.sampled_from(SINGLE), item=st.one_of(items, junk))
def test_junk_in_a_write_to_one_thing_is_taken_or_refused_but_breaks_nothing(account, write, item):
    method, _, path = write.partition(" ")
    answer = (account.post if method == "POST" else account.patch)(path, item)
    assert answer.status_code in (200, 201, 202, 204, 400, 404, 422), answer.text


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=shared_account)
@given(
    call=st.sampled_from(["", "/chats", "/typing", "/react", "/x/delivery_status"]),
    body=st.one_of(items, junk, st.builds(lambda payload: {"event_type": "new_message", "payload": payload}, items)),
)
def test_junk_said_in_a_chat_is_taken_or_refused_but_breaks_nothing(crm, account, call, body):
    channel = Channel(crm)
    channel.connect()
    answer = channel.send("POST", f"/{SCOPE}{call}", body)
    assert answer.status_code in (200, 204, 400, 404), answer.text


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=shared_account)
@given(place=st.sampled_from(["sessions", "files", "files/restore", "upload/x"]), body=st.one_of(items, junk))
def test_junk_sent_to_the_files_service_is_refused_but_breaks_nothing(account, place, body):
    method = "DELETE" if place == "files" else "POST"
    answer = account.session.request(method, f"{account.crm.url}/v1.0/{place}", json=body, timeout=30)
    assert answer.status_code in (200, 400, 404), answer.text


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=shared_account)
@given(
    path=st.sampled_from(READS),
    query=st.dictionaries(st.sampled_from(QUERIES), st.sampled_from(["", "1", "-1", "x", "1,2", "9" * 30]), max_size=4),
)
def test_junk_in_a_query_breaks_nothing(account, path, query):
    assert account.get(path, **query).status_code in (200, 204)
