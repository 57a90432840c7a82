from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Connection

from provodka.channel import Part
from provodka.event import Event, new_event_id
from provodka.journal import (
    ActionState,
    EventState,
    Journal,
    NewAction,
    PlanRecord,
    SettledTimer,
    StoredEvent,
    inbox,
    queries,
)
from provodka.payloads import CrmHint, EventType, LeadEvent, LeadRef, Person
from provodka.stores import Snapshot
from scheduler import forget_parts
from tests.journal.conftest import Clock, steps_of

Form = Callable[..., Event]


def plan_all(journal: Journal, *, kinds: tuple[str, ...] = ("intake",)) -> None:
    claimed = journal.claim_events(100)
    journal.write_plans(
        [
            PlanRecord(
                s.seq, s.lane, "event", "{}", tuple(NewAction(f"{s.event.id}:{k}", "правило", k, "{}") for k in kinds)
            )
            for s in claimed
        ]
    )


def test_an_event_comes_back_as_it_was_accepted(journal: Journal, form: Form) -> None:
    event = form("1", phone="+79160001122")
    journal.accept([event])
    (stored,) = journal.claim_events(10)
    assert stored.event == event


def test_whoever_takes_events_up_never_looks_through_those_of_the_past(journal: Journal, form: Form) -> None:
    def work(connection: Connection) -> None:
        now = journal.now()
        inbox.claim(connection, "me", now, timedelta(minutes=1), 100)
        inbox.wake(connection, now)
        inbox.free_expired(connection, now, ["gone"])
        inbox.owners(connection)

    journal.accept([form("1"), form("2")])
    assert not [step for step in steps_of(journal, work, "events", 6) if step.startswith("SCAN events")]


def test_the_same_delivery_is_stored_once(journal: Journal, form: Form) -> None:
    journal.accept([form("1"), form("2")])
    journal.accept([form("1")])
    assert len(journal.claim_events(10)) == 2


def test_the_same_external_id_of_another_channel_is_another_event(journal: Journal, form: Form) -> None:
    journal.accept([form("1"), form("1", channel="landing")])
    assert len(journal.claim_events(10)) == 2


def test_an_accepted_event_survives_the_end_of_the_process(open_journal: Callable[[], Journal], form: Form) -> None:
    first = open_journal()
    first.accept([form("1")])
    first.close()
    assert [s.event.external_id for s in open_journal().claim_events(10)] == ["1"]


def test_parts_and_cursors_are_kept_with_the_events(journal: Journal, form: Form) -> None:
    journal.accept(
        [form("1")], channel="phone", parts=[Part("call-1", "a", "{}"), Part("call-1", "a", "{}")], cursors={"m": "7"}
    )
    assert [p.id for p in journal.parts("phone", "call-1")] == ["a"]
    assert journal.cursor("m") == "7"


def test_one_persons_events_share_a_lane_whatever_identity_they_came_with(journal: Journal, form: Form) -> None:
    journal.accept([form("call", phone="+79160001122"), form("mail", email="anna@example.ru")])
    first, second = journal.claim_events(10)
    assert first.lane != second.lane
    journal.accept([form("form", phone="+79160001122", email="anna@example.ru")])
    (third,) = journal.claim_events(10)
    lines = journal.read(lambda c: queries.list_events(c, identity="email:anna@example.ru"))
    assert third.lane == first.lane
    assert [line.event.event.external_id for line in lines] == ["form", "mail", "call"]


def test_strangers_have_lanes_of_their_own(journal: Journal, form: Form) -> None:
    journal.accept([form(str(n), phone=f"+7916000{n:04d}") for n in range(20)])
    assert len({s.lane for s in journal.claim_events(100)}) == 20


def test_two_planners_never_take_the_same_event(open_journal: Callable[[], Journal], form: Form) -> None:
    one, other = open_journal(), open_journal()
    one.accept([form(str(n), phone=f"+7916000{n:04d}") for n in range(10)])
    assert len(one.claim_events(6)) == 6
    assert len(other.claim_events(10)) == 4


