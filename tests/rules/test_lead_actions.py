"""Actions on a lead: which one they are about, and what they ask of the CRM."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provodka.crm import Contact, LeadChange, NewNote, NewTask
from provodka.errors import OutcomeUnknownError, RateLimited, Rejected
from provodka.operation import Done
from provodka.payloads import LeadRef, Person
from rules.actions import REGISTRY
from tests.rules.world import CLIENT, NOW, World, deliver_step, delivery, make_event, plan_of

CARD = Contact("4", "Пётр", ("+79160001122",), (), "anna@krovlya.ru")
OPEN = LeadRef("17", "Крыша", responsible="ivan@krovlya.ru")
NEEDED = {"lead_id": "100", "contact_id": "c100", "responsible": "anna"}
TASK = {"task": {"text": "Позвонить", "type": "Звонок", "due": "15m working"}}
NOTE = {"note": {"text": "Комментарий: {{ form.comment }}"}}


def test_every_action_of_the_registry_is_named_as_in_the_registry_and_renders_only_what_it_has() -> None:
    for name, action in REGISTRY.items():
        assert action.name == name
        fields = action.params.model_fields.items()
        assert action.templates <= {field.alias or parameter for parameter, field in fields}


def test_a_task_goes_on_the_lead_of_the_intake_to_its_responsible_without_any_read() -> None:
    world = World()
    outcome = deliver_step(world, TASK, needed=NEEDED)
    due = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    assert world.crm.calls("create_tasks") == [[NewTask("Позвонить", due, "100", "", "Звонок", "anna@krovlya.ru")]]
    assert world.crm.names == ["freeze", "create_tasks"]
    assert isinstance(outcome, Done)
    assert outcome.values == {"lead_id": "100", "contact_id": "c100"}


def test_a_task_on_the_events_own_lead_goes_to_whoever_is_responsible_by_now() -> None:
    world = World()
    world.crm.know(CARD, OPEN)
    event = make_event("lead.created", lead={"id": "17", "responsible": "anna"})
    deliver_step(world, TASK, event)
    assert world.crm.calls("create_tasks")[0][0].responsible == "ivan@krovlya.ru"


def test_a_deleted_lead_takes_no_more_tasks() -> None:
    outcome = deliver_step(World(), TASK, make_event("lead.created", lead={"id": "17"}))
    assert isinstance(outcome, Rejected)
    assert "удалили" in outcome.hint


def test_without_an_intake_our_own_newest_open_lead_is_meant() -> None:
    world = World()
    world.crm.know(CARD, replace(OPEN, id="19", state="won"), OPEN)
    world.links.leads["phone:+79160001122"] = ("19", "17")
    deliver_step(world, NOTE, make_event(form={"comment": "срочно"}))
    assert world.crm.calls("add_notes") == [[NewNote("Комментарий: срочно", "17")]]
    assert "find_people" not in world.crm.names


def test_without_a_link_the_newest_open_lead_of_the_person_is_searched_for() -> None:
    world = World()
    world.crm.know(CARD, OPEN, replace(OPEN, id="16"))
    deliver_step(world, NOTE)
    assert world.crm.calls("add_notes")[0][0].lead_id == "17"


def test_a_known_person_without_an_open_lead_gets_task_and_note_on_the_card() -> None:
    world = World()
    world.crm.know(CARD)
    deliver_step(world, NOTE)
    deliver_step(world, TASK)
    assert world.crm.calls("add_notes")[0][0].contact_id == "4"
    task = world.crm.calls("create_tasks")[0][0]
    assert (task.lead_id, task.contact_id, task.responsible) == ("", "4", "anna@krovlya.ru")


@pytest.mark.parametrize(
    "step", [{"tag": {"add": ["a"]}}, {"move": {"stage": "x"}}, {"assign": {"responsible": "anna"}}]
)
def test_what_only_a_lead_has_cannot_be_changed_on_a_card(step: Any) -> None:
    world = World()
    world.crm.know(CARD)
    outcome = deliver_step(world, step)
    assert isinstance(outcome, Rejected)
    assert "intake" in outcome.hint


@pytest.mark.parametrize("step", [TASK, NOTE, {"tag": {"add": ["a"]}}])
def test_about_an_unknown_person_there_is_nothing_to_act_on(step: Any) -> None:
    world = World()
    outcome = deliver_step(world, step)
    assert isinstance(outcome, Rejected)
    assert "intake" in outcome.hint
    assert world.frozen == {}


@pytest.mark.parametrize(
    ("step", "change"),
    [
        (
            {"tag": {"add": ["срочно", "{{ utm.source }}"], "remove": ["холодный"]}},
            LeadChange("100", add_tags=("срочно",), remove_tags=("холодный",)),
        ),
        ({"move": {"stage": "Горячие"}}, LeadChange("100", stage="Горячие")),
        ({"move": {"stage": "Новый", "pipeline": "Окна"}}, LeadChange("100", stage="Новый", pipeline="Окна")),
        ({"assign": {"responsible": "ivan"}}, LeadChange("100", responsible="ivan@krovlya.ru")),
        (
            {"assign": {"responsible": {"round_robin": ["ivan", "anna"]}}},
            LeadChange("100", responsible="ivan@krovlya.ru"),
        ),
    ],
)
def test_an_action_changes_of_the_lead_what_it_names_and_nothing_else(step: Any, change: LeadChange) -> None:
    world = World()
    assert isinstance(deliver_step(world, step, needed=NEEDED), Done)
    assert world.crm.calls("update_leads") == [[change]]


def test_who_was_chosen_and_why_stands_in_the_result() -> None:
    outcome = deliver_step(World(), {"assign": {"responsible": {"round_robin": ["ivan", "anna"]}}}, needed=NEEDED)
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "ivan: round robin: turn 1 of [ivan, anna]"


def test_an_assignment_to_somebody_who_left_is_refused() -> None:
    world = World()
    world.crm.staff = []
    assert isinstance(deliver_step(world, {"assign": {"responsible": "ivan"}}, needed=NEEDED), Rejected)
    assert world.crm.calls("update_leads") == []


def test_an_empty_note_is_not_planned_and_stops_nothing() -> None:
    event = make_event("email.received", message={"text": " \n"})
    plan = plan_of({"note": {"text": "{{ message.text }}"}}, TASK, event=event)
    assert [action.kind for action in plan.actions] == ["task"]


def test_a_later_attempt_sends_what_was_frozen_even_if_the_newest_lead_is_another_by_now() -> None:
    world = World()
    world.crm.know(CARD, OPEN)
    world.crm.refuse["add_notes"] = RateLimited("429")
    event = make_event()
    action = plan_of(NOTE, event=event).actions[0]
    world.deliver_items([delivery(action, event)], "note")
    world.crm.refuse.clear()
    world.crm.lead_cards["17"] = replace(OPEN, state="won")
    world.crm.asked.clear()
    (outcome,) = world.deliver_items([delivery(action, event, frozen=world.frozen[action.key])], "note")
    assert isinstance(outcome, Done)
    assert world.crm.names == ["add_notes"]
    assert world.crm.calls("add_notes")[0][0].lead_id == "17"


def test_a_task_whose_answer_was_lost_is_not_made_again_blindly() -> None:
    world = World()
    event = make_event()
    action = plan_of(TASK, event=event).actions[0]
    world.deliver_items([delivery(action, event, needed=NEEDED)], "task")
    again = delivery(action, event, needed=NEEDED, frozen=world.frozen[action.key], unsure_since=NOW)
    (outcome,) = world.deliver_items([again], "task")
    assert isinstance(outcome, OutcomeUnknownError)
    assert len(world.crm.calls("create_tasks")) == 1


def test_a_crm_that_cannot_be_searched_now_holds_back_only_those_that_have_to_be_looked_up() -> None:
    world = World()
    world.crm.refuse["find_people"] = RateLimited("429")
    items = []
    for i, needed in enumerate((NEEDED, None)):
        event = make_event(id=f"e{i}")
        items.append(delivery(plan_of(TASK, event=event).actions[0], event, needed=needed))
    assert [type(outcome) for outcome in world.deliver_items(items, "task")] == [Done, RateLimited]


def test_one_person_whom_the_search_refuses_does_not_take_the_others_with_it() -> None:
    world = World()
    world.crm.know(CARD, OPEN)
    world.crm.refuse["find_people"] = lambda people: Rejected("400") if any(p.name == "bad" for p in people) else None
    items = []
    for i, person in enumerate((CLIENT, Person("bad", ("+79990000000",)))):
        event = make_event(person=person, id=f"e{i}")
        items.append((plan_of(TASK, event=event).actions[0], event))
    assert [type(outcome) for outcome in world.deliver(*items)] == [Done, Rejected]


def test_a_batch_makes_one_call_and_each_gets_its_own_outcome() -> None:
    world = World()
    world.crm.know(CARD, OPEN)
    items = []
    for i, person in enumerate((CLIENT, Person("Чужой", ("+79990000000",)), CLIENT)):
        event = make_event(person=person, id=f"e{i}", form={"comment": str(i)})
        items.append((plan_of(NOTE, event=event).actions[0], event))
    outcomes = world.deliver(*items)
    assert [type(outcome) for outcome in outcomes] == [Done, Rejected, Done]
    assert world.crm.names == ["find_people", "open_leads", "freeze", "add_notes"]
    assert [note.text for note in world.crm.calls("add_notes")[0]] == ["Комментарий: 0", "Комментарий: 2"]
