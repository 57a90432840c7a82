"""Codes, tokens and their rotation."""

import pytest
import requests

from tests.sandbox.bitrix24_client import ROBOT, Rest


@pytest.fixture
def offer(b24):
    return b24.control("oauth", method="GET")


def token(b24, offer, **query):
    wanted = {"client_id": offer["client_id"], "client_secret": offer["client_secret"], **query}
    answer = requests.get(f"{b24.portal.url}/oauth/token/", params=wanted, timeout=30)
    return answer.status_code, answer.json()


def refresh(b24, offer, value):
    return token(b24, offer, grant_type="refresh_token", refresh_token=value)


def test_a_code_is_good_for_one_exchange(b24, offer):
    query = {"grant_type": "authorization_code", "code": offer["code"]}
    status, pair = token(b24, offer, **query)
    assert (status, pair["expires_in"], pair["status"], pair["user_id"]) == (200, 3600, "L", ROBOT)
    assert pair["client_endpoint"] == f"{b24.portal.url}/rest/"
    assert Rest(b24.portal, token=pair["access_token"]).call("profile")["ADMIN"] is True
    assert token(b24, offer, **query)[1]["error"] == "invalid_grant"


def test_a_code_dies_after_30_seconds(b24, offer):
    b24.control("clock", {"advance": 31})
    assert token(b24, offer, grant_type="authorization_code", code=offer["code"])[1]["error"] == "invalid_grant"


def test_a_refresh_rotates_both_tokens_and_ends_the_old_ones(b24, offer):
    _, pair = refresh(b24, offer, offer["refresh_token"])
    assert Rest(b24.portal, token=offer["access_token"]).refused("profile")[0] == 401
    assert refresh(b24, offer, offer["refresh_token"]) == (
        400,
        {"error": "invalid_grant", "error_description": "Invalid refresh token"},
    )
    assert refresh(b24, offer, pair["refresh_token"])[0] == 200


def test_an_access_token_lives_an_hour(b24, offer):
    rest = Rest(b24.portal, token=offer["access_token"])
    assert rest.raw("profile").status_code == 200
    b24.control("clock", {"advance": 3601})
    assert rest.refused("profile") == (401, "expired_token", "The access token provided has expired.")
    _, pair = refresh(b24, offer, offer["refresh_token"])
    b24.control("clock", {"advance": 181 * 86400})
    assert refresh(b24, offer, pair["refresh_token"])[1]["error"] == "invalid_grant"


def test_wrong_clients_are_told_apart(b24, offer):
    assert token(b24, {**offer, "client_id": "local.wrong"}, grant_type="refresh_token")[0] == 200
    assert token(b24, {**offer, "client_id": "local.wrong"}, grant_type="refresh_token")[1]["error"] == "wrong_client"
    assert token(b24, {**offer, "client_secret": "x"}, grant_type="refresh_token")[1]["error"] == "invalid_client"
    assert token(b24, offer)[1]["error"] == "invalid_request"


def test_consent_in_the_browser_leads_back_with_a_code(b24, offer):
    query = {"client_id": offer["client_id"], "state": "xyz"}
    answer = requests.get(f"{b24.portal.url}/oauth/authorize/", params=query, allow_redirects=False, timeout=30)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(offer["redirect_uri"])
    assert "state=xyz" in answer.headers["Location"]


def test_tokens_can_be_ended_by_hand(b24, offer):
    b24.control("oauth/expire")
    assert Rest(b24.portal, token=offer["access_token"]).refused("profile")[1] == "expired_token"
    b24.control("oauth/revoke")
    assert refresh(b24, offer, offer["refresh_token"])[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("where", ["query", "form", "header"])
def test_a_token_is_taken_from_wherever_clients_put_it(b24, offer, where):
    url, value = f"{b24.portal.url}/rest/profile", offer["access_token"]
    ways = {
        "query": lambda: requests.get(f"{url}?auth={value}", timeout=30),
        "form": lambda: requests.post(url, data={"access_token": value}, timeout=30),
        "header": lambda: requests.get(url, headers={"Authorization": f"Bearer {value}"}, timeout=30),
    }
    assert ways[where]().json()["result"]["ID"] == str(ROBOT)
