"""How the house fares, in one look."""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.status import status, unavailable
from provodka.errors import JournalUnavailableError
from provodka.journal import DeadReason, Journal, imports, mending, queries, troubles
from provodka.journal.imports import ImportJob, ImportState
from scheduler import tell_dead_letters
from tests.cli.playing import RULE, Clock, House, Seen


def test_a_fresh_journal_is_well(journal: Journal, seen: Seen) -> None:
    assert status(journal, seen.view()) == 0
    seen.has("events: none yet", "to plan: nothing waits", "to send: nothing waits", "all is well")


def test_backlog_and_channels_are_told_with_their_ages(
    journal: Journal, house: House, clock: Clock, seen: Seen
) -> None:
    house.event("mail", channel="mail")
    clock.forward(hours=3)
    house.planned("site")
    house.event("inbox")
    clock.forward(minutes=10)
    assert status(journal, seen.view()) == 0
    seen.has("events: 1 planned, 1 planning, 1 received", "actions: 1 ready, 1 waiting")
    seen.has("to plan: 2, the oldest waits for 3 h 10 min", "to send: 1, the oldest waits for 10 min")
    seen.has("mail", "1", "2026-03-02 12:00:00", "3 h 10 min ago")
    seen.has("site", "2", "2026-03-02 15:00:03", "10 min ago")


def test_imports_that_are_not_done_are_named_with_how_far_they_are_and_what_to_type(
    journal: Journal, seen: Seen
) -> None:
    for number, state in enumerate(ImportState):
        job = ImportJob(f"01a22a2ccf35000{number}", "list", f"База {number}.csv", "", "{}", 500, state, journal.now())
        journal.write(lambda c, job=job: imports.add(c, job))
    place = json.dumps({"row": 101, "given": 0, "next": "2026-03-03T09:00:00Z"})
    journal.store.put_snapshots("x", "x", [], cursors={imports.cursor_of("01a22a2ccf350000"): place})
    assert status(journal, seen.view()) == 0, "a list that is stopped is nobody's trouble"
    seen.has("База 0.csv", "running", "101 of 500", "2026-03-03 12:00:00", "provodka import show 01a22a2ccf350000")
    seen.has("База 1.csv", "stopped", "0 of 500", "provodka import resume 01a22a2ccf350001")
    assert "База 2.csv" not in seen.text
    assert "База 3.csv" not in seen.text


@pytest.mark.shows("S3-15")
def test_dead_letters_are_counted_by_reason_with_what_to_type(journal: Journal, house: House, seen: Seen) -> None:
    for number, reason in enumerate((DeadReason.REJECTED, DeadReason.REJECTED, DeadReason.OUTCOME_UNKNOWN)):
        house.planned(str(number))
        house.dead(reason)
    assert status(journal, seen.view()) == 1
    seen.has("outcome_unknown", "1", "provodka resolve ID")
    seen.has("rejected", "2", "provodka resend --all-dead --reason rejected")
    assert "all is well" not in seen.text


def test_open_troubles_are_told_with_cause_age_count_and_cure_and_ended_ones_are_not(
    journal: Journal, clock: Clock, seen: Seen
) -> None:
    journal.trouble("phone", "was silent", "Ждать")
    journal.well("phone")
    journal.trouble("mail", "the mailbox refuses the password [AUTHENTICATIONFAILED]", "Проверьте пароль")
    clock.forward(minutes=5)
    journal.trouble("mail", "the mailbox refuses the password [AUTHENTICATIONFAILED]", "Проверьте пароль")
    assert status(journal, seen.view()) == 1
    seen.has("trouble mail: the mailbox refuses the password [AUTHENTICATIONFAILED]")
    seen.has("since 2026-03-02 12:00:00, 2 times, last 2026-03-02 12:05:00", "Проверьте пароль")
    assert "phone" not in seen.text


def test_a_held_account_is_told_while_it_is_held(journal: Journal, clock: Clock, seen: Seen) -> None:
    journal.store.hold("amocrm:krovlya", 60, "слишком часто")
    assert status(journal, seen.view()) == 0
    seen.has("account amocrm:krovlya is held until 2026-03-02 12:01:00: слишком часто")
    clock.forward(minutes=2)
    later = Seen()
    assert status(journal, later.view()) == 0
    assert "amocrm" not in later.text


