"""What Beeline tells of the legs of a call, in whatever order, becomes one call with one end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.beeline.channel import receiver
from connectors.beeline.settings import BeelineSettings
from provodka.channel import Delivery, Received, UnreadableError
from provodka.payloads import Call
from sandbox.senders.beeline import LOCAL, REMOTE, xsi_event
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.contract.case import NOW, around

REFERENCE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<xsi:Event xmlns:xsi="http://schema.broadsoft.com/xsi" xmlns:xsi1="http://www.w3.org/2001/XMLSchema-instance" '
    b'xsi1:type="xsi:SubscriptionEvent"><xsi:eventID>9f0c2c1e-1</xsi:eventID><xsi:sequenceNumber>1</xsi:sequenceNumber>'
    b"<xsi:subscriptionId>sub-1</xsi:subscriptionId><xsi:targetId>9230000510@mpbx.sip.beeline.ru</xsi:targetId>"
    b'<xsi:eventData xsi1:type="xsi:CallReceivedEvent"><xsi:call><xsi:callId>callhalf-1001:0</xsi:callId>'
    b"<xsi:extTrackingId>1001:1</xsi:extTrackingId><xsi:personality>Terminator</xsi:personality>"
    b"<xsi:state>Alerting</xsi:state><xsi:remoteParty>"
    b'<xsi:address countryCode="7">tel:+79160001122</xsi:address><xsi:callType>Network</xsi:callType></xsi:remoteParty>'
    b"<xsi:startTime>1764576006000</xsi:startTime></xsi:call></xsi:eventData></xsi:Event>"
)
IVAN, ANNA = "9230000510", "9230000511"
START = 1_764_576_006_000
SETTINGS = BeelineSettings.model_validate({"secret": "s", "token": "t"})


class Talk:
    """A channel with its journal, and the legs of one call."""

    def __init__(self) -> None:
        self.channel = receiver("phone", SETTINGS, around())
        self.intake = MemoryIntake(NOW)

    def hear(self, body: bytes) -> Received:
        delivery = Delivery("POST", "s", {}, {}, body, NOW)
        received = self.channel.receive(delivery, lambda key: self.intake.parts("phone", key))
        self.intake.accept(received.events, channel="phone", parts=received.parts)
        return received

    @property
    def ended(self) -> dict[str, Call]:
        return {key: call for key, call in self.intake.calls().items() if key.startswith("call:")}


def leg(kind: str, who: str = IVAN, *, by: str = "", outgoing: bool = False, **times: int) -> bytes:
    texts = {name: str(START + seconds * 1000) for name, seconds in times.items()}
    texts |= {"releasingParty": by} if by else {}
    named = {"texts": texts, "outgoing": outgoing}
    return xsi_event(f"Call{kind}Event", f"half-{who}:0", "1001:1", who, "79160001122", **named)


def test_the_body_of_the_reference_starts_a_call() -> None:
    talk = Talk()
    (event,) = talk.hear(REFERENCE).events
    assert (event.type.value, event.person.phones) == ("call.started", ("+79160001122",))
    assert event.occurred_at.isoformat() == "2025-12-01T08:00:06+00:00"
    assert talk.intake.calls()["start:1001:1"].extension == "9230000510"
    assert [part.id for part in talk.intake.parts("phone", "call:1001:1")] == ["callhalf-1001:0:CallReceivedEvent"]


def test_a_call_ends_with_its_last_leg_and_belongs_to_whoever_talked() -> None:
    talk = Talk()
    for body in (
        leg("Received", IVAN, startTime=0),
        leg("Received", ANNA, startTime=0),
        leg("Answered", ANNA, startTime=0, answerTime=14),
        leg("Released", IVAN, by=LOCAL, releaseTime=14),
    ):
        talk.hear(body)
    assert talk.ended == {}
    talk.hear(leg("Released", ANNA, by=REMOTE, answerTime=14, releaseTime=137))
    (call,) = talk.ended.values()
    assert (call.extension, call.talk_seconds, call.wait_seconds, call.outcome) == (ANNA, 123, 14, "talked")
    assert call.rung == (IVAN, ANNA)


def test_while_one_after_the_other_is_rung_nothing_is_missed_yet() -> None:
    talk = Talk()
    talk.hear(leg("Received", IVAN, startTime=0))
    talk.hear(leg("Released", IVAN, by=LOCAL, releaseTime=20))
    assert talk.ended == {}
    talk.hear(leg("Received", ANNA, startTime=20))
    talk.hear(leg("Released", ANNA, by=REMOTE, releaseTime=34))
    (call,) = talk.ended.values()
    assert (call.outcome, call.talk_seconds) == ("missed", 0)
    assert talk.intake.types()["call:1001:1"] == "call.missed"


def test_a_release_that_does_not_say_by_whom_ends_the_call() -> None:
    talk = Talk()
    talk.hear(leg("Received", startTime=0))
    talk.hear(leg("Released", releaseTime=20))
    assert [call.outcome for call in talk.ended.values()] == ["missed"]


def test_a_call_of_ours_that_nobody_took_is_no_missed_call() -> None:
    talk = Talk()
    talk.hear(leg("Originated", outgoing=True, startTime=0))
    talk.hear(leg("Released", outgoing=True, by=LOCAL, releaseTime=20))
    assert talk.intake.types() == {"call:1001:1": "call.finished"}
    (call,) = talk.ended.values()
    assert (call.outcome, call.phone, call.extension) == ("not_reached", "+79160001122", IVAN)


def test_a_release_alone_tells_enough() -> None:
    talk = Talk()
    talk.hear(leg("Released", by=REMOTE, startTime=0, answerTime=14, releaseTime=137))
    (call,) = talk.ended.values()
    assert (call.phone, call.extension, call.talk_seconds) == ("+79160001122", IVAN, 123)


@drawn(max_examples=40)
@given(st.permutations(range(5)), st.sets(st.integers(0, 3)))
def test_whatever_is_lost_or_overtaken_there_is_one_end_and_somebody_talked(order: list[int], lost: set[int]) -> None:
    told = (
        leg("Received", IVAN, startTime=0),
        leg("Received", ANNA, startTime=0),
        leg("Answered", ANNA, startTime=0, answerTime=14),
        leg("Released", IVAN, by=LOCAL, releaseTime=14),
        leg("Released", ANNA, by=REMOTE, answerTime=14, releaseTime=137),
    )
    talk = Talk()
    for number in order:
        if number not in lost:
            talk.hear(told[number])
            talk.hear(told[number])
    waits_for_the_net = 0 not in lost and 3 in lost and order.index(0) < order.index(4)
    assert [call.outcome for call in talk.ended.values()] == ([] if waits_for_the_net else ["talked"])


@pytest.mark.parametrize("call_type", ["Group", "Enterprise"])
def test_talks_among_employees_give_nothing(call_type: str) -> None:
    talk = Talk()
    for kind in ("Received", "Answered", "Released"):
        talk.hear(xsi_event(f"Call{kind}Event", "half:0", "7:1", IVAN, "79230000511", call_type=call_type))
    assert talk.intake.types() == {}


def test_a_hidden_number_is_no_phone() -> None:
    talk = Talk()
    (event,) = talk.hear(xsi_event("CallReceivedEvent", "half:0", "7:1", IVAN, "")).events
    assert event.person.phones == ()


@pytest.mark.parametrize("kind", ["CallHeldEvent", "CallUpdatedEvent", "CallSomethingNewEvent"])
def test_other_events_of_a_call_are_only_kept(kind: str) -> None:
    received = Talk().hear(xsi_event(kind, "half:0", "7:1", IVAN, "79160001122"))
    assert (received.events, received.reply.status) == ((), 200)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no XML"),
        (b"{}", "no XML"),
        (REFERENCE[:300], "no XML"),
        (REFERENCE.replace(b"callhalf-1001:0", b""), "without callId"),
        (REFERENCE.replace(b'xsi1:type="xsi:CallReceivedEvent"', b""), "without its type"),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><call>&e;</call></a>', "DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>', "DOCTYPE"),
    ],
)
def test_what_is_no_event_is_unreadable_and_opens_nothing(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words) as caught:
        Talk().hear(body)
    assert "root:" not in str(caught.value)


@drawn(max_examples=60)
@given(
    st.sampled_from(["CallReceivedEvent", "CallReleasedEvent", "CallAnsweredEvent", ""]),
    st.text(max_size=8),
    st.dictionaries(
        st.sampled_from(["startTime", "answerTime", "releaseTime", "releasingParty"]), st.text(max_size=20)
    ),
)
def test_whatever_stands_in_an_event_is_read_or_refused_by_name(kind: str, leg: str, texts: dict[str, str]) -> None:
    with suppress(UnreadableError):
        assert Talk().hear(xsi_event(kind, leg, leg, IVAN, "79160001122", texts=texts)).reply.status == 200


def test_moments_out_of_all_reason_are_those_of_their_arrival() -> None:
    talk = Talk()
    texts = {"startTime": "soon", "releaseTime": "9" * 30, "answerTime": "-5"}
    talk.hear(xsi_event("CallReleasedEvent", "half:0", "7:1", IVAN, "79160001122", texts=texts))
    (call,) = talk.ended.values()
    assert (call.ended_at, call.talk_seconds) == (NOW, 0)


def test_names_count_and_not_the_prefixes_before_them() -> None:
    talk = Talk()
    bare = REFERENCE.replace(b"xsi:", b"").replace(b"xsi1:", b"").replace(b"xmlns:xsi1", b"xmlns:other")
    (event,) = talk.hear(bare.replace(b'xmlns:xsi="', b'xmlns="')).events
    assert event.type.value == "call.started"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"subscription": "CALL"}, "BASIC_CALL"),
        ({"subscribed_for": "1m"}, "greater than or equal"),
        ({"token": ""}, "at least 1"),
        ({"api_url": "http://cloudpbx.beeline.ru"}, "use https"),
    ],
)
def test_a_mistake_in_the_settings_is_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        BeelineSettings.model_validate({"secret": "s", "token": "t", **settings})
