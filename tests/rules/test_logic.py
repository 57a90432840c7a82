"""Whether conditions can hold together: a «no» is certain."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.conditions import Group, parse_when, refuse
from rules.facts import House, Scope, StaticFacts
from rules.logic import both, cases, impossible
from rules.names import is_list
from rules.templates import Templates
from tests.rules.world import CALENDAR, MOSCOW, TEAM, make_event

HOUSE = House("Кровля", TEAM, CALENDAR)
TEMPLATES = Templates(MOSCOW)


def lists(path: str) -> bool:
    return is_list(path, [make_event("lead.updated", lead={"id": "1"}).type])


def read(when: Any) -> Group:
    return parse_when(when, TEMPLATES, refuse)


def never(when: Any) -> bool:
    return impossible(cases(read(when)), lists)


def implies(one: Any, other: Any) -> bool:
    return impossible(both(cases(read(one)), cases(read(other), positive=False)), lists)


@pytest.mark.parametrize(
    "when",
    [
        {"any": [{"utm.source": "vk", "all": [{"utm.source": "ok"}]}, {"order.amount": {"above": 5, "below": 3}}]},
        {"utm.source": "vk", "not": {"utm.source": ["vk", "ok"]}},
        {"utm.source": "vk", "all": [{"not": {"any": [{"utm.source": "vk"}, {"utm.source": "ok"}]}}]},
        {"not": {"any": [{"order": {"known": True}}, {"order": {"known": False}}]}},
        {"utm.source": {"is": "yandex", "contains": "goo"}},
        {"utm.source": {"is": ["yandex", "vk"], "starts_with": "ok"}},
        {"utm.source": {"empty": True, "contains": "a"}},
        {"order.amount": {"between": [1, 5], "above": 5}},
        {"order.amount": {"is": 7, "between": ["1", "6,5"]}},
        {"order.amount": {"above": 5, "not": {"above": 3}}},
        {"lead.fields.Срок": {"above": date(2026, 3, 5), "below": date(2026, 3, 6)}},
        {"lead.fields.Срок": {"above": date(2026, 3, 5), "between": [date(2026, 3, 1), date(2026, 3, 5)]}},
        {"lead.created_at": {"older_than": "3d", "in_last": "72h"}},
        {"lead.created_at": {"older_than": "1m", "in_next": "3d"}},
        {"lead.created_at": {"older_than": "5d", "not": {"older_than": "3d"}}},
        {"lead.created_at": {"in_last": "1d", "not": {"in_last": "2d"}}},
        {"lead.title": {"contains": "срочно", "not": {"contains": "СРОЧ"}}},
        {"lead.title": {"starts_with": "Сайт: ", "not": {"starts_with": "сайт"}}},
        {"lead.tags": {"is": "а", "not": ["а", "б"]}},
        {"all": ["order and now.hour > 5", {"not": "order and now.hour > 5"}]},
        {"time": "working", "all": [{"time": "day off"}]},
        {"time": "weekend", "all": [{"time": ["пн", "вт"]}]},
        {"time": "between 10:00 and 12:00", "not": {"time": "between 9:00 and 13:00"}},
        {"time": "between 10:00 and 10:00"},
        {"time": "weekday", "all": [{"time": {"not": ["пн", "вт", "ср", "чт", "пт"]}}]},
    ],
)
def test_what_cannot_hold_is_known(when: Any) -> None:
    assert never(when)


@pytest.mark.parametrize(
    "when",
    [
        None,
        {"any": [{"utm.source": "vk", "all": [{"utm.source": "ok"}]}, {"utm.source": "ok"}]},
        {"lead.tags": "а", "all": [{"lead.tags": "б"}, {"lead.tags": {"not": "в"}}]},
        {"lead.tags": {"contains": "а", "not": {"contains": "аб"}}},
        {"order.amount": {"between": [1, 5], "above": 4, "below": 6, "not": 5}},
        {"utm.source": {"empty": True, "known": True}},
        {"utm.source": {"is": "Yandex Direct", "matches": "direct$", "starts_with": "yandex"}},
        {"lead.fields.Срок": {"above": date(2026, 3, 5), "below": date(2026, 3, 7)}},
        {"lead.fields.Срок": {"between": ["18:00", "09:00"], "above": "10:00"}},
        {"lead.created_at": {"older_than": "3d", "in_last": "5d"}},
        {"lead.created_at": {"older_than": "1d working", "in_last": "2d"}},
        {"lead.fields.Срок": {"in_last": "1d", "in_next": "1d"}},  # today
        {"order.amount": {"not": {"above": 5}}, "all": [{"order.amount": {"not": {"below": 6}}}]},  # no number
        {"time": "working", "all": [{"time": "weekend"}]},
        {"time": "outside working", "all": [{"time": "working day"}]},
        {"any": [{f"form.fields.п{i}": {"not": str(i)}} for i in range(9)], "not": {"form.name": "x"}},
        {"all": [{"any": [{f"form.fields.п{i}": str(n)} for n in range(9)]} for i in range(9)]},
    ],
)
def test_what_may_hold_is_never_called_impossible(when: Any) -> None:
    assert not never(when)


@pytest.mark.parametrize(
    ("one", "other", "follows"),
    [
        ({"utm.source": "vk"}, None, True),
        (None, {"utm.source": "vk"}, False),
        ({"utm.source": "vk", "form.name": "x"}, {"utm.source": ["ok", "VK"]}, True),
        ({"utm.source": ["vk", "ya"]}, {"utm.source": ["ok", "vk"]}, False),
        ({"order.amount": {"above": 10}}, {"order.amount": {"above": 5}}, True),
        ({"order.amount": {"above": 5}}, {"order.amount": {"above": 10}}, False),
        ({"order.amount": {"between": [6, 9]}}, {"order.amount": {"above": 5, "below": 10}}, True),
        ({"order.amount": {"between": [5, 9]}}, {"order.amount": {"above": 5}}, False),
        ({"order.amount": 7}, {"order.amount": {"above": 5}}, True),
        ({"order.amount": {"above": 7}}, {"order.amount": {"not": 7}}, True),
        ({"lead.tags": "а"}, {"lead.tags": ["а", "б"]}, True),
        ({"lead.tags": "а"}, {"lead.tags": {"contains": "а"}}, False),  # of lists little is claimed
        ({"lead.tags": "а"}, {"lead.tags": "а"}, True),
        ({"utm.source": "vk"}, {"any": [{"utm.source": "ok"}, {"utm.source": {"known": True}}]}, True),
        ({"lead.created_at": {"above": date(2026, 3, 5)}}, {"lead.created_at": {"above": date(2026, 3, 1)}}, True),
        ({"lead.created_at": {"older_than": "2d"}}, {"lead.created_at": {"older_than": "1d"}}, True),
        ({"lead.created_at": {"in_last": "2d"}}, {"lead.created_at": {"in_last": "1d"}}, False),
        ({"time": "between 10:00 and 12:00"}, {"time": "between 09:00 and 13:00"}, True),
        ({"time": "пн"}, {"time": "weekday"}, True),
        ({"time": "weekday"}, {"time": "working day"}, False),
        ({"time": "working"}, {"not": {"time": "outside working"}}, True),
    ],
)
def test_what_follows_is_known_where_it_is_certain(one: Any, other: Any, follows: bool) -> None:
    assert implies(one, other) is follows


# against the truth: the conditions themselves, on many events

TEXTS = st.sampled_from(["", "vk", "VK ", "ok", "vk ok", "5", "5,0", "12", "2026-03-02", "05.03.2026 12:00", "ёлка"])
NUMBERS = st.integers(0, 13)
DATES = st.sampled_from([date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 5)])
AGES = st.sampled_from(["1m", "1d", "3d", "5h working"])
TESTS = st.one_of(
    TEXTS,
    st.lists(TEXTS, min_size=1, max_size=2),
    st.fixed_dictionaries({"not": TEXTS}),
    st.fixed_dictionaries({"contains": TEXTS.filter(bool)}),
    st.fixed_dictionaries({"starts_with": TEXTS.filter(bool)}),
    st.fixed_dictionaries({"above": st.one_of(NUMBERS, DATES)}),
    st.fixed_dictionaries({"below": st.one_of(NUMBERS, DATES)}),
    st.fixed_dictionaries({"between": st.tuples(NUMBERS, NUMBERS).map(sorted)}),
    st.fixed_dictionaries({"between": st.tuples(DATES, DATES).map(sorted)}),
    *(st.fixed_dictionaries({name: AGES}) for name in ("in_last", "in_next", "within", "older_than")),
    st.fixed_dictionaries({"empty": st.booleans()}),
    st.fixed_dictionaries({"known": st.booleans()}),
).flatmap(lambda test: st.sampled_from([test, {"not": test}]) if isinstance(test, dict) else st.just(test))
PATHS = st.sampled_from(["lead.fields.а", "lead.fields.б", "lead.tags"])
TIMES = st.sampled_from(["working", "outside working", "day off", "weekend", "пн", "between 18:00 and 09:00"])
SINGLE = st.one_of(st.builds(lambda path, test: {path: test}, PATHS, TESTS), TIMES.map(lambda time: {"time": time}))
CONDITIONS = st.recursive(
    SINGLE,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda members: {"all": members}),
        st.lists(inner, min_size=1, max_size=3).map(lambda members: {"any": members}),
        inner.map(lambda member: {"not": member}),
    ),
    max_leaves=5,
)
SCOPES = st.builds(
    lambda fields, tags, hours: HOUSE.scope(
        make_event("lead.updated", lead={"id": "1", "fields": fields, "tags": tags}),
        StaticFacts(),
        datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hours),
        resumed=False,
    ),
    st.dictionaries(st.sampled_from("аб"), TEXTS),
    st.lists(TEXTS, max_size=2),
    st.integers(0, 200),
)


@given(CONDITIONS, st.lists(SCOPES, min_size=1, max_size=20))
@settings(deadline=None, max_examples=200)
def test_a_condition_holds_exactly_when_one_of_its_cases_does_and_never_when_it_is_impossible(
    when: Any, scopes: list[Scope]
) -> None:
    condition = read(when)
    ways, fails = cases(condition), cases(condition, positive=False)
    for scope in scopes:
        holds = condition.evaluate(scope, decided=False).matched
        for found, wanted in ((ways, holds), (fails, not holds)):
            if found is None:
                continue
            met = any(
                all(one.leaf.evaluate(scope, decided=False).matched is one.positive for one in case) for case in found
            )
            assert met is wanted
            assert not (wanted and impossible(found, lists))


@given(CONDITIONS, CONDITIONS, st.lists(SCOPES, min_size=1, max_size=20))
@settings(deadline=None, max_examples=200)
def test_what_is_said_to_follow_does_follow(one: Any, other: Any, scopes: list[Scope]) -> None:
    if implies(one, other):
        for scope in scopes:
            if read(one).evaluate(scope, decided=False).matched:
                assert read(other).evaluate(scope, decided=False).matched
