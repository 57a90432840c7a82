"""What a notice of a message of ours comes to, whichever service tells it."""

from __future__ import annotations

import pytest

from connectors.talks.states import state_told
from connectors.talks.telling import Telling, Writer
from provodka.channel import Part
from provodka.event import Event
from provodka.payloads import EventType
from provodka.talks import DeliveryState, Sent
from tests.contract.case import NOW

STATES = {"seen": DeliveryState.READ, "there": DeliveryState.DELIVERED}
TELLING = Telling("wa", NOW)


def told(number: str, status: str, known: tuple[Part, ...] = ()) -> list[Event | Part]:
    def event(state: DeliveryState) -> Event:
        return TELLING.state(Sent(number, state), Writer("1"), NOW)

    return list(state_told({"id": number}, number, status, STATES, TELLING, lambda _: known, event))


def test_a_state_that_is_news_is_kept_and_told() -> None:
    kept, event = told("7", "there")
    assert kept == Part("state:7", "delivered", "")
    assert isinstance(event, Event)
    assert event.external_id == "state:7:delivered"


def test_a_state_that_others_have_overtaken_is_only_kept() -> None:
    assert told("7", "there", (Part("state:7", "read", ""),)) == [Part("state:7", "delivered", "")]


def test_a_word_that_means_nothing_to_us_tells_nothing() -> None:
    assert told("7", "queued") == []


@pytest.mark.parametrize(("number", "status"), [("", "seen"), ("7", "")])
def test_a_notice_without_its_message_or_its_state_is_kept_for_support(number: str, status: str) -> None:
    [event] = told(number, status)
    assert isinstance(event, Event)
    assert event.type is EventType.UNREADABLE
