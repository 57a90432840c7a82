from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection

from provodka.errors import JournalUnavailableError
from provodka.event import Event
from provodka.journal import Journal, queries, troubles
from provodka.journal.migrate import NEWEST
from provodka.stores import Snapshot, TokenPair
from tests.journal.conftest import Clock


def test_a_new_token_pair_is_seen_by_every_process(open_journal: Callable[[], Journal], clock: Clock) -> None:
    one, other = open_journal(), open_journal()
    one.store.save_tokens("amocrm", TokenPair("a1", "r1", clock()))
    one.store.save_tokens("amocrm", TokenPair("a2", "r2", clock()))
    assert other.store.load_tokens("amocrm") == TokenPair("a2", "r2", clock())
    assert other.store.load_tokens("bitrix24") is None


def test_a_file_that_came_with_an_event_can_be_read_by_a_connector(journal: Journal) -> None:
    body = b"%PDF-1.4 \x00\xff"
    journal.accept([], channel="mail", blobs=[body])
    assert journal.store.blob(hashlib.sha256(body).hexdigest()) == body
    assert journal.store.blob("0" * 64) is None


def test_a_file_that_was_fetched_is_kept_once_however_often_it_comes(journal: Journal) -> None:
    body = b"%PDF-1.4 \x00\xff"
    assert {journal.store.keep_blob(body) for _ in range(2)} == {hashlib.sha256(body).hexdigest()}
    assert journal.store.blob(hashlib.sha256(body).hexdigest()) == body


def test_a_lock_has_one_holder_at_a_time(open_journal: Callable[[], Journal]) -> None:
    journals = [open_journal(), open_journal()]
    inside = 0
    most = 0
    guard = threading.Lock()

    def work(journal: Journal) -> None:
        nonlocal inside, most
        for _ in range(5):
            with journal.store.lock("refresh"):
                with guard:
                    inside += 1
                    most = max(most, inside)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work, args=(j,)) for j in journals * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_the_lock_of_a_killed_holder_frees_itself(open_journal: Callable[[], Journal], clock: Clock) -> None:
    one, other = open_journal(), open_journal()
    holder = one.store.lock("refresh", seconds=30)
    holder.__enter__()
    clock.forward(seconds=29)
    assert not other.store.keep_lock("refresh", "other", 30)
    clock.forward(seconds=2)
    assert other.store.keep_lock("refresh", "other", 30)


def test_snapshots_are_found_by_their_identities(journal: Journal, clock: Clock) -> None:
    put = journal.store.put_snapshots
    put("amocrm", "contact", [Snapshot("1", "{}", clock(), ("phone:+7916", "email:a@b.ru"))], cursors={"c": "9"})
    put("amocrm", "contact", [Snapshot("2", "{}", clock(), ("phone:+7916",))])
    put("amocrm", "contact", [Snapshot("1", '{"x":1}', clock(), ("phone:+7916",))])
    found = journal.store.find_snapshots("amocrm", "contact", ["phone:+7916", "email:a@b.ru"])
    assert {k: set(v) for k, v in found.items()} == {"phone:+7916": {"1", "2"}}
    assert journal.store.snapshots("amocrm", "contact", ["1"])["1"].body == '{"x":1}'
    assert journal.store.cursor("c") == "9"
    journal.store.forget_snapshots("amocrm", "contact", ["1", "2"])
    assert journal.store.find_snapshots("amocrm", "contact", ["phone:+7916"]) == {}


def test_places_lie_evenly_apart_for_all_processes(open_journal: Callable[[], Journal]) -> None:
    one, other = open_journal(), open_journal()
    waits = [j.store.reserve("amocrm", 5, 1) for j in (one, other, one, other)]
    assert waits == pytest.approx([0, 0.2, 0.4, 0.6])


def test_a_burst_goes_at_once_no_stretch_of_time_holds_more_and_what_waits_goes_at_an_even_pace(
    journal: Journal, clock: Clock
) -> None:
    at = [clock().timestamp() + journal.store.reserve("amocrm", 6, 3) for _ in range(4)]
    clock.forward(seconds=0.2)
    at += [clock().timestamp() + journal.store.reserve("amocrm", 6, 3) for _ in range(8)]
    assert at[0] == at[2]
    assert all(later - earlier >= 0.5 - 1e-6 for earlier, later in zip(at, at[3:], strict=False))
    assert [later - earlier for earlier, later in pairwise(at[3:])] == pytest.approx([1 / 6] * 8)


def test_a_leaky_bucket_lets_one_more_through_as_soon_as_one_has_drained(journal: Journal, clock: Clock) -> None:
    assert [journal.store.pour("portal", 2, 3, 5) for _ in range(5)] == pytest.approx([0, 0, 0, 0.5, 1])
    clock.forward(seconds=1.5)
    assert journal.store.pour("portal", 2, 3, 5) == 0
    clock.forward(seconds=60)
    assert [journal.store.pour("portal", 2, 3, 5) for _ in range(4)] == pytest.approx([0, 0, 0, 0.5])


