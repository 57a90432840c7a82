from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy.event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from provodka.event import Event
from provodka.journal import (
    ActionState,
    DeadReason,
    Finished,
    Journal,
    NewAction,
    PlanRecord,
    StoredAction,
    mending,
    outbox,
    queries,
)
from tests.journal.conftest import Clock, steps_of

Form = Callable[..., Event]


def plan(journal: Journal, *actions: NewAction) -> None:
    (s,) = journal.claim_events(1)
    journal.write_plans([PlanRecord(s.seq, s.lane or 0, "event", "{}", actions)])


def done(action: StoredAction, **kwargs: object) -> Finished:
    return Finished(action.id, action.attempt, "done", ActionState.DONE, result='{"lead_id": "7"}', **kwargs)  # type: ignore[arg-type]


def dead(action: StoredAction, reason: DeadReason = DeadReason.REJECTED) -> Finished:
    return Finished(action.id, action.attempt, "rejected", ActionState.DEAD, reason=reason, error="no")


def ids(actions: list[StoredAction]) -> list[str]:
    return [a.key for a in actions]


def test_the_actions_of_one_lane_run_one_after_another(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("a", "r", "note", "{}"), NewAction("b", "r", "note", "{}"))
    (first,) = journal.claim_actions(10)
    assert first.key == "a"
    assert journal.claim_actions(10) == []
    journal.finish([done(first)])
    assert ids(journal.claim_actions(10)) == ["b"]


def test_different_lanes_run_at_the_same_time_and_one_kind_comes_out_as_a_batch(journal: Journal, form: Form) -> None:
    for n in range(3):
        journal.accept([form(str(n), phone=f"+7916000000{n}")])
        plan(journal, NewAction(f"note{n}", "r", "note", "{}"), NewAction(f"task{n}", "r", "task", "{}"))
    assert ids(journal.claim_actions(10)) == ["note0", "note1", "note2"]


def test_the_urgent_kind_goes_first(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160000001")])
    plan(journal, NewAction("note", "r", "note", "{}"))
    journal.accept([form("2", phone="+79160000002")])
    plan(journal, NewAction("lead", "r", "intake", "{}", priority=10))
    assert ids(journal.claim_actions(10)) == ["lead"]


def test_what_is_urgent_does_not_travel_with_what_is_not(journal: Journal, form: Form) -> None:
    for n, priority in enumerate((0, 10, 0)):
        journal.accept([form(str(n), phone=f"+7916000000{n}")])
        plan(journal, NewAction(f"note{n}", "r", "note", "{}", priority=priority))
    assert ids(journal.claim_actions(10)) == ["note1"]
    assert ids(journal.claim_actions(10)) == ["note0", "note2"]


def test_what_needs_a_result_waits_for_it_and_gets_it(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("lead", "r", "intake", "{}"), NewAction("task", "r", "task", "{}", needs="lead"))
    (first,) = journal.claim_actions(10)
    journal.finish([done(first)])
    (task,) = journal.claim_actions(10)
    assert (task.key, task.needed) == ("task", '{"lead_id": "7"}')


def test_a_dead_action_holds_back_only_what_needs_its_result(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(
        journal,
        NewAction("lead", "r", "intake", "{}", priority=1),
        NewAction("task", "r", "task", "{}", needs="lead"),
        NewAction("tell", "r", "notify", "{}"),
    )
    (first,) = journal.claim_actions(10)
    journal.finish([dead(first)])
    assert ids(journal.claim_actions(10)) == ["tell"]


def test_a_resent_action_releases_what_waited_for_it(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("lead", "r", "intake", "{}"), NewAction("task", "r", "task", "{}", needs="lead"))
    (first,) = journal.claim_actions(10)
    journal.finish([dead(first)])
    assert journal.write(lambda c: mending.resend(c, first.id, journal.now()))
    (again,) = journal.claim_actions(10)
    journal.finish([done(again)])
    assert ids(journal.claim_actions(10)) == ["task"]


def test_a_retry_waits_for_its_time_and_holds_its_lane(journal: Journal, form: Form, clock: Clock) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("a", "r", "note", "{}"), NewAction("b", "r", "note", "{}"))
    (first,) = journal.claim_actions(10)
    later = clock() + timedelta(seconds=30)
    journal.finish([Finished(first.id, first.attempt, "retryable", ActionState.READY, not_before=later)])
    assert journal.claim_actions(10) == []
    clock.forward(seconds=31)
    (again,) = journal.claim_actions(10)
    assert (again.key, again.attempts, again.attempt) == ("a", 2, 2)


def test_an_attempt_that_does_not_count_leaves_the_number_of_tries(journal: Journal, form: Form, clock: Clock) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("a", "r", "note", "{}"))
    (first,) = journal.claim_actions(10)
    journal.finish([Finished(first.id, 1, "rate_limited", ActionState.READY, not_before=clock(), counts=False)])
    (again,) = journal.claim_actions(10)
    assert (again.attempts, again.attempt) == (1, 2)


