"""Servers as they are met in the field: each one here says only what its script lets it say, over a real socket."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from connectors.imap.mailbox import ImapChannel
from connectors.imap.pace import Pace
from connectors.imap.settings import ImapSettings
from provodka.payloads import EventType

HASTY = Pace(connect=2, answer=1, idle=540, glance=0.1, refused=0.4, crowded=0.2, first_retry=0.05, last_retry=0.2)
Script = Callable[[bytes, bytes], bytes | Iterable[bytes] | None]


class ScriptedServer:
    """Answers each command (tag, the rest) with what the script gives, bytes or pieces; None closes the connection."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script, self.context, self.commands = script, context, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads: list[threading.Thread] = []
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def accept(self):
        while True:
            try:
                wire, _ = self.listener.accept()
            except OSError:
                return
            self.threads.append(threading.Thread(target=self.serve, args=(wire,), daemon=True))
            self.threads[-1].start()

    def serve(self, wire):
        try:
            if self.context:
                wire = self.context.wrap_socket(wire, server_side=True)
            with wire, wire.makefile("rb") as lines:
                wire.sendall(b"* OK ready\r\n")
                for line in lines:
                    tag, _, command = line.strip().partition(b" ")
                    self.commands.append(command or tag)
                    answer = self.script(tag, command)
                    if answer is None:
                        return
                    for piece in [answer] if isinstance(answer, bytes) else answer:
                        wire.sendall(piece)
        except OSError:
            wire.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in (self.thread, *self.threads):
            thread.join(30)


class Box:
    """A script of one folder that grows; tests replace single answers."""

    def __init__(self, letters=(), capabilities=b"IMAP4rev1 IDLE"):
        self.letters, self.capabilities = dict(enumerate(letters, 1)), capabilities
        self.answers: list[tuple[str, Callable[[bytes, re.Match], bytes | None]]] = []
        self.idle_tag = b""
        self.uid_next = True
        self.arrived = datetime(2025, 12, 1, 9, 0, tzinfo=UTC)

    def on(self, pattern, answer):
        self.answers.insert(0, (pattern, answer))

    def __call__(self, tag, command):
        text = (tag + b" " + command).decode()
        for pattern, answer in self.answers:
            if match := re.search(pattern, text):
                given = answer(tag, match)
                if given != b"go on":
                    return given
        return self.usual(tag, command)

    def usual(self, tag, command):
        word = command.upper()
        if tag == b"DONE":
            return self.idle_tag + b" OK done\r\n"
        if word.startswith(b"IDLE"):
            self.idle_tag = tag
            return b"+ idling\r\n"
        if word.startswith(b"LOGOUT"):
            return b"* BYE\r\n" + tag + b" OK\r\n"
        untagged = b""
        if word.startswith(b"CAPABILITY"):
            untagged = b"* CAPABILITY " + self.capabilities + b"\r\n"
        elif word.startswith(b"LIST"):
            untagged = b'* LIST () "/" INBOX\r\n'
        elif word.startswith(b"EXAMINE"):
            untagged = b"* %d EXISTS\r\n* OK [UIDVALIDITY 7]\r\n" % len(self.letters)
            untagged += b"* OK [UIDNEXT %d]\r\n" % (len(self.letters) + 1) if self.uid_next else b""
        elif word.startswith(b"UID SEARCH"):
            untagged = b"* SEARCH " + b" ".join(b"%d" % uid for uid in self.found(word)) + b"\r\n"
        elif word.startswith(b"UID FETCH"):
            untagged = b"".join(self.fetched(uid, word) for uid in self.asked(word) if uid in self.letters)
        return untagged + tag + b" OK done\r\n"

    def found(self, word):
        first = int(re.search(rb"(\d+):\*", word).group(1)) if b":*" in word else 1
        return [uid for uid in self.letters if uid >= min(first, max(self.letters))]  # n:* always finds one

    def asked(self, word):
        return [int(uid) for uid in word.split()[2].split(b",")]

    def fetched(self, uid, word):
        raw = self.letters[uid]
        if b"BODY.PEEK[]" in word:
            return b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, uid, len(raw), raw)
        when = self.arrived.strftime('"%d-%b-%Y %H:%M:%S +0000"').encode()
        return b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE %s)\r\n" % (uid, uid, len(raw), when)


