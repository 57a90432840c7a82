"""Forms of any site."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import ValidationError

from connectors.form.channel import FormChannel
from connectors.form.settings import FormSettings
from provodka.channel import Delivery, Part, RefusedError, UnreadableError
from provodka.event import Event
from provodka.payloads import EventType, Form, FormSubmitted, Person

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
MARIA = {"name": "Мария", "phone": "+79161112233"}


def nothing(_key: str) -> Sequence[Part]:
    return ()


def delivery(
    body: bytes,
    *,
    path: str = "тайна",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
    at: datetime = NOW,
) -> Delivery:
    return Delivery(method, path, headers or {}, query or {}, body, at)


def channel(**settings: Any) -> FormChannel:
    return FormChannel("site", FormSettings.model_validate({"secret": "тайна", **settings}))


def event_of(body: Mapping[str, Any] | bytes, **settings: Any) -> Event:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    (event,) = channel(**settings).receive(delivery(raw), nothing).events
    return event


def form_of(event: Event) -> Form:
    assert isinstance(event.payload, FormSubmitted)
    return event.payload.form


def test_a_json_form_becomes_one_event() -> None:
    event = event_of({**MARIA, "message": "Перезвоните", "page": "https://a.example/?utm_source=vk", "площадь": 12})
    assert event.type is EventType.FORM_SUBMITTED
    assert (event.channel, event.occurred_at, event.received_at) == ("site", NOW, NOW)
    assert event.person == Person("Мария", ("+79161112233",))
    assert form_of(event).comment == "Перезвоните"
    assert form_of(event).fields == {"площадь": "12"}
    assert isinstance(event.payload, FormSubmitted)
    assert event.payload.utm.source == "vk"


def test_the_answer_is_a_plain_ok() -> None:
    reply = channel().receive(delivery(b"name=A"), nothing).reply
    assert (reply.status, reply.body) == (200, b"ok")


def test_a_form_encoded_body_gives_the_same_as_json() -> None:
    assert event_of(urlencode(MARIA).encode()).payload == event_of(MARIA).payload


def test_the_raw_body_is_kept_for_support() -> None:
    assert event_of(MARIA).raw == json.dumps(MARIA, ensure_ascii=False).encode()


@pytest.mark.shows("S0-13")
def test_elementors_advanced_data_comes_out_plain() -> None:
    body = {
        "form[id]": "e7",
        "form[name]": "Замер",
        "fields[name][id]": "name",
        "fields[name][type]": "text",
        "fields[name][title]": "Как к вам обращаться",
        "fields[name][value]": "Мария",
        "fields[name][raw_value]": "Мария",
        "fields[name][required]": "1",
        "fields[field_4f1][id]": "field_4f1",
        "fields[field_4f1][type]": "tel",
        "fields[field_4f1][title]": "Номер, по которому вы отвечаете",
        "fields[field_4f1][value]": "8 916 111-22-33",
        "fields[field_9c2][type]": "select",
        "fields[field_9c2][title]": "Этаж",
        "fields[field_9c2][value]": "3",
        "meta[page_url][title]": "URL",
        "meta[page_url][value]": "https://a.example/okna/?yclid=5",
        "meta[remote_ip][title]": "IP",
        "meta[remote_ip][value]": "203.0.113.9",
    }
    event = event_of(urlencode(body).encode())
    assert event.person == Person("Мария", ("+79161112233",))
    assert form_of(event) == Form(
        "Замер", "e7", "https://a.example/okna/?yclid=5", "", {"Этаж": "3", "meta.remote_ip": "203.0.113.9"}
    )


def test_two_telephone_fields_of_elementor_are_both_kept() -> None:
    fields = {"a": {"type": "tel", "value": "+79161112233"}, "tel2": {"type": "tel", "value": "+74950003344"}}
    assert event_of({"fields": fields}).person.phones == ("+79161112233", "+74950003344")


def test_elementors_simple_data_and_contact_form_7_come_out_plain() -> None:
    elementor = {"Имя": "Мария", "Телефон": "89161112233", "Page URL": "https://a.example/", "form_name": "Замер"}
    event = event_of(urlencode(elementor).encode())
    assert (event.person, form_of(event).fields) == (Person("Мария", ("+79161112233",)), {})
    cf7 = {"your-name": "Мария", "your-tel": "89161112233", "your-email": "m@a.example", "your-message": "Жду", "_x": 1}
    event = event_of(cf7)
    assert event.person == Person("Мария", ("+79161112233",), ("m@a.example",))
    assert (form_of(event).comment, form_of(event).fields) == ("Жду", {"_x": "1"})


@pytest.mark.shows("S0-27")
def test_a_quiz_comes_out_as_questions_and_answers() -> None:
    body = {
        "quiz": {"id": "q1", "name": "Расчёт"},
        "contacts": MARIA,
        "answers": [
            {"q": "Этаж?", "a": "3"},
            {"q": "Что важно?", "a": ["Тепло", "Тишина"]},
            {"q": "Этаж?", "a": "4"},
        ],
        "extra": {"utm": {"source": "vk", "name": "весна"}, "cookies": {"_ym_uid": "77"}},
    }
    event = event_of(body)
    assert event.person == Person("Мария", ("+79161112233",))
    assert form_of(event).name == "Расчёт"
    assert form_of(event).fields == {"answers.Этаж?": "3, 4", "answers.Что важно?": "Тепло, Тишина"}
    assert isinstance(event.payload, FormSubmitted)
    assert (event.payload.utm.campaign, event.payload.utm.clicks) == ("весна", {"_ym_uid": "77"})


def test_the_map_and_the_defaults_of_the_config_are_used() -> None:
    event = event_of({"who": ["Мария"], "n": 5}, map={"name": "who.0", "id": "n"}, defaults={"form": "Замер"})
    assert (event.person.name, event.external_id, form_of(event).name) == ("Мария", "5", "Замер")


def test_a_mapped_key_that_is_absent_falls_back_to_the_hash() -> None:
    received = channel(map={"id": "n"}).receive(delivery(b"name=A"), nothing)
    assert received.events[0].external_id.startswith("sha256:")
    assert len(received.parts) == 1


def test_with_a_key_of_the_sender_no_part_is_needed() -> None:
    assert channel(map={"id": "n"}).receive(delivery(b"n=1"), nothing).parts == ()


def test_without_a_key_a_retry_is_the_same_delivery_and_a_later_one_is_new() -> None:
    stored: list[Part] = []
    ids = []
    for minutes in (0, 1, 9, 11):
        received = channel().receive(
            delivery(b"name=A", at=NOW + timedelta(minutes=minutes)),
            lambda key: [part for part in stored if part.key == key],
        )
        ids.append(received.events[0].external_id)
        stored.extend(part for part in received.parts if part not in stored)
    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_a_form_sent_by_get_is_read_from_the_query_without_the_secret() -> None:
    query = {"token": "тайна", **MARIA}
    (event,) = channel().receive(delivery(b"", path="", query=query, method="GET"), nothing).events
    assert (event.person.name, form_of(event).fields) == ("Мария", {})
    assert json.loads(event.raw) == MARIA


def test_opening_the_address_in_a_browser_leaves_nothing_behind() -> None:
    received = channel().receive(delivery(b"", query={}, method="GET"), nothing)
    assert (received.events, received.parts, received.reply.status) == ((), (), 200)


def test_an_empty_post_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="empty"):
        channel().receive(delivery(b""), nothing)


def signed(body: bytes, header: str = "x-signature", *, digest: bytes | None = None, text: str = "") -> Delivery:
    mac = digest or hmac.new(b"key", body, "sha256").digest()
    return delivery(body, path="", headers={header: text or mac.hex()})


def test_a_signature_alone_protects_a_channel() -> None:
    protected = channel(secret=None, hmac={"key": "key"})
    assert protected.receive(signed(b"name=A"), nothing).events
    with pytest.raises(RefusedError):
        protected.receive(signed(b"name=B", digest=hmac.new(b"key", b"name=A", "sha256").digest()), nothing)


@pytest.mark.parametrize(
    ("settings", "make"),
    [
        ({"algorithm": "sha1"}, lambda b: hmac.new(b"key", b, "sha1").hexdigest()),
        ({"prefix": "sha256="}, lambda b: "sha256=" + hmac.new(b"key", b, "sha256").hexdigest().upper()),
        ({"encoding": "base64"}, lambda b: base64.b64encode(hmac.new(b"key", b, "sha256").digest()).decode()),
        ({"header": "X-Sign"}, lambda b: hmac.new(b"key", b, "sha256").hexdigest()),
    ],
)
def test_signatures_of_every_form_are_checked(settings: dict[str, Any], make: Any) -> None:
    body = b'{"name": "A"}'
    protected = channel(secret=None, hmac={"key": "key", **settings})
    header = settings.get("header", "X-Signature").lower()
    assert protected.receive(signed(body, header, text=make(body)), nothing).events
    with pytest.raises(RefusedError):
        protected.receive(signed(body, header, text=make(body + b" ")), nothing)
    with pytest.raises(RefusedError):
        protected.receive(signed(body, "x-other", text=make(body)), nothing)


def test_with_both_a_secret_and_a_signature_both_must_be_right() -> None:
    both = channel(hmac={"key": "key"})
    mac = hmac.new(b"key", b"name=A", "sha256").hexdigest()
    assert both.receive(delivery(b"name=A", headers={"x-signature": mac}), nothing).events
    with pytest.raises(RefusedError):
        both.receive(delivery(b"name=A", path="x", headers={"x-signature": mac}), nothing)
    with pytest.raises(RefusedError):
        both.receive(delivery(b"name=A"), nothing)


def test_a_signature_of_nothing_does_not_vouch_for_the_query() -> None:
    empty = hmac.new(b"key", b"", "sha256").hexdigest()
    protected = channel(secret=None, hmac={"key": "key"})
    with pytest.raises(RefusedError):
        protected.receive(delivery(b"", path="", query={"name": "A"}, headers={"x-signature": empty}), nothing)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "set secret, hmac or both"),
        ({"secret": ""}, "at least 1"),
        ({"hmac": {"key": ""}}, "at least 1"),
        ({"secret": "s", "map": {"nmae": "x"}}, "Input should be 'name'"),
        ({"secret": "s", "map": {"name": ""}}, "at least 1"),
        ({"secret": "s", "defaults": {"id": "1"}}, "defaults.id"),
        ({"secret": "s", "colour": "red"}, "Extra inputs"),
    ],
)
def test_a_mistake_in_the_settings_is_told(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        FormSettings.model_validate(settings)


def test_a_mistake_in_the_settings_does_not_show_the_secrets() -> None:
    with pytest.raises(ValidationError) as caught:
        FormSettings.model_validate(
            {"secret": "s3cr3t", "hmac": {"key": "k3y", "encoding": "x"}, "defaults": {"id": "1"}}
        )
    assert "s3cr3t" not in str(caught.value)
    assert "k3y" not in str(caught.value)
