"""Who becomes responsible."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from provodka.crm import Contact
from provodka.errors import Rejected
from provodka.payloads import Person
from rules.assignment import (
    STRATEGIES,
    Choosing,
    Responsible,
    answered_by,
    choose,
    people_of,
    read_responsible,
    with_counter,
)
from rules.assignment.by_results import shares_of
from rules.assignment.memory import GivenStaff, TurnsInMemory
from rules.team import Staff, Team
from tests.rules.world import CALENDAR, CLIENT, MOSCOW, NOW, STAFF, TEAM, World, deliver_step, make_event, plan_of

READ: TypeAdapter[object] = TypeAdapter(Responsible)
PEOPLE = ["anna", "ivan", "olga"]
NOBODY: frozenset[str] = frozenset()


def choosing(turns: TurnsInMemory | None = None, absent: frozenset[str] = NOBODY, **more: Any) -> Choosing:
    usual = Choosing(
        turns or TurnsInMemory(NOW), lambda person: person not in absent, GivenStaff(NOW), TEAM, CALENDAR, NOW
    )
    return replace(usual, **more)


def chosen(strategy: Any, key: str = "a", at: Choosing | None = None, owner: str = "") -> str:
    return choose(read_responsible(strategy), key, owner, at or choosing()).person


def reason(strategy: Any, at: Choosing | None = None, owner: str = "") -> str:
    return choose(read_responsible(strategy), "a", owner, at or choosing()).reason


# each strategy


def test_a_strategy_chooses_among_those_who_are_active() -> None:
    at = choosing(absent=frozenset({"ivan"}))
    queue = {"round_robin": PEOPLE, "counter": "c"}
    assert [chosen(queue, str(i), at) for i in range(4)] == ["anna", "olga", "anna", "olga"]


def test_the_same_action_gets_the_same_choice_again() -> None:
    at, queue = choosing(), {"round_robin": PEOPLE, "counter": "c"}
    first = chosen(queue, "a1", at)
    chosen(queue, "a2", at)
    assert chosen(queue, "a1", at) == first


@pytest.mark.parametrize(
    "wanted",
    [
        "anna",
        {"pool": "anna"},
        {"round_robin": ["anna"], "counter": "c"},
        {"weights": {"anna": 1}},
        {"least_loaded": ["anna"], "else": "anna"},
    ],
)
def test_nobody_active_is_refused_with_the_cure(wanted: object) -> None:
    with pytest.raises(Rejected, match="active user") as refused:
        chosen(wanted, at=choosing(absent=frozenset({"anna"})))
    assert refused.value.hint


def test_weights_that_were_changed_begin_anew() -> None:
    at = choosing()
    for n in range(3):
        chosen({"weights": {"anna": 1, "ivan": 100}, "counter": "c"}, str(n), at)
    assert chosen({"weights": {"anna": 3, "ivan": 1}, "counter": "c"}, "next", at) == "anna"


def test_an_absent_one_does_not_get_a_heap_of_leads_on_coming_back() -> None:
    turns, queue = TurnsInMemory(NOW), {"weights": {"anna": 50, "ivan": 50}, "counter": "c"}
    for n in range(100):
        chosen(queue, str(n), choosing(turns, frozenset({"ivan"})))
    after = [chosen(queue, f"b{n}", choosing(turns)) for n in range(6)]
    assert after.count("ivan") in (3, 4)


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("anna", "named by the rule"),
        ({"pool": "anna"}, "waits in the pool to be given out by hand"),
        ({"round_robin": PEOPLE}, "round robin: turn 1 of [anna, olga]; ivan is no active user of the CRM"),
        ({"weights": {"anna": 60, "olga": 40}}, "weights: turn 1, anna has 60 of 100"),
        ({"least_loaded": ["anna", "olga"]}, "least loaded: open leads anna 4, olga 1"),
        (
            {"round_robin": ["ivan"], "else": {"pool": "rop"}},
            "nobody of [ivan] can take it: ivan is no active user of the CRM; "
            "else waits in the pool to be given out by hand",
        ),
    ],
)
def test_every_choice_tells_its_reason(strategy: Any, said: str) -> None:
    staff = GivenStaff(NOW, leads={"anna": 4, "olga": 1})
    assert reason(strategy, choosing(absent=frozenset({"ivan"}), staff=staff)) == said


def test_a_limit_of_the_day_is_told_as_a_reason() -> None:
    at, queue = choosing(), {"round_robin": ["anna", "ivan"], "cap": {"per_day": 1}, "counter": "c", "else": "rop"}
    assert [chosen(queue, str(n), at) for n in range(2)] == ["anna", "ivan"]
    said = reason(queue, at)
    assert said.startswith("nobody of [anna, ivan] can take it: anna has had 1 today; ivan has had 1 today; else named")


# who is present

SHIFTS = Team(
    {
        "anna": Staff(crm="anna@x.ru"),
        "ivan": Staff.model_validate({"crm": "ivan@x.ru", "hours": "пн-вс 12:00-21:00"}),
        "olga": Staff.model_validate(
            {"crm": "o@x.ru", "absences": [{"from": "2026-03-02", "to": "2026-03-08"}, {"from": "2026-03-11"}]}
        ),
    }
)


@pytest.mark.parametrize(
    ("at", "present"),
    [
        ("2026-03-02 10:00", ["anna"]),
        ("2026-03-02 12:00", ["anna", "ivan"]),
        ("2026-03-02 18:00", ["ivan"]),
        ("2026-03-07 13:00", ["ivan"]),  # a Saturday
        ("2026-03-09 13:00", []),  # a public holiday is one for everybody
        ("2026-03-10 09:00", ["anna", "olga"]),
        ("2026-03-11 17:59", ["anna", "ivan"]),
        ("2026-03-02 21:00", []),
    ],
)
def test_who_is_present_by_their_schedule_gets_the_turns(at: str, present: list[str]) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=MOSCOW).astimezone(UTC)
    where = choosing(TurnsInMemory(now), team=SHIFTS, now=now)
    queue = {"round_robin": PEOPLE, "present": "schedule", "else": "rop", "counter": "c"}
    assert {chosen(queue, str(n), where) for n in range(6)} == set(present or ["rop"])


@pytest.mark.parametrize(
    ("sign", "seen", "present"),
    [
        ("crm", frozenset({"ivan"}), ["ivan"]),
        ("crm", NOBODY, ["rop"]),
        ("crm", None, ["rop"]),  # the CRM does not tell: nobody counts as present
        ("schedule", NOBODY, ["anna", "ivan"]),
        ("any", frozenset({"olga"}), ["anna", "ivan", "olga"]),
        ("any", None, ["anna", "ivan"]),
    ],
)
def test_presence_is_told_by_the_crm_by_the_schedule_or_by_any(
    sign: str, seen: frozenset[str] | None, present: list[str]
) -> None:
    where = choosing(team=SHIFTS, staff=GivenStaff(NOW, seen))
    queue = {"round_robin": PEOPLE, "present": sign, "else": "rop", "counter": "c"}
    assert {chosen(queue, str(n), where) for n in range(6)} == set(present)


def test_the_reason_tells_why_somebody_counts_as_away() -> None:
    said = reason({"round_robin": PEOPLE, "present": "schedule"}, choosing(team=SHIFTS))
    assert said == "round robin: turn 1 of [anna, ivan]; olga is absent until 08.03.2026"
    with pytest.raises(Rejected, match="the CRM does not tell who is at work"):
        reason({"round_robin": ["anna"], "present": "crm"})


# the owner


@pytest.mark.parametrize(
    ("absent", "seen", "person"),
    [(NOBODY, {"ivan", "anna"}, "ivan"), (NOBODY, {"anna"}, "anna"), (frozenset({"ivan"}), {"ivan", "anna"}, "anna")],
)
def test_an_owner_who_is_there_keeps_the_person(absent: frozenset[str], seen: set[str], person: str) -> None:
    where = choosing(absent=absent, staff=GivenStaff(NOW, frozenset(seen)))
    queue = {"round_robin": ["anna"], "present": "crm", "keep_owner": True}
    assert chosen(queue, at=where, owner="ivan") == person
    assert chosen({**queue, "keep_owner": False}, "b", where, owner="ivan") == "anna"


@pytest.mark.parametrize(
    ("keep", "keep_owner", "seen", "person", "said"),
    [
        (True, None, set(), "ivan", "stays with ivan"),
        (True, True, {"ivan"}, "ivan", "stays with ivan"),
        (False, True, {"ivan"}, "ivan", "stays with ivan"),
        (True, True, {"anna"}, "anna", "ivan is not at work by the CRM; round robin"),
        (True, False, {"ivan", "anna"}, "anna", "round robin"),
    ],
)
def test_what_a_strategy_says_of_the_owner_goes_before_keep(
    keep: bool, keep_owner: bool | None, seen: set[str], person: str, said: str
) -> None:
    world = World(staff=GivenStaff(NOW, frozenset(seen)))
    world.crm.know(Contact("4", "Пётр", CLIENT.phones, responsible="ivan@krovlya.ru"))
    queue = {"round_robin": ["anna"], "present": "crm"} | ({} if keep_owner is None else {"keep_owner": keep_owner})
    outcome = deliver_step(world, {"intake": {"title": "x", "responsible": queue, "keep": keep}})
    assert outcome.values["responsible"] == person
    assert said in outcome.values["reason"]


def test_a_task_goes_by_a_strategy_too_and_stays_with_the_leads_own() -> None:
    world = World()
    world.crm.know(Contact("4", "Пётр", CLIENT.phones, responsible="ivan@krovlya.ru"))
    queue = {"least_loaded": ["anna", "rop"], "keep_owner": True}
    deliver_step(world, {"task": {"text": "x", "due": "1h", "responsible": queue}})
    (sent,) = world.crm.calls("create_tasks")
    assert sent[0].responsible == "ivan@krovlya.ru"


class CountedStaff(GivenStaff):
    """Counts how often the outside is asked."""

    asked: list[str] = []  # noqa: RUF012 -- emptied by the test

    def present(self) -> frozenset[str] | None:
        self.asked.append("present")
        return super().present()

    def open_leads(self, people: Any) -> Any:
        self.asked.append("open_leads")
        return super().open_leads(people)


def test_a_batch_asks_the_outside_once_and_sends_the_overflow_to_the_fallback() -> None:
    CountedStaff.asked.clear()
    world = World(staff=CountedStaff(NOW, frozenset({"anna", "ivan"}), {"anna": 1}))
    queue = {"least_loaded": ["anna", "ivan"], "present": "crm", "cap": {"per_day": 2}, "else": {"pool": "rop"}}
    step = {"intake": {"title": "x", "responsible": queue}}
    events = [make_event(person=Person(phones=(f"+7916000000{n}",)), id=f"e{n}") for n in range(6)]
    outcomes = world.deliver(*[(plan_of(step, event=event).actions[0], event) for event in events])
    assert [outcome.values["responsible"] for outcome in outcomes] == ["ivan", "anna", "ivan", "anna", "rop", "rop"]
    assert "anna has had 2 today; ivan has had 2 today; else waits in the pool" in outcomes[-1].values["reason"]
    assert sorted(CountedStaff.asked) == ["open_leads", "present"]


# how it is written


@pytest.mark.parametrize(
    "value",
    [
        "",
        5,
        None,
        {},
        {"round_robin": []},
        {"round_robin": ["a", "a"]},
        {"weights": {"a": 0}},
        {"weights": {}},
        {"weights": ["a"]},
        {"least_loaded": ["a", "a"]},
        {"pool": ""},
        {"pool": "a", "cap": {"per_day": 1}},
        {"round_robin": ["a"], "by": 1},
        {"round_robin": ["a"], "weights": {"a": 1}},
        {"round_robin": ["a"], "present": "maybe"},
        {"round_robin": ["a"], "cap": {"per_day": 0}},
        {"round_robin": ["a"], "else": {"round_robin": []}},
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
    nested = READ.validate_python({"weights": {"anna": 1}, "else": {"least_loaded": ["ivan"], "else": "rop"}})
    assert list(people_of(nested)) == [  # type: ignore[arg-type]
        (("weights", "anna"), "anna"),
        (("else", "least_loaded", 0), "ivan"),
        (("else", "else"), "rop"),
    ]
    assert list(people_of("anna")) == [((), "anna")]
    assert list(people_of("keep")) == []


def test_a_counter_that_the_config_names_is_kept() -> None:
    assert with_counter({"round_robin": ["a"], "counter": "общая"}, "своя")["counter"] == "общая"
    assert with_counter({"round_robin": ["a"], "counter": ""}, "своя")["counter"] == "своя"
    assert with_counter("anna", "своя") == "anna"
    nested = with_counter({"pool": "a", "else": {"round_robin": ["b"], "else": "c"}}, "своя")
    assert nested == {
        "pool": "a",
        "counter": "своя",
        "else": {"round_robin": ["b"], "else": "c", "counter": "своя: else"},
    }


@pytest.mark.parametrize(
    "absence", [{"from": "2026-03-02", "to": "2026-03-01"}, {"to": "2026-03-01"}, {"from": "отпуск"}]
)
def test_an_absence_that_cannot_be_is_refused(absence: Any) -> None:
    with pytest.raises(ValidationError):
        Staff.model_validate({"crm": "a@x.ru", "absences": [absence]})


def test_hours_of_a_member_are_read_like_those_of_the_client() -> None:
    with pytest.raises(ValidationError, match="day of the week"):
        Staff.model_validate({"crm": "a@x.ru", "hours": "mon 9-18"})


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


# first_to_answer


def test_a_call_goes_to_whoever_answered_it_and_else_by_the_fallback() -> None:
    strategy = {"first_to_answer": "all", "else": {"round_robin": ["anna", "olga"], "counter": "c"}}
    at = choosing(answered=lambda key: "ivan" if key == "a" else "")
    assert (chosen(strategy, "a", at), reason(strategy, at)) == ("ivan", "has answered the call")
    assert chosen(strategy, "b", at) == "anna"
    assert chosen({**strategy, "first_to_answer": ["olga"]}, "a", at) == "olga"
    absent = replace(at, active=lambda person: person != "ivan")
    assert "ivan has answered and is no active user" in choose(read_responsible(strategy), "a", "", absent).reason


def test_nobody_has_answered_a_missed_call_nor_one_of_a_stranger() -> None:
    talked = make_event("call.finished", call={"id": "1", "direction": "in", "extension": "102", "talk_seconds": 5})
    missed = make_event("call.missed", call={"id": "1", "direction": "in", "extension": "102"})
    stranger = make_event("call.finished", call={"id": "1", "direction": "in", "extension": "9", "talk_seconds": 5})
    team = Team({"ivan": Staff(crm="ivan@krovlya.ru", extension="102")})
    assert [answered_by(event, team) for event in (talked, missed, stranger, make_event())] == ["ivan", "", "", ""]


def test_an_intake_gives_the_lead_to_whoever_took_the_call() -> None:
    world = World()
    event = make_event("call.finished", call={"id": "1", "direction": "in", "extension": "102", "talk_seconds": 5})
    deliver_step(world, {"intake": {"title": "x", "responsible": {"first_to_answer": "all", "else": "rop"}}}, event)
    (made,) = world.crm.calls("create_leads")
    assert made[0].responsible == STAFF["ivan"].crm


# by results


def test_whoever_sold_more_gets_more_and_nobody_less_than_the_least() -> None:
    assert shares_of({"anna": 30, "ivan": 10, "olga": 0}, 10) == {"anna": 625, "ivan": 275, "olga": 100}
    strategy = read_responsible({"by_results": ["anna", "ivan", "olga"], "least": 10, "counter": "q"})
    where = choosing(staff=GivenStaff(NOW, sold={"anna": 30, "ivan": 10}))
    given = Counter(choose(strategy, str(n), "", where).person for n in range(1000))
    assert given == {"anna": 625, "ivan": 275, "olga": 100}


def test_where_nobody_has_sold_anything_all_get_the_same() -> None:
    strategy = read_responsible({"by_results": ["anna", "ivan"], "counter": "q"})
    where = choosing()
    choices = [choose(strategy, str(n), "", where).person for n in range(10)]
    assert Counter(choices) == {"anna": 5, "ivan": 5}
    assert "won of last_month: anna 0, ivan 0" in choose(strategy, "0", "", choosing()).reason


def test_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValidationError, match="3 people cannot have 40 % each"):
        read_responsible({"by_results": ["anna", "ivan", "olga"], "least": 40})
