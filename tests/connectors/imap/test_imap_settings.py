"""Settings of a mailbox: what is refused before anything is sent."""

import pytest
from pydantic import ValidationError


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.0.1", "::1"])
def test_plain_connections_are_allowed_to_loopback(settings, host):
    assert settings(host=host, tls=False).tls is False


@pytest.mark.parametrize("host", ["imap.yandex.ru", "192.168.0.5", "localhost.evil.ru"])
def test_plain_connections_elsewhere_are_refused(settings, host):
    with pytest.raises(ValidationError, match="in the open"):
        settings(host=host, tls=False)


def test_starttls_on_the_tls_port_is_refused(settings):
    with pytest.raises(ValidationError, match="port 143"):
        settings(tls="starttls")
    assert settings(tls="starttls", port=143).tls == "starttls"


@pytest.mark.parametrize(
    "values",
    [
        {"folders": []},
        {"poll": 0},
        {"max_size": 10},
        {"port": 0},
        {"first_sync_days": -1},
        {"folder": "INBOX"},
        {"tls": "ssl"},
        {"folders": ["\\Junck"]},
        {"role": "shared"},
        {"card_address": "sales card"},
    ],
)
def test_nonsense_is_refused(settings, values):
    with pytest.raises(ValidationError):
        settings(**values)


def test_the_usual_mailbox_needs_three_values(settings):
    plain = settings()
    assert (plain.port, plain.tls, plain.folders, plain.poll, plain.idle) == (993, True, ("INBOX",), 60, True)
    assert (plain.max_size, plain.sent, plain.role) == (40 * 1024 * 1024, False, "source")


def test_the_password_is_not_shown(settings):
    assert "'x'" not in repr(settings(password="x"))


def test_a_folder_named_twice_is_watched_once(settings):
    assert settings(folders=["INBOX", "Заявки", "INBOX"]).folders == ("INBOX", "Заявки")
