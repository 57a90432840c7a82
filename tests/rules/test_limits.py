"""Conditions that measure: numbers, dates, times of day, and how long ago."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.conditions import parse_when
from rules.facts import House, StaticFacts
from rules.moments import Span, span
from rules.plan import ConditionTrace
from rules.templates import Templates
from tests.rules.world import CALENDAR, MOSCOW, NOW, TEAM, make_event

HOUSE = House("Кровля", TEAM, CALENDAR)
FIELDS = {
    "Оплатить до": "05.03.2026",
    "Сегодня": "2026-03-02",
    "Замер": "02.03.2026 09:30",
    "Договор": "2026-02-20T18:00",
    "Площадь": "120,5",
    "Слова": "когда-нибудь",
}


def answer(when: Any, now: datetime = NOW) -> ConditionTrace:
    lead = {"id": "1", "price": 100_000, "fields": FIELDS, "created_at": datetime(2026, 2, 27, 14, 30, tzinfo=UTC)}
    scope = HOUSE.scope(make_event("lead.updated", lead=lead), StaticFacts(), now, resumed=False)
    problems: list[Any] = []
    condition = parse_when(when, Templates(MOSCOW), lambda *problem: problems.append(problem))
    assert not problems
    return condition.evaluate(scope, decided=False)


def field(name: str, test: Any) -> dict[str, Any]:
    return {f"lead.fields.{name}": test}


@pytest.mark.parametrize(
    ("when", "matched"),
    [
        ({"lead.price": {"between": [100_000, "200 000"]}}, True),
        ({"lead.price": {"between": [1, 99_999.99]}}, False),
        (field("Площадь", {"above": 120, "below": "120,6"}), True),
        (field("Оплатить до", {"above": date(2026, 3, 4)}), True),
        (field("Оплатить до", {"above": date(2026, 3, 5)}), False),
        (field("Оплатить до", {"below": "2026-03-06"}), True),
        (field("Оплатить до", {"below": date(2026, 3, 5)}), False),
        (field("Оплатить до", {"between": [date(2026, 3, 5), date(2026, 3, 5)]}), True),
        (field("Договор", {"between": ["2026-02-20", "2026-02-20"]}), True),
        (field("Договор", {"above": "2026-02-20"}), False),
        (field("Замер", {"above": datetime(2026, 3, 2, 9, 29)}), True),
        (field("Замер", {"between": ["09:00", "18:00"]}), True),
        (field("Договор", {"between": ["18:00", "09:00"]}), True),
        (field("Замер", {"between": ["18:00", "09:00"]}), False),
        (field("Замер", {"below": "10:00"}), True),
        ({"lead.created_at": {"above": "17:00"}}, True),  # 17:30 on the client's clocks
        (field("Оплатить до", {"below": "10:00"}), False),  # a date has no time of day
        (field("Слова", {"above": "2026-01-01"}), False),
        (field("Нет такого", {"between": [1, 2]}), False),
        ({"lead.created_at": {"older_than": "2d"}}, True),
        ({"lead.created_at": {"older_than": "3d"}}, False),
        ({"lead.created_at": {"older_than": "3h working"}}, True),  # half an hour on Friday and three on Monday
        ({"lead.created_at": {"older_than": "4h working"}}, False),
        ({"lead.created_at": {"in_last": "3d"}}, True),
        ({"lead.created_at": {"in_last": "2d"}}, False),
        ({"lead.created_at": {"within": "3d"}}, True),
        ({"lead.created_at": {"in_next": "3d"}}, False),
        (field("Оплатить до", {"in_next": "3d"}), True),
        (field("Оплатить до", {"in_next": "2d"}), False),
        (field("Оплатить до", {"within": "3d"}), True),
        (field("Оплатить до", {"older_than": "1s"}), False),
        (field("Сегодня", {"in_next": "1m"}), True),  # the whole day counts
        (field("Сегодня", {"in_last": "1m"}), True),
        (field("Сегодня", {"older_than": "1m"}), False),
        (field("Слова", {"within": "300d"}), False),
        (field("Нет такого", {"older_than": "1d"}), False),
        ({"lead.created_at": {"not": {"in_last": "2d"}}}, True),
        ({"lead.price": {"not": {"above": 5, "below": 200_000}}}, False),
        ({"lead.price": {"not": {"not": {"above": 5}}}}, True),
    ],
)
def test_a_limit_holds_as_a_person_would_say(when: Any, matched: bool) -> None:
    assert answer(when).matched is matched


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ({"above": 500_000}, "lead.price above 500000: no, it is «100000»"),
        ({"above": date(2026, 1, 1)}, "lead.price above «2026-01-01»: no, it is «100000» (not a date)"),
        ({"between": ["09:00", "18:00"]}, "lead.price between [«09:00», «18:00»]: no, it is «100000» (not a time)"),
        ({"within": "3d"}, "lead.price within «3d»: no, it is «100000» (not a date)"),
    ],
)
def test_the_reason_names_both_values_and_what_they_cannot_say(test: Any, reason: str) -> None:
    assert answer({"lead.price": test}).parts[0].reason == reason


def test_the_reason_of_an_age_tells_what_time_it_was() -> None:
    (part,) = answer({"lead.created_at": {"older_than": "3d"}}).parts
    assert part.reason == (
        "lead.created_at older_than «3d»: no, it is «2026-02-27T14:30:00+00:00» (now it is 2026-03-02T12:00+03:00)"
    )


@pytest.mark.parametrize(
    ("time", "at", "matched"),
    [
        ("working", "2026-03-02 12:00", True),
        ("working", "2026-03-02 18:00", False),
        ("outside working", "2026-03-09 12:00", True),  # a Monday off
        ("working day", "2026-03-02 23:00", True),
        ("day off", "2026-03-09 12:00", True),
        ("weekday", "2026-03-09 12:00", True),
        ("weekend", "2026-03-08 12:00", True),
        ("weekend", "2026-03-09 00:00", False),
        ("between 18:00 and 09:00", "2026-03-02 18:00", True),
        ("between 18:00 and 09:00", "2026-03-02 08:59", True),
        ("between 18:00 and 09:00", "2026-03-02 09:00", False),
        ("Between 9:00 and 18:00", "2026-03-02 09:00", True),
        ("between 9:00 and 18:00", "2026-03-02 18:00", False),
        ("пн", "2026-03-02 12:00", True),
        (["weekend", "between 18:00 and 09:00"], "2026-03-02 20:00", True),
        (["weekend", "between 18:00 and 09:00"], "2026-03-02 12:00", False),
        ({"not": "working"}, "2026-03-02 20:00", True),
        ({"not": ["пн", "вт"]}, "2026-03-02 20:00", False),
    ],
)
def test_a_rule_may_ask_what_time_it_is(time: Any, at: str, matched: bool) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=MOSCOW).astimezone(UTC)
    assert answer({"time": time}, now).matched is matched


def test_the_trace_of_a_time_tells_what_time_it_was() -> None:
    (part,) = answer({"time": "outside working"}).parts
    assert part.reason == "time is «outside working»: no, it is «пн 2026-03-02 12:00, working»"


@pytest.mark.parametrize(
    ("when", "place", "words"),
    [
        ({"lead.price": {"between": 5}}, ("lead.price", "between"), "two limits"),
        ({"lead.price": {"between": [5, "18:00"]}}, ("lead.price", "between"), "compared with each other"),
        ({"lead.price": {"between": [5, 1]}}, ("lead.price", "between"), "smaller one first"),
        ({"lead.price": {"above": "завтра"}}, ("lead.price", "above"), "2026-12-05"),
        ({"lead.price": {"within": "3 дня"}}, ("lead.price", "within"), "no duration"),
        ({"lead.price": {"within": "18:00"}}, ("lead.price", "within"), "time of day"),
        ({"lead.price": {"not": {"contain": 1}}}, ("lead.price", "not", "contain"), "contains"),
        ({"time": "wroking"}, ("time",), 'did you mean "working"'),
        ({"time": []}, ("time",), "empty list"),
        ({"time": {"not": "between 9 and 18"}}, ("time", "not"), "no kind of time"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_reported_at_its_place(when: Any, place: tuple[Any, ...], words: str) -> None:
    problems: list[tuple[Any, str, str]] = []
    parse_when(when, Templates(MOSCOW), lambda *problem: problems.append(problem))
    assert any(found == place and words in f"{text} {hint}" for found, text, hint in problems), problems


@pytest.mark.parametrize("value", ["31.02.2026", "2026-13-01", "12.2026", "+79160001122", "", "2026", 5, None, True])
def test_what_is_no_date_is_never_taken_for_one(value: object) -> None:
    assert span(value, MOSCOW) is None


DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
SPANS = st.one_of(DAYS, st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))).map(lambda when: span(when, MOSCOW))


@given(SPANS, SPANS)
@settings(deadline=None)
def test_of_two_spans_at_most_one_is_before_the_other(one: Span, other: Span) -> None:
    assert not (one.before(other) and other.before(one))
    assert not one.before(one)


@given(DAYS, st.integers(0, 86_399))
@settings(deadline=None)
def test_a_day_holds_each_of_its_moments(day: date, second: int) -> None:
    whole = span(day, MOSCOW)
    moment = span(datetime.combine(day, datetime.min.time()) + timedelta(seconds=second), MOSCOW)
    assert whole is not None
    assert moment is not None
    assert not whole.before(moment)
    assert not moment.before(whole)