def test_a_place_in_the_bucket_that_nobody_waits_for_is_not_taken(journal: Journal) -> None:
    waits = [journal.store.pour("portal", 1, 1, 2) for _ in range(6)]
    assert waits == pytest.approx([0, 1, 2, 3, 3, 3])


def test_a_full_bucket_of_a_clock_that_was_moved_back_is_empty(journal: Journal, clock: Clock) -> None:
    journal.store.pour("portal", 2, 1, 5)
    clock.now -= timedelta(days=1)
    assert journal.store.pour("portal", 2, 1, 5) == 0


def test_a_held_account_lets_nothing_go_until_its_time(journal: Journal, clock: Clock) -> None:
    journal.store.hold("amocrm", 60, "blocked")
    assert journal.store.reserve("amocrm", 5, 1) == pytest.approx(60)
    clock.forward(seconds=61)
    assert journal.store.reserve("amocrm", 5, 1) == 0


def test_a_clock_that_was_moved_back_does_not_stop_the_account(journal: Journal, clock: Clock) -> None:
    journal.store.reserve("amocrm", 5, 1)
    clock.now -= timedelta(days=1)
    assert journal.store.reserve("amocrm", 5, 1) == 0


def test_a_snapshot_that_was_written_meanwhile_is_not_replaced_by_a_slow_reading(
    journal: Journal, clock: Clock
) -> None:
    journal.store.put_snapshots("crm", "lead", [Snapshot("1", "ours", clock())])
    read = [Snapshot("1", "as it was read", clock()), Snapshot("2", "as it was read", clock())]
    journal.store.add_snapshots("crm", "lead", read, {"page": "2"})
    found = journal.store.snapshots("crm", "lead", ["1", "2"])
    assert [found["1"].body, found["2"].body, journal.store.cursor("page")] == ["ours", "as it was read", "2"]


def test_a_trouble_said_often_is_one_trouble(journal: Journal) -> None:
    for _ in range(3):
        journal.trouble("crm", "401", "Выпустите новый токен")
    (trouble,) = journal.read(lambda c: troubles.all_troubles(c, opened=True))
    assert (trouble.name, trouble.times) == ("crm", 3)
    assert len(journal.write(troubles.take_unalerted)) == 1
    assert journal.write(troubles.take_unalerted) == []
    journal.well("crm")
    assert journal.read(lambda c: troubles.all_troubles(c, opened=True)) == []
    journal.trouble("crm", "401", "Выпустите новый токен")
    assert len(journal.write(troubles.take_unalerted)) == 1, "a new trouble is a new alert"


def test_a_write_that_fails_does_not_take_its_neighbours_with_it(journal: Journal, form: Callable[..., Event]) -> None:
    results: list[str] = []

    def bad(_connection: Connection) -> None:
        raise ValueError("mine alone")

    def write_badly() -> None:
        with pytest.raises(ValueError, match="mine alone"):
            journal.write(bad)
        results.append("refused")

    def write_well(n: int) -> None:
        journal.accept([form(str(n))])
        results.append("stored")

    threads = [threading.Thread(target=write_badly) for _ in range(10)]
    threads += [threading.Thread(target=write_well, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(results) == {"refused": 10, "stored": 10}
    assert len(journal.claim_events(100)) == 10


def test_a_closed_journal_says_so(journal: Journal, form: Callable[..., Event]) -> None:
    journal.close()
    with pytest.raises(JournalUnavailableError):
        journal.accept([form("1")])


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    folder = Path(queries.__file__).parent / "migrations" / "versions"
    newest = max(p.name for p in folder.glob("m*.py"))
    assert newest.startswith(f"m{NEWEST}_")


def test_the_key_of_the_journal_stays_the_same(open_journal: Callable[[], Journal]) -> None:
    first = open_journal().key
    assert open_journal().key == first
    assert len(first) == 16


def test_what_is_added_is_found_by_its_identities_and_what_was_there_keeps_its_own(
    journal: Journal, clock: Clock
) -> None:
    journal.store.put_snapshots("crm", "task", [Snapshot("1", "ours", clock(), ("due:7",))])
    read = [Snapshot(one, "read", clock(), ("due:5",)) for one in ("1", "2")]
    journal.store.add_snapshots("crm", "task", read, {})
    assert journal.store.find_snapshots("crm", "task", ["due:5", "due:7"]) == {"due:5": ("2",), "due:7": ("1",)}
    assert sorted(journal.store.snapshot_ids("crm", "task")) == ["1", "2"]
    journal.store.amend_snapshots("crm", "task", ["2"], lambda found: list(found.values()), cursors={"mark": "5"})
    assert journal.store.cursor("mark") == "5"
