"""Where a mailbox is read on from: stops on the way, folders renamed, mailboxes moved, several folders, large files."""

import base64
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.imap.pace import Pace
from provodka.errors import JournalUnavailableError
from provodka.payloads import EventType
from tests.connectors.imap.test_imap_servers import HASTY, Box, ScriptedServer, channel_to, numbered

QUICK = Pace(connect=2, answer=1, glance=0.1, others=0.2, first_retry=0.05, last_retry=0.2)


def refused_after(intake, letters):
    """An intake that dies when so many letters are in it, as a process that is killed does."""
    accept = intake.accept

    def dying(events, **more):
        if len(intake.events) >= letters:
            raise JournalUnavailableError("killed")
        accept(events, **more)

    intake.accept = dying
    return intake


def test_a_first_sync_that_was_killed_goes_on_where_it_was(server, channel, watch, letter, new_intake, wait_until):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for number in range(50):
        server.append(numbered(letter, number), received_at=yesterday)
    server.append(letter(subject="Старое", message_id="<old@example.org>"), received_at=yesterday - timedelta(days=30))
    dying = refused_after(new_intake(), 40)
    with watch(channel(first_sync_days=7), dying) as seen:
        wait_until(lambda: seen.status.troubles)
    assert len(dying.events) == 40
    assert "imap:mail:INBOX" not in dying.cursors
    offered, intake = dying.offered, dying
    del intake.accept
    with watch(channel(first_sync_days=7), intake):
        intake.wait_for_cursor("imap:mail:INBOX")
        server.append(numbered(letter, 50))
        intake.wait_for(51)
    assert intake.subjects == [f"Письмо {number}" for number in range(51)]
    assert intake.offered - offered == 11  # what was done is not even looked at again


def test_a_mailbox_that_moved_to_another_server_makes_no_doubles_and_misses_nothing(watch, letter):
    """Under the same UIDVALIDITY and with more letters: nothing but the host tells that these are other UIDs."""
    old = Box([numbered(letter, 1), numbered(letter, 2)])
    new = Box([numbered(letter, number) for number in (7, 2, 1, 8)])
    old.arrived = new.arrived = datetime.now(UTC) - timedelta(days=2)
    with ScriptedServer(old) as server, watch(channel_to(server, first_sync_days=7)) as seen:
        seen.intake.wait_for(2)
    with ScriptedServer(new) as server, watch(channel_to(server, first_sync_days=7, host="127.0.0.1"), seen.intake):
        seen.intake.wait_for(4)
    assert sorted(seen.intake.subjects) == ["Письмо 1", "Письмо 2", "Письмо 7", "Письмо 8"]


def test_uids_that_went_backwards_are_noticed_though_uidvalidity_is_the_same(watch, letter):
    box = Box([numbered(letter, number) for number in range(5)])
    box.arrived = datetime.now(UTC) - timedelta(days=2)
    with ScriptedServer(box) as server, watch(channel_to(server, first_sync_days=7)) as seen:
        seen.intake.wait_for(5)
    box.letters = {1: numbered(letter, 9)}
    with ScriptedServer(box) as server, watch(channel_to(server, first_sync_days=7), seen.intake):
        seen.intake.wait_for(6)
    assert seen.intake.subjects[-1] == "Письмо 9"


def listing(*names):
    text = "".join(f'* LIST () "/" {name}\r\n' for name in names).encode()
    return lambda tag, _: text + tag + b" OK done\r\n"


def test_a_folder_that_was_renamed_is_told_and_read_on_under_its_new_name(watch, letter, wait_until, new_intake):
    box = Box()
    box.on(" LIST ", listing("INBOX", "Leads"))
    with ScriptedServer(box) as server:
        with watch(channel_to(server, poll=1, folders=["Leads"]), new_intake()) as seen:
            seen.intake.wait_for_cursor("imap:mail:Leads")
            box.answers.clear()
            box.on(" LIST ", listing("INBOX", "Requests"))
            box.on(" EXAMINE.*Leads", lambda tag, _: tag + b" NO no such folder\r\n")
            wait_until(lambda: seen.status.troubles)
        box.letters[1] = numbered(letter, 1)  # it came before anybody had changed the settings
        with watch(channel_to(server, poll=1, folders=["Requests"]), seen.intake):
            seen.intake.wait_for(1)
    assert "Requests" in seen.status.troubles[-1][1]
    assert seen.intake.subjects == ["Письмо 1"]


def test_a_letter_in_the_sent_folder_is_told_soon_and_our_own_are_passed_over(server, channel, watch, letter):
    with watch(channel(pace=QUICK, sent=True, poll=600)) as seen:
        seen.intake.wait_for_cursor("imap:mail:\\Sent")
        server.append(letter(sender="sandbox@example.test", message_id="<prv.1@example.test>"), folder="Sent")
        out = letter(sender="sandbox@example.test", headers={"To": "maria@example.org"}, message_id="<2@example.test>")
        server.append(out, folder="Sent")
        seen.intake.wait_for(1)
        server.append(numbered(letter, 1))  # IDLE watches the first folder again
        seen.intake.wait_for(2)
    assert [event.type for event in seen.intake.events] == [EventType.EMAIL_SENT, EventType.EMAIL_RECEIVED]
    assert seen.intake.events[0].person.emails == ("maria@example.org",)
    assert seen.intake.events[0].payload.message.folder == "Sent"


def test_a_junk_folder_is_watched_by_its_use(server, channel, watch, letter):
    with watch(channel(pace=QUICK, folders=["\\Inbox", "\\Junk"])) as seen:
        seen.intake.wait_for_cursor("imap:mail:\\Junk")
        server.append(numbered(letter, 1), folder="Junk")
        seen.intake.wait_for(1)
    assert seen.intake.events[0].payload.message.folder == "Junk"


