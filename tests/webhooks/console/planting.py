"""Troubles of every kind, put into a journal once each."""

from __future__ import annotations

from datetime import timedelta

from provodka.brake import Brake
from provodka.journal import DeadReason, NewAction
from provodka.payloads import Person
from tests.cli.playing import House

NOTE = "Рассылка"


def planted(house: House) -> None:
    """Every cause once; refusals twice, with different numbers in their words."""
    house.event("0")
    house.journal.fail_event(house.journal.claim_events(1)[0].seq, "RuleError: нет поля utm")
    for number in (404, 405):
        house.planned(f"r{number}")
        house.dead(DeadReason.REJECTED, f"нет этапа {number} [400]", hint="")
    house.planned("x")
    closed = ({"system": "amocrm", "status": 503, "error_kind": "retryable"},)
    house.dead(DeadReason.EXHAUSTED, "Service Unavailable [503]", hint="", calls=closed)
    house.planned("u")
    house.dead(DeadReason.OUTCOME_UNKNOWN, "read timeout", hint="")
    brake(house)
    house.journal.store.hold("amocrm:krovlya", 60, "слишком часто")


def brake(house: House) -> None:
    """A rule that may touch one card touches two."""
    for phone in ("+79160003333", "+79160004444"):
        event = house.event(phone, person=Person(name="Пётр Сидоров", phones=(phone,)))
        note = NewAction(f"{event.id}:n", NOTE, "note", "{}", brake=Brake(1, timedelta(minutes=10)))
        house.plan(event, actions=(note,))
