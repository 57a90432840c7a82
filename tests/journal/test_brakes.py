"""A rule that touches too many cards stops itself: exactly at its limit, whoever plans, and nothing is lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from provodka.brake import Brake
from provodka.event import Event
from provodka.journal import (
    ActionState,
    Finished,
    Journal,
    NewAction,
    PlanRecord,
    StoredEvent,
    brakes,
    queries,
    troubles,
)
from provodka.journal.schema import actions, touched
from tests.journal.conftest import Clock

Form = Callable[..., Event]
BRAKE = Brake(3, timedelta(minutes=10))
RULE = "Рассылка"


def actions_of(stored: StoredEvent, rule: str = RULE, brake: Brake | None = BRAKE) -> tuple[NewAction, ...]:
    key = f"{stored.event.id}:{rule}"
    return (
        NewAction(f"{key}:0", rule, "note", "{}", brake=brake),
        NewAction(f"{key}:1", rule, "task", "{}", needs=f"{key}:0", brake=brake),
    )


def plan(journal: Journal, *rules: str, brake: Brake | None = BRAKE) -> None:
    """All events that wait, each with two actions of these rules."""
    while claimed := journal.claim_events(100):
        journal.write_plans(
            [
                PlanRecord(s.seq, s.lane or 0, "event", "{}", tuple(a for r in rules for a in actions_of(s, r, brake)))
                for s in claimed
            ]
        )


def people(journal: Journal, form: Form, numbers: range) -> None:
    journal.accept([form(f"{n}", phone=f"+7916000{n:04}") for n in numbers])


def states(journal: Journal, rule: str = RULE, kind: str = "note") -> dict[str, int]:
    query = select(actions.c.state, func.count()).where(actions.c.rule == rule, actions.c.kind == kind)
    rows = journal.read(lambda c: c.execute(query.group_by(actions.c.state)).all())
    return {row[0]: row[1] for row in rows}


def test_a_rule_stops_at_its_limit_and_what_it_would_do_further_is_held(journal: Journal, form: Form) -> None:
    people(journal, form, range(5))
    plan(journal, RULE, "Другое")
    assert states(journal) == {"ready": 3, "held": 2}
    assert states(journal, kind="task") == {"waiting": 3, "held": 2}, "what is let through is let through whole"
    stopped = {one.rule: (one.held, one.why) for one in journal.read(brakes.stopped)}
    assert stopped == dict.fromkeys((RULE, "Другое"), (4, "it would touch more than 3 cards within 10 min"))


def test_other_rules_go_on(journal: Journal, form: Form) -> None:
    people(journal, form, range(5))
    while claimed := journal.claim_events(2):
        journal.write_plans(
            [
                PlanRecord(s.seq, s.lane or 0, "event", "{}", (*actions_of(s), *actions_of(s, "Другое", None)))
                for s in claimed
            ]
        )
    assert states(journal) == {"ready": 3, "held": 2}
    assert states(journal, "Другое") == {"ready": 5}
    assert [one.rule for one in journal.read(brakes.stopped)] == [RULE]


def test_it_is_told_once_until_it_goes_on_and_stops_again(journal: Journal, form: Form, clock: Clock) -> None:
    people(journal, form, range(4))
    plan(journal, RULE)
    (told,) = journal.write(troubles.take_unalerted)
    assert told.name == f"rule «{RULE}» stopped itself"
    assert f'provodka resume "{RULE}"' in told.cure
    people(journal, form, range(4, 8))
    plan(journal, RULE)
    assert journal.write(troubles.take_unalerted) == []
    assert journal.write(lambda c: brakes.resume(c, RULE, clock(), drop=False)) == 10
    assert journal.read(lambda c: troubles.all_troubles(c, opened=True)) == []
    people(journal, form, range(8, 12))
    plan(journal, RULE)
    assert len(journal.write(troubles.take_unalerted)) == 1


def test_a_card_that_is_touched_again_is_one_card(journal: Journal, form: Form, clock: Clock) -> None:
    for again in range(5):
        journal.accept([form(f"{again}:{n}", phone=f"+7916000{n:04}") for n in range(3)])
        plan(journal, RULE)
        clock.forward(minutes=1)
    assert states(journal) == {"ready": 15}


def test_cards_of_longer_ago_do_not_count_and_are_forgotten(journal: Journal, form: Form, clock: Clock) -> None:
    for portion in range(4):
        people(journal, form, range(portion * 3, portion * 3 + 3))
        plan(journal, RULE)
        clock.forward(minutes=10)
    assert states(journal) == {"ready": 12}
    assert journal.read(lambda c: c.execute(select(func.count()).select_from(touched)).scalar_one()) == 3


def test_a_stopped_rule_stays_so_when_the_time_is_over(journal: Journal, form: Form, clock: Clock) -> None:
    people(journal, form, range(4))
    plan(journal, RULE)
    clock.forward(days=1)
    people(journal, form, range(4, 5))
    plan(journal, RULE)
    assert states(journal) == {"ready": 3, "held": 2}


def test_what_was_held_is_released_in_its_order_and_the_count_begins_anew(
    journal: Journal, form: Form, clock: Clock
) -> None:
    people(journal, form, range(6))
    plan(journal, RULE)
    assert len(journal.claim_actions(10)) == 3
    assert journal.claim_actions(10) == [], "what is held is not delivered"
    assert journal.write(lambda c: brakes.resume(c, RULE, clock(), drop=False)) == 6
    assert journal.read(brakes.stopped) == []
    released = journal.claim_actions(10)
    assert [a.id for a in released] == sorted(a.id for a in released)
    assert len(released) == 3
    done = [Finished(a.id, a.attempt, "done", ActionState.DONE, result="{}") for a in released]
    journal.finish(done)
    assert [a.kind for a in journal.claim_actions(10)] == ["task"] * 3, "what needs them follows"
    people(journal, form, range(6, 9))
    plan(journal, RULE)
    assert "held" not in states(journal)


def test_what_needed_an_action_that_is_done_already_is_ready_at_once(
    journal: Journal, form: Form, clock: Clock
) -> None:
    people(journal, form, range(1))
    (stored,) = journal.claim_events(1)
    first, second = actions_of(stored, brake=None)
    journal.write_plans([PlanRecord(stored.seq, stored.lane or 0, "event", "{}", (first,))])
    (claimed,) = journal.claim_actions(1)
    journal.finish([Finished(claimed.id, claimed.attempt, "done", ActionState.DONE, result="{}")])
    people(journal, form, range(1, 5))
    plan(journal, RULE)
    late = NewAction(second.key, RULE, "task", "{}", needs=first.key, brake=BRAKE)
    journal.write(lambda c: _write(c, stored, late, clock))
    assert states(journal, kind="task")["held"] == 2
    journal.write(lambda c: brakes.resume(c, RULE, clock(), drop=False))
    assert late.key in {a.key for a in journal.claim_actions(10, ["note"])}


def _write(connection, stored: StoredEvent, action: NewAction, clock: Clock) -> None:
    from provodka.journal import planning

    record = PlanRecord(stored.seq, stored.lane or 0, "replay", "{}", (action,))
    planning.write_plans(connection, [record], None, clock())


def test_what_was_held_can_be_dropped_instead(journal: Journal, form: Form, clock: Clock) -> None:
    people(journal, form, range(5))
    plan(journal, RULE)
    assert journal.write(lambda c: brakes.resume(c, RULE, clock(), drop=True)) == 4
    assert states(journal) == {"ready": 3, "cancelled": 2}
    assert journal.write(lambda c: brakes.resume(c, RULE, clock(), drop=True)) is None


def test_a_wait_touches_nothing(journal: Journal, form: Form, clock: Clock) -> None:
    people(journal, form, range(5))
    claimed = journal.claim_events(10)
    due = clock() + timedelta(minutes=1)
    waits = [
        PlanRecord(
            s.seq, s.lane or 0, "event", "{}", (NewAction(f"{s.seq}", RULE, "wait", "{}", due=due, brake=BRAKE),)
        )
        for s in claimed
    ]
    journal.write_plans(waits)
    clock.forward(minutes=2)
    assert len(journal.due_timers(10)) == 5


def test_a_rule_without_a_brake_is_never_stopped(journal: Journal, form: Form) -> None:
    people(journal, form, range(20))
    plan(journal, RULE, brake=None)
    assert states(journal) == {"ready": 20}


@pytest.mark.parametrize("planners", [4])
def test_several_planners_on_one_journal_let_exactly_so_many_through(
    open_journal: Callable[[], Journal], form: Form, planners: int
) -> None:
    journals = [open_journal() for _ in range(planners)]
    brake = Brake(25, timedelta(minutes=10))
    people(journals[0], form, range(100))
    broken: list[Exception] = []

    def work(journal: Journal) -> None:
        try:
            while claimed := journal.claim_events(5):
                journal.write_plans(
                    [PlanRecord(s.seq, s.lane or 0, "event", "{}", actions_of(s, brake=brake)) for s in claimed]
                )
        except Exception as error:  # noqa: BLE001 -- shown by the test below
            broken.append(error)

    threads = [threading.Thread(target=work, args=(journal,)) for journal in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert states(journals[0]) == {"ready": 25, "held": 75}
    rows = journals[0].read(lambda c: c.execute(select(actions.c.lane).where(actions.c.state == "ready")).all())
    assert len({row.lane for row in rows}) == 25
    assert Counter(t.times for t in journals[0].read(lambda c: troubles.all_troubles(c, opened=True))) == {1: 1}
    assert journals[0].read(queries.totals).actions["held"] == 150
