"""Getting in: OAuth, the long-lived token, and the limits at the door."""

import base64
import hashlib
import hmac
import json
import threading

import pytest
import requests

from sandbox.amocrm import AmoCrm, Limit
from sandbox.amocrm.limits import Door
from tests.sandbox.amocrm_client import Api


def offer(api):
    return api.control("oauth", method="GET")


def exchange(crm, entry, **more):
    body = {key: entry[key] for key in ("client_id", "client_secret", "redirect_uri")}
    return requests.post(f"{crm.url}/oauth2/access_token", json={**body, **more}, timeout=30)


def refresh(crm, entry, token):
    return exchange(crm, entry, grant_type="refresh_token", refresh_token=token)


def by_code(crm, entry, code):
    return exchange(crm, entry, grant_type="authorization_code", code=code)


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def hint(answer):
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["title"] == "Некорректный запрос"
    assert body["type"] == "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"
    assert body["status"] == answer.status_code
    return answer.status_code, body["hint"]


def test_the_offered_tokens_and_the_code_open_the_account(api, crm):
    entry = offer(api)
    assert Api(crm, entry["access_token"]).get("/account").status_code == 200
    answer = by_code(crm, entry, entry["code"])
    assert answer.headers["Content-Type"] == "application/json"
    pair = answer.json()
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 86400)
    assert Api(crm, pair["access_token"]).get("/account").status_code == 200


def test_an_access_token_is_a_jwt_with_the_claims_a_client_reads(api, crm):
    entry = offer(api)
    found = claims(entry["access_token"])
    assert found["api_domain"] == crm.url.removeprefix("http://")
    assert found["account_id"] == 31000001
    assert found["exp"] - found["iat"] == 86400
    head, _, mark = entry["access_token"].rpartition(".")
    expected = hmac.new(entry["client_secret"].encode(), head.encode(), hashlib.sha256).digest()
    assert mark == base64.urlsafe_b64encode(expected).rstrip(b"=").decode()


def test_a_refresh_token_rotates_and_its_second_use_is_revoked(api, crm):
    entry = offer(api)
    first = refresh(crm, entry, entry["refresh_token"])
    assert first.status_code == 200
    assert first.json()["refresh_token"] != entry["refresh_token"]
    assert hint(refresh(crm, entry, entry["refresh_token"])) == (401, "Token has been revoked")
    assert refresh(crm, entry, first.json()["refresh_token"]).status_code == 200


def test_of_two_concurrent_refreshes_one_wins(api, crm):
    entry = offer(api)
    statuses = []

    def run():
        statuses.append(refresh(crm, entry, entry["refresh_token"]).status_code)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 401, 401, 401]


def test_every_mistake_has_the_vendor_s_hint(api, crm):
    entry = offer(api)
    assert by_code(crm, entry, entry["code"]).status_code == 200
    assert hint(by_code(crm, entry, entry["code"])) == (400, "Authorization code has been revoked")
    assert hint(by_code(crm, entry, "junk")) == (400, "Cannot decrypt the authorization code")
    assert hint(refresh(crm, entry, "junk")) == (400, "Invalid refresh token")
    for key, text in (
        ("client_id", "Check the `client_id` parameter"),
        ("client_secret", "Check the `client_secret` parameter"),
        ("redirect_uri", "Redirect URI is not associated with client"),
    ):
        assert hint(refresh(crm, {**entry, key: "wrong"}, entry["refresh_token"])) == (400, text)


def test_a_form_body_is_refused_as_401(api, crm):
    entry = offer(api)
    form = {**entry, "grant_type": "refresh_token"}
    assert requests.post(f"{crm.url}/oauth2/access_token", data=form, timeout=30).status_code == 401