def test_an_action_whose_worker_died_is_in_doubt_from_that_attempt_on(
    open_journal: Callable[[], Journal], form: Form, clock: Clock
) -> None:
    one, other = open_journal(), open_journal()
    one.accept([form("1", phone="+79160001122")])
    plan(one, NewAction("a", "r", "intake", "{}"))
    started = clock()
    (first,) = one.claim_actions(10)
    clock.forward(minutes=2)
    assert other.recover() == 1
    (again,) = other.claim_actions(10)
    assert (again.id, again.unsure_since) == (first.id, started)
    one.finish([done(first)])
    still = other.read(lambda c: queries.action_by_id(c, first.id))
    assert still is not None
    assert still.state is ActionState.RUNNING, "the late worker must not end what another one holds"


def test_a_frozen_request_is_never_replaced(journal: Journal, form: Form, clock: Clock) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("a", "r", "intake", "{}"))
    (first,) = journal.claim_actions(10)
    journal.freeze({"a": "first"})
    journal.freeze({"a": "second"})
    journal.finish([Finished(first.id, 1, "ambiguous", ActionState.READY, not_before=clock())])
    (again,) = journal.claim_actions(10)
    assert again.request == "first"


def test_what_an_intake_found_joins_the_lane(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("a", "r", "intake", "{}"))
    (first,) = journal.claim_actions(10)
    journal.finish([done(first, identities=("lead:7", "contact:3"), made=(("lead", "7"),))], "amocrm")
    known = journal.known_identities(["phone:+79160001122"])
    assert set(known["phone:+79160001122"]) == {"phone:+79160001122", "lead:7", "contact:3"}
    assert journal.read(lambda c: queries.made_ids(c, "amocrm", "lead", ["7", "8"])) == {"7": first.id}


def test_an_unknown_outcome_is_settled_by_a_person(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("a", "r", "intake", "{}"), NewAction("b", "r", "task", "{}", needs="a"))
    (first,) = journal.claim_actions(10)
    journal.finish([dead(first, DeadReason.OUTCOME_UNKNOWN)])
    assert journal.write(lambda c: mending.resolve(c, first.id, journal.now(), '{"lead_id": "9"}'))
    (task,) = journal.claim_actions(10)
    assert task.needed == '{"lead_id": "9"}'
    assert "lead:9" in journal.known_identities(["phone:+79160001122"])["phone:+79160001122"]
    assert not journal.write(lambda c: mending.resolve(c, first.id, journal.now(), "{}")), "it is settled already"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(st.integers(min_value=0, max_value=4), min_size=1, max_size=25), portion=st.integers(1, 7))
def test_whatever_the_mix_each_lane_keeps_its_order_and_nothing_runs_twice(
    journal: Journal, form: Form, people: list[int], portion: int
) -> None:
    marks = [form("x").id + str(n) for n in range(len(people))]
    for mark, person in zip(marks, people, strict=True):
        journal.accept([form(mark, phone=f"+7916{mark[-8:-4]}0{person}00")])
        plan(journal, NewAction(f"{mark}:{person}", "r", "note", "{}"))
    ran: list[str] = []
    while claimed := journal.claim_actions(portion):
        assert len({a.lane for a in claimed}) == len(claimed), "two of one lane at the same time"
        ran += [a.key for a in claimed if a.key.split(":")[0] in marks]
        journal.finish([done(a) for a in claimed])
    assert sorted(ran) == sorted(f"{m}:{p}" for m, p in zip(marks, people, strict=True))
    by_lane: dict[str, list[int]] = {}
    for key in ran:
        mark, person = key.split(":")
        by_lane.setdefault(person, []).append(marks.index(mark))
    assert all(order == sorted(order) for order in by_lane.values())


