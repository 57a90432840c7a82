"""Timers and ticks in one process, on SQLite: many pending, many due at one moment, and a look at every lead."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from provodka.crm import Glance
from provodka.event import Event, new_event_id
from provodka.journal import Journal
from provodka.payloads import CardEvent, EventType, LeadEvent, LeadRef, Person
from rules.actions import REGISTRY
from rules.calendar import WorkingCalendar
from rules.engine import Engine
from rules.schema import Rule
from rules.team import Staff, Team
from rules.ticks import tick
from worker.planner import Planner

PENDING: Final = 100_000
DUE: Final = 10_000
SAMPLE: Final = 2_000
_NEW: Final = "Новый лид"
_FIELDS: Final = frozenset({"Площадь", "Источник"})
_NOTICE: Final = {"notify": {"to": "rop", "text": "«{{ lead.title }}» ждёт"}}
_HOURLY: Final = "Обход"


def _rule(name: str, **keys: Any) -> Rule:  # noqa: ANN401 -- YAML
    return Rule.model_validate({"name": name, "when": {"lead.stage": _NEW}, "do": [_NOTICE], **keys})


RULES: Final = (
    _rule("Не взят", on="lead.created", wait="1h"),
    _rule("Забыт", on="lead.assigned", wait="300d"),
    _rule("Новый", on="lead.won", when={"lead.stage": "Успех"}),
    _rule(_HOURLY, every="1h", each="lead", when={"lead.stage": "Отложен", "lead.fields.Площадь": {"above": 90}}),
)


class Mirrored:
    """A CRM that answers at once. `leads` reads any; its mirror holds `PENDING` of them, a hundred of which match."""

    name = "crm"

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        return {one: LeadRef(one, f"Крыша {one}", stage=_NEW) for one in ids}

    def glances(self, kind: str, after: str, most: int) -> list[Glance]:  # noqa: ARG002
        first = int(after or -1) + 1
        return [self._glance(number) for number in range(first, min(first + most, PENDING))]

    def look(self, kind: str, ids: Sequence[str]) -> dict[str, tuple[Person, CardEvent]]:  # noqa: ARG002
        return {one: (Person(), LeadEvent(self._lead(int(one)))) for one in ids}

    def _glance(self, number: int) -> Glance:
        return Glance(self._lead(number), frozenset({"stage", "title"}), _FIELDS, True)

    def _lead(self, number: int) -> LeadRef:
        stage = "Отложен" if number % 100 == 0 else _NEW
        area = "95" if number % 1000 == 0 else "80"
        return LeadRef(f"{number:06}", "Крыша", stage=stage, fields={"Площадь": area, "Источник": "сайт"})


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def measure(folder: Path) -> Iterator[tuple[str, str, str]]:
    """The rows of the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    clock = Clock()
    journal = Journal(f"sqlite:///{folder}/journal.sqlite", clock)
    zone = ZoneInfo("Europe/Moscow")
    team = Team({"rop": Staff(crm="rop@krovlya.ru", telegram=1)})
    engine = Engine(RULES, REGISTRY, team, WorkingCalendar.around_the_clock(zone))
    crm = Mirrored()
    planner = Planner(journal, engine, crm, crm)  # type: ignore[arg-type]
    before = _rate(journal, planner, clock, "won")
    _come(journal, clock, EventType.LEAD_ASSIGNED, PENDING, "pending")
    _drain(planner)
    after = _rate(journal, planner, clock, "won again")
    yield "events planned a second of a core, no timer pending (floor)", "", f"{before:.0f}"
    yield f"events planned a second of a core, {PENDING} timers pending", "as many", f"{after:.0f}"
    _come(journal, clock, EventType.LEAD_CREATED, DUE, "due")
    _drain(planner)
    clock.now += timedelta(hours=1)
    began = _now()
    done = 0
    while some := planner.run_timers():
        done += some
    yield f"{DUE} timers due at one moment planned, {PENDING} others pending, s", "< 5", _took(began, done)
    journal.accept([tick(_HOURLY, clock(), clock())])
    began = _now()
    done = _drain(planner)
    yield f"{PENDING} leads of the mirror looked at by one rule, s", "", _took(began, done)
    journal.close()


def _rate(journal: Journal, planner: Planner, clock: Clock, what: str) -> float:
    """So many a second of this process's own time: others work on the same cores meanwhile."""
    _come(journal, clock, EventType.LEAD_WON, SAMPLE, what)
    began = time.process_time()
    return _drain(planner) / (time.process_time() - began)


def _come(journal: Journal, clock: Clock, kind: EventType, count: int, what: str) -> None:
    """So many events, each about a lead of its own."""
    now = clock()
    for first in range(0, count, 1000):
        ids = [f"{what}-{number}" for number in range(first, min(first + 1000, count))]
        leads = [LeadRef(id_, f"Крыша {id_}", stage=_NEW) for id_ in ids]
        journal.accept(
            [Event(new_event_id(now), kind, "crm", lead.id, now, now, Person(), LeadEvent(lead)) for lead in leads]
        )


def _drain(planner: Planner) -> int:
    done = 0
    while some := planner.plan_once():
        done += some
    return done


def _now() -> tuple[float, float]:
    """Seconds that have passed, and those of them that this process had a core."""
    return time.monotonic(), time.process_time()


def _took(began: tuple[float, float], done: int) -> str:
    seconds, working = (end - start for start, end in zip(began, _now(), strict=True))
    return f"{seconds:.1f} ({working:.1f} of one core, {done} handled)"
