"""What holds of the distribution whatever the people, their presence, and the order in which they are asked."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.assignment import choose, read_responsible, take
from rules.assignment.memory import GivenStaff, TurnsInMemory
from tests.rules.test_assignment import PEOPLE, choosing
from tests.rules.world import MOSCOW, NOW

NAMES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True)
MANY = 10_000


@given(NAMES, st.lists(st.sets(st.sampled_from("abcdefgh")), min_size=1, max_size=80))
@settings(deadline=None)
def test_between_two_turns_of_one_everybody_who_is_there_all_the_while_has_one(
    people: list[str], days: list[set[str]]
) -> None:
    turns, queue = TurnsInMemory(NOW), read_responsible({"round_robin": people, "counter": "c"})
    line = []
    for n, absent in enumerate(days):
        if set(people) - absent:
            person = choose(queue, str(n), "", choosing(turns, frozenset(absent))).person
            assert person not in absent
            line.append((person, absent))
    for one in people:
        for other in people:
            lead = 0
            for person, absent in line:
                if {one, other} & absent:
                    lead = 0
                    continue
                lead += (person == one) - (person == other)
                assert abs(lead) <= 1


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 100), min_size=1), st.sets(st.sampled_from("abcdef")))
@settings(max_examples=15, deadline=None)
@pytest.mark.shows("S0-35")
def test_over_ten_thousand_leads_each_share_is_within_one_point_of_its_target(
    weights: dict[str, int], absent: set[str]
) -> None:
    present = {person: weight for person, weight in weights.items() if person not in absent}
    if not present:
        return
    at = choosing(absent=frozenset(absent))
    keys = [str(n) for n in range(MANY)]
    counted = Counter(c.person for c in take(read_responsible({"weights": weights}), keys, at).choices.values())
    assert sum(counted.values()) == MANY
    assert set(counted) <= set(present)
    for person, weight in present.items():
        assert abs(counted[person] / MANY - weight / sum(present.values())) < 0.01


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 300))
@settings(deadline=None)
def test_shares_are_spread_evenly_and_never_come_in_heaps(anna: int, ivan: int, many: int) -> None:
    at, queue = choosing(), read_responsible({"weights": {"anna": anna, "ivan": ivan}})
    line = [choose(queue, str(n), "", at).person for n in range(many)]
    for n in range(1, many + 1):
        assert abs(line[:n].count("anna") - n * anna / (anna + ivan)) <= 1


@given(NAMES, st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 20)), st.integers(1, 200))
@settings(deadline=None)
def test_the_least_loaded_are_filled_up_evenly(people: list[str], leads: dict[str, int], many: int) -> None:
    at = choosing(staff=GivenStaff(NOW, leads=leads))
    queue = read_responsible({"least_loaded": people})
    load = Counter({person: leads.get(person, 0) for person in people})
    for n in range(many):
        person = choose(queue, str(n), "", at).person
        assert load[person] == min(load[one] for one in people)
        load[person] += 1


@given(
    st.sampled_from(["round_robin", "weights", "least_loaded"]),
    NAMES,
    st.integers(1, 5),
    st.lists(st.tuples(st.sets(st.sampled_from("abcdefgh")), st.integers(0, 5)), min_size=1, max_size=60),
)
@settings(deadline=None)
@pytest.mark.shows("S0-12", "S2-05")
def test_nothing_goes_to_the_absent_or_to_the_full(
    word: str, people: list[str], most: int, steps: list[tuple[set[str], int]]
) -> None:
    named: Any = dict.fromkeys(people, 3) if word == "weights" else people
    queue = read_responsible({word: named, "counter": "c", "cap": {"per_day": most}, "else": "rop"})
    turns, had, now = TurnsInMemory(NOW), Counter[tuple[str, date]](), NOW
    for n, (absent, hours) in enumerate(steps):
        now += timedelta(hours=hours)
        day = now.astimezone(MOSCOW).date()
        person = choose(queue, str(n), "", choosing(turns, frozenset(absent), now=now)).person
        free = [one for one in people if one not in absent and had[one, day] < most]
        assert person in free or (person == "rop" and not free)
        had[person, day] += person != "rop"


@given(
    st.sampled_from([{"round_robin": PEOPLE}, {"weights": {"anna": 3, "ivan": 2}}, {"least_loaded": PEOPLE}]), st.data()
)
@settings(deadline=None)
def test_the_same_journal_gives_the_same_choices_however_the_keys_are_asked(strategy: Any, data: st.DataObject) -> None:
    keys = [str(n) for n in range(12)]
    one, other, queue = choosing(), choosing(), read_responsible(strategy)
    together = take(queue, keys, one).choices
    singly = {key: take(queue, [key], other).choices[key] for key in keys}
    assert together == singly
    order = data.draw(st.permutations(keys))
    assert take(queue, order, one).choices == together