def test_a_code_older_than_twenty_minutes_and_a_token_older_than_a_day_are_over():
    now = [1_800_000_000.0]
    with AmoCrm(clock=lambda: now[0], limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        entry = offer(api)
        now[0] += 20 * 60 + 1
        assert hint(by_code(crm, entry, entry["code"])) == (400, "Authorization code has expired")
        assert Api(crm, entry["access_token"]).get("/account").status_code == 200
        now[0] += 86400
        assert Api(crm, entry["access_token"]).get("/account").status_code == 401
        assert refresh(crm, entry, entry["refresh_token"]).status_code == 200


def test_expired_access_tokens_leave_the_refresh_token_alive(api, crm):
    entry = offer(api)
    api.control("oauth/expire")
    assert Api(crm, entry["access_token"]).get("/account").status_code == 401
    pair = refresh(crm, entry, entry["refresh_token"]).json()
    assert Api(crm, pair["access_token"]).get("/account").status_code == 200


def test_a_revoked_integration_is_shut_out_and_its_hook_called_signed(api, crm, receiver):
    entry = offer(api)
    api.control("oauth/revoke", {"disconnect_hook": f"{receiver.url}/hook"})
    assert Api(crm, entry["access_token"]).get("/account").status_code == 401
    assert hint(refresh(crm, entry, entry["refresh_token"])) == (401, "Token has been revoked")
    receiver.wait(1)
    message = f"{entry['client_id']}|31000001"
    signature = hmac.new(entry["client_secret"].encode(), message.encode(), hashlib.sha256).hexdigest()
    assert receiver.queries == [
        {"account_id": "31000001", "client_uuid": entry["client_id"], "signature": signature},
    ]
    assert by_code(crm, entry, offer(api)["code"]).status_code == 200


def test_the_long_lived_token_works_until_it_is_revoked(api):
    assert api.get("/account").status_code == 200
    api.control("token", {"sandbox": False})
    assert api.get("/account").status_code == 401
    api.control("token", {"sandbox": True})
    assert api.get("/account").status_code == 200


def test_the_account_is_found_by_refresh_token(api, crm):
    entry = offer(api)
    address = f"{crm.url}/oauth2/account/current/subdomain"
    answer = requests.get(address, headers={"X-Refresh-Token": entry["refresh_token"]}, timeout=30)
    assert answer.json()["subdomain"] == "krovlya"
    assert requests.get(address, headers={"X-Refresh-Token": "x"}, timeout=30).status_code == 401


@pytest.fixture
def within_one_second(crm, monkeypatch):
    """All calls arrive at the same moment, however slow the machine is."""
    monkeypatch.setattr(crm.door, "clock", lambda: 100.0)


@pytest.mark.usefixtures("within_one_second")
def test_the_eighth_request_of_a_second_is_429_and_does_no_work(api):
    api.control("limit", {})
    statuses = [api.post("/leads", [{}]).status_code for _ in range(8)]
    assert statuses == [200] * 7 + [429]
    stats = api.stats()
    assert stats["refused"] == {"429": 1}
    assert stats["objects"]["leads"] == 7


@pytest.mark.usefixtures("within_one_second")
def test_a_429_is_text_or_the_json_with_retry_after(api):
    api.control("limit", {"per_second": 1})
    api.get("/account")
    refused = api.get("/account")
    assert (refused.text, refused.headers["Content-Type"]) == ("Too Many Requests", "text/html")
    api.control("limit", {"per_second": 1, "json_body": True})
    api.get("/account")
    assert api.get("/account").json()["retry_after"] == 300


@pytest.mark.usefixtures("within_one_second")
def test_tokens_have_their_own_limit(api, crm):
    entry = offer(api)
    api.control("limit", {"per_second": 1})
    assert api.get("/account").status_code == 200
    assert Api(crm, entry["access_token"]).get("/account").status_code == 200
    assert api.get("/account").status_code == 429


@pytest.mark.usefixtures("within_one_second")
def test_twenty_refusals_bring_a_403_page_to_everything_until_reset(api, crm):
    entry = offer(api)
    api.control("limit", {"per_second": 1})
    statuses = [api.get("/account").status_code for _ in range(40)]
    assert statuses.count(429) == 20
    assert statuses[-1] == 403
    banned = refresh(crm, entry, entry["refresh_token"])
    assert banned.status_code == 403
    assert banned.headers["Content-Type"] == "text/html"
    assert "nginx" in banned.text
    assert api.stats()["banned"] is True
    api.control("reset")
    assert api.get("/account").status_code == 200


@pytest.mark.usefixtures("within_one_second")
def test_no_limit_means_no_limit(api):
    api.control("limit", {"per_second": None})
    assert {api.get("/account").status_code for _ in range(60)} == {200}


@pytest.mark.usefixtures("within_one_second")
def test_without_a_ban_refusals_stay_429(api):
    api.control("limit", {"per_second": 1, "ban_after": None})
    assert [api.get("/account").status_code for _ in range(30)][-1] == 429


@pytest.fixture
def slow_door():
    now = [100.0]
    return Door(Limit(), clock=lambda: now[0]), now


def test_the_window_slides_by_arrival_and_a_refused_call_takes_no_place(slow_door):
    door, now = slow_door
    for _ in range(7):
        assert door.admit("a") is None
        now[0] += 0.1
    assert door.admit("a") is not None
    now[0] = 100.95
    assert door.admit("a") is not None
    now[0] = 101.0
    assert door.admit("a") is None
    assert door.admit("a") is not None
    now[0] = 101.1
    assert door.admit("a") is None


def test_the_account_admits_fifty_a_second_over_all_tokens(slow_door):
    door, now = slow_door
    admitted = [door.admit(f"token {number % 10}") is None for number in range(60)]
    assert admitted.count(True) == 50
    now[0] += 1
    assert door.admit("token 1") is None


def test_refusals_far_apart_do_not_ban(slow_door):
    door, now = slow_door
    for _ in range(40):
        for _ in range(8):
            door.admit("a")
        now[0] += 1.5
    assert not door.banned
