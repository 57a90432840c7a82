"""What a form, a payment and a broken body tell by themselves in the answer to «где моя заявка?»."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cli.explain import explain
from provodka.journal import Journal
from provodka.payloads import EventType, FormSpam, Payment, PaymentEvent, Person, Unreadable
from tests.cli.playing import House, Seen


def test_nobody_found_by_phone_points_to_what_a_robot_has_filled_in(journal: Journal, house: House, seen: Seen) -> None:
    house.event(type=EventType.FORM_SPAM, payload=FormSpam(why="5 links, more than 2"), person=Person("Пётр"))
    assert explain(journal, "+7 999 000-00-00", seen.view()) == 1
    assert "a robot has filled in: 1 (provodka events ls --type form.spam)" in seen.error
    assert "could not be read" not in seen.error


@pytest.mark.parametrize(
    ("kind", "told", "words"),
    [
        (EventType.FORM_SPAM, FormSpam(why="5 links, more than 2"), "5 links, more than 2"),
        (EventType.UNREADABLE, Unreadable(why="строка 5, столбец «Телефон»"), "строка 5, столбец «Телефон»"),
        (
            EventType.PAYMENT_DIFFERS,
            PaymentEvent(
                Payment("pay-1", "1047", amount=Decimal(900), asked=Decimal(1000), reason="спросите +7 916 000-11-22")
            ),
            "order 1047; asked for 1000 RUB; paid 900 RUB; спросите +7916•••1122",
        ),
        (
            EventType.PAYMENT_REFUNDED,
            PaymentEvent(Payment("pay-1", "1047", amount=Decimal(900), refunded=Decimal(100))),
            "order 1047; paid 900 RUB; given back 100",
        ),
    ],
)
def test_what_an_event_tells_by_itself_is_in_its_story(
    journal: Journal, house: House, seen: Seen, kind: EventType, told: FormSpam | Unreadable | PaymentEvent, words: str
) -> None:
    event = house.event(type=kind, payload=told, person=Person())
    assert explain(journal, event.id, seen.view()) == 0
    seen.has(words)
