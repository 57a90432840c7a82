"""Fifty rules as clients write them, and days of events for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from provodka.event import Event, build_payload, new_event_id
from provodka.payloads import EventType, LeadRef, Person
from rules.actions import REGISTRY
from rules.calendar import WorkingCalendar
from rules.engine import Engine
from rules.facts import KnownContact, StaticFacts
from rules.schema import Rule
from rules.team import Staff, Team

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_TEAM = Team({key: Staff(crm=f"{key}@krovlya.ru", telegram=at) for at, key in enumerate(("anna", "ivan", "rop"), 1)})
_CALENDAR = WorkingCalendar(ZoneInfo("Europe/Moscow"), "пн-пт 09:00-18:00", holidays="RU")
_SOURCES = ("yandex", "google", "vk", "avito", "2gis", "direct")
_STAGES = ("Новый лид", "Переговоры", "Замер", "Договор", "Отгрузка")


def fifty_rules() -> list[dict[str, Any]]:
    """Twenty about forms, ten each about letters, calls and leads: conditions, texts, waits, several steps."""
    return [*_about_forms(), *_about_letters(), *_about_calls(), *_about_leads()]


def _about_forms() -> Iterator[dict[str, Any]]:
    for at in range(20):
        source = _SOURCES[at % len(_SOURCES)]
        yield {
            "name": f"Форма {at}",
            "on": "form.submitted",
            "when": {
                "utm.source": source,
                "form.name": {"contains": ("замер", "расчёт", "звонок")[at % 3]},
                "any": [
                    {"form.comment": {"matches": "(крыш|кровл)"}},
                    {"form.fields.Город": {"in": ["Тверь", "Москва"]}},
                ],
            },
            "do": [
                {
                    "intake": {
                        "title": "Сайт: {{ person.name or person.phone }}, {{ form.name | lower }}",
                        "pipeline": "Кровля",
                        "stage": "Новый лид",
                        "responsible": {"round_robin": ["anna", "ivan"]},
                        "tags": ["сайт", "{{ utm.source }}"],
                        "fields": {"Город": "{{ form.fields.get('Город', '') }}"},
                    }
                },
                {"task": {"text": "Позвонить {{ person.name }} ({{ now | date }})", "due": "15m working"}},
                {"notify": {"to": "rop", "text": "Заявка {{ form.comment | truncate(40) }}"}},
            ],
        }


def _about_letters() -> Iterator[dict[str, Any]]:
    for at in range(10):
        yield {
            "name": f"Письмо {at}",
            "on": "email.received",
            "when": {
                "message.kind": "letter",
                "message.subject": {"contains": ("счёт", "заявка", "крыша", "договор", "акт")[at % 5]},
                "person.known": at % 2 == 0,
            },
            "do": [
                {"intake": {"title": "Почта: {{ message.subject }}"}},
                {"note": {"text": "{{ message.text | truncate(500) }}"}},
            ],
        }


def _about_calls() -> Iterator[dict[str, Any]]:
    for at in range(10):
        yield {
            "name": f"Звонок {at}",
            "on": ["call.missed", "call.finished"],
            "when": {"call.direction": "in", "call.line": f"7495000000{at % 5}", "call.talk_seconds": {"below": 5}},
            "do": [{"task": {"text": "Перезвонить {{ call.phone }}", "due": "1h working"}}],
        }


def _about_leads() -> Iterator[dict[str, Any]]:
    for at in range(10):
        yield {
            "name": f"Сделка {at}",
            "on": ["lead.stage_changed", "lead.created"],
            "when": {"lead.stage": _STAGES[at % 5], "lead.price": {"above": 1000 * at}},
            **({"wait": "1h"} if at % 2 else {}),
            "do": [{"notify": {"to": "rop", "text": "«{{ lead.title }}»: {{ lead.price }}"}}],
        }


def events(count: int) -> Iterator[Event]:
    """So many events of one day: forms, letters, calls, leads."""
    for at in range(count):
        kind, payload = _payload(at)
        moment = NOW + timedelta(seconds=at)
        person = Person(f"Клиент {at}", (f"+7916{at:07}",), (f"client{at}@example.test",))
        yield Event(
            new_event_id(moment), kind, "site", f"{at}", moment, moment, person, build_payload(kind, payload), b""
        )


def _payload(at: int) -> tuple[EventType, dict[str, Any]]:
    match at % 4:
        case 0:
            form = {
                "name": ("Замер", "Расчёт", "Звонок")[at % 3],
                "comment": "Нужна крыша на дачу, 120 м2",
                "fields": {"Город": ("Тверь", "Москва", "Псков")[at % 3]},
            }
            return EventType.FORM_SUBMITTED, {"form": form, "utm": {"source": _SOURCES[at % len(_SOURCES)]}}
        case 1:
            subject = ("Счёт на оплату", "Заявка", "Крыша для дома", "Договор", "Вопрос")[at % 5]
            return EventType.EMAIL_RECEIVED, {"message": {"subject": subject, "text": "Здравствуйте! " * 20}}
        case 2:
            call = {"id": f"{at}", "direction": "in", "line": f"7495000000{at % 5}", "phone": f"+7916{at:07}"}
            return EventType.CALL_MISSED, {"call": call}
        case _:
            lead = {"id": f"{at}", "title": f"Крыша {at}", "stage": _STAGES[at % 5], "price": 5000}
            return EventType.LEAD_STAGE_CHANGED, {"lead": lead, "change": {"field": "stage", "new": _STAGES[at % 5]}}


def engine(rules: Sequence[dict[str, Any]]) -> Engine:
    """An engine for these rules."""
    return Engine(models(rules), REGISTRY, _TEAM, _CALENDAR, "Кровля Плюс")


def models(rules: Sequence[dict[str, Any]]) -> list[Rule]:
    """The rules as the config's loader makes them."""
    return [Rule.model_validate(rule) for rule in rules]


FACTS = StaticFacts(KnownContact("1", "Мария"), LeadRef("1", "Крыша", stage="Новый лид"))
