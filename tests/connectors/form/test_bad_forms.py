"""What robots, mistaken senders and attackers send to a form: an event, or a refusal with its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.form.channel import FormChannel
from connectors.form.settings import FormSettings
from connectors.tilda.channel import TildaChannel
from connectors.tilda.settings import TildaSettings
from provodka.channel import AGAIN, Delivery, Part, Received, UnreadableError
from provodka.event import Event
from provodka.payloads import EventType, FormSpam, FormSubmitted

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
MARIA = {"name": "Мария", "phone": "+79160001122"}


def receive(
    body: Mapping[str, Any] | bytes,
    kind: str = "application/json",
    method: str = "POST",
    query: Mapping[str, str] | None = None,
    **settings: Any,
) -> Received:
    channel = FormChannel("site", FormSettings.model_validate({"secret": "тайна", **settings}))
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return channel.receive(Delivery(method, "тайна", {"content-type": kind}, query or {}, raw, NOW), lambda _key: ())


def event_of(body: Mapping[str, Any] | bytes, kind: str = "application/json", **settings: Any) -> Event:
    (event,) = receive(body, kind, **settings).events
    return event


def submitted(event: Event) -> FormSubmitted:
    assert isinstance(event.payload, FormSubmitted)
    return event.payload


def test_a_form_with_five_hundred_fields_is_one_event_with_all_of_them() -> None:
    event = event_of({**MARIA, **{f"вопрос {n}": f"ответ {n}" for n in range(500)}})
    assert len(submitted(event).form.fields) == 500
    assert event.person.phone == "+79160001122"


def test_more_fields_than_any_form_has_are_kept_unread() -> None:
    with pytest.raises(UnreadableError, match="more than 2000 fields"):
        receive("&".join(f"a{n}=1" for n in range(2001)).encode())


def test_html_in_an_answer_stays_what_was_written() -> None:
    text = "<b>Окно</b> & <script>alert('x')</script>"
    assert submitted(event_of({**MARIA, "message": text})).form.comment == text


@pytest.mark.parametrize(
    ("answer", "settings", "why"),
    [
        ({"message": 'buy <a href="http://spam.example">here</a>'}, {}, "an answer holds a link as HTML or BBCode"),
        ({"message": "[url=http://spam.example]here[/url]"}, {}, "an answer holds a link as HTML or BBCode"),
        ({"message": "http://a.example http://b.example"}, {"max_links": 1}, "2 links, more than 1"),
        ({"message": "www.spam.example"}, {"max_links": 0}, "1 links, more than 0"),
        ({"website": "x"}, {"honeypot": "Website"}, "the hidden field Website is filled in"),
        ({"fields": {"website": {"value": "x"}}}, {"honeypot": "value"}, "the hidden field value is filled in"),
    ],
    ids=str,
)
def test_what_a_robot_fills_in_is_kept_as_spam_with_the_reason(
    answer: dict[str, Any], settings: dict[str, Any], why: str
) -> None:
    event = event_of({**MARIA, **answer}, spam=settings)
    assert event.type is EventType.FORM_SPAM
    assert isinstance(event.payload, FormSpam)
    assert event.payload.why == why
    assert event.raw


def test_spam_joins_no_person_but_tells_what_it_said() -> None:
    event = event_of({**MARIA, "message": "[url=http://spam.example]"})
    assert event.identities == ()
    assert isinstance(event.payload, FormSpam)
    assert event.payload.form.fields["phone"] == "+79160001122"


@pytest.mark.parametrize(
    ("answer", "settings"),
    [
        ({"message": "Как на https://example.ru/okna и https://example.ru/dveri"}, {}),
        ({"message": "Как на https://example.ru/okna"}, {"max_links": 1}),
        ({"website": ""}, {"honeypot": "website"}),
        ({"page": "https://example.ru/", "COOKIES": "a=https://example.ru"}, {"max_links": 0}),
        ({"message": "[url=http://a.example]"}, {"markup": False}),
    ],
    ids=str,
)
def test_what_people_write_is_no_spam(answer: dict[str, Any], settings: dict[str, Any]) -> None:
    assert event_of({**MARIA, **answer}, spam=settings).type is EventType.FORM_SUBMITTED


def test_a_tilda_form_has_the_same_guard_and_its_spam_is_no_payment() -> None:
    channel = TildaChannel("site", TildaSettings.model_validate({"secret": "т", "spam": {"honeypot": "site"}}))
    body = b"name=A&site=x&tranid=1:1&payment[systranid]=7&payment[amount]=5"
    [event] = channel.receive(Delivery("POST", "т", {}, {}, body, NOW), lambda _key: ()).events
    assert event.type is EventType.FORM_SPAM


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
        (
            b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;">]><a>&m;</a>',
            "DOCTYPE",
        ),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>', "DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "DOCTYPE"),
        (b"<a>" * 17 + b"</a>" * 17, "nested deeper"),
        (b"<a>" + b"<b/>" * 2001 + b"</a>", "more than 2000"),
        (b"<a><b></a>", "looks like XML but is not"),
        (b"<a>&nbsp;</a>", "looks like XML but is not"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "looks like XML but is not"),
        (b"<html><body>503</body>", "looks like XML but is not"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_xml_that_would_grow_or_reach_outside_is_kept_unread(body: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        receive(body, "application/xml")


def test_xml_is_read_with_its_lists_attributes_and_charset() -> None:
    body = (
        '<?xml version="1.0" encoding="windows-1251"?><n:lead xmlns:n="urn:x" id="17">'
        "<name>Мария</name><phone kind='own'>+79160001122</phone><phone>+79160003344</phone>"
        "<Город><![CDATA[Тула & область]]></Город></n:lead>"
    ).encode("cp1251")
    event = event_of(body, map={"id": "id"})
    assert event.external_id == "17"
    assert event.person.name == "Мария"
    assert set(event.person.phones) == {"+79160001122", "+79160003344"}
    assert submitted(event).form.fields["Город"] == "Тула & область"
    assert event_of(b"\r\n" + body, map={"id": "id"}).person == event.person


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "text/xml", "multipart/form-data", "", "x/y; charset=?"]
)
@pytest.mark.parametrize(
    "body",
    [
        json.dumps(MARIA).encode(),
        b"name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F&phone=%2B79160001122",
        "<a><name>Мария</name><phone>+79160001122</phone></a>".encode(),
    ],
    ids=["json", "form", "xml"],
)
def test_a_wrong_content_type_changes_nothing(kind: str, body: bytes) -> None:
    event = event_of(body, kind)
    assert (event.person.name, event.person.phone) == ("Мария", "+79160001122")


def test_a_file_in_a_multipart_form_is_known_by_its_name() -> None:
    body = (
        '--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\n+79160001122\r\n'
        '--x\r\nContent-Disposition: form-data; name="Чертёж"; filename="план.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n%PDF\x00\xff\r\n--x--\r\n"
    ).encode()
    event = event_of(body, "multipart/form-data; boundary=x")
    assert event.person.phone == "+79160001122"
    assert submitted(event).form.fields == {"Чертёж": "план.pdf"}


def test_a_get_is_read_from_its_query_and_an_empty_one_leaves_nothing() -> None:
    assert receive(b"", method="GET").events == ()
    [event] = receive(b"", method="GET", query=MARIA).events
    assert event.person.phone == "+79160001122"


def test_the_same_body_again_is_the_same_event_and_a_note_that_it_came() -> None:
    channel = FormChannel("site", FormSettings.model_validate({"secret": "тайна"}))
    stored: dict[tuple[str, str], Part] = {}
    keys = set()

    def known(key: str) -> list[Part]:
        return [part for part in stored.values() if part.key == key]

    for seconds in (0, 3, 6, 6):
        at = NOW + timedelta(seconds=seconds)
        delivery = Delivery("POST", "тайна", {}, {}, json.dumps(MARIA).encode(), at)
        received = channel.receive(delivery, known)
        stored.update({(part.key, part.id): part for part in received.parts})
        keys.add(received.events[0].external_id)
    [key] = keys
    assert len([part for part in stored.values() if part.key == f"{AGAIN}{key}"]) == 2


@given(st.binary(max_size=200))
def test_any_bytes_end_in_an_event_or_a_named_refusal(body: bytes) -> None:
    try:
        told = receive(b"<a>" + body).events
    except UnreadableError as error:
        told = (str(error),)
    assert told
    assert all(told)