def test_check_names_a_use_that_no_folder_has(channel):
    (sentence,) = channel(folders=["INBOX", "\\Archive"]).check()
    assert "\\\\Archive" in sentence


def attached(letter, multipart, part, *files):
    parts = [
        part(
            base64.encodebytes(data).replace(b"\n", b"\r\n"),
            f"application/octet-stream; name=file{number}.bin",
            Content_Transfer_Encoding="base64",
            Content_Disposition=f"attachment; filename=file{number}.bin",
        )
        for number, data in enumerate(files)
    ]
    return multipart(part("Файлы"), *parts, message_id="<files@example.org>")


@pytest.mark.parametrize("sizes", [(3_000_001, 5, 2_097_152), (1_572_864,)])
def test_files_of_a_large_letter_are_kept_one_by_one_and_whole(server, channel, watch, letter, multipart, part, sizes):
    files = [os.urandom(size) for size in sizes]
    with watch(channel()) as seen:
        server.append(attached(letter, multipart, part, *files))
        (event,) = seen.intake.wait_for(1)
    assert seen.intake.blobs == files
    assert [one.size for one in event.payload.message.attachments] == list(sizes)
    assert all(one.sha256 for one in event.payload.message.attachments)
    assert event.payload.message.text == "Файлы"
    assert len(event.raw) < 5000


def test_a_header_that_pretends_to_be_a_kept_file_opens_none(server, channel, watch, letter, multipart, part):
    liar = part(b"AAAA", "application/pdf; name=a.pdf", X_Provodka_Kept="0" * 32, Content_Disposition="attachment")
    with watch(channel()) as seen:
        server.append(multipart(part("Файл"), liar))
        (event,) = seen.intake.wait_for(1)
    assert seen.intake.blobs == [b"AAAA"]
    assert event.payload.message.attachments[0].size == 4


def test_strangers_files_in_a_personal_mailbox_are_not_fetched(server, channel, watch, letter, multipart, part):
    personal = channel(role="personal")
    personal._knows = lambda _: False
    with watch(personal) as seen:
        server.append(attached(letter, multipart, part, os.urandom(1_500_000)))
        server.append(multipart(part("личное"), part(b"x", "image/png; name=x.png"), message_id="<small@example.org>"))
        seen.intake.wait_for(2)
    assert seen.intake.blobs == []
    assert [event.raw for event in seen.intake.events] == [b"", b""]


def test_a_large_letter_that_vanishes_while_it_is_fetched_is_passed_over(watch, letter):
    big = letter("слово " * 300_000, message_id="<big@example.org>")
    box = Box()
    box.on(r"BODYSTRUCTURE", lambda tag, _: (box.letters.pop(1, None), tag + b" OK done\r\n")[1])
    with ScriptedServer(box) as server, watch(channel_to(server, poll=1)) as seen:
        box.letters |= {1: big, 2: numbered(letter, 2)}
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 2"]


def test_a_connection_that_dies_in_idle_is_found_dead_by_the_next_question(watch, letter, wait_until):
    """What a firewall does that has forgotten the connection: nothing comes back, and nobody says so."""
    box = Box()
    box.on(" LIST ", listing("INBOX", "Other"))
    swallowed = []
    box.on("^DONE", lambda tag, _: b"" if not swallowed and not swallowed.append(1) else b"go on")
    with ScriptedServer(box) as server, watch(channel_to(server, pace=QUICK, folders=["INBOX", "Other"])) as seen:
        wait_until(lambda: b"IDLE" in server.commands)
        box.letters[1] = numbered(letter, 1)
        seen.intake.wait_for(1)
    assert sum(command.startswith(b"LOGIN") for command in server.commands) >= 2


def test_the_refusals_of_a_crowded_mailbox_are_told_and_waited_out(watch, letter, wait_until, new_intake):
    box = Box()
    refusals = iter(range(2))
    words = b" NO [ALERT] Too many simultaneous connections. (Failure)\r\n"
    box.on(" LOGIN ", lambda tag, _: tag + words if next(refusals, None) is not None else b"go on")
    with ScriptedServer(box) as server, watch(channel_to(server, pace=HASTY), new_intake()) as seen:
        seen.intake.wait_for_cursor("imap:mail:INBOX")
        wait_until(lambda: seen.status.told[-1] is None)
    assert "почтовые программы" in seen.status.troubles[0][1]


def test_a_provider_that_holds_the_mailbox_back_is_waited_for_and_its_letters_are_not_given_up(watch, letter):
    box = Box()
    refusals = iter(range(8))  # more than a single letter would be asked for
    words = b" NO [ALERT] Account exceeded command or bandwidth limits. (Failure)\r\n"
    box.on(r"BODY\.PEEK\[\]", lambda tag, _: tag + words if next(refusals, None) is not None else b"go on")
    hasty = replace(HASTY, crowded=0.02)
    with ScriptedServer(box) as server, watch(channel_to(server, pace=hasty, poll=1)) as seen:
        box.letters[1] = numbered(letter, 1)
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 1"]
    assert "bandwidth" in seen.status.troubles[0][0]


def test_a_journal_that_takes_no_files_for_a_while_costs_no_letter(
    server, channel, watch, letter, multipart, part, wait_until
):
    with watch(channel(poll=1)) as seen:
        seen.intake.broken = JournalUnavailableError("disk full")
        server.append(attached(letter, multipart, part, os.urandom(1_200_000)))
        wait_until(lambda: seen.status.told.count(None) == 1 and len(seen.status.troubles) > 5)
        seen.intake.broken = None
        (event,) = seen.intake.wait_for(1)
    assert event.type is EventType.EMAIL_RECEIVED
    assert event.payload.message.attachments[0].size == 1_200_000
