"""A letter whose answer was lost, looked for in the folder of sent letters of a real IMAP server; and copies of ours
where the server keeps none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import pytest

from connectors.smtp.mailer import SeekingMailer, messenger
from connectors.smtp.settings import SmtpSettings
from provodka.errors import Ambiguous, OutcomeUnknownError, Retryable
from provodka.mail_thread import stamp_of
from provodka.messages import ClientMessage
from provodka.operation import Done, Request
from sandbox.mail import ADDRESS, PASSWORD, MailServer
from tests.contract.case import NOW, around

FOLDER = "Sent"
OLD = NOW - timedelta(minutes=5)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@contextmanager
def cut_after_the_letter(port: int) -> Iterator[int]:
    """A way to the mail server that breaks off when the letter is over, before its answer."""
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def pass_on(client: socket.socket, server: socket.socket) -> None:
        seen = b""
        with suppress(OSError):  # the other thread has closed them: the way is broken off
            while chunk := client.recv(65536):
                seen = (seen + chunk)[-5:]
                if seen == b"\r\n.\r\n":
                    over.set()
                server.sendall(chunk)

    def talk() -> None:
        client, _ = listener.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            threading.Thread(target=pass_on, args=(client, server), daemon=True).start()
            while (chunk := server.recv(65536)) and not over.is_set():
                client.sendall(chunk)
            client.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(30)
        listener.close()


def mailer_of(mail: MailServer, store, port: int = 0, **sent):
    given = {"host": "127.0.0.1", "port": port or mail.smtp_port, "security": "none", "user": ADDRESS}
    given |= {"password": PASSWORD, "per_minute": 6000, "connect_timeout": 2, "read_timeout": 2}
    given |= {"sent": {"host": "127.0.0.1", "port": mail.imap_port, "tls": False, "folder": FOLDER, **sent}}
    return messenger("post", SmtpSettings.model_validate(given), around(store))


def letter(number: str) -> Request[ClientMessage]:
    return Request(
        f"k{number}", ClientMessage("maria@example.ru", "Счёт", "Счёт", stamp=stamp_of(number, f"k{number}"))
    )


def again(request: Request[ClientMessage], since: datetime = OLD) -> Request[ClientMessage]:
    return Request(request.key, request.params, since)


def keep(mail: MailServer, request: Request[ClientMessage]) -> None:
    """As a server does that puts what was sent among the sent letters."""
    mail.append(f"Message-ID: <{request.params.stamp}@example.test>\r\n\r\nx".encode(), FOLDER)


def test_a_letter_that_is_among_the_sent_ones_is_not_sent_again(mail, store):
    request = letter("17")
    with cut_after_the_letter(mail.smtp_port) as port:
        (lost,) = mailer_of(mail, store, port).write([request])
    assert type(lost) is Ambiguous
    assert mail.count() == 1
    keep(mail, request)
    mailer = mailer_of(mail, store)
    assert isinstance(mailer, SeekingMailer)
    assert mailer.check() == []
    (found,) = mailer.write([again(request)])
    assert isinstance(found, Done)
    assert found.found
    assert found.values["message_id"] == f"<{request.params.stamp}@example.test>"
    assert mail.count() == 1


def test_one_that_is_not_there_beside_others_of_ours_goes_again_when_the_folder_has_had_time(mail, store):
    keep(mail, letter("16"))
    mailer, request = mailer_of(mail, store), letter("17")
    (early,) = mailer.write([again(request, NOW)])
    assert type(early) is Retryable
    assert mail.count() == 0
    (done,) = mailer.write([again(request)])
    assert isinstance(done, Done)
    assert not done.found
    assert mail.count() == 1


def test_a_folder_without_any_letter_of_ours_tells_nothing_so_that_a_person_judges(mail, store):
    mail.append(b"Message-ID: <1@example.test>\r\n\r\nby hand", FOLDER)
    (outcome,) = mailer_of(mail, store).write([again(letter("17"))])
    assert isinstance(outcome, OutcomeUnknownError)
    assert mail.count() == 0


def test_where_the_server_keeps_none_we_put_a_copy_and_its_absence_proves_nothing(mail, store):
    mail.append(b"Message-ID: <1@example.test>\r\n\r\nby hand", FOLDER)
    mailer, request = mailer_of(mail, store, copy=True), letter("17")
    (done,) = mailer.write([request])
    assert isinstance(done, Done)
    assert done.values["copy"] == "in the folder of sent letters"
    copies = [one for one in mail.letters(FOLDER) if request.params.stamp.encode() in one]
    assert len(copies) == 1
    assert isinstance(mailer.write([again(letter("18"))])[0], OutcomeUnknownError)


def test_a_copy_that_cannot_be_put_is_told_and_the_letter_stays_sent(mail, store):
    mailer = mailer_of(mail, store, copy=True, folder="Нет такой")
    (done,) = mailer.write([letter("17")])
    assert isinstance(done, Done)
    assert "Нет такой" in done.values["copy"]
    assert mail.count() == 1
    (sentence,) = mailer.check()
    assert "sent.folder" in sentence


def test_a_mailbox_that_does_not_let_us_look_leaves_the_letter_for_later(mail, store):
    mailer = mailer_of(mail, store, port=0)
    mail.max_connections = 0
    (outcome,) = mailer.write([again(letter("17"))])
    assert type(outcome) is Retryable
    assert mail.count() == 0
