"""Whatever a client sends, the portal answers in its own words and never breaks."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.bitrix24.routes import METHODS

WORDS = [
    *("id", "ID", "fields", "filter", "order", "select", "start", "items", "params", "entityTypeId", "taskId", "halt"),
    *("TITLE", "NAME", "PHONE", "EMAIL", "VALUE", "VALUE_TYPE", "DELETE", "STAGE_ID", "STATUS_ID", "CATEGORY_ID"),
    *("title", "stageId", "categoryId", "fm", "typeId", "value", "contactIds", "n0", "501", "logic", "0", "1", ""),
    *("OPPORTUNITY", "BEGINDATE", "UF_CRM_TAGS", "UF_CRM_SOURCE", "UF_CRM_DELIVERY", "CONTACT_ID", "CONTACT_IDS"),
    *("ownerTypeId", "ownerId", "deadline", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "SUBJECT", "RESPONSIBLE_ID"),
    *("COMMUNICATIONS", "BINDINGS", "FILES", "ENTITY_ID", "ENTITY_TYPE", "COMMENT", "UF_CRM_TASK", "DEADLINE"),
    *(">ID", "!STATUS", "@STAGE_ID", "><DATE_CREATE", "=%TITLE", "%phone", ">=updatedTime", "=originId", "><id"),
    *("type", "values", "entity_type", "ownerType", "productRows", "price", "quantity", "taxRate", "taxIncluded"),
    *("PHONE_NUMBER", "USER_ID", "TYPE", "CALL_ID", "DURATION", "RECORD_URL", "FILENAME", "FILE_CONTENT", "MESSAGES"),
    *("event", "handler", "event_type", "auth_connector", "clear", "process_id", "cmd", "data", "fileContent"),
    *("CONNECTOR", "LINE", "ACTIVE", "user", "chat", "message", "entityId", "LIST", "FIELD_NAME", "USER_TYPE_ID"),
    *("PRESET_ID", "ENTITY_TYPE_ID", "RQ_INN", "entityIds", "MESSAGE", "DIALOG_ID", "TAG", "template_id"),
]
KNOWN = [0, 1, 2, 3, 4, 5, 31, 42, 101, 501, 3465, 3711, 7943, 999, 200, -1, 10**30]
TEXTS = [
    *(
        "",
        "Y",
        "N",
        "1",
        "0",
        "-1",
        "PHONE",
        "EMAIL",
        "deal",
        "lead",
        "D",
        "D_101",
        "DEAL_101",
        "NEW",
        "C1:NEW",
        "DT31_3:N",
    ),
    *(
        "+79990001122",
        "ivan@example.ru",
        "not a mail",
        "2026-08-24 15:00:00",
        "2026-08-24T10:15:00+03:00",
        "24.08.2026",
    ),
    *(
        "0001-01-01",
        "9999-12-31T23:59:59-12:00",
        "%",
        "$result[a][0]",
        "ONCRMLEADADD",
        "http://",
        "http://[",
        "CONTACT",
    ),
    *("string", "enumeration", "UF_CRM_X", "\x00", "\ud800", "9" * 40, "OR", "DESC", "ID", "id", "*", "UF_*", "x.mp3"),
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
    max_leaves=14,
)
maps = st.dictionaries(st.sampled_from(WORDS), junk, max_size=6)
known = st.sampled_from(KNOWN)
ids = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("id", "taskId", "ownerId", "entityId", "activityId", "commentId", "USER_ID", "botId"), known
    ),
)
SHAPES = {
    **dict.fromkeys(("entityTypeId", "ownerTypeId", "start", "limit", "TYPE"), known | junk),
    **dict.fromkeys(("fields", "filter", "order", "data", "params"), maps),
    **dict.fromkeys(
        ("select", "items", "values", "productRows", "MESSAGES", "LIST", "cmd", "rows"),
        st.lists(junk | maps, max_size=3),
    ),
    **dict.fromkeys(
        ("ownerType", "type", "PHONE_NUMBER", "CALL_ID", "event", "handler", "deadline"), st.sampled_from(TEXTS)
    ),
    **dict.fromkeys(("title", "message", "code", "name", "MESSAGE", "fileContent", "RECORD_URL", "FILENAME"), junk),
}
some = st.lists(st.sampled_from(sorted(SHAPES)), unique=True, max_size=6)  # all of them cost ten times the call
parameters = st.builds(
    dict.__or__, ids, some.flatmap(lambda keys: st.fixed_dictionaries({key: SHAPES[key] for key in keys}))
)
REFUSALS = (200, 400, 401, 403, 404, 405)
shared_portal = [HealthCheck.function_scoped_fixture]


@pytest.fixture
def filled(b24):
    person = {"NAME": "Иван", "PHONE": [{"VALUE": "+79990001122"}], "UF_CRM_TAGS": ["а"]}
    b24.call("crm.lead.add", fields={"TITLE": "Лид", **person})
    b24.call("crm.contact.add", fields=person)
    b24.call("crm.company.add", fields={"TITLE": "ООО"})
    b24.call("crm.deal.add", fields={"TITLE": "Сделка", "CONTACT_IDS": [42], "COMPANY_ID": 12})
    b24.call("crm.item.add", entityTypeId=31, fields={"title": "Счёт"})
    b24.call("tasks.task.add", fields={"TITLE": "Задача", "RESPONSIBLE_ID": 5, "UF_CRM_TASK": ["D_101"]})
    b24.call("crm.activity.todo.add", ownerTypeId=2, ownerId=101, deadline="2026-08-24 15:00:00")
    b24.call("crm.timeline.comment.add", fields={"ENTITY_TYPE": "deal", "ENTITY_ID": 101, "COMMENT": "x"})
    return b24


@settings(max_examples=250, derandomize=True, deadline=None, suppress_health_check=shared_portal)
@given(name=st.sampled_from(sorted(METHODS)), params=parameters)
def test_junk_in_json_is_taken_or_refused_but_breaks_nothing(filled, name, params):
    for rest in (filled, filled.as_app()):
        answer = rest.raw(name, params)
        assert answer.status_code in REFUSALS, (name, params, answer.text)
        assert {"result", "error"} & answer.json().keys()


@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=shared_portal)
@given(
    name=st.sampled_from(sorted(METHODS)),
    body=st.text(alphabet="abID01[]=&%$+;.<>!фx", max_size=40),
    verb=st.sampled_from(["GET", "POST"]),
)
def test_junk_in_a_form_breaks_nothing(filled, name, body, verb):
    answer = filled.form(name, body.replace("ф", "%D1%84"), verb)
    assert answer.status_code in REFUSALS, (name, body, answer.text)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=shared_portal)
@given(cmd=junk, halt=atoms)
def test_junk_in_a_batch_breaks_nothing(filled, cmd, halt):
    answer = filled.raw("batch", {"cmd": cmd, "halt": halt})
    assert answer.status_code == 200, answer.text


def test_pages_of_the_board_and_the_stats_stand_after_all_of_it(filled):
    assert filled.stats()["objects"]["deals"] == 1
    assert filled.dump()["deals"][0]["contacts"][0]["name"] == "Иван"
