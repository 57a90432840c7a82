"""The watcher with a real Dovecot, the server behind most mailboxes of one's own.

It runs where there is one: `dovecot` among the commands, or unpacked in the folder that PROVODKA_DOVECOT names.
"""

from __future__ import annotations

import base64
import itertools
import os
import quopri
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.imap.mailbox import ImapChannel
from connectors.imap.pace import Pace
from connectors.imap.settings import ImapSettings
from connectors.imap.skim import Files, skim_letter
from provodka.payloads import EventType
from tests.connectors.imap.dovecot import BINARY, PASSWORD, TOKEN, Dovecot, running
from tests.connectors.imap.test_imap_servers import numbered

pytestmark = pytest.mark.skipif(
    not (BINARY and Path(BINARY).exists()),
    reason="there is no Dovecot here: install one, or name the folder of one in PROVODKA_DOVECOT (see .ci/dovecot)",
)

PACE = Pace(connect=5, answer=5, glance=0.1, others=0.2, refused=0.4, crowded=0.2, first_retry=0.05, last_retry=0.2)
_USERS = itertools.count(1)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running() as server:
        yield server


@pytest.fixture
def user() -> str:
    """A mailbox of its own."""
    return f"user{next(_USERS)}@example.org"


@pytest.fixture
def box(dovecot, user):
    def build(auth=None, **values):
        known = {"host": dovecot.host, "port": dovecot.port, "tls": False, "user": user, "password": PASSWORD}
        return ImapChannel("mail", ImapSettings.model_validate(known | values), auth=auth, pace=PACE)

    return build


def test_a_new_letter_is_told_by_idle_and_one_of_the_sent_folder_soon_after(dovecot, user, box, watch, letter):
    with watch(box(sent=True, poll=600)) as seen:
        dovecot.append(user, numbered(letter, 1))
        seen.intake.wait_for(1, seconds=2)
        out = letter(sender=user, headers={"To": "maria@example.org"}, message_id="<out@example.org>")
        dovecot.append(user, out, folder="Отправленные")
        seen.intake.wait_for(2, seconds=3)
    assert [event.type for event in seen.intake.events] == [EventType.EMAIL_RECEIVED, EventType.EMAIL_SENT]
    assert seen.intake.events[1].payload.message.folder == "Отправленные"
    assert "imap:mail:\\Sent" in seen.intake.cursors


def test_what_other_programs_do_with_flags_is_no_news(dovecot, user, box, watch, letter):
    with watch(box(poll=600)) as seen, dovecot.client(user) as other:
        dovecot.append(user, numbered(letter, 1))
        seen.intake.wait_for(1)
        other.select_folder("INBOX")
        other.add_flags([1], [b"\\Seen", b"\\Flagged"])
        dovecot.append(user, numbered(letter, 2))
        seen.intake.wait_for(2)
    assert seen.intake.offered == 2


def test_a_folder_made_anew_has_other_uids_and_gives_no_double(dovecot, user, box, watch, letter, new_intake):
    with dovecot.client(user) as other:
        other.create_folder("Заявки")
    with watch(box(folders=["Заявки"], poll=1), new_intake()) as seen:
        seen.intake.wait_for_cursor("imap:mail:Заявки")
        dovecot.append(user, numbered(letter, 1), folder="Заявки")
        seen.intake.wait_for(1)
    before = seen.intake.cursors["imap:mail:Заявки"].partition(":")[0]
    with dovecot.client(user) as other:
        other.delete_folder("Заявки")
        while True:  # its UIDVALIDITY is the second in which it was made, or the one after the last
            other.create_folder("Заявки")
            if str(other.folder_status("Заявки", ["UIDVALIDITY"])[b"UIDVALIDITY"]) != before:
                break
            other.delete_folder("Заявки")
    for number in (1, 2):
        dovecot.append(user, numbered(letter, number), folder="Заявки")
    with watch(box(folders=["Заявки"], poll=1), seen.intake):
        seen.intake.wait_for(2)
    assert seen.intake.subjects == ["Письмо 1", "Письмо 2"]
    assert seen.intake.cursors["imap:mail:Заявки"].partition(":")[0] != before


