"""What a letter of ours says of itself: by which lead its answer is found, why it was sent, how to be left alone."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace

import pytest
import responses
from pydantic import ValidationError

from connectors.smtp.settings import SmtpSettings
from provodka.errors import AuthFailed, RateLimited, Rejected, Retryable
from provodka.mail_thread import stamp_of, stamps_in
from provodka.messages import ClientMessage, LetterKind
from provodka.operation import Done, Request
from tests.connectors.smtp.conftest import ScriptedSmtp, mailer_to

MARIA = "maria@example.ru"
STAMP = stamp_of("17", "e1:abc:0")
LETTER = ClientMessage(MARIA, "Счёт готов", "Счёт", stamp=STAMP)


def sent(server, mailer, message=LETTER):
    outcome = mailer.write([Request("e1:abc:0", message)])[0]
    assert isinstance(outcome, Done), outcome
    return email.message_from_bytes(server.letters[-1], policy=email.policy.default), outcome


def test_the_message_id_names_the_lead_and_begins_as_all_of_ours_do(server, mailer):
    letter, outcome = sent(server, mailer)
    assert letter["Message-ID"] == outcome.remote_id == f"<{STAMP}@krovlya.ru>"
    assert STAMP.startswith("prv.17.")
    assert stamps_in(["<1@example.ru>", outcome.remote_id]) == [STAMP]


def test_a_letter_about_no_lead_is_ours_all_the_same(server, mailer):
    letter, _ = sent(server, mailer, replace(LETTER, stamp=""))
    assert letter["Message-ID"].startswith("<prv.0.")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (LetterKind.NOTICE, "auto-generated"),
        (LetterKind.ANSWER, "auto-replied"),
        (LetterKind.MAILING, "auto-generated"),
    ],
)
def test_every_letter_says_that_nobody_typed_it(server, mailer, kind, said):
    letter, _ = sent(server, mailer, replace(LETTER, kind=kind))
    assert letter["Auto-Submitted"] == said
    assert (letter["List-Unsubscribe"] is not None) == (kind is LetterKind.MAILING)


def test_a_mailing_tells_how_to_unsubscribe(server, mailer, store):
    mailing = replace(LETTER, kind=LetterKind.MAILING)
    letter, _ = sent(server, mailer, mailing)
    assert (letter["List-Unsubscribe"], letter["Precedence"]) == (
        "<mailto:info@krovlya.ru?subject=unsubscribe>",
        "bulk",
    )
    other = mailer_to(server.port, store, unsubscribe="https://krovlya.ru/out")
    assert sent(server, other, mailing)[0]["List-Unsubscribe"] == "<https://krovlya.ru/out>"


def test_the_subject_names_the_lead_where_the_settings_ask_for_it_and_only_once(server, mailer, store):
    tagging = mailer_to(server.port, store, subject_tag=True)
    assert sent(server, tagging)[0]["Subject"] == "Счёт [#17]"
    assert sent(server, tagging, replace(LETTER, subject="Re: Счёт [#17]"))[0]["Subject"] == "Re: Счёт [#17]"
    long = sent(server, tagging, replace(LETTER, subject="С" * 300))[0]["Subject"]
    assert (len(long), long.endswith("… [#17]")) == (200, True)
    assert sent(server, tagging, replace(LETTER, stamp=""))[0]["Subject"] == "Счёт"
    assert sent(server, mailer)[0]["Subject"] == "Счёт"


def test_a_letter_larger_than_the_server_takes_is_not_even_begun(server, mailer):
    server.replies["EHLO"] = ["250-here\r\n250-SIZE 300\r\n250 AUTH PLAIN"] * 4
    (outcome,) = mailer.write([Request("k", LETTER)])
    assert type(outcome) is Rejected
    assert "the server takes 300" in outcome.reason
    assert "ссылкой" in outcome.hint
    assert server.letters == []


@pytest.mark.parametrize(
    ("command", "reply", "kind", "hint"),
    [
        ("MAIL", "553 5.7.1 Sender address rejected: not owned by auth user", Rejected, "info@krovlya.ru"),
        (".", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", Rejected, "info@krovlya.ru"),
        ("RCPT", "552 5.2.2 mailbox full", Rejected, f"{MARIA} переполнен"),
        (".", "552 5.3.4 Message size exceeds fixed limit", Rejected, "больше, чем берёт"),
        (".", "554 5.7.1 Message rejected under suspicion of SPAM", Rejected, "SPF"),
        (".", "550 5.4.5 Daily user sending limit exceeded", RateLimited, "лимит"),
        ("MAIL", "451 Ratelimit exceeded, try again later", RateLimited, "лимит"),
        ("RCPT", "550 5.1.1 no such user", Rejected, "такого адреса нет"),
        ("RCPT", "450 4.2.0 greylisted", Retryable, "такого адреса нет"),
    ],
)
def test_a_refusal_is_known_by_its_words(server, mailer, command, reply, kind, hint):
    server.replies[command] = [reply]
    (outcome,) = mailer.write([Request("k", LETTER)])
    assert type(outcome) is kind
    assert hint in outcome.hint


def test_a_provider_brings_its_hosts_and_its_cures():
    settings = SmtpSettings.model_validate(
        {"provider": "yandex", "user": "info@krovlya.ru", "password": "x", "sent": {}}
    )
    assert (settings.host, settings.at, settings.security) == ("smtp.yandex.ru", 465, "tls")
    assert settings.sent is not None
    assert settings.sent.host == "imap.yandex.ru"
    exchange = SmtpSettings.model_validate({"provider": "exchange", "user": "info@krovlya.ru", "password": "x"})
    assert (exchange.at, exchange.security) == (587, "starttls")
    own = {"provider": "yandex", "host": "127.0.0.1", "security": "none", "user": "info@krovlya.ru", "password": "x"}
    assert SmtpSettings.model_validate(own).at == 25


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sent": {}}, "sent.host"),
        ({"sent": {"host": "imap.krovlya.ru", "tls": False}}, "in the open"),
        ({"unsubscribe": "krovlya.ru"}, "mailto"),
        ({"password": None}, "either password or oauth"),
    ],
)
def test_settings_that_cannot_work_are_refused(given, words):
    usual = {"host": "127.0.0.1", "user": "info@krovlya.ru", "password": "x"}
    with pytest.raises(ValidationError, match=words):
        SmtpSettings.model_validate(usual | given)


def test_a_login_by_token_is_renewed_once_when_it_is_refused(store):
    class Tokens(ScriptedSmtp):
        def _reply(self, command):
            return "250-here\r\n250 AUTH XOAUTH2" if command == "EHLO" else super()._reply(command)

    script = Tokens()
    oauth = {"client_id": "app", "client_secret": "s", "refresh_token": "r", "token_url": "https://token.krovlya.ru/t"}
    with script.running() as port, responses.RequestsMock() as desk:
        desk.post(oauth["token_url"], json={"access_token": "t", "expires_in": 3600, "refresh_token": "r2"})
        script.replies["AUTH"] = ["535 5.7.8 invalid token", "235 in"]
        mailer = mailer_to(port, store, password=None, oauth=oauth)
        assert isinstance(mailer.write([Request("k", LETTER)])[0], Done)
        assert (len(desk.calls), script.logins) == (2, 2)
        script.replies["AUTH"] = ["535 5.7.139 basic authentication is disabled"] * 2
        (refused,) = mailer.write([Request("k2", LETTER)])
    assert type(refused) is AuthFailed
    assert len(script.letters) == 1
