"""REST 3.0: a task that is created once, however often the answer is lost."""

import requests

from tests.sandbox.bitrix24_client import ANNA

FIELDS = {"title": "Подготовить отчёт", "responsibleId": ANNA, "deadline": "2026-08-31T18:00:00+03:00"}


def call(b24, name, key=None, **params):
    headers = {"Idempotency-Key": key} if key is not None else {}
    return requests.post(f"{b24.portal.url}/rest/api/1/sandbox/{name}", json=params, headers=headers, timeout=30)


def code(answer):
    return answer.status_code, answer.json()["error"]["code"].removeprefix("BITRIX_REST_V3_EXCEPTION_")


def test_a_key_gives_the_first_answer_again_for_a_day(b24):
    first = call(b24, "tasks.task.add", "evt-1", fields=FIELDS)
    again = call(b24, "tasks.task.add", "evt-1", fields=FIELDS)
    assert first.json()["result"]["item"]["status"] == "pending"
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert "Idempotent-Replayed" not in first.headers
    b24.control("clock", {"advance": 86401})
    assert call(b24, "tasks.task.add", "evt-1", fields=FIELDS).json() != first.json()
    assert b24.page("tasks.task.list")["total"] == 2


def test_a_key_with_another_request_is_refused(b24):
    call(b24, "tasks.task.add", "evt-1", fields=FIELDS)
    assert code(call(b24, "tasks.task.add", "evt-1", fields={**FIELDS, "title": "x"})) == (
        422,
        "IDEMPOTENCYKEYREUSEDEXCEPTION",
    )
    assert code(call(b24, "tasks.task.add", "k" * 256, fields=FIELDS)) == (400, "INVALIDIDEMPOTENCYKEYEXCEPTION")


def test_errors_are_objects_and_are_not_kept(b24):
    wrong = call(b24, "tasks.task.add", "evt-1", fields={"title": "x", "deadline": "завтра"})
    assert code(wrong) == (400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")
    assert wrong.json()["error"]["validation"][0]["field"] == "deadline"
    assert call(b24, "tasks.task.add", "evt-1", fields=FIELDS).status_code == 200
    assert code(call(b24, "tasks.task.get", id=2)) == (400, "ENTITYNOTFOUNDEXCEPTION")
    assert code(call(b24, "crm.lead.add")) == (404, "METHODNOTFOUNDEXCEPTION")


def test_the_task_is_the_same_one_in_the_classic_api(b24):
    number = call(b24, "tasks.task.add", fields=FIELDS).json()["result"]["item"]["id"]
    assert call(b24, "tasks.task.update", id=number, fields={"title": "Новое"}).json() == {"result": {"result": True}}
    assert b24.call("tasks.task.get", taskId=number)["task"]["title"] == "Новое"
