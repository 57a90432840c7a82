"""Access tokens of mailboxes: where they are asked for, and how often."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
import responses

from connectors.imap.settings import ImapSettings
from connectors.mail.tokens import open_auth, xoauth2
from provodka.errors import AuthFailed, Retryable

NOW = datetime(2025, 12, 1, 12, 0, tzinfo=UTC)
OAUTH = {"client_id": "app", "client_secret": "s3cret", "refresh_token": "first"}
URLS = {
    "gmail": "https://oauth2.googleapis.com/token",
    "yandex": "https://oauth.yandex.ru/token",
    "mailru": "https://oauth.mail.ru/token",
    "exchange": "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
}


class Clock:
    def __init__(self):
        self.at = NOW

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as played:
        yield played


def auth(store, clock, provider="gmail", oauth=OAUTH):
    settings = ImapSettings.model_validate({"provider": provider, "user": "Info@krovlya.ru", "oauth": oauth})
    found = open_auth(settings, store, clock)
    assert found is not None
    return found


def sent(desk, number=-1):
    return {name: values[0] for name, values in parse_qs(desk.calls[number].request.body.decode()).items()}


def test_a_mailbox_with_a_password_needs_no_token(store, clock):
    assert open_auth(ImapSettings(provider="gmail", user="a@b.ru", password="x"), store, clock) is None


@pytest.mark.parametrize("provider", list(URLS))
def test_a_token_is_asked_for_where_the_provider_gives_it(store, clock, desk, provider):
    desk.post(URLS[provider], json={"access_token": "t1", "expires_in": 3600})
    assert auth(store, clock, provider).token() == "t1"
    asked = sent(desk)
    assert (asked["grant_type"], asked["refresh_token"], asked["client_id"]) == ("refresh_token", "first", "app")


def test_reading_and_sending_share_one_token_until_it_ends(store, clock, desk):
    desk.post(URLS["gmail"], json={"access_token": "t1", "expires_in": 3600})
    assert {auth(store, clock).token(), auth(store, clock).token()} == {"t1"}
    assert len(desk.calls) == 1


def test_where_no_new_refresh_token_is_given_the_old_one_lives_on(store, clock, desk):
    desk.post(URLS["gmail"], json={"access_token": "t1", "expires_in": 3600})
    auth(store, clock).token()
    clock.at += timedelta(hours=2)
    desk.replace(responses.POST, URLS["gmail"], json={"access_token": "t2", "expires_in": 3600})
    assert auth(store, clock).token() == "t2"
    assert sent(desk)["refresh_token"] == "first"


def test_a_new_refresh_token_is_kept_and_used(store, clock, desk):
    desk.post(URLS["exchange"], json={"access_token": "t1", "expires_in": 3600, "refresh_token": "second"})
    auth(store, clock, "exchange").token()
    clock.at += timedelta(hours=2)
    auth(store, clock, "exchange").token()
    assert sent(desk)["refresh_token"] == "second"


def test_a_token_that_was_refused_is_renewed_before_its_end(store, clock, desk):
    desk.post(URLS["gmail"], json={"access_token": "t1", "expires_in": 3600})
    desk.post(URLS["gmail"], json={"access_token": "t2", "expires_in": 3600})
    source = auth(store, clock)
    assert source.renew(source.token()) == "t2"


def test_a_service_application_of_yandex_gets_the_token_of_an_employees_mailbox(store, clock, desk):
    desk.post(URLS["yandex"], json={"access_token": "t1", "expires_in": 3600})
    service = {"client_id": "app", "client_secret": "s3cret", "service": True}
    assert auth(store, clock, "yandex", service).token() == "t1"
    asked = sent(desk)
    assert asked["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
    assert asked["subject_token"] == "Info@krovlya.ru"
    assert "refresh_token" not in asked


def test_an_application_of_exchange_gets_a_token_of_its_directory(store, clock, desk):
    desk.post("https://login.microsoftonline.com/t1/oauth2/v2.0/token", json={"access_token": "a", "expires_in": 3600})
    service = {"client_id": "app", "client_secret": "s3cret", "service": True, "tenant": "t1"}
    assert auth(store, clock, "exchange", service).token() == "a"
    assert sent(desk)["scope"] == "https://outlook.office365.com/.default"


def test_a_revoked_permission_is_told_with_its_cure_and_without_the_secret(store, clock, desk):
    desk.post(URLS["gmail"], status=400, json={"error": "invalid_grant", "error_description": "Token revoked."})
    with pytest.raises(AuthFailed, match="revoked") as caught:
        auth(store, clock).token()
    assert "refresh_token заново" in caught.value.hint
    assert "s3cret" not in caught.value.reason


def test_a_desk_that_is_down_is_asked_again_later(store, clock, desk):
    desk.post(URLS["gmail"], status=503)
    with pytest.raises(Retryable):
        auth(store, clock).token()


def test_the_words_of_xoauth2_are_those_of_the_protocol():
    assert xoauth2("a@b.ru", "t") == "user=a@b.ru\x01auth=Bearer t\x01\x01"
