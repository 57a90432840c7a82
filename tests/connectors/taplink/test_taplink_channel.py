"""Forms and payments of a Taplink page."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.taplink.channel import TaplinkChannel
from connectors.taplink.settings import TaplinkSettings
from provodka.channel import Delivery, Received, RefusedError
from provodka.payloads import EventType, FormSubmitted, PaymentEvent

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
RECORDS = [
    {"value": "Мария", "type": "3", "title": "Как к вам обращаться"},
    {"value": "+7 916 000-11-22", "type": "1", "title": "Куда звонить"},
    {"value": "maria@example.ru", "type": "2", "title": "Куда писать"},
    {"value": "Белый", "type": "5", "title": "Цвет"},
]


def receive(action: str, **data: Any) -> Received:
    channel = TaplinkChannel("links", TaplinkSettings.model_validate({"secret": "фраза"}))
    body = json.dumps({"action": action, "data": data}, ensure_ascii=False).encode()
    headers = {"taplink-signature": hmac.new("фраза".encode(), body, "sha1").hexdigest().upper()}
    return channel.receive(Delivery("POST", "", headers, {}, body, NOW), lambda _key: ())


def test_the_fields_of_a_form_are_known_by_their_types_and_the_others_by_their_titles() -> None:
    received = receive("leads.created", lead_id="123", block_id=4, page_link="https://taplink.cc/a", records=RECORDS)
    event = received.events[0]
    assert event.external_id == "lead:123"
    assert event.person.name == "Мария"
    assert event.person.identities == ("phone:+79160001122", "email:maria@example.ru")
    assert isinstance(event.payload, FormSubmitted)
    form = event.payload.form
    assert (form.id, form.page, form.fields) == ("4", "https://taplink.cc/a", {"Цвет": "Белый"})


def test_an_order_of_the_shop_comes_with_its_lines() -> None:
    offers = [{"title": "Букет", "price": "1500", "amount": 2}, "мусор"]
    payload = (
        receive("leads.created", lead_id="1", order_number="50", budget="3000.00", offers=offers).events[0].payload
    )
    assert isinstance(payload, FormSubmitted)
    assert payload.order is not None
    assert (payload.order.id, payload.order.amount) == ("50", Decimal(3000))
    assert [(line.name, line.quantity, line.amount) for line in payload.order.lines] == [("Букет", 2, 3000)]


def test_a_paid_order_is_a_payment_that_no_link_of_ours_asked_for() -> None:
    data = {"order_id": "100", "order_number": "50", "order_status_id": 2, "budget": "250.00", "currency_code": "RUB"}
    [event] = receive("payments.created", **data, purpose="Букет", records=RECORDS).events
    assert (event.type, event.external_id) == (EventType.PAYMENT_UNMATCHED, "order:100:succeeded")
    assert event.person.phone == "+79160001122"
    assert isinstance(event.payload, PaymentEvent)
    assert (event.payload.payment.amount, event.payload.payment.order) == (Decimal(250), "50")


@pytest.mark.parametrize("state", [1, 3, 4, 5, 6, "1"])
def test_an_order_that_is_not_paid_is_no_payment(state: object) -> None:
    assert receive("payments.created", order_id="100", order_status_id=state, budget="250").events == ()


@pytest.mark.parametrize("budget", ["", None, "договорная", "NaN", "1e9999999"])
def test_a_sum_that_is_none_is_nought_or_what_it_says(budget: object) -> None:
    [event] = receive("payments.created", order_id="100", budget=budget).events
    assert isinstance(event.payload, PaymentEvent)
    assert event.payload.payment.amount >= 0


def test_a_body_without_its_signature_is_refused() -> None:
    channel = TaplinkChannel("links", TaplinkSettings.model_validate({"secret": "фраза"}))
    with pytest.raises(RefusedError):
        channel.receive(Delivery("POST", "", {}, {}, b'{"data": {"lead_id": 1}}', NOW), lambda _key: ())
