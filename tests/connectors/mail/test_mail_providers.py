"""Providers, and the ways into a mailbox."""

import pytest
from pydantic import ValidationError

from connectors.imap.settings import ImapSettings
from connectors.mail.providers import PROVIDERS
from connectors.mail.refusals import login_refused
from provodka.errors import AuthFailed, RateLimited, Retryable

OAUTH = {"client_id": "app", "client_secret": "s", "refresh_token": "r"}


def account(**values):
    return ImapSettings.model_validate({"user": "info@krovlya.ru", "password": "x"} | values)


@pytest.mark.parametrize(
    ("provider", "host"),
    [
        ("gmail", "imap.gmail.com"),
        ("yandex", "imap.yandex.ru"),
        ("mailru", "imap.mail.ru"),
        ("exchange", "outlook.office365.com"),
    ],
)
def test_a_provider_brings_its_host(provider, host):
    assert account(provider=provider).host == host


def test_a_host_that_is_written_goes_before_the_providers():
    assert account(provider="exchange", host="mail.krovlya.ru").host == "mail.krovlya.ru"


def test_a_mailbox_without_host_and_provider_is_refused_with_the_providers_there_are():
    with pytest.raises(ValidationError, match=r"provider: gmail \| yandex \| mailru \| exchange"):
        account()


@pytest.mark.parametrize("ways", [{"password": None}, {"oauth": OAUTH}])
def test_the_way_in_is_one(ways):
    with pytest.raises(ValidationError, match="either password or oauth"):
        account(provider="gmail", **ways)


@pytest.mark.parametrize("oauth", [{"client_id": "app"}, OAUTH | {"service": True}])
def test_tokens_are_given_to_an_owner_or_to_a_service(oauth):
    with pytest.raises(ValidationError, match="either refresh_token or service"):
        account(provider="yandex", password=None, oauth=oauth)


def test_only_some_providers_know_service_applications():
    with pytest.raises(ValidationError, match=r"yandex \| exchange"):
        account(provider="gmail", password=None, oauth={"client_id": "app", "service": True})


def test_tokens_of_an_own_server_need_the_address_where_they_are_given():
    with pytest.raises(ValidationError, match="token_url"):
        account(host="mail.krovlya.ru", password=None, oauth=OAUTH)
    with pytest.raises(ValidationError, match="https"):
        account(host="mail.krovlya.ru", password=None, oauth=OAUTH | {"token_url": "http://auth.krovlya.ru/token"})


@pytest.mark.parametrize(
    ("provider", "said", "kind", "cure"),
    [
        ("gmail", "[ALERT] Application-specific password required (Failure)", AuthFailed, "Пароли приложений"),
        ("gmail", "[AUTHENTICATIONFAILED] Invalid credentials (Failure)", AuthFailed, "myaccount.google.com"),
        ("gmail", "[ALERT] Your account is not enabled for IMAP use.", AuthFailed, "Включить IMAP"),
        ("gmail", "[ALERT] Please log in via your web browser", AuthFailed, "в браузере"),
        ("gmail", "[ALERT] Too many simultaneous connections. (Failure)", RateLimited, "лишние"),
        ("gmail", "[ALERT] Account exceeded command or bandwidth limits. (Failure)", RateLimited, "скачано"),
        ("yandex", "[AUTHENTICATIONFAILED] LOGIN invalid credentials or IMAP is disabled", AuthFailed, "id.yandex.ru"),
        ("yandex", "[ALERT] IMAP is disabled", AuthFailed, "imap.yandex.ru по протоколу IMAP"),
        ("yandex", "LOGIN app passwords are forbidden by the administrator", AuthFailed, "admin.yandex.ru"),
        ("mailru", "[AUTHENTICATIONFAILED] NEOBHODIM parol prilozheniya", AuthFailed, "внешних приложений"),
        ("exchange", "LOGIN failed. Basic authentication is disabled.", AuthFailed, "настройте oauth"),
        ("exchange", "User is authenticated but not connected.", Retryable, "сама"),
        (None, "[OVERQUOTA] mailbox is full", AuthFailed, "переполнен"),
        (None, "[UNAVAILABLE] Backend is down", Retryable, "сама"),
        (None, "[LIMIT] Maximum number of connections exceeded", RateLimited, "подключений"),
        (None, "nope", AuthFailed, "администратора почты"),
    ],
)
def test_a_refused_login_names_its_cure_in_the_providers_cabinet(provider, said, kind, cure):
    values = {"provider": provider} if provider else {"host": "mail.krovlya.ru"}
    error = login_refused(account(**values), said)
    assert type(error) is kind
    assert cure in error.hint
    assert said in error.reason


def test_a_refused_token_is_not_cured_by_a_password():
    error = login_refused(account(provider="gmail", password=None, oauth=OAUTH), "[AUTHENTICATIONFAILED] no")
    assert isinstance(error, AuthFailed)
    assert "refresh_token" in error.hint
    assert "password" not in error.hint


def test_every_provider_has_all_that_sending_and_reading_need():
    for one in PROVIDERS.values():
        assert one.imap_host
        assert one.smtp_host
        assert one.token_url.startswith("https://")