def channel_to(server, pace=HASTY, **values):
    known = {"host": "localhost", "port": server.port, "tls": False, "user": "info@krovlya.ru", "password": "x"}
    return ImapChannel("mail", ImapSettings.model_validate(known | values), pace=pace)


def numbered(letter, number):
    return letter(subject=f"Письмо {number}", message_id=f"<{number}@example.org>")


def test_a_letter_announced_in_one_packet_with_idling_is_not_left_until_the_poll(watch, letter):
    box = Box()

    def announce(tag, _match):
        box.idle_tag = tag
        if box.letters:
            return b"+ idling\r\n"
        box.letters[1] = numbered(letter, 1)
        return b"+ idling\r\n* 1 EXISTS\r\n"

    box.on(" IDLE$", announce)
    with ScriptedServer(box) as server, watch(channel_to(server, poll=600)) as seen:
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 1"]


HALVES = [(b"* 1 EXI", b"STS\r\n"), (b"* 1 EXISTS\r", b"\n"), (b"* 1 RECENT\r\n* ", b"1 EXISTS\r\n")]


@pytest.mark.parametrize(("begun", "ended"), HALVES)
def test_a_line_whose_end_comes_later_is_waited_for_and_its_letter_taken(watch, letter, begun, ended):
    box = Box()

    def announce(tag, _match):
        box.idle_tag = tag
        yield b"+ idling\r\n"
        if not box.letters:
            box.letters[1] = numbered(letter, 1)
            time.sleep(0.3)  # the watch is in IDLE, and meets the half alone
            yield begun
            time.sleep(0.3)
            yield ended

    box.on(" IDLE$", announce)
    with ScriptedServer(box) as server, watch(channel_to(server, poll=600)) as seen:
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 1"]
    assert sum(command.startswith(b"LOGIN") for command in server.commands) == 1


def test_a_line_that_is_never_ended_ends_the_connection_and_its_letter_is_taken_by_the_next(watch, letter):
    box = Box()

    def announce(tag, _match):
        box.idle_tag = tag
        if box.letters:
            return [b"+ idling\r\n"]
        box.letters[1] = numbered(letter, 1)
        return [b"+ idling\r\n", b"* 1 EXI"]

    box.on(" IDLE$", announce)
    with ScriptedServer(box) as server, watch(channel_to(server, poll=600)) as seen:
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 1"]
    assert sum(command.startswith(b"LOGIN") for command in server.commands) == 2


def test_a_server_without_idle_is_polled(watch, letter):
    box = Box(capabilities=b"IMAP4rev1")
    with ScriptedServer(box) as server, watch(channel_to(server, poll=1)) as seen:
        box.letters[1] = numbered(letter, 1)
        seen.intake.wait_for(1)
    assert not any(command.startswith(b"IDLE") for command in server.commands)


def test_a_server_that_tells_no_uidnext_is_searched_and_its_last_letter_not_taken_again(watch, letter):
    box = Box([numbered(letter, 1)], capabilities=b"IMAP4rev1")
    box.uid_next = False
    with ScriptedServer(box) as server, watch(channel_to(server, poll=1)) as seen:
        assert seen.intake.cursors["imap:mail:INBOX"] == "7:1"
        box.letters[2] = numbered(letter, 2)
        seen.intake.wait_for(1)
    assert seen.intake.offered == 1
    assert seen.intake.subjects == ["Письмо 2"]


def test_a_letter_that_vanished_between_search_and_fetch_is_passed_over(watch, letter):
    box = Box()
    box.on(r"FETCH 1,2 .*INTERNALDATE", lambda tag, _: (box.letters.pop(1, None), b"go on")[1])
    with ScriptedServer(box) as server, watch(channel_to(server, poll=1)) as seen:
        box.letters |= {1: numbered(letter, 1), 2: numbered(letter, 2)}
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 2"]


def test_a_letter_that_the_server_never_hands_out_does_not_hold_up_those_behind_it(watch, letter):
    box = Box()
    refusal = b" NO The requested message could not be converted to an RFC-822 compatible format.\r\n"
    box.on(r"FETCH (?:\d+,)*2(?:,\d+)* .*BODY\.PEEK", lambda tag, _: tag + refusal)
    with ScriptedServer(box) as server, watch(channel_to(server, poll=1)) as seen:
        box.letters |= {number: numbered(letter, number) for number in (1, 2, 3)}
        seen.intake.wait_for(3)
    assert [event.type for event in seen.intake.events] == [
        EventType.EMAIL_RECEIVED,
        EventType.UNREADABLE,
        EventType.EMAIL_RECEIVED,
    ]
    assert seen.intake.events[1].external_id == "imap:INBOX:7:2"
    assert seen.intake.subjects == ["Письмо 1", "Письмо 3"]


