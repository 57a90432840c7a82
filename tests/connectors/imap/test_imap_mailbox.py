"""The watched mailbox is a real IMAP server; only the journal is a stand-in."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from imapclient import IMAPClient

from connectors.imap.pace import Pace
from provodka.errors import JournalUnavailableError
from provodka.payloads import EventType
from sandbox.mail import ADDRESS, PASSWORD

HASTY = Pace(connect=2, answer=0.6, idle=540, glance=0.1, refused=0.4, crowded=0.2, first_retry=0.05, last_retry=0.2)


def numbered(letter, number):
    return letter(subject=f"Письмо {number}", message_id=f"<{number}@example.org>")


def test_idle_delivers_a_letter_within_two_seconds(server, channel, watch, letter):
    with watch(channel(poll=600)) as seen:
        for number in range(3):
            began = time.monotonic()
            server.append(numbered(letter, number))
            seen.intake.wait_for(number + 1)
            assert time.monotonic() - began < 10
    assert seen.intake.subjects == ["Письмо 0", "Письмо 1", "Письмо 2"]


def test_a_burst_of_letters_is_taken_whole_and_in_order(server, channel, watch, letter):
    with watch(channel(poll=600)) as seen:
        for number in range(60):
            server.append(numbered(letter, number))
        seen.intake.wait_for(60)
    assert seen.intake.subjects == [f"Письмо {number}" for number in range(60)]


def test_the_poll_finds_letters_where_idle_is_off(server, channel, watch, letter):
    with watch(channel(idle=False, poll=1)) as seen:
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)


def test_only_what_arrives_after_the_first_start_is_taken(server, channel, watch, letter):
    server.append(numbered(letter, 1))
    with watch(channel()) as seen:
        server.append(numbered(letter, 2))
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 2"]


def test_the_first_start_can_reach_some_days_back(server, channel, watch, letter):
    now = datetime.now(UTC)
    server.append(numbered(letter, 1), received_at=now - timedelta(days=9))
    server.append(numbered(letter, 2), received_at=now - timedelta(days=2))
    with watch(channel(first_sync_days=7)) as seen:
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 2"]
    assert seen.intake.events[0].occurred_at == (now - timedelta(days=2)).replace(microsecond=0)


def test_after_a_restart_nothing_comes_twice_and_what_came_meanwhile_is_taken(server, channel, watch, letter):
    with watch(channel()) as seen:
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)
    server.append(numbered(letter, 2))
    with watch(channel(), seen.intake) as again:
        again.intake.wait_for(2)
    assert again.intake.subjects == ["Письмо 1", "Письмо 2"]
    assert again.intake.offered == 2


def test_the_cursor_is_stored_in_one_call_with_its_letters(server, channel, watch, letter):
    with watch(channel()) as seen:
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)
    count, cursors = seen.intake.batches[-1]
    assert count == 1
    assert cursors["imap:mail:INBOX"] == "1700000000:1"


def test_a_backlog_comes_in_small_portions_each_with_its_cursor(server, channel, watch, letter):
    with watch(channel()) as seen:
        pass
    for number in range(45):
        server.append(numbered(letter, number))
    with watch(channel(), seen.intake) as again:
        again.intake.wait_for(45)
    assert [count for count, _ in again.intake.batches if count] == [20, 20, 5]
    assert [cursors["imap:mail:INBOX"].partition(":")[2] for _, cursors in again.intake.batches[1:]] == [
        "20",
        "40",
        "45",
    ]


def test_a_new_uidvalidity_delivers_nothing_twice_and_loses_nothing(server, channel, watch, letter):
    server.append(numbered(letter, "до запуска"), received_at=datetime.now(UTC) - timedelta(days=1))
    with watch(channel()) as seen:
        server.append(numbered(letter, 1))
        server.append(letter(subject="Без номера", message_id=None))
        seen.intake.wait_for(2)
    server.append(numbered(letter, 2))
    server.new_uidvalidity()
    with watch(channel(), seen.intake) as again:
        again.intake.wait_for(3)
        server.append(numbered(letter, 3))
        again.intake.wait_for(4)
    assert again.intake.subjects == ["Письмо 1", "Без номера", "Письмо 2", "Письмо 3"]
    assert again.intake.cursors["imap:mail:INBOX"].startswith("1700000001:")


def test_a_uidvalidity_that_changes_under_a_running_watch_is_noticed(server, channel, watch, letter):
    with watch(channel(poll=1)) as seen:
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)
        server.new_uidvalidity()
        server.append(numbered(letter, 2))
        seen.intake.wait_for(2)
    assert seen.intake.subjects == ["Письмо 1", "Письмо 2"]


def test_a_dropped_connection_is_rebuilt_and_the_next_letter_arrives(server, channel, watch, letter, wait_until):
    with watch(channel(poll=600)) as seen:
        server.drop_connections()
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)
    assert seen.status.troubles == []


def test_a_connection_that_went_silent_is_noticed_and_rebuilt(server, channel, watch, letter):
    with watch(channel(poll=1)) as seen:
        server.mute_connections()
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)


def test_a_wrong_password_is_told_with_its_cure_and_not_hammered(
    server, channel, watch, letter, wait_until, new_intake
):
    server.change_password("new")
    patient = replace(HASTY, refused=30)
    with watch(channel(pace=patient), new_intake()) as seen:
        wait_until(lambda: seen.status.troubles)
        time.sleep(0.5)
        assert len(seen.status.troubles) == 1
    ((cause, cure),) = seen.status.troubles
    assert "refused the login of sandbox@example.test" in cause
    assert "пароль приложения" in cure
    assert PASSWORD not in cause.replace(ADDRESS, "").replace("sandbox@", "")


def test_when_the_password_is_right_again_the_mailbox_recovers(server, channel, watch, letter, wait_until, new_intake):
    server.change_password("new")
    with watch(channel(), new_intake()) as seen:
        wait_until(lambda: seen.status.troubles)
        server.change_password(PASSWORD)
        wait_until(lambda: seen.status.told[-1] is None)
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)


def test_a_server_that_is_away_becomes_trouble_only_after_some_tries(server, channel, watch, letter, wait_until):
    with watch(channel()) as seen:
        server.max_connections = 0
        server.drop_connections()
        wait_until(lambda: seen.status.troubles)
        server.max_connections = None
        wait_until(lambda: seen.status.told[-1] is None)
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)
    assert "cannot connect to 127.0.0.1" in seen.status.troubles[0][0]


def test_a_missing_folder_is_told_with_the_folders_there_are_and_the_others_go_on(
    server, channel, watch, letter, wait_until
):
    with watch(channel(folders=["Заявки", "INBOX"], poll=1)) as seen:
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)
        wait_until(lambda: seen.status.troubles)
        cause, cure = seen.status.troubles[0]
        assert "there is no folder 'Заявки'; there are: INBOX, Sent, Junk" in cause
        assert "нет папки «Заявки»" in cure
        server.append(numbered(letter, 2), "Заявки")
        wait_until(lambda: seen.status.told[-1] is None)
        server.append(numbered(letter, 3), "Заявки")
        seen.intake.wait_for(2)
    assert seen.intake.events[-1].payload.message.folder == "Заявки"


def test_the_same_letter_in_two_folders_is_one_event(server, channel, watch, letter):
    with watch(channel(folders=["INBOX", "Junk"], poll=1)) as seen:
        seen.intake.wait_for_cursor("imap:mail:Junk")
        server.append(numbered(letter, 1))
        seen.intake.wait_for(1)
        server.append(numbered(letter, 1), "Junk")
        server.append(numbered(letter, 2), "Junk")
        seen.intake.wait_for(2)
    assert seen.intake.subjects == ["Письмо 1", "Письмо 2"]


def test_a_broken_letter_is_kept_raw_and_does_not_stop_the_next(server, channel, watch, letter, monkeypatch):
    from connectors.imap import parse

    def stumble(message, headers, *rest, is_form):
        if headers.text("Subject") == "Письмо 1":
            raise KeyError("a letter that nobody foresaw")
        return real(message, headers, *rest, is_form=is_form)

    real = parse.kind_of
    monkeypatch.setattr(parse, "kind_of", stumble)
    broken = numbered(letter, 1)
    with watch(channel()) as seen:
        server.append(broken)
        server.append(numbered(letter, 2))
        first, second = seen.intake.wait_for(2)
    assert first.type is EventType.UNREADABLE
    assert first.raw == broken
    assert "KeyError" in first.payload.why
    assert second.payload.message.subject == "Письмо 2"


def test_bytes_that_are_no_letter_become_an_unreadable_event(server, channel, watch, letter):
    with watch(channel()) as seen:
        server.append(b"\r\n\xff\xfe\x00 nothing here\r\n")
        server.append(numbered(letter, 2))
        first, second = seen.intake.wait_for(2)
    assert (first.type, second.type) == (EventType.UNREADABLE, EventType.EMAIL_RECEIVED)


def test_no_letter_is_marked_as_read(server, channel, watch, letter):
    with watch(channel(max_size=2000)) as seen:
        server.append(numbered(letter, 1))
        server.append(letter("слово " * 1000, message_id="<big@example.org>"))
        seen.intake.wait_for(2)
    with IMAPClient(server.host, port=server.imap_port, ssl=False, timeout=30) as client:
        client.login(ADDRESS, PASSWORD)
        client.select_folder("INBOX")
        assert client.search("UNSEEN") == [1, 2]


def test_of_a_letter_over_the_limit_the_words_and_the_names_of_files_are_kept(server, channel, watch, multipart, part):
    big = part(
        b"QUJD" * 5000,
        'application/zip; name="x.zip"',
        Content_Transfer_Encoding="base64",
        Content_Disposition="attachment; filename*=utf-8''%D0%A1%D0%BC%D0%B5%D1%82%D0%B0.zip",
    )
    plain = part("Смета во вложении, тел. 8 916 000-11-22")
    html = part("<p>Смета во вложении, тел. 8 916 000-11-22</p>", "text/html; charset=utf-8")
    inner = (
        b'Content-Type: multipart/alternative; boundary="b2"\r\n\r\n--b2\r\n'
        + plain
        + b"\r\n--b2\r\n"
        + html
        + b"\r\n--b2--"
    )
    with watch(channel(max_size=4096)) as seen:
        server.append(
            multipart(
                inner, big, part(b"hello", "text/plain; name=a.txt", Content_Disposition="attachment; filename=a.txt")
            )
        )
        (event,) = seen.intake.wait_for(1)
    mail = event.payload.message
    assert mail.text == "Смета во вложении, тел. 8 916 000-11-22"
    assert event.person.phones == ("+79160001122",)
    assert [(file.name, bool(file.sha256)) for file in mail.attachments] == [("Смета.zip", False), ("a.txt", True)]
    assert mail.attachments[0].size == pytest.approx(15000, rel=0.05)
    assert [blob.strip() for blob in seen.intake.blobs] == [b"hello"]  # pymap adds the line break before the boundary
    assert len(event.raw) < 4096


def test_a_single_file_over_the_limit_sent_without_words_is_named_too(server, channel, watch, letter):
    raw = letter(
        b"QUJD" * 3000, content_type='application/pdf; name="plan.pdf"', headers={"Content-Transfer-Encoding": "base64"}
    )
    with watch(channel(max_size=2048)) as seen:
        server.append(raw)
        (event,) = seen.intake.wait_for(1)
    (file,) = event.payload.message.attachments
    assert (file.name, file.sha256) == ("plan.pdf", "")


def test_files_are_handed_over_with_their_letter(server, channel, watch, multipart, part):
    file = part(b"\x89PNG", "image/png", Content_Disposition='attachment; filename="roof.png"')
    with watch(channel()) as seen:
        server.append(multipart(part("Фото"), file))
        (event,) = seen.intake.wait_for(1)
    assert seen.intake.blobs == [b"\x89PNG"]
    assert event.payload.message.attachments[0].name == "roof.png"


def test_our_own_letters_are_passed_over(server, channel, watch, letter):
    with watch(channel()) as seen:
        server.append(letter(message_id="<prv.17.9f2c@krovlya.ru>"))
        server.append(numbered(letter, 2))
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 2"]


def test_a_journal_that_cannot_write_loses_no_letter(server, channel, watch, letter, wait_until):
    with watch(channel(poll=1)) as seen:
        seen.intake.broken = JournalUnavailableError("disk full")
        server.append(numbered(letter, 1))
        wait_until(lambda: seen.status.troubles)
        seen.intake.broken = None
        seen.intake.wait_for(1)
    assert seen.intake.subjects == ["Письмо 1"]


@pytest.mark.parametrize("idle", [True, False])
def test_stop_ends_a_waiting_watch_within_two_seconds(channel, watch, idle):
    with watch(channel(idle=idle, poll=600)) as seen:
        began = time.monotonic()
        seen.stop.set()
        seen.thread.join(30)
        assert time.monotonic() - began < 10


def test_stop_ends_a_watch_whose_server_keeps_silent(server, channel, watch, letter):
    with watch(channel(pace=replace(HASTY, answer=30), poll=1)) as seen:
        server.mute_connections()
        time.sleep(1.5)  # by now it waits for an answer to DONE
        began = time.monotonic()
        seen.stop.set()
        seen.thread.join(30)
        assert time.monotonic() - began < 10


def test_stop_ends_a_watch_that_waits_after_a_refused_login(server, channel, watch, wait_until, new_intake):
    server.change_password("new")
    with watch(channel(pace=replace(HASTY, refused=900)), new_intake()) as seen:
        wait_until(lambda: seen.status.troubles)
        began = time.monotonic()
        seen.stop.set()
        seen.thread.join(30)
        assert time.monotonic() - began < 10


def test_check_is_silent_about_good_settings(channel):
    assert channel(folders=["inbox", "Sent"]).check() == []


def test_check_names_missing_folders_and_those_there_are(channel):
    assert channel(folders=["Заявки", "INBOX"]).check() == ["there is no folder 'Заявки'; there are: INBOX, Sent, Junk"]


def test_check_tells_of_a_refused_login_and_of_a_server_that_is_away(server, channel):
    (refused,) = channel(password="wrong").check()
    assert "refused the login" in refused
    (away,) = channel(port=1).check()
    assert "cannot connect to 127.0.0.1:1" in away