def test_the_claim_of_a_frozen_request_is_flushed_since_no_freeze_follows_it(
    journal: Journal, form: Form, clock: Clock
) -> None:
    """A power cut that forgot such an attempt would make its action look as if nothing had been sent."""
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("lead", "r", "intake", "{}"))
    (first,) = journal.claim_actions(1)
    journal.freeze({"lead": '{"title": "Крыша"}'})
    journal.finish([Finished(first.id, first.attempt, "retryable", ActionState.READY, not_before=clock())])
    flushed: list[object] = []
    sqlalchemy.event.listen(journal.database.writing, "commit", flushed.append)
    (again,) = journal.claim_actions(1)
    assert (again.id, bool(flushed)) == (first.id, True)


def test_what_was_postponed_holds_nobody_back_and_comes_first_when_its_time_has_come(
    journal: Journal, form: Form, clock: Clock
) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("letter", "r", "message", "{}"), NewAction("note", "r", "note", "{}"))
    (letter,) = journal.claim_actions(10)
    until = journal.now() + timedelta(hours=10)
    journal.finish(
        [Finished(letter.id, letter.attempt, "postponed", ActionState.WAITING, error="quiet", not_before=until)]
    )
    (note,) = journal.claim_actions(10)
    assert note.key == "note"
    assert journal.wake_postponed() == 0
    clock.forward(hours=10)
    assert journal.wake_postponed() == 1
    assert journal.claim_actions(10) == [], "its lane is busy"
    journal.finish([done(note)])
    (again,) = journal.claim_actions(10)
    assert (again.key, again.created_at, again.error) == ("letter", until, "")
    assert journal.wake_postponed() == 0


def test_what_waits_for_a_result_is_not_taken_for_postponed(journal: Journal, form: Form, clock: Clock) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("lead", "r", "intake", "{}"), NewAction("note", "r", "note", "{}", needs="lead"))
    clock.forward(days=1)
    assert journal.wake_postponed() == 0


def test_what_was_done_for_a_person_is_found_by_any_identity_of_their_lane(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("m", "r", "message", "{}"), NewAction("t", "r", "task", "{}"))
    (message,) = journal.claim_actions(10)
    journal.finish([done(message, identities=("telegram:77",))])

    def found(identity: str) -> int:
        return len(journal.read(lambda c: queries.results_in_lane(c, [identity], "message")))

    assert [found(one) for one in ("telegram:77", "phone:+79160001122", "phone:+79169999999")] == [1, 1, 0]


def test_the_maker_of_a_thing_is_found_also_where_a_person_has_settled_it(journal: Journal, form: Form) -> None:
    journal.accept([form("1", phone="+79160001122")])
    plan(journal, NewAction("t1", "r", "task", "{}"), NewAction("t2", "r", "task", "{}"))
    (first,) = journal.claim_actions(10)
    journal.finish([done(first, made=(("task", "17"),))], "amocrm")
    (second,) = journal.claim_actions(10)
    journal.finish([dead(second, DeadReason.OUTCOME_UNKNOWN)])
    journal.write(lambda c: mending.resolve(c, second.id, journal.now(), '{"remote_id": "18"}'))

    def maker(one: str, system: str = "amocrm") -> str | None:
        found = journal.read(lambda c: queries.maker_of(c, system, "task", one))
        return found.key if found else None

    assert (maker("17"), maker("18"), maker("19"), maker("17", "bitrix24")) == ("t1", "t2", None, None)


def test_whoever_delivers_never_looks_through_the_actions_of_the_past(journal: Journal) -> None:
    def work(connection: Connection) -> None:
        now = journal.now()
        outbox.claim(connection, "me", now, timedelta(minutes=1), 50)
        outbox.take_over(connection, now, ["gone"])
        outbox.owners(connection)
        outbox.wake(connection, now)
        outbox.postponed_due(connection, now)
        outbox.go_on(connection, now)

    steps = steps_of(journal, work, "actions", 6)
    assert not [step for step in steps if step.startswith("SCAN actions") and "INDEX" not in step]
