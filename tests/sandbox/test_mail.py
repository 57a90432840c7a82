"""The mail server is met as a mail program meets it: IMAPClient and smtplib over loopback sockets."""

import asyncio
import smtplib
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from sandbox.mail import ADDRESS, PASSWORD, MailServer

LETTER = "Subject: Замер\r\nFrom: maria@example.ru\r\n\r\nДобрый день\r\n".encode("koi8-r")


@pytest.fixture
def server():
    with MailServer() as running:
        yield running


def client(server, password=PASSWORD):
    imap = IMAPClient(server.host, port=server.imap_port, ssl=False, timeout=30)
    try:
        imap.login(ADDRESS, password)
    except IMAPClientError:
        imap.shutdown()
        raise
    return imap


def send(server, raw=LETTER, sender="maria@example.ru", login=None):
    with smtplib.SMTP(server.host, server.smtp_port, timeout=30) as smtp:
        if login:
            smtp.login(*login)
        return smtp.sendmail(sender, [ADDRESS], raw)


def fetch_all(server, folder="INBOX"):
    with client(server) as imap:
        imap.select_folder(folder, readonly=True)
        found = imap.fetch(imap.search(), ["BODY.PEEK[]"])
        return {uid: parts[b"BODY[]"] for uid, parts in found.items()}


def test_an_idle_client_hears_of_a_letter_without_asking(server):
    with client(server) as imap:
        assert imap.has_capability("IDLE")
        assert imap.has_capability("UIDPLUS")
        imap.select_folder("INBOX")
        imap.idle()
        send(server)
        answers = imap.idle_check(timeout=30)
        assert (1, b"EXISTS") in answers
        imap.idle_done()


def test_no_letter_of_a_burst_is_missed_by_an_idle_client(server):
    with client(server) as imap:
        imap.select_folder("INBOX")
        imap.idle()
        for _ in range(30):
            server.append(LETTER)
        seen, deadline = 0, time.monotonic() + 30
        while seen < 30 and time.monotonic() < deadline:
            seen = max([seen, *(line[0] for line in imap.idle_check(timeout=1) if line[1] == b"EXISTS")])
        imap.idle_done()
    assert seen == 30


def test_every_answer_leaves_in_one_piece_that_ends_a_line(monkeypatch):
    pieces = []
    write = asyncio.StreamWriter.write

    def remembering(writer, data):
        pieces.append(bytes(data))
        write(writer, data)

    monkeypatch.setattr(asyncio.StreamWriter, "write", remembering)
    with MailServer() as server, client(server) as imap:
        imap.select_folder("INBOX")
        imap.idle()
        server.append(LETTER)
        assert imap.idle_check(timeout=30)
        imap.idle_done()
        imap.fetch([1], ["FLAGS", "BODY.PEEK[]"])
    assert any(b" FETCH (" in piece for piece in pieces)
    assert [piece for piece in pieces if piece and not piece.endswith(b"\r\n")] == []


def test_a_letter_that_came_between_select_and_idle_is_announced_without_waiting_for_the_next(server):
    with socket.create_connection((server.host, server.imap_port), timeout=30) as wire, wire.makefile("rb") as lines:

        def wait_for(start):
            return next(line for line in lines if line.startswith(start))

        wire.sendall(f"a LOGIN {ADDRESS} {PASSWORD}\r\nb SELECT INBOX\r\n".encode())
        wait_for(b"b OK")
        server.append(LETTER)
        wire.sendall(b"c IDLE\r\n")
        assert wait_for(b"* 1 EXISTS")


def test_a_letter_is_given_back_byte_for_byte(server):
    server.append(LETTER)
    assert fetch_all(server) == {1: LETTER}


def test_a_letter_of_several_megabytes_passes_through_both_protocols(server):
    big = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * 10 + (b"y" * 76 + b"\r\n") * 60_000
    send(server, big)
    assert fetch_all(server)[1].endswith(big)


def test_a_delivered_letter_carries_its_return_path_as_a_provider_would_write_it(server):
    send(server, sender="")
    (raw,) = fetch_all(server).values()
    assert raw == b"Return-Path: <>\r\nDelivered-To: sandbox@example.test\r\n" + LETTER


def test_smtp_takes_mail_with_a_login_and_refuses_a_wrong_password(server):
    send(server, login=(ADDRESS, PASSWORD))
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(server, login=(ADDRESS, "wrong"))
    assert server.count() == 1


def test_smtp_refuses_as_often_as_it_is_told(server):
    server.refuse("554 5.7.1 Spam")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(server)
    assert refused.value.smtp_code == 554
    send(server)
    assert server.count() == 1


