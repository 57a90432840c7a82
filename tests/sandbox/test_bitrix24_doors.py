"""How one enters the portal, what refuses, and how answers look."""

import pytest
import requests

from sandbox.bitrix24 import Bitrix24, Limit
from tests.sandbox.bitrix24_client import ANNA, GONE, Rest


def test_an_answer_has_a_result_and_the_time_it_took(b24):
    body = b24.page("profile")
    assert body["result"]["ADMIN"] is True
    assert {"start", "finish", "duration", "processing", "date_start", "date_finish"} < body["time"].keys()
    assert body["time"]["operating"] == 0
    assert body["time"]["operating_reset_at"] > body["time"]["start"]
    assert body["time"]["date_start"].endswith("+03:00")


def test_the_name_of_a_method_is_taken_in_any_case_and_with_json_behind(b24):
    for name in ("profile", "PROFILE.json", "Crm.Lead.Fields", "crm.lead.fields.json"):
        assert b24.raw(name).status_code == 200, name


def test_a_form_with_php_brackets_is_a_map(b24):
    body = "fields[TITLE]=%D0%97%D0%B0%D1%8F%D0%B2%D0%BA%D0%B0&fields[PHONE][0][VALUE]=%2B79990001122"
    number = b24.form("crm.lead.add", body).json()["result"]
    assert b24.call("crm.lead.get", id=number)["PHONE"][0]["VALUE"] == "+79990001122"
    row = b24.form("crm.lead.list", "filter[TITLE]=%D0%97%D0%B0%D1%8F%D0%B2%D0%BA%D0%B0&select[]=ID", verb="GET").json()
    assert row["result"] == [{"ID": str(number)}]


def test_a_get_with_a_json_body_is_not_read(b24):
    answer = b24.session.get(
        b24.address("crm.duplicate.findbycomm"), json={"type": "PHONE", "values": ["1"]}, timeout=30
    )
    assert answer.json() == {"error": "", "error_description": "Communication type is not defined."}


def test_parameter_names_are_taken_in_any_case_by_the_classic_methods(b24):
    number = b24.call("crm.lead.add", FIELDS={"TITLE": "А"})
    for name in ("filter", "FILTER", "Filter", "arFilter"):
        assert [row["ID"] for row in b24.call("crm.lead.list", **{name: {"ID": number}})] == [str(number)]


def test_an_unknown_method_is_told_before_the_key_is_looked_at(b24):
    wrong = Rest(b24.portal, hook="1/wrong")
    assert wrong.refused("crm.nothing") == (404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    assert wrong.refused("profile")[:2] == (401, "INVALID_CREDENTIALS")


def test_wrong_keys_and_missing_keys_have_their_own_words(b24):
    assert requests.post(f"{b24.portal.url}/rest/profile", timeout=30).json()["error"] == "NO_AUTH_FOUND"
    assert Rest(b24.portal, token="nonsense").refused("profile")[:2] == (401, "invalid_token")
    b24.control("settings", {"scope_status": 403})
    assert Rest(b24.portal, hook="1/wrong").refused("profile")[:2] == (403, "INVALID_CREDENTIALS")


def test_the_webhook_of_somebody_dismissed_is_dead(b24):
    assert b24.as_user(GONE).refused("profile") == (401, "authorization_error", "Unable to authorize user")


def test_a_webhook_reaches_only_its_scopes(b24):
    b24.control("inbound", {"user_id": ANNA, "secret": "narrow", "scopes": ["crm"]})
    narrow = Rest(b24.portal, hook=f"{ANNA}/narrow")
    assert narrow.call("scope") == ["crm"]
    assert narrow.refused("user.current")[:2] == (401, "insufficient_scope")
    assert narrow.call("method.get", name="user.get") == {"isExisting": True, "isAvailable": False}
    result = narrow.call("batch", cmd={"u": "user.get", "p": "profile"})
    assert result["result_error"] == {"u": {"error": "insufficient_scope", "error_description": ""}}


@pytest.mark.parametrize(("scope", "mail"), [("user_basic", "anna@krovlya.ru"), ("user_brief", None)])
def test_narrower_scopes_show_the_same_people_with_less_of_them(b24, scope, mail):
    b24.control("inbound", {"user_id": ANNA, "secret": "narrow", "scopes": [scope]})
    row = Rest(b24.portal, hook=f"{ANNA}/narrow").call("user.current")
    assert (row["NAME"], row.get("EMAIL")) == ("Анна", mail)


def test_methods_of_applications_refuse_a_webhook(b24):
    assert b24.refused("app.info") == (403, "ACCESS_DENIED", "Access denied! Application context required")
    assert b24.as_app().call("app.info")["INSTALLED"] is True


def test_the_bucket_holds_so_many_requests_and_then_answers_503():
    with Bitrix24(limit=Limit(per_second=0.001, bucket=3)) as portal:
        rest = Rest(portal)
        assert [rest.raw("profile").status_code for _ in range(4)] == [200, 200, 200, 503]
        assert rest.refused("profile") == (503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        assert rest.stats()["refused"] == {"503": 2}
        rest.control("limit", {"per_second": None})
        assert rest.raw("profile").status_code == 200
        rest.session.close()


def test_a_method_that_worked_too_long_is_blocked_until_its_minutes_leave(b24):
    b24.control("limit", {"per_second": None, "operating": 10, "cost": {"crm.lead.add": 6}})
    assert b24.page("crm.lead.add", fields={"TITLE": "1"})["time"]["operating"] >= 6
    last = b24.page("crm.lead.add", fields={"TITLE": "2"})["time"]
    code = (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit")
    assert b24.refused("crm.lead.add", fields={"TITLE": "3"}) == code
    assert b24.raw("crm.lead.list").status_code == 200
    assert b24.call("batch", cmd=["crm.lead.add?fields[TITLE]=4"])["result_error"]["0"]["error"] == code[1]
    b24.control("clock", {"advance": last["operating_reset_at"] - last["start"] + 1})
    assert b24.raw("crm.lead.add", {"fields": {"TITLE": "5"}}).status_code == 200


def test_a_self_hosted_portal_says_nothing_of_operating_time(b24):
    b24.control("settings", {"operating_keys": False})
    assert not {"operating", "operating_reset_at"} & b24.page("profile")["time"].keys()


@pytest.mark.parametrize("path", ["/rest/", "/rest/1/sandbox/", "/rest/1/sandbox", "/rest/x/y/profile"])
def test_an_address_without_a_method_is_no_method(b24, path):
    assert requests.get(f"{b24.portal.url}{path}", timeout=30).status_code == 404
