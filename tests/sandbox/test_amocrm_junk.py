"""Whatever a client sends, the account answers in its own words and never breaks."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORDS = [
    *("id", "name", "price", "status_id", "pipeline_id", "responsible_user_id", "created_by", "loss_reason_id"),
    *("custom_fields_values", "field_id", "field_code", "values", "value", "enum_id", "enum_code", "_embedded"),
    *("contacts", "companies", "tags", "metadata", "category", "tags_to_add", "tags_to_delete", "request_id"),
    *("text", "complete_till", "entity_id", "entity_type", "task_type_id", "result", "note_type", "params"),
    *("direction", "phone", "duration", "source", "call_status", "to_entity_id", "to_entity_type", "is_main"),
    *("type", "code", "enums", "sort", "destination", "settings", "source_uid", "source_name"),
]
KNOWN = [142, 143, 5000001, 50000002, 7000001, 11000001, 21000001, 300101, 300102, 300001, 310001, 33000001, 44000001]
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
    api.add("/tasks", {"text": "x", "complete_till": 1, "entity_id": 11000001, "entity_type": "leads"})
    return api


READS = ["/leads", "/contacts", "/tasks", "/events", "/leads/notes", "/leads/custom_fields"]
shared_account = [HealthCheck.function_scoped_fixture]


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=shared_account)
@given(write=st.sampled_from(WRITES), batch=st.lists(items, min_size=1, max_size=3))
def test_junk_in_a_write_is_taken_or_refused_but_breaks_nothing(account, write, batch):
    method, _, path = write.partition(" ")
    answer = (account.post if method == "POST" else account.patch)(path, batch)
    assert answer.status_code in (200, 400), answer.text


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=shared_account)
@given(
    path=st.sampled_from(READS),
    query=st.dictionaries(st.sampled_from(QUERIES), st.sampled_from(["", "1", "-1", "x", "1,2", "9" * 30]), max_size=4),
)
def test_junk_in_a_query_breaks_nothing(account, path, query):
    assert account.get(path, **query).status_code in (200, 204)
