"""Calls of an Asterisk as AMI tells them, over a real socket: who called whom, who answered, how it ended."""

from __future__ import annotations

import pytest

from provodka.payloads import Direction
from sandbox.senders.asterisk import Pbx
from tests.connectors.asterisk.conftest import Following

MARIA, LINE = "79160001122", "74950003344"
E164 = "+79160001122"


def test_an_answered_call_starts_once_and_ends_once(following: Following, pbx: Pbx) -> None:
    linked = pbx.incoming(MARIA, LINE, ("101",), "101")
    call = following.call()
    assert (call.id, call.direction, call.phone, call.line) == (linked, Direction.IN, E164, f"+{LINE}")
    assert (call.extension, call.outcome, call.talk_seconds >= 1) == ("101", "talked", True)
    assert [event.type.value for event in following.events()] == ["call.started", "call.finished"]
    assert {event.person.phone for event in following.events()} == {E164}


def test_a_call_that_nobody_takes_is_missed_and_names_who_was_rung(following: Following, pbx: Pbx) -> None:
    pbx.incoming(MARIA, LINE, ("101", "102"), group="600")
    call = following.call("call.missed")
    assert (call.rung, call.group, call.outcome, call.reason) == (("101", "102"), "600", "missed", "не ответили")


def test_a_ring_group_belongs_to_whoever_picked_up(following: Following, pbx: Pbx) -> None:
    pbx.incoming(MARIA, LINE, ("101", "102", "103"), "102", group="600")
    call = following.call()
    assert (call.extension, call.rung, call.transferred) == ("102", ("101", "102", "103"), False)


def test_a_call_that_ends_in_the_menu_rang_nobody(following: Following, pbx: Pbx) -> None:
    pbx.hang_up(pbx.new("PJSIP/trunk", MARIA, LINE))
    assert following.call("call.missed").outcome == "menu"


def test_a_queue_is_the_group_of_its_call(following: Following, pbx: Pbx) -> None:
    trunk = pbx.new("PJSIP/trunk", MARIA, LINE)
    pbx.tell("QueueCallerJoin", Queue="продажи", Uniqueid=trunk, Linkedid=trunk)
    agent = pbx.dial(trunk, "Local/104@from-queue-00000002;1", "104")
    inner = pbx.dial(trunk, "PJSIP/104", "104")
    pbx.dialled(trunk, inner)
    pbx.dialled(trunk, agent)
    pbx.bridge(trunk, agent)
    pbx.hang_up(inner, agent, trunk)
    call = following.call()
    assert (call.group, call.extension, call.rung) == ("продажи", "104", ("104",))


def test_an_outgoing_call_knows_who_called_and_whether_they_got_through(following: Following, pbx: Pbx) -> None:
    pbx.outgoing("89160001122", "102")
    pbx.outgoing(MARIA, "102", "BUSY")
    talked, in_vain = following.calls("call.finished", 2)
    assert (talked.direction, talked.phone, talked.extension) == (Direction.OUT, E164, "102")
    assert (talked.outcome, in_vain.outcome, in_vain.talk_seconds) == ("talked", "not_reached", 0)


def test_a_line_that_is_broken_is_no_client_who_does_not_answer(following: Following, pbx: Pbx) -> None:
    desk = pbx.new("PJSIP/101", "101", MARIA, context="from-internal")
    trunk = pbx.dial(desk, "PJSIP/trunk", MARIA, f"{MARIA}@trunk")
    pbx.dialled(desk, trunk, "CONGESTION")
    pbx.hang_up(trunk, desk, cause=("34", "Circuit/channel congestion"))
    call = following.call()
    assert (call.outcome, call.reason) == ("failed", "линии заняты")


def test_employees_among_themselves_give_no_event(following: Following, pbx: Pbx) -> None:
    pbx.internal()
    pbx.incoming(MARIA)
    following.call("call.missed")
    assert {event.type.value for event in following.events()} == {"call.started", "call.missed"}


def test_a_hidden_number_is_a_call_of_nobody(following: Following, pbx: Pbx) -> None:
    pbx.incoming("anonymous", answered="101")
    assert (following.call().phone, following.events()[-1].person.phones) == ("", ())


