"""Figures: counted from events alone, the same for the same events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from provodka.payloads import Call, CallEvent, Change, Direction, EventType, LeadEvent, LeadRef, TaskEvent
from rules.call_figures import Miss
from rules.figures import BY_HAND, IMPORTED, Cases, Figures, Line, Source, count, count_cases
from rules.team import Staff, Team

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEAM = Team({"anna": Staff(crm="anna@krovlya.ru"), "ivan": Staff(crm="ivan@krovlya.ru")})


@dataclass(frozen=True)
class One:
    type: EventType
    at: datetime
    payload: Any
    lane: int | None = None
    channel: str = "phone"
    id: str = ""


def minutes(number: float) -> datetime:
    return MONDAY + timedelta(minutes=number)


def lead(id_: str, kind: EventType, at: float, *, who: str = "anna@krovlya.ru", old: str = "", **more: Any) -> One:
    ref = LeadRef(id_, title=f"Сделка {id_}", responsible=who, **more)
    return One(kind, minutes(at), LeadEvent(ref, Change("stage", old, "")), int(id_))


def call(kind: EventType, at: float, phone: str, direction: Direction, talk: int = 0, lane: int | None = None) -> One:
    return One(kind, minutes(at), CallEvent(Call("1", direction, phone=phone, talk_seconds=talk)), lane)


def figures(*happened: One, sources: dict[str, str] | None = None, imported: tuple[str, ...] = ()) -> Figures:
    told = {id_: Source(name, id_ in imported) for id_, name in (sources or {}).items()}
    return count(happened, MONDAY, minutes(10_000), lambda _: told, TEAM, lambda moment: moment)


def cases(*happened: One) -> Cases:
    return count_cases(happened, MONDAY, minutes(10_000), lambda _: {}, TEAM, lambda moment: moment)[1]


def test_of_nothing_everything_is_zero() -> None:
    none = figures()
    assert (none.leads, none.won, none.conversion, none.answer.median, none.calls.missed) == (0, 0, 0, 0, 0)
    assert none.by_source == ()


def test_leads_are_counted_by_source_person_hour_and_list_field() -> None:
    found = figures(
        lead("1", EventType.LEAD_CREATED, 0, fields={"Тип": "заказ"}),
        lead("2", EventType.LEAD_CREATED, 70, fields={"Тип": "спам"}),
        lead("3", EventType.LEAD_CREATED, 75, who="ivan@krovlya.ru"),
        sources={"1": "site", "2": "site"},
    )
    assert found.leads == 3
    assert [(line.name, line.leads) for line in found.by_source] == [("site", 2), (BY_HAND, 1)]
    assert [(line.name, line.leads) for line in found.by_person] == [("anna", 2), ("ivan", 1)]
    assert [(line.name, line.leads) for line in found.by_hour] == [("09", 1), ("10", 2)]
    assert {line.name: line.leads for line in found.by_field["Тип"]} == {"заказ": 1, "спам": 1, "не указано": 1}


def test_what_an_import_has_made_stands_apart_from_all_other_figures() -> None:
    came = (lead("1", EventType.LEAD_CREATED, 0), lead("1", EventType.LEAD_STAGE_CHANGED, 10, old="Новый"))
    old_base = (
        lead("2", EventType.LEAD_CREATED, 0, price=Decimal(500), fields={"Тип": "база"}),
        lead("2", EventType.LEAD_WON, 5000, old="Новый", price=Decimal(500)),
        lead("3", EventType.LEAD_CREATED, 60),
        lead("4", EventType.LEAD_LOST, 70, old="Новый"),  # it was made in an earlier period
    )
    sources = {"1": "yandex", "2": "base", "3": "base", "4": "base"}
    found = figures(*came, *old_base, sources=sources, imported=("2", "3", "4"))
    assert found.imported == Line(IMPORTED, 2, 1, 1, Decimal(500))
    assert replace(found, imported=Line(IMPORTED)) == figures(*came, sources=sources)


def test_a_field_with_a_value_of_its_own_in_every_lead_is_no_list() -> None:
    many = [lead(str(n), EventType.LEAD_CREATED, n, fields={"Комментарий": f"текст {n}"}) for n in range(40)]
    assert figures(*many).by_field == {}


def test_conversion_and_revenue_are_of_the_leads_that_ended() -> None:
    found = figures(
        lead("1", EventType.LEAD_WON, 1, price=Decimal(1000)),
        lead("2", EventType.LEAD_WON, 2, price=Decimal("500.50")),
        lead("3", EventType.LEAD_LOST, 3, price=Decimal(700)),
        lead("4", EventType.LEAD_CREATED, 4, price=Decimal(900)),
    )
    assert (found.won, found.lost, found.revenue, found.conversion) == (2, 1, Decimal("1500.50"), 67)
    assert [(line.name, line.lost) for line in found.by_reason] == [("не указано", 1)]


def test_the_answer_time_is_to_the_first_touch_of_the_staff() -> None:
    found = figures(
        lead("1", EventType.LEAD_CREATED, 0),
        lead("2", EventType.LEAD_CREATED, 0),
        lead("3", EventType.LEAD_CREATED, 0),
        lead("4", EventType.LEAD_CREATED, 0),
        lead("1", EventType.LEAD_STAGE_CHANGED, 10, old="Новый"),
        call(EventType.CALL_FINISHED, 20, "+79160001122", Direction.OUT, talk=40, lane=2),
        One(EventType.TASK_COMPLETED, minutes(60), TaskEvent(LeadRef("3"))),
        lead("1", EventType.LEAD_STAGE_CHANGED, 90, old="В работе"),
    )
    assert (found.answer.mean, found.answer.median, found.answer.p95, found.answer.answered) == (30, 20, 60, 3)
    assert [one.id for one in found.answer.waiting] == ["4"]


def test_a_call_that_nobody_answered_touches_no_lead() -> None:
    found = figures(
        lead("1", EventType.LEAD_CREATED, 0), call(EventType.CALL_MISSED, 5, "+79160001122", Direction.OUT, lane=1)
    )
    assert len(found.answer.waiting) == 1


def test_missed_calls_are_called_back_by_a_later_talk_with_the_same_number() -> None:
    found = figures(
        call(EventType.CALL_FINISHED, 0, "+79160000002", Direction.IN, talk=60),
        call(EventType.CALL_MISSED, 1, "+79160000001", Direction.IN),
        call(EventType.CALL_MISSED, 2, "+79160000002", Direction.IN),
        call(EventType.CALL_FINISHED, 3, "+79160000001", Direction.OUT, talk=30),
    )
    calls = found.calls
    assert (calls.incoming, calls.outgoing, calls.missed, calls.called_back) == (1, 1, 2, 1)
    assert calls.not_called_back == ("+79160000002",)


def test_a_number_that_is_missed_again_after_a_talk_waits_anew() -> None:
    missed = EventType.CALL_MISSED
    found = cases(
        replace(call(missed, 0, "+79160000001", Direction.IN), id="a"),
        replace(call(missed, 1, "+79160000001", Direction.IN), id="b"),
        call(EventType.CALL_FINISHED, 5, "+79160000001", Direction.OUT, talk=30),
        call(EventType.CALL_FINISHED, 6, "+79160000001", Direction.OUT, talk=30),
        replace(call(missed, 9, "+79160000001", Direction.IN), id="c"),
        replace(call(missed, 10, "+79160000002", Direction.IN), id="d"),
        call(EventType.CALL_FINISHED, 12, "+79160000002", Direction.IN, talk=30),
    )
    assert found.misses == (
        Miss("+79160000001", "c", minutes(9)),
        Miss("+79160000002", "d", minutes(10), back_at=minutes(12)),
    )


def test_each_call_of_a_hidden_number_stands_alone_and_nobody_calls_it_back() -> None:
    hidden = [replace(call(EventType.CALL_MISSED, n, "", Direction.IN), id=f"h{n}") for n in (0, 1)]
    found = cases(*hidden, call(EventType.CALL_FINISHED, 5, "", Direction.IN, talk=30))
    assert [(one.event, one.back_at) for one in found.misses] == [("h0", None), ("h1", None)]


def test_a_call_that_two_channels_tell_of_is_one_also_after_a_long_talk() -> None:
    long = Call("1", Direction.IN, phone="+79160000001", talk_seconds=5400, started_at=MONDAY)
    told = [
        One(EventType.CALL_FINISHED, minutes(at), CallEvent(long), channel=channel)
        for at, channel in ((90, "mango"), (95, "roistat"))
    ]
    assert figures(*told).calls.incoming == 1
    day = 24 * 60
    again = replace(long, started_at=minutes(2 * day))
    later = One(EventType.CALL_FINISHED, minutes(2 * day + 90), CallEvent(again), channel="roistat")
    assert figures(*told, later).calls.incoming == 2


def test_every_new_lead_is_told_with_its_event_and_its_first_touch() -> None:
    found = cases(
        replace(lead("1", EventType.LEAD_CREATED, 0), id="e1"),
        lead("2", EventType.LEAD_STAGE_CHANGED, 1, old="Новый"),
        lead("1", EventType.LEAD_STAGE_CHANGED, 10, old="Новый"),
        lead("1", EventType.LEAD_STAGE_CHANGED, 20, old="В работе"),
    )
    assert [(one.lead.id, one.event, one.created, one.touched) for one in found.leads] == [
        ("1", "e1", minutes(0), minutes(10))
    ]


def test_the_time_on_a_stage_is_from_entering_to_leaving_it() -> None:
    found = figures(
        lead("1", EventType.LEAD_CREATED, 0),
        lead("1", EventType.LEAD_STAGE_CHANGED, 60, old="Новый"),
        lead("1", EventType.LEAD_WON, 60 * 5, old="Переговоры", price=Decimal(1)),
        lead("2", EventType.LEAD_CREATED, 0),
        lead("2", EventType.LEAD_STAGE_CHANGED, 180, old="Новый"),
    )
    assert [(stage.name, stage.left, stage.mean) for stage in found.stages] == [
        ("Переговоры", 1, 4.0),
        ("Новый", 2, 2.0),
    ]