def test_two_planners_at_the_same_moment_give_one_lane_to_a_person_new_to_both(
    open_journal: Callable[[], Journal], form: Form
) -> None:
    journals = [open_journal(), open_journal()]
    for n in range(20):
        phone = f"+7916000{n:04}"
        journals[0].accept([form(f"{n}a", phone=phone), form(f"{n}b", phone=phone)])
        start = threading.Barrier(2)

        def take(journal: Journal, start: threading.Barrier = start) -> list[StoredEvent]:
            start.wait()
            return journal.claim_events(1)

        with ThreadPoolExecutor(2) as threads:
            taken = list(threads.map(take, journals))
        assert [len(events) for events in taken] in ([1, 0], [0, 1]), "the second one waits for the first"
        for journal, events in zip(journals, taken, strict=True):
            journal.write_plans([PlanRecord(e.seq, e.lane or 0, "event", "{}") for e in events])


def test_a_later_event_of_a_person_waits_until_the_earlier_one_is_planned(
    open_journal: Callable[[], Journal], form: Form, clock: Clock
) -> None:
    one, other = open_journal(), open_journal()
    one.accept([form("1", phone="+79160001122")])
    (first,) = one.claim_events(1)
    one.accept([form("2", phone="+79160001122")])
    assert other.claim_events(10) == []
    one.write_plans([PlanRecord(first.seq, first.lane or 0, "event", "{}")])
    clock.forward(seconds=1)
    assert [s.event.external_id for s in other.claim_events(10)] == ["2"]


def test_an_event_that_was_left_is_not_overtaken_by_a_later_one_of_its_person(
    open_journal: Callable[[], Journal], form: Form, clock: Clock
) -> None:
    one, other = open_journal(), open_journal()
    one.accept([form("1", phone="+79160001122")])
    (first,) = one.claim_events(1)
    one.accept([form("2", phone="+79160001122")])
    assert other.claim_events(10) == [], "the first is in planning elsewhere"
    one.accept([form("3", phone="+79160001122"), form("4", phone="+79160003344")])
    assert [s.event.external_id for s in one.claim_events(10)] == ["4"], "the second comes before the third"
    one.write_plans([PlanRecord(first.seq, first.lane or 0, "event", "{}")])
    clock.forward(seconds=1)
    assert [s.event.external_id for s in one.claim_events(10)] == ["2", "3"]


def test_an_event_whose_planner_died_is_planned_by_another(
    open_journal: Callable[[], Journal], form: Form, clock: Clock
) -> None:
    one, other = open_journal(), open_journal()
    one.accept([form("1")])
    (claimed,) = one.claim_events(1)
    clock.forward(minutes=5)
    other.recover()
    (again,) = other.claim_events(1)
    assert again.seq == claimed.seq


def test_a_plan_that_comes_too_late_is_not_written(
    open_journal: Callable[[], Journal], form: Form, clock: Clock
) -> None:
    slow, other = open_journal(), open_journal()
    slow.accept([form("1")])
    (claimed,) = slow.claim_events(1)
    clock.forward(minutes=5)
    other.recover()
    plan_all(other)
    slow.write_plans([PlanRecord(claimed.seq, 1, "event", "{}", (NewAction("late", "r", "intake", "{}"),))])
    story = slow.read(lambda c: queries.story(c, queries.event_by_seq(c, claimed.seq)))
    assert [a.key for a in story.actions] == [f"{claimed.event.id}:intake"]


def test_whoever_held_an_event_too_long_takes_nothing_back_of_what_was_planned_meanwhile(
    open_journal: Callable[[], Journal], form: Form, clock: Clock
) -> None:
    slow, quick = open_journal(), open_journal()
    slow.accept([form("1")])
    slow.claim_events(1)
    clock.forward(minutes=5)
    quick.recover()
    (claimed,) = quick.claim_events(1)
    for planned in (False, True):
        if planned:
            quick.write_plans([PlanRecord(claimed.seq, 1, "event", "{}")])
        state = EventState.PLANNED if planned else EventState.PLANNING
        slow.put_back(claimed.seq, timedelta(seconds=30), "CRM does not answer")
        slow.fail_event(claimed.seq, "a rule broke")
        event = slow.read(lambda c: queries.event_by_seq(c, claimed.seq))
        assert event is not None
        assert (event.state, event.error) == (state, "")


