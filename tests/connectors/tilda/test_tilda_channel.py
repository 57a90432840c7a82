"""Forms and carts of a Tilda site."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from connectors.tilda.channel import TildaChannel
from connectors.tilda.order import number
from connectors.tilda.settings import TildaSettings
from provodka.channel import Delivery, Part, Received, RefusedError, UnreadableError
from provodka.event import Event
from provodka.payloads import EventType, Form, FormSubmitted, Order, OrderLine, PaymentEvent, Person

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
LEAD = {
    "Name": "Мария",
    "Phone": "+7 (916) 111-22-33",
    "Email": "maria@a.example",
    "Textarea": "Нужен замер\nв субботу",
    "Checkbox": "yes",
    "tranid": "1:2",
    "formid": "form77",
    "formname": "Заявка с главной",
    "COOKIES": f"_ym_uid=55; TILDAUTM={quote('utm_source=yandex|||amp;utm_medium=cpc|||')}; previousUrl=a.example",
}
CART = {
    "orderid": "900",
    "sys": "card",
    "amount": "8800.50",
    "subtotal": "9000",
    "promocode": "SALE",
    "delivery": "Курьер",
    "products": [
        {
            "name": "Окно",
            "quantity": "2",
            "price": "4500",
            "amount": "9000",
            "sku": "OK-1",
            "options": [{"option": "Цвет", "variant": "Белый"}, {"option": "Ручка", "variant": "Левая"}],
        },
        {"name": "Замок", "price": "100"},
        "Доставка подъёма",
    ],
}


def nothing(_key: str) -> Sequence[Part]:
    return ()


def receive(
    fields: Mapping[str, str] | bytes,
    *,
    path: str = "тайна",
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
    **settings: Any,
) -> Received:
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    channel = TildaChannel("site", TildaSettings.model_validate({"secret": "тайна", **settings}))
    return channel.receive(Delivery(method, path, headers or {}, {}, body, NOW), nothing)


def event_of(fields: Mapping[str, str], **settings: Any) -> Event:
    (event,) = receive(fields, **settings).events
    return event


def payload_of(event: Event) -> FormSubmitted:
    assert isinstance(event.payload, FormSubmitted)
    return event.payload


def brackets(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {name: value}
    items = enumerate(value) if isinstance(value, list) else value.items()
    return {key: text for step, item in items for key, text in brackets(f"{name}[{step}]", item).items()}


def test_a_lead_becomes_one_event_with_tranid_as_its_key() -> None:
    event = event_of(LEAD)
    assert (event.type, event.external_id) == (EventType.FORM_SUBMITTED, "1:2")
    assert event.person == Person("Мария", ("+79161112233",), ("maria@a.example",))
    assert payload_of(event).form == Form(
        "Заявка с главной", "form77", "", "Нужен замер\nв субботу", {"Checkbox": "yes"}
    )
    assert payload_of(event).order is None


def test_the_cookies_tell_where_the_visitor_came_from() -> None:
    utm = payload_of(event_of(LEAD)).utm
    assert (utm.source, utm.medium, utm.clicks) == ("yandex", "cpc", {"_ym_uid": "55"})


def test_hidden_utm_fields_win_over_the_cookies() -> None:
    assert payload_of(event_of({**LEAD, "utm_source": "vk"})).utm.source == "vk"


def test_the_answer_is_ok_and_no_part_is_left() -> None:
    received = receive(LEAD)
    assert (received.reply.status, received.reply.body, received.parts) == (200, b"ok", ())


def test_the_probe_is_answered_ok_and_leaves_nothing() -> None:
    received = receive({"test": "test"})
    assert (received.events, received.parts, received.reply.body) == ((), (), b"ok")


def test_the_probe_with_a_wrong_secret_is_refused_so_that_a_wrong_address_shows_at_once() -> None:
    with pytest.raises(RefusedError):
        receive({"test": "test"}, path="другая")


def test_the_probe_may_come_without_the_api_key() -> None:
    assert receive({"test": "test"}, path="", api_key={"name": "X-Key"}).reply.body == b"ok"


def test_a_form_with_a_field_named_test_is_no_probe() -> None:
    assert receive({**LEAD, "test": "test"}).events


def test_names_of_fields_can_be_added_in_the_config() -> None:
    event = event_of({"Куда звонить": "89161112233", "tranid": "1"}, aliases={"phone": ["куда звонить"]})
    assert event.person.phone == "+79161112233"


@pytest.mark.parametrize("value", [None, "ключ"])
@pytest.mark.parametrize("name", ["X-Key", "x-key"])
def test_an_api_key_in_a_header_or_in_a_field_is_as_good_as_the_address(name: str, value: str | None) -> None:
    api_key = {"name": "X-Key", "value": value}
    sent = value or "тайна"
    assert receive(LEAD, path="", headers={"x-key": sent}, api_key=api_key).events
    (event,) = receive({**LEAD, name: sent}, path="", api_key=api_key).events
    assert payload_of(event) == payload_of(event_of(LEAD))
    assert sent.encode() not in event.raw
    assert quote(sent).encode() not in event.raw


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {}),
        ({"X-Key": "не тот"}, {}),
        ({}, {"x-key": "не тот"}),
        ({"other": "ключ"}, {}),
        ({}, {"x-other": "ключ"}),
    ],
)
def test_a_wrong_or_absent_api_key_is_refused(fields: dict[str, str], headers: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        receive({**LEAD, **fields}, path="", headers=headers, api_key={"name": "X-Key", "value": "ключ"})


def test_an_unreadable_body_is_refused_unless_it_is_authentic() -> None:
    with pytest.raises(UnreadableError):
        receive(b"{", api_key={"name": "X-Key"})
    with pytest.raises(RefusedError):
        receive(b"{", path="", api_key={"name": "X-Key"})


@pytest.mark.parametrize("as_text", [False, True])
def test_a_cart_is_an_order(as_text: bool) -> None:
    payment = {"payment": json.dumps(CART, ensure_ascii=False)} if as_text else brackets("payment", CART)
    payload = payload_of(event_of({**LEAD, **payment}))
    assert payload.order == Order(
        id="900",
        amount=Decimal("8800.50"),
        lines=(
            OrderLine("Окно (Цвет: Белый, Ручка: Левая)", Decimal(2), Decimal(4500), Decimal(9000), "OK-1"),
            OrderLine("Замок", Decimal(1), Decimal(100), Decimal(100)),
            OrderLine("Доставка подъёма", Decimal(1), Decimal(0), Decimal(0)),
        ),
        promocode="SALE",
        delivery="Курьер",
    )
    assert payload.form.fields == {"Checkbox": "yes", "payment.sys": "card", "payment.subtotal": "9000"}


def test_a_payment_that_is_no_order_stays_a_field() -> None:
    payload = payload_of(event_of({**LEAD, "payment": "наличными"}))
    assert payload.order is None
    assert payload.form.fields["payment"] == "наличными"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8800", "8800"),
        ("8 800,50 р.", "8800.50"),
        ("1\u00a0000", "1000"),
        ("-5", "-5"),
        ("NaN", "0"),
        ("1e999999", "1"),
        (None, "0"),
        (12.5, "12.5"),
    ],
)
def test_sums_are_read_as_people_write_them(text: object, value: str) -> None:
    assert number(text) == Decimal(value)


def test_without_tranid_the_hash_of_the_form_is_the_key() -> None:
    received = receive({"Name": "Мария"})
    assert received.events[0].external_id.startswith("sha256:")
    assert len(received.parts) == 1


def test_opening_the_address_in_a_browser_leaves_nothing_behind() -> None:
    assert receive(b"", method="GET").events == ()


def events_of(body: str) -> Sequence[Event]:
    site = TildaChannel("site", TildaSettings.model_validate({"secret": "тайна"}))
    return site.receive(Delivery("POST", "тайна", {}, {}, body.encode(), NOW), lambda _key: ()).events


def test_an_order_sent_at_once_and_again_when_it_is_paid_is_one_form_and_one_payment() -> None:
    order = "name=A&phone=89160001122&tranid=1:7&payment[orderid]=42&payment[amount]=8800&payment[sys]=yakassa"
    paid = f"{order}&payment[systranid]=2d5f-1"
    told = [event for body in (f"{order}&payment[systranid]=0", paid, paid) for event in events_of(body)]
    assert {(event.type.value, event.external_id) for event in told} == {
        ("form.submitted", "1:7"),
        ("payment.unmatched", "paid:2d5f-1"),
    }
    last = told[-1].payload
    assert isinstance(last, PaymentEvent)
    assert (last.payment.order, last.payment.amount, last.payment.currency) == ("42", Decimal(8800), "RUB")
    assert told[-1].person.phone == "+79160001122"


def test_an_order_as_one_json_string_that_is_paid_is_a_payment_too() -> None:
    order = quote('{"orderid":"42","amount":"8800","systranid":"77","products":["Окно"]}')
    assert [event.external_id for event in events_of(f"name=A&tranid=1:8&payment={order}")] == ["1:8", "paid:77"]