def test_a_renamed_folder_is_read_on(dovecot, user, box, watch, letter, new_intake):
    with dovecot.client(user) as other:
        other.create_folder("Заявки")
        with watch(box(folders=["Заявки"]), new_intake()) as seen:
            seen.intake.wait_for_cursor("imap:mail:Заявки")
        other.rename_folder("Заявки", "Заявки с сайта")
    dovecot.append(user, numbered(letter, 1), folder="Заявки с сайта")
    with watch(box(folders=["Заявки с сайта"]), seen.intake):
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 1"]


class Tokens:
    """A token that has just ended, and the one that comes in its place."""

    def __init__(self, renewed):
        self.renewed, self.asked = renewed, []

    def token(self):
        return "ended"

    def renew(self, used):
        self.asked.append(used)
        return self.renewed


def test_a_token_that_has_ended_is_renewed_and_the_mailbox_entered_by_the_new_one(dovecot, box):
    tokens = Tokens(TOKEN)
    oauth = {"client_id": "a", "refresh_token": "r", "token_url": "http://127.0.0.1/token"}
    channel = box(auth=tokens, user="tokens@example.org", password=None, oauth=oauth)
    assert channel.check() == []
    assert tokens.asked == ["ended"]


def test_a_token_that_nobody_accepts_is_told_with_its_cure(dovecot, box):
    oauth = {"client_id": "a", "refresh_token": "r", "token_url": "http://127.0.0.1/token"}
    (sentence,) = box(auth=Tokens("no"), user="tokens@example.org", password=None, oauth=oauth).check()
    assert "refused the login of tokens@example.org" in sentence


def test_too_many_connections_are_told_as_that_and_not_as_a_wrong_password(dovecot, user, box):
    with ExitStack() as programs:
        for _ in range(3):
            programs.enter_context(dovecot.client(user))
        (sentence,) = box().check()
    assert "did not log in" in sentence
    assert "Maximum number of connections" in sentence


BIG = os.urandom(2_500_000)
TABLE = ("строка;5\r\n" * 90_000).encode()


def test_the_files_of_a_large_letter_are_those_that_were_sent(dovecot, user, box, watch, multipart, part, letter):
    def file(name, data, encoding):
        kind = f"application/octet-stream; name={name}"
        return part(data, kind, Content_Transfer_Encoding=encoding, Content_Disposition=f"attachment; filename={name}")

    inside = letter("внутри", subject="Вложенное", message_id="<inner@example.org>")
    raw = multipart(
        part("Смета"),
        file("a.bin", base64.encodebytes(BIG).replace(b"\n", b"\r\n"), "base64"),
        file("b.csv", quopri.encodestring(TABLE), "quoted-printable"),
        part(inside, "message/rfc822"),
        message_id="<big@example.org>",
    )
    with watch(box()) as seen:
        dovecot.append(user, raw)
        (event,) = seen.intake.wait_for(1)
    mail = event.payload.message
    assert mail.text == "Смета"
    assert [one.name for one in mail.attachments] == ["a.bin", "b.csv", "Вложенное.eml"]
    assert seen.intake.blobs[0] == BIG
    assert seen.intake.blobs[1].replace(b"\r\n", b"\n").strip() == TABLE.replace(b"\r\n", b"\n").strip()
    assert "внутри".encode() in seen.intake.blobs[2]


def test_a_large_letter_costs_the_memory_of_its_largest_file(dovecot, user, multipart, part):
    """No more than one file is there at a time, and what was given away is not held."""
    given = []
    data = base64.encodebytes(os.urandom(1_200_000)).replace(b"\n", b"\r\n")
    files = [part(data, "image/jpeg; name=p.jpg", Content_Transfer_Encoding="base64") for _ in range(3)]
    dovecot.append(user, multipart(part("Фото"), *files))
    with dovecot.client(user) as client:
        client.select_folder("INBOX", readonly=True)
        skimmed = skim_letter(client, 1, Files(10_000_000, lambda file: given.append(len(file))))
    assert given == [1_200_000] * 3
    assert len(skimmed.raw) < 5_000