def test_an_event_that_could_not_be_planned_comes_again_later(journal: Journal, form: Form, clock: Clock) -> None:
    journal.accept([form("1")])
    (claimed,) = journal.claim_events(1)
    journal.put_back(claimed.seq, timedelta(seconds=30), "CRM does not answer")
    assert journal.claim_events(1) == []
    clock.forward(seconds=31)
    (again,) = journal.claim_events(1)
    assert (again.seq, again.attempts) == (claimed.seq, 2)


def test_a_failed_event_stays_visible_with_its_error(journal: Journal, form: Form) -> None:
    journal.accept([form("1")])
    (claimed,) = journal.claim_events(1)
    journal.fail_event(claimed.seq, "a rule broke")
    (line,) = journal.read(lambda c: queries.list_events(c, state="failed"))
    assert (line.event.state, line.event.error) == (EventState.FAILED, "a rule broke")


def test_the_same_plan_written_twice_makes_its_actions_once(journal: Journal, form: Form) -> None:
    journal.accept([form("1")])
    (s,) = journal.claim_events(1)
    record = PlanRecord(s.seq, s.lane or 0, "replay", "{}", (NewAction("k", "r", "intake", "{}"),))
    journal.write_plans([record])
    journal.write_plans([record])
    story = journal.read(lambda c: queries.story(c, s))
    assert [a.key for a in story.actions] == ["k"]
    assert [p.number for p in story.plans] == [1, 2]


def test_a_timer_comes_due_at_its_time_and_is_evaluated_once(journal: Journal, form: Form, clock: Clock) -> None:
    journal.accept([form("1")])
    (s,) = journal.claim_events(1)
    timer = NewAction("t", "правило", "wait", "{}", due=clock() + timedelta(minutes=1))
    journal.write_plans([PlanRecord(s.seq, s.lane or 0, "event", "{}", (timer,))])
    assert journal.due_timers(10) == []
    clock.forward(seconds=60)
    (due,) = journal.due_timers(10)
    record = PlanRecord(s.seq, s.lane or 0, "timer", "{}", (NewAction("n", "правило", "notify", "{}"),))
    journal.settle_timers([SettledTimer(due.id, record)])
    assert journal.due_timers(10) == []
    story = journal.read(lambda c: queries.story(c, s))
    assert {a.key: a.state for a in story.actions} == {"t": ActionState.DONE, "n": ActionState.READY}


def test_what_was_compared_with_an_outdated_mirror_is_void_and_hinted_at_again(journal: Journal, clock: Clock) -> None:
    """Somebody wrote to lead 1 between the comparison and its storing; lead 2 stands."""
    events = [lead_event(clock, one) for one in ("1", "2")]
    seen = [Snapshot("1", "moved", clock(), before="new"), Snapshot("2", "moved", clock(), before="")]
    journal.store.put_snapshots("crm", "lead", [Snapshot("1", "written by us", clock())])
    journal.accept_derived(events, {("crm", "lead"): seen}, {"mark": "5"})
    stored = [s.event for s in journal.claim_events(10)]
    assert [e.external_id for e in stored if e.type is EventType.LEAD_CREATED] == ["2:created"]
    assert [e.payload.entities for e in stored if isinstance(e.payload, CrmHint)] == [("mirrored-lead:1",)]
    mirror = journal.store.snapshots("crm", "lead", ["1", "2"])
    assert (mirror["1"].body, mirror["2"].body) == ("written by us", "moved")


def lead_event(clock: Clock, lead_id: str) -> Event:
    return Event(
        id=new_event_id(clock()),
        type=EventType.LEAD_CREATED,
        channel="crm",
        external_id=f"{lead_id}:created",
        occurred_at=clock(),
        received_at=clock(),
        person=Person(),
        payload=LeadEvent(LeadRef(lead_id, "Крыша")),
    )


def test_parts_are_forgotten_a_month_after_they_came(journal: Journal, clock: Clock) -> None:
    journal.accept([], channel="1c", parts=[Part("files:1", "a", "{}")])
    clock.forward(days=20)
    journal.accept([], channel="1c", parts=[Part("files:1", "b", "{}")])
    forget_parts(journal)
    assert [p.id for p in journal.parts("1c", "files:1")] == ["a", "b"]
    clock.forward(days=11)
    forget_parts(journal)
    assert [p.id for p in journal.parts("1c", "files:1")] == ["b"]
