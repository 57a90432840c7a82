"""A day of sales in a journal, small enough to be counted by hand: Monday, 2 March 2026, until noon in Moscow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from provodka.journal import ActionState, Journal
from provodka.journal.schema import turns
from provodka.payloads import Call, CallEvent, Change, Direction, EventType, LeadEvent, LeadRef, Person
from rules.assignment.distributions import distributions
from rules.calendar import WorkingCalendar
from rules.schema import Rule
from rules.team import Staff, Team
from tests.cli.playing import House

MOSCOW = ZoneInfo("Europe/Moscow")
QUEUE = "Заявка с сайта: intake"
RULES = [
    Rule.model_validate(
        {
            "name": "Заявка с сайта",
            "on": "form.submitted",
            "do": [{"intake": {"title": "Сайт", "responsible": {"weights": {"anna": 60, "ivan": 40}, "else": "anna"}}}],
        }
    )
]
PARTS: dict[str, Any] = {
    "team": Team({"anna": Staff(crm="anna@krovlya.ru"), "ivan": Staff(crm="ivan@krovlya.ru")}),
    "calendar": WorkingCalendar(MOSCOW, "пн-пт 09:00-18:00"),
    "distributions": distributions(RULES),
}
TITLE = "Сайт: Мария Иванова"
BACK, LOST = "+79160001122", "+79165556677"


def at(clock: str, days_ago: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, 2, hour, minute, tzinfo=MOSCOW).astimezone(UTC) - timedelta(days=days_ago)


def happen(house: House, number: str, kind: EventType, moment: datetime, payload: Any, phone: str = "") -> str:
    channel = "phone" if isinstance(payload, CallEvent) else "amocrm"
    person = Person(phones=(phone,) if phone else ())
    given = {"type": kind, "channel": channel, "occurred_at": moment, "received_at": moment, "raw": b""}
    return house.event(number, person=person, payload=payload, **given).id


def lead(house: House, id_: str, who: str, created: datetime, touched: datetime | None = None, **more: Any) -> str:
    url = f"https://krovlya.test/leads/{id_}"
    ref = LeadRef(id_, title=TITLE, url=url, responsible=f"{who}@krovlya.ru", price=Decimal(1000), **more)
    event = happen(house, f"new {id_}", EventType.LEAD_CREATED, created, LeadEvent(ref))
    if touched:
        changed = LeadEvent(ref, Change("stage", "Новый", "В работе"))
        happen(house, f"moved {id_}", EventType.LEAD_STAGE_CHANGED, touched, changed)
    return event


def call(house: House, moment: datetime, phone: str, direction: Direction, talk: int = 0) -> str:
    kind = EventType.CALL_FINISHED if talk else EventType.CALL_MISSED
    payload = CallEvent(Call(f"{moment}", direction, phone=phone, talk_seconds=talk, started_at=moment))
    return happen(house, f"call {moment} {phone}", kind, moment, payload, phone)


def monday(house: House) -> dict[str, str]:
    """Five leads, two of them over 15 minutes of working time; three numbers missed, one of them called back. The
    events to look for, by their names."""
    house.planned("form")
    house.attempt(outcome="done", state=ActionState.DONE, result='{"lead_id": "1"}', made=(("lead", "1"),))
    house.clock.now = at("12:00")
    lead(house, "1", "anna", at("09:10"), at("09:15"))
    late = lead(house, "2", "anna", at("10:00"), at("10:40"))
    waits = lead(house, "3", "ivan", at("11:30"))
    lead(house, "4", "ivan", at("11:50"))
    lead(house, "5", "=ivan", at("07:00"), at("09:10"))
    won = LeadEvent(LeadRef("1", responsible="anna@krovlya.ru", price=Decimal(1000)), Change("stage", "В работе", "Да"))
    happen(house, "won 1", EventType.LEAD_WON, at("11:00"), won)
    lead(house, "6", "anna", at("10:00", days_ago=1), at("10:20", days_ago=1))
    call(house, at("10:00"), BACK, Direction.IN)
    call(house, at("10:05"), BACK, Direction.IN)
    call(house, at("10:30"), BACK, Direction.OUT, talk=60)
    missed = call(house, at("11:00"), LOST, Direction.IN)
    call(house, at("11:10"), "", Direction.IN)
    dealt(house.journal, "anna", "anna", "anna", "ivan")
    return {"late": late, "waits": waits, "missed": missed}


def dealt(journal: Journal, *people: str) -> None:
    rows = [
        {"action_key": f"turn {n}", "counter": QUEUE, "person": person, "reason": "", "at": at("10:00")}
        for n, person in enumerate(people)
    ]
    journal.write(lambda c: c.execute(insert(turns), rows))
