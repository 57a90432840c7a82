"""A talk of the journal as a rule test: it says what came, and with other people."""

from __future__ import annotations

from provodka.event import build_payload
from provodka.payloads import EventType, Person
from rules.given import given_event, given_facts
from rules.schema import RuleTest
from tests.rules.talker import PHOTO, said
from tests.rules.world import MOSCOW, TEAM


def given(**values: object) -> RuleTest:
    return RuleTest.model_validate({"name": "t", "given": values, "expect": "no_actions"})


def test_a_message_needs_no_ids_in_a_test() -> None:
    event = given_event(
        given(type="message.received", message={"text": "Добрый день", "files": [{"kind": "voice"}]}), MOSCOW
    )
    assert event.payload == build_payload(
        EventType.MESSAGE_RECEIVED,
        {"message": said("Добрый день", {"kind": "voice", "ref": "1"}, id="1", chat="1")},
    )


def test_a_test_that_says_nothing_of_the_talk_begins_one() -> None:
    event = given_event(given(type="message.received", message={"text": "Добрый день"}), MOSCOW)
    talk = given_facts({}, event, TEAM).fetch("talk")
    assert (talk.first, talk.messages, talk.text, talk.waiting_since) == (True, 1, "Добрый день", event.occurred_at)
    later = given_facts({"talk": {"text": "Ещё"}}, event, TEAM).fetch("talk")
    assert (later.first, later.text) == (False, "Ещё")


def test_news_and_the_state_of_a_chat_need_no_ids_either() -> None:
    stopped = given_event(given(type="chat.stopped", person={"messengers": ["telegram:7"]}), MOSCOW)
    assert (stopped.person, stopped.payload.chat) == (Person(messengers=("telegram:7",)), "1")  # type: ignore[union-attr]
    news = given_event(given(type="message.state", sent={"state": "read"}), MOSCOW)
    assert news.payload.sent.state == "read"  # type: ignore[union-attr]


def test_a_whole_message_stays_as_it_is() -> None:
    whole = said("Смотрите", PHOTO, about="Гараж", group=True)
    event = given_event(given(type="message.edited", message=whole), MOSCOW)
    assert event.payload == build_payload(EventType.MESSAGE_EDITED, {"message": whole})
