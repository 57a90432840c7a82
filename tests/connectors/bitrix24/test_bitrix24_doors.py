"""The way in, the pace, and what each refusal of a portal means."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import responses
from pydantic import ValidationError

from connectors.answers import Reply
from connectors.bitrix24.directory import LEADS, Portal
from connectors.bitrix24.hooks import receiver
from connectors.bitrix24.problems import classify
from connectors.bitrix24.settings import BitrixSettings
from connectors.http import collect_calls
from provodka.channel import Delivery
from provodka.crm import NewContact, NewLead
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from provodka.operation import Done
from provodka.readiness import looked
from provodka.stores import TokenPair

HOOK = "https://demo.bitrix24.ru/rest/1/very-secret/"
LEAD = NewLead("Сайт", contact=NewContact("Мария", ("+79160001122",)))


def settings(**more):
    return BitrixSettings.model_validate({"type": "bitrix24", "url": HOOK, **more})


@pytest.mark.parametrize(
    ("given", "cure"),
    [
        ({"url": "https://demo.bitrix24.ru/"}, "give the whole inbound webhook"),
        ({"url": HOOK + "crm.lead.add.json"}, "without a method at its end"),
        ({"url": "http://demo.bitrix24.ru/rest/1/very-secret/"}, "give the https address"),
        ({"url": "demo.bitrix24.ru"}, "give the https address"),
        ({"oauth": {"client_id": "a", "client_secret": "b"}}, "bare address of the portal"),
        ({"entity": "company"}, "'lead' or 'deal'"),
        ({"batch": 26}, "less than or equal to 25"),
        ({"webhook": "x"}, "Extra inputs"),
    ],
)
def test_a_wrong_setting_is_told_with_its_cure_and_without_its_secret(given, cure):
    with pytest.raises(ValidationError) as caught:
        settings(**given)
    text = "; ".join(error["msg"] for error in caught.value.errors())
    assert cure in text
    assert "very-secret" not in text


def test_the_secret_of_the_webhook_is_in_no_text():
    made = settings()
    assert made.portal == "https://demo.bitrix24.ru"
    assert made.account == "bitrix24:https://demo.bitrix24.ru"
    assert "very-secret" not in f"{made!r} {made}"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}, RateLimited, None),
        (503, {"error": "OVERLOAD_LIMIT"}, RateLimited, "OVERLOAD_LIMIT"),
        (429, {"error": "OPERATION_TIME_LIMIT"}, RateLimited, "OPERATION_TIME_LIMIT"),
        (401, {"error": "expired_token"}, AuthFailed, "EXPIRED_TOKEN"),
        (401, {"error": "NO_AUTH_FOUND"}, AuthFailed, None),
        (401, {"error": "INVALID_CREDENTIALS"}, AuthFailed, None),
        (403, {"error": "INVALID_CREDENTIALS"}, AuthFailed, None),
        (401, {"error": "authorization_error"}, AuthFailed, None),
        (403, {"error": "user_access_error"}, AuthFailed, None),
        (401, {"error": "insufficient_scope"}, AuthFailed, "INSUFFICIENT_SCOPE"),
        (401, {"error": "PAYMENT_REQUIRED"}, AuthFailed, None),
        (401, {"error": "METHOD_CONFIRM_WAITING"}, AuthFailed, None),
        (
            403,
            {"error": "ACCESS_DENIED", "error_description": "REST API is available only on commercial plans"},
            AuthFailed,
            None,
        ),
        (403, {"error": "ACCESS_DENIED", "error_description": "Access denied"}, Rejected, "ACCESS_DENIED"),
        (400, {"error": "", "error_description": "Access denied."}, Rejected, "ACCESS_DENIED"),
        (403, {"error": "WRONG_AUTH_TYPE"}, Rejected, "WRONG_AUTH_TYPE"),
        (
            403,
            {"error": "ACCESS_DENIED", "error_description": "Access denied! Application context required"},
            Rejected,
            "WRONG_AUTH_TYPE",
        ),
        (404, {"error": "ERROR_METHOD_NOT_FOUND"}, Rejected, "ERROR_METHOD_NOT_FOUND"),
        (405, {"error": "ERROR_BATCH_METHOD_NOT_ALLOWED"}, Rejected, None),
        (400, {"error": "INVALID_REQUEST", "error_description": "Https required"}, AuthFailed, None),
        (400, {"error": "", "error_description": "Not found"}, Rejected, "not_found"),
        (400, {"error": "", "error_description": "Not found."}, Rejected, "not_found"),
        (400, {"error": "", "error_description": "ID is not defined or invalid."}, Rejected, "not_found"),
        (400, {"error": "NOT_FOUND", "error_description": "Элемент не найден"}, Rejected, "not_found"),
        (400, {"error": "OWNER_NOT_FOUND"}, Rejected, "not_found"),
        (400, {"error": "ERROR_CORE", "error_description": 'Поле "E-mail": неверно<br>'}, Rejected, "ERROR_CORE"),
        (400, {"error": "CRM_FIELD_ERROR_VALUE_NOT_VALID"}, Rejected, None),
        (400, {"error": 0, "error_description": "Entity not found"}, Rejected, "0"),
        (400, {"error": "100", "error_description": "Could not find value"}, Rejected, "100"),
        (400, {"error": 200640400001, "error_description": "payment is not exists"}, Rejected, "200640400001"),
        (400, {"error": "Communication type is not defined", "error_description": "Required."}, Rejected, ""),
        (500, {"error": "PORTAL_DELETED"}, AuthFailed, None),
        (403, {"error": "PORTAL_DELETED"}, AuthFailed, None),
        (500, {"error": "INTERNAL_SERVER_ERROR"}, Ambiguous, None),
        (200, {"error": "SOME_CODE", "error_description": "text"}, Rejected, "SOME_CODE"),
        (200, {"error": "WRONG_ENCODING"}, Ambiguous, None),
        (400, {"error": {"code": "BITRIX_REST_V3_EXCEPTION_X", "message": "плохо"}}, Rejected, None),
    ],
)
def test_each_refusal_has_one_meaning(status, body, kind, code):
    error = classify(Reply(status, {}, json.dumps(body).encode(), body, write=True))
    assert type(error) is kind
    assert error.reason
    assert code is None or error.code == code
    if kind is AuthFailed:
        assert error.hint
    assert "<" not in error.reason


def test_a_fault_inside_the_portal_is_harmless_on_a_read():
    body = {"error": "INTERNAL_SERVER_ERROR"}
    assert type(classify(Reply(500, {}, json.dumps(body).encode(), body, write=False))) is Retryable


def test_every_refusal_of_the_reference_is_understood():
    """Those that the vendor is known to send, as they were noted down."""
    noted = Path(__file__).with_name("refusals.json")
    for case in json.loads(noted.read_text()):
        body = case["body"]
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {name.lower(): value for name, value in case.get("headers", {}).items()}
        reply = Reply(case["status"], headers, raw, body if isinstance(body, dict) else None, write=True)
        error = classify(reply)
        assert (type(error).__name__ if error else "by status") == case["means"], case["name"]


@responses.activate
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 502, "body": "<html><title>502 Bad Gateway</title></html>"}, Ambiguous),
        ({"status": 200, "body": "<html>"}, Ambiguous),
        ({"status": 503, "body": "busy"}, Ambiguous),
        ({"status": 200, "json": {"time": {}}}, Ambiguous),
        ({"status": 302, "headers": {"Location": "https://new.bitrix24.ru/rest/1/very-secret/batch"}}, AuthFailed),
    ],
)
def test_an_answer_that_is_no_answer_leaves_a_write_unsure(make_crm, ask, answer, kind):
    crm = make_crm(url=HOOK)
    directory = crm._room.directory
    directory.keep("portal", lambda: Portal("1", ZoneInfo("Europe/Moscow"), LEADS))
    for name in ("fields", "users"):
        directory.keep(name, tuple)
    responses.post(f"{HOOK}batch", **answer)
    [outcome] = crm.create_leads(ask(LEAD))
    assert type(outcome) is kind
    assert "very-secret" not in f"{outcome.reason} {outcome.hint}"
    if kind is AuthFailed:
        assert "https://new.bitrix24.ru" in outcome.hint


def test_a_portal_that_is_asked_too_fast_holds_everybody_for_a_moment(crm, desk, store, ask):
    assert crm.users()
    desk.fault(status=503, body=json.dumps({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}))
    [outcome] = crm.create_leads(ask(LEAD))
    assert (type(outcome), outcome.wait) == (RateLimited, 1.0)
    assert [account for account, _, _ in store.holds] == [f"bitrix24:{desk.portal.url}"]


def test_the_vendors_bucket_never_overflows(desk, make_crm, store):
    desk.control("limit", {"per_second": 20, "bucket": 10, "operating": None})
    crm = make_crm(per_second=20, burst=8, sleep=time.sleep)
    for _ in range(25):
        crm.leads(["1"])
    assert desk.stats()["refused"] == {}


def test_a_wrong_webhook_is_told_with_its_cure(make_crm, desk):
    with pytest.raises(AuthFailed) as caught:
        make_crm(url=f"{desk.portal.url}/rest/1/wrong/").check([])
    assert "вебхук" in caught.value.hint


def test_missing_rights_are_named_before_the_start(make_crm, desk):
    url = desk.control("inbound", {"user_id": 1, "secret": "narrow", "scopes": ["crm"]})["url"]
    lacking = [one.text for one in looked(make_crm(url=url).setup().looks()) if "lacks the right" in one.text]
    assert [("task" in text, "user" in text) for text in lacking] == [(True, False), (False, True)]


def test_no_trace_of_a_call_shows_the_way_in(crm, desk, make_crm, store):
    offer = desk.control("oauth", method="GET")
    app = _app(make_crm, desk, refresh_token=offer["refresh_token"])
    with collect_calls() as calls:
        crm.leads(["1"])
        app.leads(["1"])
    pair = store.load_tokens(f"bitrix24:{desk.portal.url}")
    shown = repr(calls)
    assert not any(secret in shown for secret in ("/sandbox", pair.access, pair.refresh, offer["client_secret"]))


def _app(make_crm, desk, **oauth):
    offer = desk.control("oauth", method="GET")
    own = {"client_id": offer["client_id"], "client_secret": offer["client_secret"], "server": desk.portal.url}
    return make_crm(url=desk.portal.url, oauth={**own, **oauth})


def test_a_code_opens_the_portal_and_the_pair_is_kept(make_crm, desk, store):
    offer = desk.control("oauth", method="GET")
    assert _app(make_crm, desk, code=offer["code"]).users()
    pair = store.load_tokens(f"bitrix24:{desk.portal.url}")
    assert timedelta(minutes=55) < pair.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert _app(make_crm, desk).users(), "a second process uses the stored pair"


def test_an_expired_token_is_renewed_once_and_the_call_repeated(make_crm, desk, store):
    app = _app(make_crm, desk, refresh_token=desk.control("oauth", method="GET")["refresh_token"])
    assert app.users()
    before = store.load_tokens(f"bitrix24:{desk.portal.url}")
    desk.control("oauth/expire")
    assert app.leads(["1"]) == {}
    after = store.load_tokens(f"bitrix24:{desk.portal.url}")
    assert (before.access != after.access, before.refresh != after.refresh) == (True, True)
    assert f"oauth:bitrix24:{desk.portal.url}" in store.locked


def test_a_token_is_not_refreshed_by_the_clock_but_before_it_dies_of_disuse(make_crm, desk, store):
    app = _app(make_crm, desk, refresh_token=desk.control("oauth", method="GET")["refresh_token"])
    assert app.users()
    account = f"bitrix24:{desk.portal.url}"
    pair = store.load_tokens(account)
    for days, renewed in ((1, False), (21, True)):
        store.save_tokens(account, TokenPair(pair.access, pair.refresh, datetime.now(UTC) - timedelta(days=days)))
        app.keep_alive()
        assert (store.load_tokens(account).access != pair.access) is renewed


@responses.activate
def test_a_refusal_of_the_token_server_is_final_even_with_200(make_crm):
    responses.get("https://oauth.bitrix24.tech/oauth/token/", json={"error": "wrong_client"}, status=200)
    app = make_crm(url="https://demo.bitrix24.ru", oauth={"client_id": "a", "client_secret": "b", "refresh_token": "c"})
    with pytest.raises(AuthFailed) as caught:
        app.users()
    assert "заново" in caught.value.hint


def test_the_event_of_the_installation_brings_the_first_tokens(make_crm, desk, store):
    offer = desk.control("oauth", method="GET")
    oauth = {"client_id": offer["client_id"], "client_secret": offer["client_secret"], "server": desk.portal.url}
    given = {"type": "bitrix24", "url": desk.portal.url, "oauth": oauth, "hook_secret": "тайна"}
    hooks = receiver("crm", BitrixSettings.model_validate(given), store)
    body = (
        f"event=ONAPPINSTALL&auth[access_token]={offer['access_token']}&auth[refresh_token]={offer['refresh_token']}"
        "&auth[expires_in]=3600&data[VERSION]=1"
    )
    headers = {"content-type": "application/x-www-form-urlencoded"}
    received = hooks.receive(Delivery("POST", "/тайна", headers, {}, body.encode(), datetime.now(UTC)), lambda _: ())
    assert received.events == ()
    assert _app(make_crm, desk).users()


def test_an_application_binds_what_is_not_bound_yet(make_crm, desk):
    app = _app(make_crm, desk, refresh_token=desk.control("oauth", method="GET")["refresh_token"])
    address = "https://mw.example.ru/hooks/crm/abc"
    assert app.subscribe(address)
    assert not app.subscribe(address)


def test_with_a_webhook_nothing_can_be_bound_and_that_is_said(crm):
    with pytest.raises(Rejected) as caught:
        crm.subscribe("https://mw.example.ru/hooks/crm/abc")
    assert "oauth" in caught.value.hint


def test_a_lead_is_made_by_an_application_too(make_crm, desk, ask):
    app = _app(make_crm, desk, refresh_token=desk.control("oauth", method="GET")["refresh_token"])
    [done] = app.create_leads(ask(LEAD))
    assert isinstance(done, Done)
