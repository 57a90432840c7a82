"""Who becomes responsible."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from provodka.errors import Rejected
from rules.assignment import STRATEGIES, Choosing, Responsible, choose, people_of, with_counter
from rules.team import Team
from tests.rules.world import STAFF, FakeTurns

READ: TypeAdapter[object] = TypeAdapter(Responsible)
PEOPLE = ["anna", "ivan", "olga"]


def choosing(turns: FakeTurns, key: str, absent: frozenset[str] = frozenset()) -> Choosing:
    return Choosing(turns, key, lambda person: person not in absent)


@given(st.integers(1, 40), st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True))
def test_turns_are_even_to_one_whatever_the_number(turns: int, people: list[str]) -> None:
    counters, keys = FakeTurns(), range(turns)
    counted = Counter(counters.take("очередь", people, [str(key)])[str(key)].person for key in keys)
    assert max(counted.values()) - min(counted.get(person, 0) for person in people) <= 1


def test_a_strategy_chooses_among_those_who_are_active() -> None:
    turns = FakeTurns()
    queue = {"round_robin": PEOPLE, "counter": "c"}
    chosen = [choose(queue, choosing(turns, str(i), frozenset({"ivan"}))).person for i in range(4)]
    assert chosen == ["anna", "olga", "anna", "olga"]


def test_the_same_action_gets_the_same_choice_again() -> None:
    turns = FakeTurns()
    queue = {"round_robin": PEOPLE, "counter": "c"}
    first = choose(queue, choosing(turns, "a1"))
    choose(queue, choosing(turns, "a2"))
    assert choose(queue, choosing(turns, "a1")) == first


@pytest.mark.parametrize("wanted", ["anna", {"round_robin": ["anna"], "counter": "c"}])
def test_nobody_active_is_refused_with_the_cure(wanted: object) -> None:
    with pytest.raises(Rejected, match="active user") as refused:
        choose(wanted, choosing(FakeTurns(), "a", frozenset({"anna"})))
    assert "сотрудник" in refused.value.hint


@pytest.mark.parametrize(
    "value",
    [
        "",
        5,
        None,
        {},
        {"round_robin": []},
        {"round_robin": ["a", "a"]},
        {"weights": {"a": 1}},
        {"round_robin": ["a"], "by": 1},
    ],
)
def test_what_is_neither_a_person_nor_a_strategy_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(value)


def test_every_strategy_of_the_list_is_one_that_the_config_may_write() -> None:
    schema = str(READ.json_schema())
    assert all(f"'{name}'" in schema for name in STRATEGIES)
    assert all(name in strategy.model_fields for name, strategy in STRATEGIES.items())


def test_the_people_of_a_responsible_are_known_with_their_places() -> None:
    queue = READ.validate_python({"round_robin": ["anna", "ivan"]})
    assert list(people_of(queue)) == [(("round_robin", 0), "anna"), (("round_robin", 1), "ivan")]  # type: ignore[arg-type]
    assert list(people_of("anna")) == [((), "anna")]
    assert list(people_of("keep")) == []


def test_a_counter_that_the_config_names_is_kept() -> None:
    assert with_counter({"round_robin": ["a"], "counter": "общая"}, "своя")["counter"] == "общая"
    assert with_counter({"round_robin": ["a"], "counter": ""}, "своя")["counter"] == "своя"
    assert with_counter("anna", "своя") == "anna"


def test_the_team_knows_its_members_by_login_and_number_whatever_the_case() -> None:
    team = Team(STAFF)
    assert team.key("ANNA@krovlya.ru") == "anna"
    assert team.key("anna") == "anna"
    assert team.key("stranger@x.ru") == "stranger@x.ru"
    assert team.login("ivan") == "ivan@krovlya.ru"
    assert team.by_extension("102") == "ivan"
    assert team.by_extension("") == ""
    assert team.telegram("rop") == 1234567
    assert team.telegram("stranger@x.ru") is None