def test_a_connection_lost_while_logging_in_is_not_taken_for_a_wrong_password(wait_until):
    box = Box()
    box.on(" LOGIN ", lambda tag, _: None)
    with ScriptedServer(box) as server:
        (sentence,) = channel_to(server).check()
    assert "did not log in" in sentence


@pytest.mark.parametrize(
    "words", ["[UNAVAILABLE] Backend is down", "[ALERT] Too many simultaneous connections", "try again later"]
)
def test_a_login_refused_for_the_moment_is_tried_again_soon(watch, words, letter):
    box = Box()
    tries = []
    box.on(
        " LOGIN ",
        lambda tag, _: (tries.append(1), f"{tag.decode()} NO {words}\r\n".encode() if len(tries) < 3 else b"go on")[1],
    )
    patient = Pace(connect=2, answer=1, refused=900, crowded=0.05, first_retry=0.05, last_retry=0.1)
    with ScriptedServer(box) as server, watch(channel_to(server, pace=patient)):
        assert len(tries) == 3


def test_a_server_that_drops_every_connection_is_not_knocked_at_faster_and_faster(watch, letter):
    box = Box()
    box.on(" IDLE$", lambda tag, _: None)
    pace = Pace(connect=2, answer=1, first_retry=0.1, last_retry=30)
    with ScriptedServer(box) as server, watch(channel_to(server, pace=pace)) as seen:
        time.sleep(1.5)
        box.letters[1] = numbered(letter, 1)
        seen.intake.wait_for(1)  # each new connection still looks
    assert sum(command.startswith(b"LOGIN") for command in server.commands) < 10
    assert seen.status.troubles == []


def test_a_letter_split_across_packets_is_read_whole(watch, letter):
    box = Box()
    with ScriptedServer(box) as server, watch(channel_to(server, poll=1)) as seen:
        box.letters[1] = letter("слово " * 50_000, message_id="<long@example.org>")
        (event,) = seen.intake.wait_for(1)
    assert len(event.payload.message.full_text) > 100_000


def test_a_login_that_imap_cannot_carry_is_told_as_a_wrong_one():
    with ScriptedServer(Box()) as server:
        (sentence,) = channel_to(server, password="пароль").check()
    assert "must be ASCII" in sentence


@contextmanager
def secure_server(box, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with ScriptedServer(box, context) as server:
        yield server


def test_a_server_with_its_own_certificate_is_trusted_by_its_file_and_idle_works_over_tls(certificate, watch, letter):
    box = Box()

    def announce(tag, _match):
        box.idle_tag = tag
        if box.letters:
            return b"+ idling\r\n"
        box.letters[1] = numbered(letter, 1)
        return b"+ idling\r\n* 1 EXISTS\r\n"

    box.on(" IDLE$", announce)
    with secure_server(box, certificate) as server:
        channel = channel_to(server, tls=True, ca_file=str(certificate), poll=600)
        with watch(channel) as seen:
            seen.intake.wait_for(1)
            began = time.monotonic()
            seen.stop.set()
            seen.thread.join(30)
            assert time.monotonic() - began < 10


def test_an_unknown_certificate_is_refused_and_the_cure_named(certificate, wait_until, watch, new_intake):
    with secure_server(Box(), certificate) as server:
        channel = channel_to(server, tls=True)
        (sentence,) = channel.check()
        with watch(channel, new_intake()) as seen:
            wait_until(lambda: seen.status.troubles)
    assert "certificate" in sentence.lower()
    assert "ca_file" in seen.status.troubles[0][1]
    assert server.commands == []


def test_the_password_is_not_sent_where_starttls_is_refused():
    box = Box(capabilities=b"IMAP4rev1 STARTTLS")
    box.on("STARTTLS", lambda tag, _: tag + b" BAD no\r\n")
    with ScriptedServer(box) as server:
        (sentence,) = channel_to(server, tls="starttls").check()
    assert "no TLS" in sentence
    assert not any(command.startswith(b"LOGIN") for command in server.commands)
