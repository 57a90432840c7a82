"""Quizzes of Marquiz in every shape that they were seen in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.marquiz.channel import MarquizChannel
from connectors.marquiz.settings import MarquizSettings
from provodka.channel import Delivery
from provodka.event import Event
from provodka.payloads import FormSubmitted

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
LEAD: dict[str, Any] = {
    "contacts": {"name": "Мария", "telegram": "", "phone": "+7 (916) 000-11-22"},
    "answers": [{"q": "Сколько окон?", "a": "3"}, {"q": "Что важно?", "a": ["Тишина", "Тепло"]}],
    "quiz": {"id": "q1", "name": "Расчёт окон"},
    "result": {"title": "Стандарт", "cost": 45000},
    "created": "2026-03-02T09:00:00.000Z",
    "extra": {"utm": {"source": "yandex", "name": "brand"}, "href": "https://example.ru/quiz", "ab": None},
}


def received(fields: Mapping[str, Any], at: datetime = NOW) -> Event:
    channel = MarquizChannel("quiz", MarquizSettings.model_validate({"secret": "тайна"}))
    body = json.dumps(fields, ensure_ascii=False).encode()
    (event,) = channel.receive(Delivery("POST", "тайна", {}, {}, body, at), lambda _key: ()).events
    return event


def payload(event: Event) -> FormSubmitted:
    assert isinstance(event.payload, FormSubmitted)
    return event.payload


def test_answers_stand_under_their_questions_and_the_campaign_is_what_marquiz_calls_name() -> None:
    event = received(LEAD)
    form = payload(event).form
    assert (form.name, form.id, form.page) == ("Расчёт окон", "q1", "https://example.ru/quiz")
    assert form.fields["Сколько окон?"] == "3"
    assert form.fields["Что важно?"] == "Тишина, Тепло"
    assert form.fields["result.cost"] == "45000"
    assert (payload(event).utm.source, payload(event).utm.campaign) == ("yandex", "brand")
    assert "created" not in form.fields
    assert "ab" not in form.fields


@pytest.mark.parametrize(
    ("contacts", "phones", "left"),
    [
        ({"telegram": "+7 916 000-11-22"}, ("+79160001122",), {}),
        ({"telegram": "@maria"}, (), {"telegram": "@maria"}),
        ({"whatsapp": "79160003344", "phone": "89160001122"}, ("+79160001122", "+79160003344"), {}),
        ({"telegram": "89160001122", "phone": "89160001122"}, ("+79160001122",), {}),
    ],
    ids=str,
)
def test_a_messenger_that_holds_a_phone_is_one_and_else_an_answer(
    contacts: dict[str, str], phones: tuple[str, ...], left: dict[str, str]
) -> None:
    event = received({"quiz": {"id": "q1"}, "contacts": contacts})
    assert event.person.phones == phones
    assert payload(event).form.fields == left


def test_the_older_shape_has_the_contacts_on_top_and_the_answers_in_results() -> None:
    older = {"name": "Мария", "phone": "89160001122", "results": [{"name": "Сколько окон?", "value": "3"}]}
    event = received(older)
    assert (event.person.name, event.person.phone) == ("Мария", "+79160001122")
    assert payload(event).form.fields == {"Сколько окон?": "3"}


def test_a_question_asked_twice_loses_no_answer() -> None:
    event = received({**LEAD, "answers": [{"q": "Цвет?", "a": "Белый"}, {"q": "Цвет?", "a": "Серый"}]})
    assert payload(event).form.fields["Цвет?"] == "Белый, Серый"


def test_the_key_is_of_quiz_moment_and_contacts_so_that_a_retry_hours_later_is_no_new_lead() -> None:
    key = received(LEAD).external_id
    changed = {**LEAD, "extra": {"ip": "203.0.113.9"}}
    assert received(changed, NOW + timedelta(hours=3)).external_id == key
    assert received({**LEAD, "created": "2026-03-02T09:01:00Z"}).external_id != key
    assert received({**LEAD, "quiz": {"id": "q2"}}).external_id != key


def test_it_happened_when_the_quiz_says_but_not_in_the_future() -> None:
    assert received(LEAD).occurred_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert received({**LEAD, "created": "2030-01-01T00:00:00Z"}).occurred_at == NOW
    assert received({**LEAD, "created": "вчера"}).occurred_at == NOW
