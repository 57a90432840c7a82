"""What a failed action means, where the status alone would mislead."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask

from provodka.journal import DeadReason, Journal
from provodka.payloads import EventType, PaymentEvent
from provodka.payments import Payment
from support.diagnosis import Finding, Grade, What
from tests.cli.playing import PHONE, Clock, House
from tests.webhooks.console.desk import Desk
from webhooks.console.causes import Cause, cause_of
from webhooks.console.refusals import meaning


def failed(outcome: str, status: int | None, reason: str = "", hint: str = "") -> Finding:
    what = What.DEAD if reason else What.STUCK
    return Finding(
        what, Grade.BAD, "Заявка", "intake", 1, reason, "words", hint, status, outcome=outcome, system="telegram"
    )


def told(finding: Finding) -> Cause:
    app = Flask("words")
    app.jinja_env.filters["moment"] = str
    with app.app_context():
        return cause_of(finding)


@pytest.mark.parametrize(("outcome", "status"), [("retryable", None), ("retryable", 503), ("auth_failed", 401)])
def test_of_what_was_given_up_nobody_is_told_that_it_goes_by_itself(outcome: str, status: int | None) -> None:
    waits, dead = (told(failed(outcome, status, reason)) for reason in ("", DeadReason.EXHAUSTED))
    assert waits.what == dead.what
    assert "заявки сохранены" in waits.cure.lower()
    assert dead.cure == "Посмотрите ответ последней попытки, устраните причину и нажмите «Отправить снова»."


def test_the_cure_of_what_was_given_up_begins_with_what_the_error_itself_advises() -> None:
    cause = told(failed("retryable", 503, DeadReason.EXHAUSTED, "Включите сервер 1С."))
    assert cause.cure.startswith("Включите сервер 1С. Посмотрите ответ")


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_key_that_is_refused_as_404_is_no_deleted_card(status: int) -> None:
    assert "адрес или ключ доступа больше не годится" in meaning(failed("auth_failed", status, hint="Новый ключ")).what
    assert meaning(failed("auth_failed", status, hint="Новый ключ")).cure == "Новый ключ"


def test_what_was_refused_for_good_as_500_is_not_waited_for() -> None:
    assert "повторять без исправления бесполезно" in meaning(failed("rejected", 500, DeadReason.REJECTED)).what


def test_a_payment_of_an_order_that_is_called_by_a_phone_shows_no_phone(
    journal: Journal, clock: Clock, house: House
) -> None:
    paid = PaymentEvent(Payment("pay-1", f"Мария {PHONE}", amount=Decimal(900)))
    event = house.event(type=EventType.PAYMENT_UNMATCHED, payload=paid)
    desk = Desk(journal, {"now": clock})
    try:
        text = desk.sign_in().get(f"/events/{event.id}").text
    finally:
        desk.close()
    assert "какой это сделки, неизвестно (заказ Мария +7916•••1122#" in text
    assert PHONE not in text
