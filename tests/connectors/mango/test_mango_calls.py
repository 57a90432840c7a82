"""Notices of MANGO, in whatever order they come, make one picture of a call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.calls.notice import Told, stored_notice
from provodka.channel import UnreadableError
from provodka.payloads import Call, CallEvent, Direction, EventType, Person, Utm
from tests.connectors.mango.telling import (
    ANSWERED,
    CUSTOMER,
    ENTRY,
    LINE,
    NOW,
    RECORDING,
    SALT,
    START,
    Journal,
    Notice,
    added,
    leg,
    link,
    menu,
    moment,
    summary,
)


def test_an_answered_call_is_started_finished_and_recorded() -> None:
    journal = Journal().take_all(ANSWERED)
    assert journal.types() == ["call.started", "call.finished", "call.recorded"]
    assert list(journal.events) == [f"start:{ENTRY}", f"call:{ENTRY}", f"rec:{RECORDING}"]
    assert journal.call(EventType.CALL_FINISHED) == Call(
        id=ENTRY,
        direction=Direction.IN,
        phone=f"+{CUSTOMER}",
        line=f"+{LINE}",
        extension="101",
        started_at=moment(0),
        answered_at=moment(14),
        ended_at=moment(134),
        talk_seconds=120,
        wait_seconds=14,
        reason="1110 звонивший положил трубку",
        outcome="talked",
        rung=("101",),
    )
    assert journal.event(EventType.CALL_FINISHED).person == Person(phones=(f"+{CUSTOMER}",))


def test_each_event_tells_when_it_happened() -> None:
    journal = Journal().take_all(ANSWERED)
    assert [event.occurred_at for event in journal.events.values()] == [moment(0), moment(134), moment(190)]


def test_an_exchange_whose_clock_is_ahead_does_not_tell_of_the_future() -> None:
    journal = Journal()
    early = moment(0) - timedelta(hours=3)
    journal.take(summary(), early)
    assert journal.event(EventType.CALL_FINISHED).occurred_at == early


def test_the_started_call_knows_who_calls_and_on_which_line() -> None:
    journal = Journal(lines={"8 (495) 000-33-44": "yandex"})
    journal.take(ANSWERED[0])
    event = journal.event(EventType.CALL_STARTED)
    assert event.payload == CallEvent(
        Call(ENTRY, Direction.IN, f"+{CUSTOMER}", f"+{LINE}", started_at=moment(0), line_name="yandex"),
        Utm(source="yandex"),
    )


def test_the_recording_carries_the_vendors_signed_link_and_what_is_known_of_the_call() -> None:
    call = Journal().take_all(ANSWERED).call(EventType.CALL_RECORDED)
    assert call.recording == link()
    assert (call.id, call.phone, call.line, call.extension) == (ENTRY, f"+{CUSTOMER}", f"+{LINE}", "101")
    assert call.talk_seconds == 120


def test_the_salt_is_in_no_event() -> None:
    assert all(SALT not in repr(event) for event in Journal().take_all(ANSWERED).events.values())


def test_a_recording_that_comes_before_the_summary_is_in_both_events() -> None:
    journal = Journal().take_all([*ANSWERED[:-2], added(), summary()])
    assert journal.types() == ["call.started", "call.recorded", "call.finished"]
    assert journal.call(EventType.CALL_FINISHED).recording == link()
    recorded = journal.call(EventType.CALL_RECORDED)
    assert (recorded.phone, recorded.line, recorded.extension) == (f"+{CUSTOMER}", f"+{LINE}", "101")


def test_a_recording_of_which_nothing_else_is_known_is_not_lost() -> None:
    journal = Journal().take_all([added()])
    event = journal.event(EventType.CALL_RECORDED)
    assert event.person == Person()
    assert journal.call(EventType.CALL_RECORDED).recording == link()


@given(st.permutations(ANSWERED), st.lists(st.sampled_from(ANSWERED), max_size=6), st.randoms())
def test_one_call_is_finished_once_and_recorded_once_in_any_order_with_any_doubles(
    order: list[Notice], doubles: list[Notice], random: Any
) -> None:
    deliveries = [*order, *doubles]
    random.shuffle(deliveries)
    _check_one_call(deliveries)


def _check_one_call(deliveries: list[Notice]) -> None:
    every = Journal()
    keys = [event.external_id for notice in deliveries for event in every.take(notice).events]
    assert sorted(t for t in every.types() if t != "call.started") == ["call.finished", "call.recorded"]
    assert {key.partition(":")[0] for key in keys} <= {"start", "call", "rec"}
    assert every.types().count("call.started") <= 1
    call = every.call(EventType.CALL_FINISHED)
    assert (call.phone, call.line, call.extension, call.talk_seconds) == (f"+{CUSTOMER}", f"+{LINE}", "101", 120)
    seen = deliveries[: deliveries.index(summary())]
    assert call.recording == (link() if added() in seen else "")
    assert every.call(EventType.CALL_RECORDED).recording == link()
    assert len(every.parts) == len(ANSWERED)


@given(st.permutations([*ANSWERED[:4], summary(0), added("a"), added("b", 200), added("b", 200), summary(0)]))
def test_a_missed_call_with_two_recordings_gives_one_event_each(order: list[Notice]) -> None:
    journal = Journal().take_all(order)
    others = [kind for kind in journal.types() if kind != "call.started"]
    assert sorted(others) == ["call.missed", "call.recorded", "call.recorded"]
    assert {key for key in journal.events if key.startswith("rec:")} == {"rec:a", "rec:b"}


@given(st.permutations([("events/summary", summary()[1] | {"call_direction": 0}), added(), *ANSWERED[2:4]]))
def test_a_summary_of_an_internal_talk_never_makes_an_event_of_its_end(order: list[Notice]) -> None:
    journal = Journal().take_all(order)
    assert not {"call.finished", "call.missed"} & set(journal.types())
    assert len(journal.parts) == 4


def test_nobody_talked_is_told_by_talk_time_and_not_by_entry_result() -> None:
    call = Journal().take_all([summary("0", entry_result=1, to={}, forward_time=0)]).call(EventType.CALL_MISSED)
    assert (call.talk_seconds, call.wait_seconds, call.answered_at, call.extension) == (0, 134, None, "")


def test_a_missed_call_names_who_was_rung_first() -> None:
    second = leg("Appeared", 20, 1, "leg-3", to={"extension": "102", "line_number": LINE})
    journal = Journal().take_all([second, leg("Appeared", 6, 1), summary(0, to={}, disconnect_reason="1111")])
    call = journal.call(EventType.CALL_MISSED)
    assert (call.extension, call.reason) == ("101", "1111 не ответили")


def test_an_answered_call_names_who_answered_although_the_summary_does_not() -> None:
    other = {"extension": "102", "line_number": LINE}
    legs = [leg("Appeared", 6, 1), leg("Appeared", 6, 1, "leg-3", to=other), leg("Connected", 14, 2, "leg-3", to=other)]
    assert Journal().take_all([*legs, summary(to={})]).call(EventType.CALL_FINISHED).extension == "102"


@pytest.mark.parametrize(("min_talk", "kind"), [(0, "call.finished"), (120, "call.finished"), (121, "call.missed")])
def test_a_talk_below_the_limit_counts_as_missed(min_talk: int, kind: str) -> None:
    assert Journal(min_talk=min_talk).take_all([summary()]).types() == [kind]


def test_an_answer_and_a_hang_up_within_one_second_is_still_a_talk() -> None:
    assert Journal().take_all([summary(START + 134)]).call(EventType.CALL_FINISHED).talk_seconds == 1


OUTGOING: dict[str, Any] = {
    "call_direction": "2",
    "from": {"extension": "102", "number": "sip:ivan@a.example"},
    "to": {"number": CUSTOMER},
}


def test_an_outgoing_call_is_about_whom_we_called() -> None:
    call = Journal(min_talk=500).take_all([summary(**OUTGOING)]).call(EventType.CALL_FINISHED)
    assert (call.direction, call.phone, call.extension) == (Direction.OUT, f"+{CUSTOMER}", "102")


def test_an_outgoing_call_that_nobody_took_is_finished_and_not_missed() -> None:
    call = Journal().take_all([summary(0, **OUTGOING)]).call(EventType.CALL_FINISHED)
    assert call.talk_seconds == 0


def test_an_outgoing_call_or_a_callback_or_a_transfer_or_an_internal_call_does_not_start_an_incoming_one() -> None:
    employee = {"extension": "102", "number": "sip:ivan@a.example"}
    for fields in (
        {"from": employee, "to": {"number": CUSTOMER}},
        {"from": employee, "to": {"extension": "101"}},
        {"from": {"number": "sip:ivan@a.example"}, "to": {"extension": "101"}},
        {"from": {"number": CUSTOMER}, "command_id": "c-1"},
        {"from": {"number": CUSTOMER, "was_transferred": True}},
        {"call_state": "Connected"},
    ):
        assert Journal().take_all([_with(leg("Appeared", 0, 1), fields)]).types() == [], fields


def _with(notice: Notice, fields: dict[str, Any]) -> Notice:
    return notice[0], {**notice[1], **fields}


def test_a_client_handed_on_within_our_own_call_does_not_start_an_incoming_one() -> None:
    ours = _with(leg("Appeared", 0, 1, "leg-1"), {"from": {"extension": "102"}, "to": {"number": CUSTOMER}})
    assert Journal().take_all([ours, leg("Appeared", 60, 1)]).types() == []


def test_a_leg_that_arrives_after_the_summary_does_not_start_the_call_again() -> None:
    assert Journal().take_all([summary(), menu("Appeared", 0, 1)]).types() == ["call.finished"]


@pytest.mark.parametrize("number", ["anonymous", "", None, "sip:hidden@a.example", "101"])
def test_a_hidden_caller_is_nobody(number: str | None) -> None:
    notice = summary(**{"from": {} if number is None else {"number": number}})
    event = Journal().take_all([notice]).event(EventType.CALL_FINISHED)
    assert event.person == Person()
    assert event.payload.call.phone == ""  # type: ignore[union-attr]


def test_numbers_may_come_as_texts_and_fields_may_be_absent() -> None:
    told = {name: str(value) if isinstance(value, int) else value for name, value in summary()[1].items()}
    assert Journal().take_all([("events/summary", told)]).call(EventType.CALL_FINISHED).talk_seconds == 120
    bare = Journal().take_all([("/events/summary/", {"entry_id": 17})])
    assert bare.call(EventType.CALL_MISSED) == Call("17", Direction.IN, outcome="menu")
    assert bare.event(EventType.CALL_MISSED).occurred_at == NOW


def test_an_id_that_no_browser_could_count_to_is_kept_digit_by_digit() -> None:
    number = 2**63 + 1
    journal = Journal().take_all([("events/summary", {**summary()[1], "entry_id": number})])
    assert journal.call(EventType.CALL_FINISHED).id == str(number)


def test_an_employee_without_an_extension_is_named_by_the_number_that_rang() -> None:
    mobile, own = {"number": "79990001100"}, {"number": LINE}
    assert Journal().take_all([summary(to=mobile)]).call(EventType.CALL_FINISHED).extension == "+79990001100"
    missed = Journal().take_all([summary(0, to=mobile)]).call(EventType.CALL_MISSED)
    assert (missed.extension, missed.outcome) == ("+79990001100", "missed")
    assert Journal().take_all([summary(0, to=own)]).call(EventType.CALL_MISSED).outcome == "menu"


@pytest.mark.parametrize("moment", ["завтра", -1, 10**30, "", None, True, [1]])
def test_a_moment_that_is_none_is_left_out(moment: Any) -> None:
    assert Journal().take_all([summary(create_time=moment)]).call(EventType.CALL_FINISHED).started_at is None


@pytest.mark.parametrize(
    "path",
    [
        "events/dtmf",
        "events/sms",
        "events/record/tagged",
        "result/callback",
        "result/stats",
        "events/neu",
        "summary",
        "",
    ],
)
def test_other_notices_are_kept_as_parts_and_answered_with_200(path: str) -> None:
    received = Journal().take((path, {"command_id": "c-1", "result": 1000}))
    assert (received.events, received.reply.status) == ((), 200)
    assert [part.key for part in received.parts] == ["c-1"]


def test_two_other_notices_of_one_call_are_two_parts() -> None:
    journal = Journal()
    for tone in ("1", "2", "2"):
        journal.take(("events/dtmf", {"entry_id": ENTRY, "dtmf": tone}))
    assert len(journal.known(ENTRY)) == 2


def test_two_notices_of_a_leg_without_its_numbers_are_two_parts() -> None:
    journal = Journal()
    for state in ("Appeared", "Connected", "Connected"):
        journal.take(("events/call", {"entry_id": ENTRY, "call_state": state}))
    assert len(journal.known(f"call:{ENTRY}")) == 2


def test_every_notice_of_a_call_is_kept_under_its_entry() -> None:
    journal = Journal().take_all(ANSWERED)
    known = journal.known(f"call:{ENTRY}")
    assert len(known) == len(ANSWERED)
    first = stored_notice(known[0])
    assert (first.told, first.leg, first.phone, first.at) == (Told.RANG, "leg-1", CUSTOMER, moment(0))


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("events/summary", {}),
        ("events/call", {"call_id": "x"}),
        ("events/record/added", {"entry_id": ENTRY}),
        ("events/summary", [1, 2]),
    ],
)
def test_a_signed_notice_that_says_nothing_is_unreadable(path: str, fields: Any) -> None:
    with pytest.raises(UnreadableError):
        Journal().take((path, fields))


def test_the_recording_link_can_lead_elsewhere() -> None:
    template = "https://pbx.a.example/{entry_id}/{recording_id}?until={expires}"
    call = Journal(recording_url=template, recording_days=1).take_all([added()]).call(EventType.CALL_RECORDED)
    assert call.recording == f"https://pbx.a.example/ZW50cnk6MQ%3D%3D/cmVj%2FOjE%3D?until={START + 190 + 86_400}"