@pytest.mark.shows("S3-15")
def test_events_that_the_rules_could_not_plan_are_a_problem(journal: Journal, house: House, seen: Seen) -> None:
    house.event()
    (stored,) = journal.claim_events(1)
    journal.fail_event(stored.seq, "RuleError")
    assert status(journal, seen.view()) == 1
    seen.has("1 event could not be planned; next: provodka replay --failed")


def test_json_has_all_of_it(journal: Journal, house: House, seen: Seen) -> None:
    house.planned()
    house.dead(DeadReason.EXHAUSTED)
    journal.trouble("mail", "no route", "Ждать")
    assert status(journal, seen.view(as_json=True)) == 1
    document = seen.json
    assert document["well"] is False
    assert document["events"] == {"planned": 1}
    assert document["actions"] == {"dead": 1, "waiting": 1}
    assert document["to_send"] == {"count": 0, "oldest": None}
    assert document["channels"] == [{"channel": "site", "events": 1, "last_at": "2026-03-02T09:00:00Z"}]
    assert [(d["reason"], d["count"], d["newest"]) for d in document["dead"]] == [("exhausted", 1, 1)]
    assert [(t["name"], t["cause"], t["cure"], t["times"]) for t in document["troubles"]] == [
        ("mail", "no route", "Ждать", 1)
    ]
    assert document["holds"] == []


def test_status_works_while_another_process_is_writing(
    journal: Journal, house: House, seen: Seen, tmp_path: Path
) -> None:
    house.planned()
    other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert status(journal, seen.view()) == 0
    finally:
        other.close()
    seen.has("1 planned")


def test_a_damaged_journal_is_a_sentence_with_cause_and_cure(journal: Journal, house: House, seen: Seen) -> None:
    house.planned()
    journal.write(lambda c: c.execute(text("DROP TABLE troubles")))
    assert status(journal, seen.view()) == 1
    assert seen.error.count("\n") == 1
    assert "the journal cannot be used" in seen.error
    assert "no such table" in seen.error


def test_a_journal_in_a_folder_that_is_not_there_is_a_sentence_with_cause_and_cure(tmp_path: Path, seen: Seen) -> None:
    with pytest.raises(JournalUnavailableError) as caught:
        Journal(f"sqlite:///{tmp_path}/nowhere/journal.sqlite")
    assert unavailable(caught.value, seen.view()) == 1
    assert seen.error.count("\n") == 1
    assert "the file cannot be opened or made" in seen.error
    assert "see that its folder exists" in seen.error


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("database is locked", "another process keeps the journal locked"),
        ("database or disk is full", "the disk is full"),
        ("attempt to write a readonly database", "the journal may only be read"),
        ("file is not a database", "the file is damaged"),
        ('password authentication failed for user "p"', "PostgreSQL refuses user or password"),
        ("connection to server failed: Connection refused", "PostgreSQL does not answer"),
        ('database "provodka" does not exist', "no such database or role"),
        ("something new", "the database refuses"),
    ],
)
def test_the_databases_words_are_translated_into_a_cause(seen: Seen, words: str, cause: str) -> None:
    assert unavailable(JournalUnavailableError(words), seen.view(as_json=True)) == 1
    assert cause in seen.json["journal_unavailable"]["cause"]
    assert words in seen.json["journal_unavailable"]["words"]
    assert seen.json["well"] is False


def test_dead_letters_of_a_rule_are_one_trouble_with_one_alert_which_ends_when_they_are_mended(
    journal: Journal, house: House
) -> None:
    for number in ("1", "2"):
        house.planned(number)
        died = house.dead(DeadReason.REJECTED)
        tell_dead_letters(journal)
    (told,) = journal.write(troubles.take_unalerted)
    assert told.name == f"dead letters of «{RULE}»"
    assert told.cause == f"2 dead, the newest is intake {died}: нет такого этапа [400 NotSupportedChoice]"
    assert told.cure == "Проверьте название этапа в правиле"
    tell_dead_letters(journal)
    assert journal.write(troubles.take_unalerted) == []
    for dead in journal.read(queries.dead_actions):
        journal.write(partial(mending.resend, action_id=dead.id, now=journal.now()))
    tell_dead_letters(journal)
    assert journal.read(lambda c: troubles.all_troubles(c, opened=True)) == []
