"""Calltouch: any names of parameters, GET and POST, and the range of addresses that it sends from."""

from __future__ import annotations

import pytest

from connectors.calltouch.channel import receiver
from connectors.calltouch.settings import CalltouchSettings
from provodka.channel import Delivery, Received, RefusedError
from provodka.payloads import CallEvent, EventType
from tests.contract.case import ASCII, NOW, around, nothing


def received(query: dict[str, str], *, sender: str = "", **settings: object) -> Received:
    channel = receiver("calltouch", CalltouchSettings.model_validate({"secret": ASCII, **settings}), around())
    return channel.receive(Delivery("GET", ASCII, {}, query, b"", NOW, sender), nothing)


USUAL = {"callId": "5", "callerphone": "79160001122", "phonenumber": "74950003344", "duration": "95"}


def test_a_get_with_the_usual_names_is_a_talk() -> None:
    (event,) = received({**USUAL, "reclink": "https://example.com/1.mp3", "sessionId": "77"}).events
    assert isinstance(event.payload, CallEvent)
    assert event.type is EventType.CALL_FINISHED
    assert (event.payload.call.talk_seconds, event.payload.call.recording) == (95, "https://example.com/1.mp3")
    assert event.payload.utm.clicks == {"calltouch_session": "77"}
    assert ASCII.encode() not in event.raw


def test_parameters_may_be_called_anything_and_the_others_keep_their_usual_names() -> None:
    own = {"phone": "klient", "talk": "dlitelnost"}
    (event,) = received({"callId": "5", "klient": "89160001122", "dlitelnost": "0:01:35"}, map=own).events
    assert isinstance(event.payload, CallEvent)
    assert (event.payload.call.phone, event.payload.call.talk_seconds) == ("+79160001122", 95)


def test_an_unsuccessful_call_is_missed() -> None:
    (event,) = received({**USUAL, "duration": "0", "status": "unsuccessful"}).events
    assert event.type is EventType.CALL_MISSED


@pytest.mark.parametrize("sender", ["203.0.113.7", "", "92.118.68.1", "nonsense"])
def test_with_a_range_of_addresses_others_are_refused(sender: str) -> None:
    with pytest.raises(RefusedError):
        received(USUAL, sender=sender, senders=["92.118.66.0/23"])


def test_with_a_range_of_addresses_its_own_are_taken() -> None:
    assert received(USUAL, sender="92.118.67.255", senders=["92.118.66.0/23"]).events


def test_a_double_of_a_call_without_an_id_is_the_same_call_and_another_one_is_not() -> None:
    nameless = {name: value for name, value in USUAL.items() if name != "callId"}
    begun, other = {"timestamp": "1772442000"}, {"timestamp": "1772445600"}
    keys = [received({**nameless, **at}).events[0].external_id for at in (begun, begun, other)]
    assert keys[0] == keys[1] != keys[2]
