"""Letters that are sent: what they look like, what each answer of a server means, and how a lost one is treated."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from pydantic import ValidationError

from connectors.base import collect_calls
from connectors.smtp.refusals import HELD
from connectors.smtp.settings import SmtpSettings
from provodka.crm import StaffMessage
from provodka.errors import (
    Ambiguous,
    AuthFailed,
    ConnectorError,
    OutcomeUnknownError,
    RateLimited,
    Rejected,
    Retryable,
)
from provodka.messages import ClientMessage
from provodka.operation import Done, Request
from provodka.payloads import Attachment
from sandbox.mail import ADDRESS, PASSWORD, MailServer
from tests.connectors.smtp.conftest import CUT, ScriptedSmtp, mailer_to

MARIA = "maria@example.ru"
LETTER = ClientMessage(MARIA, "Здравствуйте, Мария!\n.\nВаш заказ готов.", "Заказ № 17")
SINCE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").strip()


def one(mailer, message=LETTER, key="e1:abc:0"):
    return mailer.write([Request(key, message)])[0]


def test_a_letter_arrives_in_a_real_mailbox_as_it_was_written(store):
    with MailServer() as mail:
        mailer = mailer_to(mail.smtp_port, store, user=ADDRESS, password=PASSWORD)
        assert mailer.check() == []
        outcome = one(mailer)
        assert isinstance(outcome, Done)
        letter = read(mail.letters()[0])
    assert (str(letter["From"]), letter["To"]) == (f"Кровля Плюс <{ADDRESS}>", MARIA)
    assert (letter["Subject"], text_of(letter)) == ("Заказ № 17", LETTER.text)
    assert letter["Message-ID"] == outcome.remote_id
    assert letter["Auto-Submitted"] == "auto-generated"


def test_the_same_action_always_gives_the_same_message_id_and_another_one_another(server, mailer):
    ids = [one(mailer, key=key).remote_id for key in ("e1:abc:0", "e1:abc:0", "e1:abc:1")]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@krovlya.ru>")


def test_an_answer_stands_in_the_thread_of_the_letters_before_it(server, mailer):
    first, last = "<1@example.ru>", f"<{'a' * 120}@example.ru>"
    one(mailer, ClientMessage(MARIA, "Да", "Re: Замер", (first, last)))
    raw = server.letters[0]
    assert f"In-Reply-To: {last}\r\n".encode() in raw
    assert f"References: {first}\r\n {last}\r\n".encode() in raw


def test_without_a_subject_the_first_line_stands_for_it_and_nothing_can_be_smuggled_into_the_head(server, mailer):
    one(mailer, ClientMessage(MARIA, "Замер завтра\nЖдём вас"))
    one(mailer, ClientMessage(MARIA, "Текст", "Тема\r\nBcc: all@example.ru", ("<1@a>\r\nBcc: all@example.ru",)))
    first, second = map(read, server.letters)
    assert first["Subject"] == "Замер завтра"
    assert second["Subject"] == "Тема Bcc: all@example.ru"
    assert second["Bcc"] is None


def test_files_of_the_event_and_of_the_folder_go_along(server, store, tmp_path):
    (tmp_path / "Прайс.pdf").write_bytes(b"%PDF")
    store.blobs["5a"] = b"plan"
    message = ClientMessage(MARIA, "Вот", files=(Attachment("план.dwg", "", 4, "5a"),), attach=("Прайс.pdf",))
    assert isinstance(one(mailer_to(server.port, store, files=str(tmp_path)), message), Done)
    parts = list(read(server.letters[0]).iter_attachments())
    assert [(part.get_filename(), part.get_content()) for part in parts] == [
        ("план.dwg", b"plan"),
        ("Прайс.pdf", b"%PDF"),
    ]


@pytest.mark.parametrize("name", ["нет.pdf", "../secret.env", "/etc/hostname"])
def test_a_file_that_is_not_in_the_folder_is_refused_and_nothing_is_sent(server, store, tmp_path, name):
    (tmp_path / "files").mkdir()
    (tmp_path / "secret.env").write_text("x")
    outcome = one(
        mailer_to(server.port, store, files=str(tmp_path / "files")), ClientMessage(MARIA, "Вот", attach=(name,))
    )
    assert isinstance(outcome, Rejected)
    assert name in outcome.hint
    assert server.letters == []


@pytest.mark.parametrize(
    ("command", "reply", "kind"),
    [
        ("MAIL", "451 4.3.0 later", Retryable),
        ("MAIL", "553 5.7.1 sender address rejected", Rejected),
        ("RCPT", "450 4.2.0 greylisted", Retryable),
        ("RCPT", "550 5.1.1 no such user here", Rejected),
        ("DATA", "452 4.3.1 no room", Retryable),
        ("DATA", "554 5.5.1 no valid recipients", Rejected),
        (".", "451 4.7.1 try again", Retryable),
        (".", "554 5.7.1 spam", Rejected),
        ("MAIL", "421 4.3.2 closing", Retryable),
        ("MAIL", CUT, Retryable),
        ("RCPT", CUT, Retryable),
        ("DATA", CUT, Retryable),
        (".", CUT, Ambiguous),
    ],
)
def test_each_answer_of_a_server_has_one_meaning(server, mailer, command, reply, kind):
    server.replies[command] = [reply]
    outcome = one(mailer)
    assert type(outcome) is kind, outcome
    assert isinstance(outcome, ConnectorError)
    if reply != CUT:
        assert outcome.reason == reply[4:]
        assert outcome.hint


def test_a_server_that_is_silent_after_the_letter_leaves_its_outcome_open(store):
    class Silent(ScriptedSmtp):
        def _reply(self, command):
            if command == ".":
                threading_wait.wait(30)
                return CUT
            return super()._reply(command)

    import threading

    threading_wait = threading.Event()
    script = Silent()
    with script.running() as port:
        outcome = one(mailer_to(port, store, read_timeout=0.3))
        threading_wait.set()
    assert isinstance(outcome, Ambiguous)


def test_a_letter_to_a_client_whose_answer_was_lost_is_for_a_person_and_one_to_the_staff_goes_again(server, mailer):
    (outcome,) = mailer.write([Request("k", LETTER, SINCE)])
    assert isinstance(outcome, OutcomeUnknownError)
    assert server.letters == []
    (outcome,) = mailer.notify([Request("k", StaffMessage("rop@krovlya.ru", "Новый лид\nКрыша"), SINCE)])
    assert isinstance(outcome, Done)
    assert read(server.letters[0])["Subject"] == "Новый лид"


def test_a_batch_goes_by_one_connection_and_a_refused_letter_costs_the_others_nothing(server, mailer):
    server.replies["RCPT"] = ["250 fine", "550 no such user", "250 fine"]
    outcomes = mailer.write([Request(f"k{n}", LETTER) for n in range(3)])
    assert [type(outcome) for outcome in outcomes] == [Done, Rejected, Done]
    assert (server.logins, len(server.letters)) == (1, 2)


def test_what_a_broken_connection_left_over_goes_by_another_one(server, mailer):
    server.replies["."] = ["250 taken", CUT]
    outcomes = mailer.write([Request(f"k{n}", LETTER) for n in range(3)])
    assert [type(outcome) for outcome in outcomes] == [Done, Ambiguous, Done]
    assert server.logins == 2


def test_letters_that_were_sent_stay_sent_when_the_server_is_gone_for_the_rest(server, mailer):
    server.replies |= {".": ["250 taken", CUT], "AUTH": ["235 in", "535 5.7.8 closed"]}
    outcomes = mailer.write([Request(f"k{n}", LETTER) for n in range(3)])
    assert [type(outcome) for outcome in outcomes] == [Done, Ambiguous, AuthFailed]


@pytest.mark.parametrize(
    ("reply", "kind"), [("535 5.7.8 bad credentials", AuthFailed), ("454 4.7.0 later", Retryable), (CUT, Retryable)]
)
def test_a_login_that_fails_is_told_with_its_cure(server, mailer, reply, kind):
    server.replies["AUTH"] = [reply, reply]
    assert type(one(mailer)) is kind
    (sentence,) = mailer.check()
    assert sentence.startswith("SMTP: ")
    assert kind is not AuthFailed or "пароль приложения" in sentence


def test_where_nobody_answers_nothing_was_sent(store):
    outcome = one(mailer_to(9, store))
    assert type(outcome) is Retryable
    assert "127.0.0.1:9" in outcome.hint


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_certificate_is_verified(store, certificate, security):
    script = ScriptedSmtp(certificate, tls=security == "tls")
    with script.running() as port:
        trusting = mailer_to(port, store, host="localhost", security=security, ca_file=str(certificate))
        assert isinstance(one(trusting), Done)
        stranger = one(mailer_to(port, store, host="localhost", security=security))
        assert type(stranger) is Retryable
        assert "certificate" in stranger.reason.lower()
    assert len(script.letters) == 1


def test_a_server_without_starttls_gets_neither_password_nor_letter(server, store):
    outcome = one(mailer_to(server.port, store, security="starttls"))
    assert type(outcome) is Retryable
    assert (server.logins, server.letters) == (0, [])


@pytest.mark.parametrize("address", ["maria", "мария@example.ru", "maria@example.ru>\r\nRCPT TO:<all@example.ru", ""])
def test_what_is_no_address_is_refused(mailer, address):
    assert type(one(mailer, ClientMessage(address, "Текст"))) is Rejected


def test_a_cyrillic_domain_goes_over_the_wire_as_it_must(server, mailer):
    assert isinstance(one(mailer, ClientMessage("info@кровля.рф", "Текст")), Done)
    assert read(server.letters[0])["To"] == "info@xn--b1apekj7g.xn--p1ai"


def test_a_mailbox_that_sends_too_much_waits_without_a_call(server, store):
    mailer = mailer_to(server.port, store, per_minute=6)
    outcomes = mailer.write([Request(f"k{n}", LETTER) for n in range(2)])
    assert [type(outcome) for outcome in outcomes] == [Done, RateLimited]
    assert outcomes[1].wait > 5


def test_a_limit_of_the_server_holds_the_mailbox_for_every_process_until_it_is_over(server, store):
    server.replies["MAIL"] = ["451 4.7.1 daily sending limit exceeded"]
    outcomes = mailer_to(server.port, store).write([Request(f"k{n}", LETTER) for n in range(2)])
    assert [type(outcome) for outcome in outcomes] == [RateLimited, RateLimited]
    assert [(account, wait) for account, wait, _ in store.holds] == [("smtp:info@krovlya.ru", HELD)]
    with collect_calls() as calls:
        assert type(one(mailer_to(server.port, store))) is RateLimited
    assert calls == []
    assert server.letters == []


def test_the_password_shows_nowhere(server, store):
    server.replies["AUTH"] = ["535 5.7.8 bad credentials"] * 2
    mailer = mailer_to(server.port, store, password="very-secret-0123")
    with collect_calls() as calls:
        outcome = one(mailer)
    assert type(outcome) is AuthFailed
    assert (calls[-1].path, calls[-1].error_kind) == ("CONNECT", outcome.kind)
    shown = f"{calls!r} {outcome!r} {outcome.reason} {outcome.hint} {mailer!r} {vars(mailer)!r}"
    assert "very-secret" not in shown


def test_the_journal_sees_the_calls_and_nobody_in_them(mailer):
    with collect_calls() as calls:
        one(mailer)
    (call,) = calls
    assert (call.method, call.path, call.status, call.error_kind) == ("SMTP", "MAIL", 250, "")
    shown = call.request_summary + call.answer_summary
    assert MARIA not in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"host": "smtp.yandex.ru", "security": "none"}, "in the open"),
        ({"user": "info"}, "no address"),
        ({"files": "nowhere"}, "no folder"),
    ],
)
def test_settings_that_cannot_work_are_refused(given, words):
    usual = {"type": "smtp", "host": "127.0.0.1", "user": "info@krovlya.ru", "password": "x"}
    with pytest.raises(ValidationError, match=words):
        SmtpSettings.model_validate(usual | given)


def test_the_port_follows_the_security_and_the_sender_the_login():
    usual = {"type": "smtp", "host": "smtp.yandex.ru", "user": "info@krovlya.ru", "password": "x"}
    settings = SmtpSettings.model_validate(usual)
    assert (settings.at, settings.address) == (587, "info@krovlya.ru")
    other = SmtpSettings.model_validate(usual | {"security": "tls", "from": "sales@krovlya.ru"})
    assert (other.at, other.address) == (465, "sales@krovlya.ru")