def test_after_a_password_change_the_old_one_is_refused(server):
    server.change_password("другой-пароль")
    with pytest.raises(LoginError):
        client(server)
    server.change_password("other")
    with client(server, "other") as imap:
        assert imap.select_folder("INBOX")[b"EXISTS"] == 0


def test_special_folders_are_marked_and_a_copy_can_be_kept_in_sent(server):
    with client(server) as imap:
        assert imap.find_special_folder(rb"\Sent") == "Sent"
        assert imap.find_special_folder(rb"\Junk") == "Junk"
        imap.append("Sent", LETTER)
        imap.create_folder("Отправленные")
        assert "Отправленные" in [name for _, _, name in imap.list_folders()]
    assert server.letters("Sent") == [LETTER]


def test_a_letter_can_be_put_into_a_folder_that_did_not_exist(server):
    server.append(LETTER, "Заявки")
    assert fetch_all(server, "Заявки") == {1: LETTER}


def test_the_internal_date_is_the_one_given(server):
    server.append(LETTER, received_at=datetime(2025, 12, 1, 9, 0, tzinfo=UTC))
    with client(server) as imap:
        imap.normalise_times = False
        imap.select_folder("INBOX", readonly=True)
        assert imap.fetch([1], ["INTERNALDATE"])[1][b"INTERNALDATE"] == datetime(2025, 12, 1, 9, 0, tzinfo=UTC)


def test_uids_uidvalidity_flags_and_moves_survive_a_restart(tmp_path: Path):
    state = tmp_path / "mail.db"
    with MailServer(state_path=state) as server:
        for _ in range(4):
            server.append(LETTER)
        with client(server) as imap:
            before = imap.select_folder("INBOX")[b"UIDVALIDITY"]
            imap.add_flags([2], [b"\\Seen"])
            imap.delete_messages([3])
            imap.uid_expunge([3])
            imap.move([4], "Junk")
    with MailServer(state_path=state) as server, client(server) as imap:
        chosen = imap.select_folder("INBOX")
        assert (chosen[b"UIDVALIDITY"], chosen[b"UIDNEXT"]) == (before, 5)
        assert {uid: parts[b"FLAGS"] for uid, parts in imap.fetch([1, 2, 3, 4], ["FLAGS"]).items()} == {
            1: (),
            2: (b"\\Seen",),
        }
        assert server.count("Junk") == 1
        assert server.append(LETTER) == 5


def test_another_uidvalidity_gives_the_same_letters_other_uids(server):
    for _ in range(3):
        server.append(LETTER)
    with client(server) as imap:
        before = imap.select_folder("INBOX")[b"UIDVALIDITY"]
        imap.delete_messages([1])
        imap.expunge()
    server.new_uidvalidity()
    with client(server) as imap:
        assert imap.select_folder("INBOX")[b"UIDVALIDITY"] != before
    assert fetch_all(server) == {1: LETTER, 2: LETTER}
    assert server.append(LETTER) == 3


def test_a_letter_can_vanish_between_search_and_fetch(server):
    server.append(LETTER)
    server.append(LETTER)
    with client(server) as imap:
        imap.select_folder("INBOX", readonly=True)
        assert imap.search() == [1, 2]
        server.remove(1)
        assert [uid for uid, parts in imap.fetch([1, 2], ["BODY.PEEK[]"]).items() if parts.get(b"BODY[]")] == [2]


def test_dropped_connections_are_noticed_and_a_new_one_works(server):
    imap = client(server)
    imap.select_folder("INBOX")
    server.drop_connections()
    with pytest.raises((IMAPClientError, OSError)):
        imap.noop()
    imap.shutdown()
    send(server)
    assert len(fetch_all(server)) == 1


def test_a_muted_connection_stays_open_and_says_nothing(server):
    imap = IMAPClient(server.host, port=server.imap_port, ssl=False, timeout=30)
    imap.login(ADDRESS, PASSWORD)
    imap.select_folder("INBOX")
    server.mute_connections()
    imap.socket().settimeout(0.3)
    with pytest.raises(TimeoutError):
        imap.noop()
    imap.shutdown()


def test_more_connections_than_allowed_are_sent_away(server):
    server.max_connections = 1
    with client(server), pytest.raises(IMAPClientError, match="Too many connections"):
        IMAPClient(server.host, port=server.imap_port, ssl=False, timeout=30)


def test_reset_empties_the_mailbox_without_giving_a_uid_twice(server):
    server.append(LETTER)
    server.append(LETTER, "Sent")
    server.change_password("other")
    server.reset()
    assert (server.count(), server.count("Sent")) == (0, 0)
    server.append(LETTER)
    assert list(fetch_all(server)) == [2]


def test_a_port_in_use_is_reported_by_start(server):
    with pytest.raises(OSError, match="in use"):
        MailServer(imap_port=server.imap_port).start()
