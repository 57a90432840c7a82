"""Handing a lead over: to whom, with which task, and what happens until it is accepted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provodka.crm import CardKind, CardRef, LeadChange, NewTask, Task
from provodka.errors import Rejected, Retryable
from provodka.operation import Done, Postponed
from provodka.payloads import LeadRef
from rules.actions import REGISTRY
from rules.check import check
from rules.facts import StaticFacts
from rules.team import Staff, Team
from tests.rules.world import (
    NOW,
    STAFF,
    FakeMessenger,
    World,
    delivery,
    make_engine,
    make_event,
    make_rule,
    plan_of,
)

HOUR = timedelta(hours=1)
STEP = {
    "to": "ivan",
    "text": "Проект «{{ lead.title }}» продан",
    "task": "Принять проект",
    "accept_within": "3h",
    "remind": "1h",
    "escalate_to": "rop",
}
EVENT = make_event("lead.won", lead={"id": "17", "title": "Крыша", "responsible": "anna@krovlya.ru"})
TEAM = Team({**STAFF, "ivan": Staff(crm="ivan@krovlya.ru", telegram=22)})


def planned(**more: Any) -> list[Any]:
    return list(plan_of({"hand_over": {**STEP, **more}}, event=EVENT).actions)


def result(done: Done) -> dict[str, str]:
    """As the journal keeps it for those who need it."""
    return {"remote_id": done.remote_id, **done.values}


def world_with() -> World:
    world = World(messengers={"telegram": FakeMessenger()}, team=TEAM)
    world.crm.lead_cards["17"] = LeadRef("17", "Крыша", responsible="anna@krovlya.ru", contacts=("4",))
    return world


def test_everything_that_may_follow_is_planned_at_once_and_waits_for_the_task() -> None:
    first, *others = planned()
    assert [(action.kind, action.params["to"], action.params.get("at")) for action in others] == [
        ("notify", "responsible", None),
        ("notify", "responsible", (NOW + HOUR).isoformat()),
        ("notify", "responsible", (NOW + 2 * HOUR).isoformat()),
        ("notify", "rop", (NOW + 3 * HOUR).isoformat()),
    ]
    assert {action.needs for action in others} == {first.key}
    assert len({action.key for action in (first, *others)}) == 5


def test_the_lead_and_the_task_go_to_whom_it_is_handed_to() -> None:
    world = world_with()
    (outcome,) = world.deliver((planned()[0], EVENT))
    assert isinstance(outcome, Done)
    assert world.crm.calls("update_leads") == [[LeadChange("17", responsible="ivan@krovlya.ru")]]
    due = NOW + 3 * HOUR
    assert world.crm.calls("create_tasks") == [[NewTask("Принять проект", due, "17", responsible="ivan@krovlya.ru")]]
    assert (outcome.values["responsible"], outcome.remote_id) == ("ivan", "t0")


def test_a_lead_that_could_not_be_given_gets_no_task() -> None:
    world = world_with()
    world.crm.refuse["update_leads"] = Retryable("503")
    (outcome,) = world.deliver((planned()[0], EVENT))
    assert isinstance(outcome, Retryable)
    assert world.crm.calls("create_tasks") == []


def test_until_it_is_accepted_they_are_reminded_and_then_the_chief_is_told() -> None:
    world = world_with()
    first, *others = planned()
    (done,) = world.deliver((first, EVENT))
    world.crm.has(Task("t0", "Принять проект", NOW, CardRef(CardKind.LEAD, "17")))
    outcomes = []
    for hours in range(4):
        world.now = NOW + hours * HOUR
        items = [delivery(action, EVENT, needed=result(done)) for action in others[hours:]]
        outcomes.append([type(outcome) for outcome in world.deliver_items(items, "notify")])
    assert outcomes == [
        [Done, Postponed, Postponed, Postponed],
        [Done, Postponed, Postponed],
        [Done, Postponed],
        [Done],
    ]
    told = [(message.to, message.text) for message in world.messengers["telegram"].sent]
    assert told == [
        ("22", "Проект «Крыша» продан"),
        ("22", "Напоминание: Проект «Крыша» продан"),
        ("22", "Напоминание: Проект «Крыша» продан"),
        ("1234567", "Не принято вовремя: Проект «Крыша» продан"),
    ]


def test_once_it_is_accepted_nobody_hears_of_it_any_more() -> None:
    world = world_with()
    first, *others = planned()
    (done,) = world.deliver((first, EVENT))
    world.crm.has(Task("t0", "Принять проект", NOW, CardRef(CardKind.LEAD, "17"), completed=True))
    world.now = NOW + 4 * HOUR
    outcomes = world.deliver_items([delivery(action, EVENT, needed=result(done)) for action in others[1:]], "notify")
    assert all("not open any more" in outcome.values["reason"] for outcome in outcomes)
    assert world.messengers["telegram"].sent == []


def test_without_a_task_text_the_text_is_the_task_and_without_remind_only_the_chief_is_told() -> None:
    first, *others = planned(task="", remind=None)
    assert first.params["task"] == "Проект «Крыша» продан"
    assert [action.params["to"] for action in others] == ["responsible", "rop"]


def test_it_may_be_handed_to_whose_turn_it_is() -> None:
    world = world_with()
    actions = planned(to={"round_robin": ["ivan", "anna"]})
    (outcome,) = world.deliver((actions[0], EVENT))
    assert outcome.values["responsible"] == "ivan"
    assert actions[0].params["to"]["counter"] == "Заявка с сайта: hand_over"


def test_working_time_counts_as_everywhere() -> None:
    evening = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)  # 17:30 in Moscow
    (first, *_) = plan_of({"hand_over": {**STEP, "accept_within": "1h working", "remind": None}}, event=EVENT).actions
    assert first.params["due"] == (NOW + HOUR).isoformat()
    engine = make_engine(make_rule({"hand_over": {**STEP, "accept_within": "1h working"}}, on="lead.won"))
    late = engine.evaluate(EVENT, StaticFacts(), evening).actions[0]
    assert late.params["due"] == datetime(2026, 3, 3, 6, 30, tzinfo=UTC).isoformat()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"remind": "1m", "accept_within": "10h"}, "more than 50 reminders"),
        ({"remind": "0m"}, "more than 50 reminders"),
        ({"to": "keep"}, "name a staff key"),
        ({"to": "нет"}, "unknown staff key"),
        ({"escalate_to": ["rop", "нет"]}, "unknown staff key"),
        ({"to": "продажи"}, "unknown staff key"),
    ],
)
def test_what_cannot_be_meant_is_found(more: dict[str, Any], words: str) -> None:
    rules = [make_rule({"hand_over": {**STEP, **more}}, on="lead.won")]
    (problem,) = check(rules, REGISTRY, STAFF, {}, teams=["продажи"])
    assert words in problem.text


def test_teams_may_be_told_that_it_was_not_accepted() -> None:
    rules = [make_rule({"hand_over": {**STEP, "escalate_to": ["продажи", "rop"]}}, on="lead.won")]
    assert check(rules, REGISTRY, STAFF, {}, teams=["продажи"]) == []


def test_a_contact_without_a_lead_cannot_be_handed_over() -> None:
    world = World(team=TEAM)
    event = make_event("form.submitted")
    action = plan_of({"hand_over": {**STEP, "text": "Примите"}}, event=event).actions[0]
    assert isinstance(world.deliver((action, event))[0], Rejected)
