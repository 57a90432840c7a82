"""Bursts of lines, who waits for an answer, and answers from the card, on a real journal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provodka.event import Event
from provodka.journal import StoredAction, outbox
from provodka.journal.planned_before import history_of
from provodka.payloads import Person
from rules.actions import REGISTRY
from rules.actions.reply import answer_mark
from rules.whatif import Otherwise, what_if
from support.whatif import past_of
from tests.rules.world import make_engine, make_rule
from tests.worker.office import Office
from worker.outside import JournalLinks

MARIA = Person("Мария", messengers=("telegram:77",))


def say(office: Office, text: str, **more: Any) -> Event:
    values = {"id": text, "chat": "77", "service": "telegram", "text": text, **more.pop("message", {})}
    return office.happens("message.received", more.pop("person", MARIA), channel="bot", message=values, **more)


def answer(office: Office, text: str = "Ответ", source: str = "bot", chat: str = "77") -> Event:
    reply = {"message_id": text, "crm_chat_id": "1", "sent_at": office.clock().isoformat(), "chat_id": chat}
    return office.happens("reply.written", Person(), channel="crm", reply={**reply, "source": source, "text": text})


def notes(office: Office, *events: Event) -> list[str]:
    return [text for event in events for a in office.actions(event) if (text := json.loads(a.params).get("text"))]


def test_a_burst_begins_with_the_first_line_after_ten_minutes_of_silence(office: Office) -> None:
    office.open(make_rule({"note": {"text": "{{ message.text }}"}}, on="message.received", when="talk.first"))
    told = []
    for text, pause in (("раз", 0), ("два", 5), ("три", 9), ("четыре", 10), ("пять", 1)):
        office.clock.forward(minutes=pause)
        told.append(say(office, text))
        office.work()
    assert notes(office, *told) == ["раз", "четыре"]


def test_a_rule_that_waits_a_minute_has_all_lines_of_the_burst(office: Office) -> None:
    text = "{{ talk.messages }}: {{ talk.text }}"
    office.open(make_rule({"note": {"text": text}}, on="message.received", when="talk.first", wait="1m"))
    first = say(office, "Здравствуйте")
    others = []
    for text in ("сколько", "стоит", "крыша?"):
        office.later(seconds=10)
        others.append(say(office, text))
    office.later(minutes=2)
    assert notes(office, first) == ["4: Здравствуйте\nсколько\nстоит\nкрыша?"]
    assert notes(office, *others) == []


def test_a_client_waits_since_the_first_line_that_nobody_has_answered(office: Office) -> None:
    office.open(make_rule({"note": {"text": "{{ talk.waiting_since | time }}"}}, on="message.received", wait="15m"))
    asked = say(office, "Вы тут?")
    office.later(minutes=5)
    again = say(office, "Алло")
    office.later(minutes=20)
    assert notes(office, asked, again) == ["12:00", "12:00"]


def test_whoever_was_answered_waits_no_more(office: Office) -> None:
    when = {"talk.waiting_since": {"older_than": "10m"}}
    office.open(make_rule({"note": {"text": "Ждёт"}}, on="message.received", wait="15m", when=when))
    asked = say(office, "Вы тут?")
    office.later(minutes=5)
    answer(office)
    office.later(minutes=20)
    assert notes(office, asked) == []


def test_the_talks_of_one_person_with_two_bots_are_two(office: Office) -> None:
    office.open(make_rule({"note": {"text": "{{ talk.text }}"}}, on="message.received", when="talk.first"))
    one = say(office, "первому")
    other = office.happens(
        "message.received",
        MARIA,
        channel="other",
        message={"id": "9", "chat": "77", "service": "telegram", "text": "второму"},
    )
    office.work()
    assert notes(office, one, other) == ["первому", "второму"]


def test_history_counts_messages_and_knows_the_last_contact_by_them(office: Office) -> None:
    text = "{{ history.messages }} {{ history.last_contact | time }}"
    office.open(make_rule({"note": {"text": text}}, on="message.received"))
    say(office, "раз")
    office.later(minutes=1)
    last = say(office, "два")
    office.work()
    assert notes(office, last) == ["2 12:01"]


def kinds(actions: list[StoredAction]) -> list[str]:
    return [action.kind for action in actions]


def test_an_answer_from_the_card_is_planned_in_the_lane_of_its_talk_and_no_rule_sees_it(office: Office) -> None:
    office.open(make_rule({"note": {"text": "x"}}, on="message.received"))
    asked = say(office, "Вы тут?")
    replied = answer(office)
    stranger = answer(office, "кому?", chat="88")
    office.work()
    assert kinds(office.actions(replied)) == ["reply", "report"]
    (lane,) = {action.lane for action in (*office.actions(asked), *office.actions(replied))}
    assert {action.lane for action in office.actions(stranger)} != {lane}
    assert {action.rule for action in office.actions(replied)} == {"ответ из карточки"}


def test_no_rule_is_missed_for_an_answer_that_goes_by_itself(office: Office) -> None:
    rule = make_rule({"note": {"text": "x"}}, on="message.received")
    office.open(rule)
    say(office, "Вы тут?")
    replied = answer(office)
    office.work()
    past = past_of(office.journal.read(lambda c: history_of(c, office.stored(replied))))
    assert past.plans
    assert what_if(past, make_engine(rule), REGISTRY, office.clock()) == Otherwise()


@pytest.mark.parametrize("answered", [True, False])
def test_news_of_a_message_concern_the_card_only_where_somebody_answered_from_it(
    office: Office, answered: bool
) -> None:
    office.open(make_rule({"note": {"text": "x"}}, on="message.received"))
    if answered:
        answer(office)
        office.work()
    sent = {"id": "m1", "state": "read", "chat": "77", "service": "telegram"}
    news = office.happens("message.state", MARIA, channel="bot", sent=sent)
    office.work()
    assert kinds(office.actions(news)) == (["report"] if answered else [])


def test_a_talk_of_several_people_makes_them_no_one_person(office: Office) -> None:
    office.open(make_rule({"note": {"text": "x"}}, on="message.received"))
    events = [
        say(office, name, person=Person(name, messengers=(f"telegram:{name}",)), message={"group": True})
        for name in ("Анна", "Иван")
    ]
    office.work()
    assert len({action.lane for event in events for action in office.actions(event)}) == 2


def test_a_phone_that_is_told_late_joins_what_was_two_people(office: Office) -> None:
    office.open(make_rule({"note": {"text": "x"}}, on=["message.received", "call.missed"]))
    wrote = say(office, "Здравствуйте")
    phone = Person("", ("+79160001122",))
    called = office.happens("call.missed", phone, channel="phone", call={"id": "1", "direction": "in"})
    office.work()
    told = say(office, "Мой номер 8 916 000-11-22", person=Person("Мария", phone.phones, (), MARIA.messengers))
    office.work()
    assert len({action.lane for event in (wrote, called, told) for action in office.actions(event)}) == 1


def test_news_that_do_not_say_whose_talk_it_is_are_known_by_the_answer_that_they_are_about(office: Office) -> None:
    office.open(make_rule({"note": {"text": "x"}}, on="message.received"))
    replied = answer(office)
    office.work()
    (reply, _) = office.actions(replied)
    mark = answer_mark("bot", "m1")
    office.journal.write(lambda c: outbox.link(c, [(reply.id, "answer", mark)], office.clock(), "fake"))
    for sent_id, wanted in (("m1", ["report"]), ("m2", [])):
        news = office.happens("message.state", Person(), channel="bot", sent={"id": sent_id, "state": "read"})
        office.work()
        assert kinds(office.actions(news)) == wanted


def test_the_journal_knows_when_somebody_last_wrote_to_a_channel(office: Office) -> None:
    office.open(make_rule({"note": {"text": "x"}}, on="message.received"))
    say(office, "Раз")
    office.later(hours=2)
    last = say(office, "Два")
    office.later(hours=1)
    links = JournalLinks(office.journal)
    assert links.last_heard(MARIA.identities, last.channel) == last.occurred_at
    assert links.last_heard(MARIA.identities, "other") is None
    assert links.last_heard(("telegram:nobody",), last.channel) is None
