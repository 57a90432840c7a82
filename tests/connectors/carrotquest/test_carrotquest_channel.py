"""Events of Carrot quest: JSON texts within a form."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.carrotquest.channel import CarrotQuestChannel
from connectors.carrotquest.settings import CarrotQuestSettings
from provodka.channel import Delivery, Received, RefusedError, UnreadableError
from provodka.payloads import FormSubmitted

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
PROPS = {"$name": "Мария", "$phone": "8 916 000-11-22", "$email": "Maria@example.ru"}


def receive(
    props: dict[str, Any] = PROPS,
    event: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    **more: str,
) -> Received:
    channel = CarrotQuestChannel("cq", CarrotQuestSettings.model_validate({"token": "тайна", **(settings or {})}))
    told = {"id": "900", "created": "2026-03-02T09:00:00Z", "type": {"name": "Заявка"}, **(event or {})}
    fields = {
        "type": "event",
        "token": "тайна",
        "user": json.dumps({"props": props}),
        "event": json.dumps(told),
        **more,
    }
    return channel.receive(Delivery("POST", "", {}, {}, urlencode(fields).encode(), NOW), lambda _key: ())


def submitted(received: Received) -> FormSubmitted:
    payload = received.events[0].payload
    assert isinstance(payload, FormSubmitted)
    return payload


def test_a_visitor_becomes_a_person_and_an_event_a_form() -> None:
    received = receive(event={"props": {"$page": "https://example.ru/", "Бюджет": "100"}})
    event = received.events[0]
    assert event.person.identities == ("phone:+79160001122", "email:maria@example.ru")
    assert (event.external_id, event.occurred_at) == ("900", datetime(2026, 3, 2, 9, tzinfo=UTC))
    form = submitted(received).form
    assert (form.name, form.page, form.fields) == ("Заявка", "https://example.ru/", {"Бюджет": "100"})
    assert b"\xd1\x82\xd0\xb0\xd0\xb9\xd0\xbd\xd0\xb0" not in event.raw


def test_the_marks_of_the_last_visit_go_before_those_of_the_first() -> None:
    last = {"$last_utm_source": "vk", "$last_utm_campaign": "spring"}
    first = {"$initial_utm_source": "yandex", "$initial_utm_term": "окна"}
    utm = submitted(receive({**PROPS, **last, **first})).utm
    assert (utm.source, utm.campaign, utm.term) == ("vk", "spring", "")
    utm = submitted(receive({**PROPS, **first})).utm
    assert (utm.source, utm.term) == ("yandex", "окна")


def test_a_reaction_to_a_message_tells_to_which() -> None:
    received = receive(
        type="message_webhook", message_id="5", sending_id="6", message_name="Скидка 10%", event_id="901"
    )
    assert received.events[0].external_id == "901"
    assert submitted(received).form.fields["message"] == "Скидка 10%"


def test_only_the_named_events_are_requests() -> None:
    settings = {"events": ["Оставил заявку"]}
    assert receive(settings=settings).events == ()
    assert receive(settings=settings, event_name="оставил заявку").events


def test_a_retry_has_the_same_key() -> None:
    assert receive(event_id="1500000000000000900").events[0].external_id == "1500000000000000900"


def test_a_wrong_token_is_refused_and_a_text_that_is_no_json_is_kept() -> None:
    with pytest.raises(RefusedError):
        receive(token="чужая")
    with pytest.raises(UnreadableError, match="user is no JSON"):
        receive(user="{")


@pytest.mark.parametrize("created", ["", "позавчера", None, 10**30, "1e999"])
def test_a_moment_that_is_none_is_that_of_the_receipt(created: object) -> None:
    assert receive(event={"created": created}).events[0].occurred_at == NOW
