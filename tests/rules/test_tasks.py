"""Tasks: made unless one is open, completed, moved, opened again, and made one after another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provodka.crm import CardKind, CardRef, NewNote, NewTask, Task, TaskChange
from provodka.errors import Rejected, Retryable
from provodka.event import Event
from provodka.operation import Done
from provodka.payloads import LeadRef
from rules.actions import REGISTRY
from rules.actions.chain import ChainLink
from rules.facts import FactsOnce, RecordedFacts, StaticFacts
from rules.plan import RuleOutcome
from rules.team import Team
from tests.rules.world import NOW, World, deliver_step, delivery, make_engine, make_event, make_rule, plan_of

LEAD = CardRef(CardKind.LEAD, "17")
ON_17 = {"lead_id": "17", "responsible": "anna"}
CALL = {"text": "Позвонить", "due": "15m"}
DUE = NOW + timedelta(minutes=15)


def task(id_: str, kind: str = "Звонок", card: CardRef = LEAD, **more: Any) -> Task:
    return Task(id_, f"Задача {id_}", NOW, card, kind, **more)


def world_with(*tasks: Task) -> World:
    world = World()
    world.crm.has(*tasks)
    world.crm.lead_cards["17"] = LeadRef("17", "Крыша", responsible="anna@krovlya.ru", contacts=("4",))
    return world


def completed(id_: str = "t1", result: str = "", **more: Any) -> Event:
    return make_event(
        "task.completed",
        lead={"id": "17", "title": "Крыша"},
        text="Позвонить",
        result=result,
        task={"id": id_, "type": "Звонок", "due": NOW.isoformat(), "responsible": "ivan@krovlya.ru"},
        **more,
    )


# unless_open


def test_no_second_task_is_made_while_one_is_open() -> None:
    world = world_with(task("t1", "Встреча"))
    outcome = deliver_step(world, {"task": {**CALL, "unless_open": True}}, needed=ON_17)
    assert isinstance(outcome, Done)
    assert (outcome.remote_id, outcome.values["lead_id"]) == ("", "17")
    assert "t1" in outcome.values["reason"]
    assert world.crm.calls("create_tasks") == []


def test_a_task_of_another_type_is_no_hindrance_where_a_type_is_named() -> None:
    world = world_with(task("t1", "Встреча"), task("t2", "звонок", completed=True))
    deliver_step(world, {"task": {**CALL, "unless_open": "Звонок"}}, needed=ON_17)
    assert world.crm.calls("create_tasks") == [[NewTask("Позвонить", DUE, "17", responsible="anna@krovlya.ru")]]


def test_without_the_question_nobody_asks_for_open_tasks() -> None:
    world = world_with(task("t1"))
    deliver_step(world, {"task": CALL}, needed=ON_17)
    assert world.crm.names == ["freeze", "create_tasks"]


# complete_tasks, move_tasks


def test_all_open_tasks_of_the_lead_are_completed_with_the_mark() -> None:
    world = world_with(task("t1"), task("t2", "Встреча"), task("t3", card=CardRef(CardKind.LEAD, "18")))
    event = make_event("lead.lost", lead={"id": "17", "title": "Крыша"})
    outcome = deliver_step(world, {"complete_tasks": {"result": "Сделка «{{ lead.title }}» закрыта"}}, event)
    assert isinstance(outcome, Done)
    assert outcome.values["tasks"] == "t1, t2"
    assert {one.id: one.result for one in world.crm.tasks.values() if one.completed} == {
        "t1": "Сделка «Крыша» закрыта",
        "t2": "Сделка «Крыша» закрыта",
    }


def test_only_tasks_of_the_named_types_are_completed() -> None:
    world = world_with(task("t1"), task("t2", "Встреча"))
    deliver_step(world, {"complete_tasks": {"types": "встреча"}}, needed=ON_17)
    assert [one.id for one in world.crm.tasks.values() if one.completed] == ["t2"]


def test_where_no_task_is_open_there_is_nothing_to_complete() -> None:
    outcome = deliver_step(world_with(), {"complete_tasks": {}}, needed=ON_17)
    assert isinstance(outcome, Done)
    assert "no such open task" in outcome.values["reason"]


def test_a_task_that_was_deleted_meanwhile_does_not_keep_the_others_from_being_completed() -> None:
    world = world_with(task("t1"), task("t2"))
    world.crm.refuse["complete_tasks"] = lambda params: Rejected("gone") if params.task_id == "t1" else None
    outcome = deliver_step(world, {"complete_tasks": {}}, needed=ON_17)
    assert isinstance(outcome, Done)
    assert "1 of 2" in outcome.values["reason"]


def test_a_crm_that_answers_later_gets_the_same_tasks_again() -> None:
    world = world_with(task("t1"), task("t2"))
    world.crm.refuse["complete_tasks"] = lambda params: Retryable("503") if params.task_id == "t2" else None
    event = make_event()
    action = plan_of({"complete_tasks": {"result": "ок"}}, event=event).actions[0]
    assert isinstance(world.deliver((action, event), needed=ON_17)[0], Retryable)
    world.crm.refuse.clear()
    (outcome,) = world.deliver_items(
        [delivery(action, event, needed=ON_17, frozen=world.frozen[action.key])], action.kind
    )
    assert isinstance(outcome, Done)
    assert all(one.completed for one in world.crm.tasks.values())


def test_open_tasks_are_moved_and_a_comment_tells_why() -> None:
    world = world_with(task("t1"), task("t2", "Встреча"))
    step = {"move_tasks": {"due": "2h", "types": ["Звонок"], "comment": "Перенесено: {{ person.name }} просил"}}
    outcome = deliver_step(world, step, needed=ON_17)
    assert isinstance(outcome, Done)
    assert world.crm.calls("change_tasks") == [[TaskChange("t1", NOW + timedelta(hours=2))]]
    assert world.crm.calls("add_notes") == [[NewNote("Перенесено: Пётр Сидоров просил", "17")]]


def test_where_nothing_was_moved_nothing_is_written() -> None:
    world = world_with()
    deliver_step(world, {"move_tasks": {"due": "2h", "comment": "Перенесено"}}, needed=ON_17)
    assert world.crm.calls("add_notes") == []


# reopen_task


def test_the_task_of_the_event_is_opened_again_with_a_comment_and_a_new_time() -> None:
    world = world_with(task("t1", completed=True))
    outcome = deliver_step(world, {"reopen_task": {"comment": "Напишите результат", "due": "1h"}}, completed())
    assert isinstance(outcome, Done)
    assert (world.crm.tasks["t1"].completed, world.crm.tasks["t1"].due) == (False, NOW + timedelta(hours=1))
    assert world.crm.calls("add_notes") == [[NewNote("Напишите результат", "17")]]
    assert world.crm.calls("create_tasks") == []


def test_a_task_that_the_crm_will_not_open_again_is_made_anew() -> None:
    world = world_with(task("t1", completed=True))
    world.crm.refuse["reopen_tasks"] = Rejected("no right to renew")
    outcome = deliver_step(world, {"reopen_task": {"comment": "Напишите результат"}}, completed())
    assert isinstance(outcome, Done)
    assert "no right to renew" in outcome.values["reason"]
    (made,) = world.crm.calls("create_tasks")[0]
    assert made == NewTask("Позвонить\nНапишите результат", DUE, "17", "", "Звонок", "ivan@krovlya.ru")
    assert world.crm.calls("add_notes") == []


def test_a_task_that_was_deleted_does_not_come_back() -> None:
    world = world_with()
    assert isinstance(deliver_step(world, {"reopen_task": {}}, completed()), Rejected)
    assert world.crm.calls("create_tasks") == []


# then

CHAIN = {
    **CALL,
    "then": {
        "text": "Отправить {{ form.comment }}",
        "due": "1h",
        "type": "Письмо",
        "responsible": "ivan",
        "then": {"text": "Узнать ответ", "due": "1d"},
    },
}


def link(then: dict[str, Any]) -> StaticFacts:
    return StaticFacts(link=ChainLink("Заявка с сайта", "e0:abc:0", then))


def chain_of(event: Event | None = None) -> dict[str, Any]:
    (action,) = plan_of({"task": CHAIN}, event=event or make_event(form={"comment": "смету"})).actions
    then: dict[str, Any] = action.params["then"]
    return then


def test_what_is_to_follow_is_kept_with_its_texts_and_without_a_time() -> None:
    then = chain_of()
    assert (then["text"], then["due"], then["then"]["text"]) == ("Отправить смету", "1h", "Узнать ответ")


def test_when_the_task_is_completed_the_next_one_follows_as_a_line_of_its_rule() -> None:
    plan = make_engine().evaluate(completed("t1"), link(chain_of()), NOW)
    (action,) = plan.actions
    assert (action.key, action.kind, action.rule) == ("e0:abc:0:then", "task", "Заявка с сайта")
    (trace,) = plan.trace.rules
    assert (trace.rule, trace.outcome, trace.action_keys) == (action.rule, RuleOutcome.MATCHED, (action.key,))
    world = world_with()
    world.deliver((action, completed("t1")))
    ((made,),) = world.crm.calls("create_tasks")
    assert made == NewTask("Отправить смету", NOW + timedelta(hours=1), "17", "", "Письмо", "ivan@krovlya.ru")


def test_the_third_task_follows_the_second() -> None:
    second = make_engine().evaluate(completed("t1"), link(chain_of()), NOW).actions[0]
    third = make_engine().evaluate(completed("t2"), link(second.params["then"]), NOW).actions[0]
    assert (third.params["text"], third.params["then"]) == ("Узнать ответ", None)
    world = world_with()
    world.deliver((third, completed("t2")))
    assert world.crm.calls("create_tasks")[0][0].responsible == "anna@krovlya.ru"


def test_a_task_completed_twice_has_one_successor() -> None:
    first, again = (make_engine().evaluate(completed("t1", id=one), link(chain_of()), NOW) for one in ("e1", "e2"))
    assert first.actions[0].key == again.actions[0].key


@pytest.mark.parametrize(("result", "follows"), [("", 0), ("  ", 0), ("Договорились", 1)])
def test_a_chain_may_ask_for_a_result(result: str, follows: int) -> None:
    plan = make_engine().evaluate(completed("t1", result), link({**chain_of(), "result": True}), NOW)
    assert len(plan.actions) == follows
    assert plan.trace.rules[0].rule == "Заявка с сайта"


def test_other_events_and_other_tasks_ask_for_no_chain_and_begin_none() -> None:
    assert make_engine().evaluate(completed("t9"), StaticFacts(), NOW).actions == ()
    event = make_event("task.created", task={"id": "t1"})
    assert make_engine().evaluate(event, link(chain_of()), NOW).actions == ()


def test_a_chain_is_planned_again_from_the_record_alone() -> None:
    plan = make_engine().evaluate(completed("t1"), link(chain_of()), NOW)
    again = make_engine().evaluate(completed("t1"), RecordedFacts(plan.trace.facts), NOW)
    assert again.actions == plan.actions
    assert FactsOnce(StaticFacts(), Team({})).record == {}


def test_everyone_and_every_type_of_a_chain_is_known_to_the_checks() -> None:
    action = REGISTRY["task"]
    params = action.params.model_validate({**CHAIN, "unless_open": "Звонок"})
    assert list(action.people(params)) == [(("then", "responsible"), "ivan")]
    assert [(place, need.name) for place, need in action.needs(params)] == [
        (("then", "type"), "Письмо"),
        (("unless_open",), "Звонок"),
    ]


def test_the_due_time_of_the_next_task_counts_from_the_completion() -> None:
    later = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    plan = make_engine(make_rule({"note": {"text": "{{ result }}"}}, on="task.completed", name="Итог")).evaluate(
        completed("t1"), link(chain_of()), later
    )
    assert [trace.rule for trace in plan.trace.rules] == ["Итог", "Заявка с сайта"]
    assert plan.actions[-1].params["due"] == (later + timedelta(hours=1)).isoformat()
