"""The queues of the distribution: exact with many takers, after a crash, and when what is over is forgotten."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from provodka.event import Event
from provodka.journal import ActionState, Journal
from provodka.journal.schema import actions, counters, turns
from provodka.journal.turns import clean, dealt, given, states
from provodka.turns import Standing, Turn
from rules.assignment import Choosing, choose, read_responsible
from rules.assignment.memory import GivenStaff, TurnsInMemory
from scheduler import forget_turns
from tests.journal.conftest import Clock
from tests.rules.world import CALENDAR, TEAM
from worker.outside import JournalTurns

PEOPLE = ["anna", "ivan", "rop"]
STRATEGIES: list[dict[str, Any]] = [
    {"round_robin": PEOPLE, "counter": "c"},
    {"weights": {"anna": 5, "ivan": 3, "rop": 1}, "counter": "c"},
    {"least_loaded": PEOPLE, "counter": "c"},
    {"round_robin": PEOPLE, "cap": {"per_day": 4}, "else": {"round_robin": ["rop"], "counter": "d"}, "counter": "c"},
]


def choosing(journal: Journal, absent: Sequence[str] = ()) -> Choosing:
    now = journal.now()
    staff = GivenStaff(now)
    return Choosing(JournalTurns(journal), lambda person: person not in absent, staff, TEAM, CALENDAR, now)


def chosen(journal: Journal, strategy: dict[str, Any], key: str, absent: Sequence[str] = ()) -> str:
    return choose(read_responsible(strategy), key, "", choosing(journal, absent)).person


def settle(journal: Journal, key: str, state: ActionState, result: str | None = None) -> None:
    """An action of this key in this state."""
    row = {
        "key": key,
        "event_seq": 1,
        "rule": "r",
        "kind": "intake",
        "priority": 0,
        "params": "{}",
        "state": state,
        "not_before": journal.now(),
        "created_at": journal.now(),
        "result": result,
    }
    journal.write(lambda c: c.execute(insert(actions), [row]))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: next(iter(s)))
def test_many_takers_share_a_queue_exactly(open_journal: Callable[[], Journal], strategy: dict[str, Any]) -> None:
    journals = [open_journal(), open_journal()]

    def work(journal: Journal, name: str) -> None:
        for n in range(18):
            chosen(journal, strategy, f"{name}:{n}")

    threads = [threading.Thread(target=work, args=(j, f"{i}")) for i, j in enumerate(journals)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = Counter(chosen(journals[0], strategy, f"{i}:{n}") for i in range(2) for n in range(18))
    if "weights" in strategy:
        assert counted == {"anna": 20, "ivan": 12, "rop": 4}
    elif "cap" in strategy:
        assert counted == {"anna": 4, "ivan": 4, "rop": 4 + 24}
    else:
        assert counted == {"anna": 12, "ivan": 12, "rop": 12}


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: next(iter(s)))
def test_a_queue_on_disk_goes_as_the_same_queue_in_memory(journal: Journal, strategy: dict[str, Any]) -> None:
    kept = choosing(journal)
    memory = Choosing(TurnsInMemory(kept.now), kept.active, kept.staff, TEAM, CALENDAR, kept.now)
    read = read_responsible(strategy)
    keys = [str(n) for n in range(30)]
    assert [choose(read, key, "", kept) for key in keys] == [choose(read, key, "", memory) for key in keys]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: next(iter(s)))
def test_a_crash_between_choice_and_delivery_changes_no_choice(
    open_journal: Callable[[], Journal], strategy: dict[str, Any]
) -> None:
    before = open_journal()
    first = [chosen(before, strategy, f"{n}") for n in range(15)]
    again = open_journal()  # as after a crash: nothing but the journal is left
    assert [chosen(again, strategy, f"{n}") for n in range(15)] == first
    assert [chosen(again, strategy, f"{n}", absent=["ivan"]) for n in reversed(range(15))] == first[::-1]


def test_a_turn_of_the_fallback_is_kept_when_the_first_choice_is_back(journal: Journal) -> None:
    strategy = {
        "round_robin": ["anna"],
        "counter": "c",
        "else": {"round_robin": ["ivan", "rop"], "counter": "d"},
    }
    assert chosen(journal, strategy, "a", absent=["anna"]) == "ivan"
    assert chosen(journal, strategy, "a") == "ivan"
    assert chosen(journal, strategy, "b") == "anna"


def test_a_queue_of_the_first_version_goes_on_where_it_stood(journal: Journal) -> None:
    journal.write(lambda c: c.execute(insert(counters), [{"name": "c", "value": 7, "last": "anna"}]))
    choice = choose(read_responsible(STRATEGIES[0]), "a", "", choosing(journal))
    assert choice.person == "ivan"
    assert choice.reason == "round robin: turn 8 of [anna, ivan, rop], before it anna"


def test_a_limit_of_the_day_ends_with_the_clients_day(journal: Journal, clock: Clock) -> None:
    strategy = {"round_robin": ["anna"], "counter": "c", "cap": {"per_day": 1}, "else": "rop"}
    assert [chosen(journal, strategy, key) for key in ("a", "b")] == ["anna", "rop"]
    clock.forward(hours=11, minutes=59)  # 23:59 in Moscow
    assert chosen(journal, strategy, "c") == "rop"
    clock.forward(minutes=1)
    assert chosen(journal, strategy, "d") == "anna"


def test_nobody_found_takes_no_turn(journal: Journal) -> None:
    assert journal.take_turns("c", ["a"], lambda _: None) == {}
    standings: list[Standing] = []
    journal.take_turns("c", ["a"], lambda standing: standings.append(standing))
    assert standings == [Standing(journal.now())]


def test_turns_are_forgotten_only_when_their_action_will_never_ask_again(journal: Journal, clock: Clock) -> None:
    for key in ("done", "dead", "cancelled", "ready", "waiting", "running", "gone"):
        journal.take_turns("c", [key], lambda _: Turn("anna", "because", {"last": "anna"}))
        if key != "gone":
            settle(journal, key, ActionState(key))
    clock.forward(days=1)
    middle = clock()
    journal.take_turns("c", ["late"], lambda _: Turn("anna", "because", {"last": "anna"}))
    settle(journal, "late", ActionState.DONE)
    assert journal.write(lambda c: clean(c, middle)) == 2
    left = journal.read(lambda c: set(c.execute(select(turns.c.action_key)).scalars()))
    assert left == {"dead", "cancelled", "ready", "waiting", "running", "late"}
    assert journal.write(lambda c: clean(c, middle)) == 0
    journal.write(lambda c: c.execute(update(actions).values(state=ActionState.DONE)))
    assert journal.write(lambda c: clean(c, middle + timedelta(days=1))) == 6
    standings: list[Standing] = []
    journal.take_turns("c", ["next"], lambda standing: standings.append(standing))
    assert [(s.turns, s.state) for s in standings] == [(8, {"last": "anna"})]


def test_what_was_given_is_told_newest_first_with_its_result(
    journal: Journal, clock: Clock, form: Callable[..., Event]
) -> None:
    for key, person, state in (("a", "anna", "done"), ("b", "ivan", "ready"), ("c", "rop", "dead"), ("d", "x", "done")):
        clock.forward(seconds=1)
        journal.take_turns("c", [key], lambda _, person=person: Turn(person, "because"))
        settle(journal, key, ActionState(state), '{"lead_id": "17"}' if key == "a" else None)
    rows = journal.read(lambda c: given(c, PEOPLE, 10))
    assert rows == [("rop", True, {}), ("ivan", False, {}), ("anna", True, {"lead_id": "17"})]
    assert len(journal.read(lambda c: given(c, PEOPLE, 2))) == 2


def test_once_a_day_the_turns_of_what_was_done_more_than_a_month_ago_are_forgotten(
    journal: Journal, clock: Clock
) -> None:
    strategy = {"round_robin": PEOPLE, "counter": "c"}
    for key in ("old", "dead"):
        chosen(journal, strategy, key)
    settle(journal, "old", ActionState.DONE)
    settle(journal, "dead", ActionState.DEAD)
    clock.forward(days=31)
    chosen(journal, strategy, "new")
    forget_turns(journal)
    left = journal.read(lambda c: c.execute(select(turns.c.action_key)).scalars().all())
    assert sorted(left) == ["dead", "new"]
    assert chosen(journal, strategy, "next") == PEOPLE[0]


def test_what_each_queue_dealt_in_a_time_is_counted(journal: Journal, clock: Clock) -> None:
    weights = STRATEGIES[1]
    begin = clock()
    for number in range(9):
        chosen(journal, weights, f"k{number}")
    chosen(journal, {"round_robin": ["rop"], "counter": "d"}, "other")
    clock.forward(hours=1)
    chosen(journal, weights, "later")
    assert journal.read(lambda c: dealt(c, begin, clock())) == {"c": {"anna": 5, "ivan": 3, "rop": 1}, "d": {"rop": 1}}
    assert journal.read(lambda c: states(c, ["c", "nobody's"]))["c"]["weights"] == weights["weights"]