def test_a_blind_transfer_belongs_to_whoever_it_was_given_to(following: Following, pbx: Pbx) -> None:
    trunk = pbx.new("PJSIP/trunk", MARIA, LINE)
    first = pbx.dial(trunk, "PJSIP/101", "101")
    pbx.dialled(trunk, first)
    pbx.bridge(trunk, first)
    pbx.tell("BlindTransfer", Result="Success", TransfererLinkedid=trunk, TransfereeLinkedid=trunk, Extension="102")
    pbx.hang_up(first)
    second = pbx.dial(trunk, "PJSIP/102", "102")
    pbx.dialled(trunk, second)
    pbx.hang_up(second, trunk)
    call = following.call()
    assert (call.extension, call.transferred, call.rung) == ("102", True, ("101", "102"))
    assert len(following.events("call.started")) == 1


def test_an_attended_transfer_is_one_call_and_the_asking_before_it_is_none(following: Following, pbx: Pbx) -> None:
    trunk = pbx.new("PJSIP/trunk", MARIA, LINE)
    first = pbx.dial(trunk, "PJSIP/101", "101")
    pbx.dialled(trunk, first)
    pbx.bridge(trunk, first)
    asking = pbx.new("PJSIP/101", "101", "102", context="from-internal")
    second = pbx.dial(asking, "PJSIP/102", "102")
    pbx.dialled(asking, second)
    pbx.bridge(asking, second)
    pbx.tell("AttendedTransfer", OrigTransfererLinkedid=trunk, SecondTransfererLinkedid=asking, Result="Success")
    pbx.channels[second]["Linkedid"] = trunk  # Asterisk brings the channel into the older call
    pbx.bridge(second)
    pbx.hang_up(asking, first, second, trunk)
    call = following.call()
    assert (call.id, call.extension, call.transferred) == (trunk, "102", True)
    assert [event.type.value for event in following.events()] == ["call.started", "call.finished"]


def test_a_call_picked_up_by_another_telephone_belongs_to_it(following: Following, pbx: Pbx) -> None:
    trunk = pbx.new("PJSIP/trunk", MARIA, LINE)
    rung = pbx.dial(trunk, "PJSIP/101", "101")
    other = pbx.new("PJSIP/103", "103", "*8", context="from-internal", linked=trunk)
    pbx.bridge(trunk, other)
    pbx.dialled(trunk, rung, "CANCEL")
    pbx.hang_up(rung, other, trunk)
    assert following.call().extension == "103"


def test_a_forwarded_call_keeps_the_line_that_was_called_first(following: Following, pbx: Pbx) -> None:
    trunk = pbx.new("PJSIP/trunk", MARIA, LINE)
    mobile = pbx.dial(trunk, "PJSIP/trunk", "79031112233", "79031112233@trunk")
    pbx.dialled(trunk, mobile)
    pbx.hang_up(mobile, trunk)
    call = following.call()
    assert (call.line, call.extension, call.outcome) == (f"+{LINE}", "+79031112233", "talked")


def test_calls_at_once_are_kept_apart(following: Following, pbx: Pbx) -> None:
    one, two = (pbx.new("PJSIP/trunk", phone, LINE) for phone in (MARIA, "79160009999"))
    dests = {trunk: pbx.dial(trunk, f"PJSIP/{101 + at}", str(101 + at)) for at, trunk in enumerate((one, two))}
    for trunk, dest in dests.items():
        pbx.dialled(trunk, dest)
    pbx.hang_up(dests[two], two, dests[one], one)
    assert {call.phone: call.extension for call in following.calls("call.finished", 2)} == {
        E164: "101",
        "+79160009999": "102",
    }


@pytest.mark.parametrize("event", ["Newexten", "VarSet", "PeerStatus", "RTCPSent", ""])
def test_events_that_mean_nothing_disturb_nothing(following: Following, pbx: Pbx, event: str) -> None:
    pbx.tell(event, Uniqueid="1.1", Linkedid="1.1", Channel="x", Variable="a=b: c")
    pbx.tell("Hangup", Uniqueid="9.9", Linkedid="9.9")
    pbx.tell("DialEnd", DestUniqueid="9.9")
    pbx.incoming(MARIA)
    assert following.call("call.missed").phone == E164
