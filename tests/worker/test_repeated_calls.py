"""One call that two channels tell of: rules act once, in whatever order the channels tell it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provodka.calls import Call, Direction, Sighting, told_before
from provodka.event import Event
from provodka.journal import Journal
from provodka.journal.planned_before import history_of
from provodka.made_up import MadeUp
from provodka.payloads import Person
from rules.actions import REGISTRY
from rules.facts import RecordedFacts
from rules.plan import RuleOutcome
from rules.saved_test import saved_test
from rules.whatif import Otherwise, what_if
from support.whatif import past_of
from tests.rules.world import CALENDAR, CLIENT, NOW, make_engine, make_rule
from tests.worker.office import Office
from worker.facts import LiveFacts

PHONE, LINE = "+79160001122", "+74950003344"
ENDED = make_rule(
    {"notify": {"to": "rop", "text": "Звонок {{ call.phone }}"}},
    on=["call.finished", "call.missed", "call.started"],
    name="Звонок",
)
SOURCE = make_rule(
    {"notify": {"to": "rop", "text": "{{ utm.source }}/{{ utm.campaign }}/{{ utm.clicks.get('roistat_visit', '') }}"}},
    on="call.finished",
    name="Источник",
)


def told(
    office: Office,
    channel: str,
    *,
    at: float = 0,
    kind: str = "call.finished",
    phone: str = PHONE,
    line: str = LINE,
    direction: str = "in",
    **more: object,
) -> Event:
    """A channel tells of a call that began `at` seconds after the hour."""
    call = {
        "id": f"{channel}-{at}",
        "direction": direction,
        "phone": phone,
        "line": line,
        "started_at": NOW + timedelta(seconds=at),
        **more,
    }
    person = Person(phones=(phone,)) if phone else Person()
    return office.happens(kind, person, channel=channel, call=call)


@pytest.fixture
def exchanges(office: Office) -> Office:
    office.open(ENDED)
    return office


def acted(office: Office, *events: Event) -> list[bool]:
    return [bool(office.actions(event)) for event in events]


def test_the_second_exchange_that_tells_of_a_call_starts_no_rule_and_the_trace_says_which_was_first(
    exchanges: Office,
) -> None:
    first = told(exchanges, "mango")
    exchanges.work()
    second = told(exchanges, "megafon", at=90)
    exchanges.work()
    assert acted(exchanges, first, second) == [True, False]
    trace = exchanges.last(second)
    assert trace.outcome is RuleOutcome.STOPPED
    assert trace.reason == f"the same call was told of before: call.finished of mango (event {first.id})"
    assert exchanges.traces(second)[0].facts["call.told"]["event"] == first.id


def test_the_order_in_which_they_tell_decides_and_not_when_the_call_began(exchanges: Office) -> None:
    first = told(exchanges, "megafon", at=90)
    exchanges.work()
    second = told(exchanges, "mango")
    exchanges.work()
    assert acted(exchanges, first, second) == [True, False]


def test_of_two_that_are_planned_together_one_acts(exchanges: Office) -> None:
    both = told(exchanges, "mango"), told(exchanges, "megafon", at=5)
    exchanges.work()
    assert acted(exchanges, *both) == [True, False]


def test_a_missed_call_that_another_exchange_calls_finished_is_one_too(exchanges: Office) -> None:
    both = told(exchanges, "mango", kind="call.missed"), told(exchanges, "megafon", at=5)
    exchanges.work()
    assert acted(exchanges, *both) == [True, False]


def test_the_beginning_and_the_end_of_a_call_are_two_things_to_tell(exchanges: Office) -> None:
    told_of = [
        told(exchanges, channel, at=at, kind=kind)
        for kind in ("call.started", "call.finished")
        for at, channel in enumerate(("mango", "megafon"))
    ]
    exchanges.work()
    assert acted(exchanges, *told_of) == [True, False, True, False]


@pytest.mark.parametrize(
    "other",
    [
        {"at": 180},
        {"at": 121},
        {"phone": "+79160009999"},
        {"line": "+74950005566"},
        {"direction": "out"},
    ],
    ids=["three minutes later", "just over two", "another phone", "another line", "our own call"],
)
def test_what_differs_is_another_call(exchanges: Office, other: dict[str, object]) -> None:
    both = told(exchanges, "mango"), told(exchanges, "megafon", **other)  # type: ignore[arg-type]
    exchanges.work()
    assert acted(exchanges, *both) == [True, True]


def test_two_hidden_numbers_are_never_one_call(exchanges: Office) -> None:
    both = told(exchanges, "mango", phone=""), told(exchanges, "megafon", phone="")
    exchanges.work()
    assert acted(exchanges, *both) == [True, True]


def test_a_line_that_one_of_them_does_not_know_speaks_against_nothing(exchanges: Office) -> None:
    both = told(exchanges, "mango"), told(exchanges, "megafon", line="", at=120)
    exchanges.work()
    assert acted(exchanges, *both) == [True, False]


def test_who_calls_twice_within_two_minutes_has_called_twice_in_both_exchanges(exchanges: Office) -> None:
    one, its_double = told(exchanges, "mango"), told(exchanges, "megafon", at=1)
    exchanges.work()
    again = told(exchanges, "megafon", at=61)  # the second call: this time the other exchange is faster
    exchanges.work()
    late = told(exchanges, "mango", at=60)
    exchanges.work()
    assert acted(exchanges, one, its_double, again, late) == [True, False, True, False]


def test_calls_of_one_exchange_are_never_merged(exchanges: Office) -> None:
    both = told(exchanges, "mango"), told(exchanges, "mango", at=20)
    exchanges.work()
    assert acted(exchanges, *both) == [True, True]


def test_replay_of_the_first_acts_and_of_the_second_does_not(exchanges: Office) -> None:
    both = told(exchanges, "mango"), told(exchanges, "megafon", at=5)
    exchanges.work()
    again = [exchanges.planner.again(exchanges.stored(event)) for event in both]
    assert [bool(record.actions) for record in again] == [True, False]


def test_the_plan_of_the_second_can_be_computed_from_its_trace_alone(exchanges: Office) -> None:
    told(exchanges, "mango")
    second = told(exchanges, "megafon", at=5)
    exchanges.work()
    (trace,) = exchanges.traces(second)
    again = make_engine(ENDED).evaluate(second, RecordedFacts(trace.facts), trace.at)
    assert (again.actions, again.trace) == ((), trace)


def test_what_if_finds_nothing_otherwise_in_either_of_them(exchanges: Office) -> None:
    both = told(exchanges, "mango"), told(exchanges, "megafon", at=5)
    exchanges.work()
    for event in both:
        past = past_of(exchanges.journal.read(lambda c, e=event: history_of(c, exchanges.stored(e))))  # type: ignore[misc]
        assert what_if(past, make_engine(ENDED), REGISTRY, exchanges.clock()) == Otherwise()


def test_a_rule_test_made_of_the_second_passes(exchanges: Office) -> None:
    told(exchanges, "mango")
    second = told(exchanges, "megafon", at=5)
    exchanges.work()
    past = past_of(exchanges.journal.read(lambda c: history_of(c, exchanges.stored(second))))
    saved, result = saved_test(past, (), "второй рассказ о звонке", make_engine(ENDED), MadeUp(b"key", ""))
    assert result.passed, result.failures
    assert saved["facts"]["call.told"]["channel"] == "mango"
    assert saved["expect"] == "no_actions"


def test_a_first_event_that_could_not_be_planned_lets_the_second_act(exchanges: Office) -> None:
    first = told(exchanges, "mango")
    exchanges.journal.claim_events(10)
    exchanges.journal.put_back(exchanges.stored(first).seq, timedelta(hours=1), "a fact could not be read")
    second = told(exchanges, "megafon", at=5)
    exchanges.work()
    assert acted(exchanges, second) == [True]
    exchanges.later(hours=2)
    assert acted(exchanges, first, second) == [False, True]


def test_two_planners_at_once_let_one_of_them_act(office: Office, open_journal: Callable[[], Journal]) -> None:
    offices = [office, Office(open_journal(), office.clock)]
    for one in offices:
        one.open(ENDED)
    events = [told(office, channel, at=at) for at, channel in enumerate(("mango", "megafon", "beeline"))]
    threads = [threading.Thread(target=one.work) for one in offices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    office.later(seconds=1)
    assert sorted(acted(office, *events)) == [False, False, True]


def test_history_counts_a_call_once(exchanges: Office) -> None:
    for at, channel in enumerate(("mango", "megafon")):
        told(exchanges, channel, at=at, talk_seconds=30)
        told(exchanges, channel, at=1000 + at, kind="call.missed")
    exchanges.work()
    event = exchanges.happens("form.submitted", CLIENT, form={})
    history = LiveFacts(event, exchanges.journal, None, exchanges.team, CALENDAR).fetch("history")
    assert (history.calls, history.missed_calls) == (1, 1)


# call tracking beside an exchange


UTM = {"source": "yandex", "campaign": "brand", "clicks": {"roistat_visit": "100500"}}


def track(office: Office, at: float = 0, **more: object) -> Event:
    call = {"id": "770001", "direction": "in", "phone": PHONE, "started_at": NOW + timedelta(seconds=at), **more}
    return office.happens("call.tracked", Person(phones=(PHONE,)), channel="roistat", call=call, utm=UTM)


def test_a_call_has_the_source_that_call_tracking_told_of_it(office: Office) -> None:
    office.open(SOURCE)
    track(office)
    call = told(office, "mango", at=40)
    office.work()
    assert office.told(call) == ["yandex/brand/100500"]
    (trace,) = office.traces(call)
    assert trace.facts["call.tracking"]["source"] == "yandex"
    again = make_engine(SOURCE).evaluate(call, RecordedFacts(trace.facts), trace.at)
    assert again.actions[0].params["text"] == "yandex/brand/100500"


def test_the_name_of_the_line_gives_way_to_call_tracking_and_marks_of_the_exchange_do_not(office: Office) -> None:
    office.open(SOURCE)
    track(office)
    call = {"id": "1", "direction": "in", "phone": PHONE, "started_at": NOW, "line_name": "реклама"}
    named = office.happens("call.finished", channel="mango", call=call, utm={"source": "реклама"})
    marked = office.happens("call.finished", channel="mango", call=call, utm={"source": "vk"})
    later = call | {"started_at": NOW + timedelta(minutes=3)}
    other = office.happens("call.finished", channel="mango", call=later, utm={"source": "реклама"})
    office.work()
    assert [office.told(one) for one in (named, marked, other)] == [["yandex/brand/100500"], ["vk//"], ["реклама//"]]


def test_a_call_that_tracking_tells_of_afterwards_is_known_by_its_own_event(office: Office) -> None:
    office.open(
        SOURCE, make_rule({"notify": {"to": "rop", "text": "{{ utm.source }}"}}, on="call.tracked", name="Откуда")
    )
    call = told(office, "mango")
    office.work()
    tracking = track(office, at=100)
    office.work()
    assert office.told(call) == ["//"]
    assert office.told(tracking) == ["yandex"]


# the law


CHANNELS = ("mango", "megafon", "uis")
calls_made = st.lists(st.integers(0, 4000), max_size=6, unique=True).map(sorted)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls_made, st.randoms(use_true_random=False), st.booleans())
def test_each_call_is_told_once_whatever_the_order_of_the_channels(
    made: list[int], chance: object, twice_as_far: bool
) -> None:
    """Channels tell each call within the two minutes, each in its own order of calls, interleaved by chance."""
    began = [second * (2 if twice_as_far else 1) + 121 * at for at, second in enumerate(made)]
    rows = {channel: list(enumerate(began)) for channel in CHANNELS}
    told_of = []
    while any(rows.values()):
        channel = chance.choice([name for name, left in rows.items() if left])  # type: ignore[attr-defined]
        at, second = rows[channel].pop(0)
        told_of.append((at, Sighting(channel, Call(str(at), Direction.IN, PHONE), NOW + timedelta(seconds=second))))
    first = told_before([sighting for _, sighting in told_of])
    acting = [at for (at, _), before in zip(told_of, first, strict=True) if before is None]
    assert sorted(acting) == list(range(len(began)))
