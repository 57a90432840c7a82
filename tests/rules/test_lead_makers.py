"""Whose lead the later steps are about: find, create, and an intake that takes a lost lead back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from provodka.crm import Contact, LeadChange, LeadQuery, LeadReopening, NewLead, User
from provodka.errors import Rejected, Retryable
from provodka.journal import outbox
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef
from rules.actions import REGISTRY
from rules.check import check
from tests.rules.living_crm import LivingCrm
from tests.rules.world import NOW, STAFF, World, deliver_step, delivery, make_event, make_rule, plan_of

ANNA, IVAN = "anna@krovlya.ru", "ivan@krovlya.ru"
LEAD = LeadRef("17", "Крыша", "https://crm/17", "Кровля", responsible=ANNA, fields={"Номер счёта": "238"})
CARD = Contact("4", "Мария", ("+79160001122",), responsible=ANNA, company_id="9")
BY_FIELD = {"find": {"field": {"Номер счёта": "{{ form.fields.bill }}"}, "pipeline": "Кровля"}}


@pytest.fixture
def world() -> World:
    crm = LivingCrm()
    crm.know(CARD, LEAD)
    return World(crm=crm)


def values(outcome: Outcome) -> dict[str, str]:
    assert isinstance(outcome, Done), outcome
    return outcome.values


@pytest.mark.parametrize("text", ["17", " 17 ", "https://krovlya.amocrm.ru/leads/detail/17", "https://x/details/17/"])
def test_a_lead_is_found_by_its_id_or_its_address(world: World, text: str) -> None:
    event = make_event(form={"fields": {"deal": text}})
    found = values(deliver_step(world, {"find": {"lead": "{{ form.fields.deal }}"}}, event))
    assert (found["lead_id"], found["contact_id"], found["responsible"], found["url"]) == (
        "17", "4", "anna", "https://crm/17",
    )  # fmt: skip


def test_a_lead_is_found_by_the_value_of_a_field_the_newest_open_one_first(world: World) -> None:
    lost = LeadRef("19", pipeline="Кровля", state="lost", fields=LEAD.fields)
    world.crm.put(lost, LeadRef("18", pipeline="Сервис", fields=LEAD.fields))
    world.crm.lead_cards = dict(sorted(world.crm.lead_cards.items(), reverse=True))
    found = values(deliver_step(world, BY_FIELD, make_event(form={"fields": {"bill": "238"}})))
    assert found["lead_id"] == "17"
    assert "newest open" in found["reason"]
    assert world.crm.calls("find_leads") == [(LeadQuery("Номер счёта", "238", "Кровля"),)]


def test_a_value_that_came_out_empty_finds_nobody_and_asks_nothing(world: World) -> None:
    world.crm.put(LeadRef("18", pipeline="Кровля"))
    outcome = deliver_step(world, BY_FIELD, make_event(form={"fields": {"bill": ""}}))
    assert isinstance(outcome, Rejected)
    assert "find_leads" not in world.crm.names


def test_what_is_not_found_is_left_to_a_person_or_skipped_with_the_steps_behind_it(world: World) -> None:
    event = make_event(form={"fields": {"deal": "404"}})
    step = {"lead": "{{ form.fields.deal }}"}
    assert isinstance(deliver_step(world, {"find": step}, event), Rejected)
    skipped = values(deliver_step(world, {"find": {**step, "missing": "skip"}}, event))
    after = deliver_step(world, {"note": {"text": "Оплачено"}}, event, needed=skipped)
    assert "no lead" in values(after)["reason"]
    assert world.crm.calls("add_notes") == []
    assert outbox.left_behind("find", skipped) == ((), ())


def test_a_whole_batch_is_found_by_one_call(world: World) -> None:
    world.crm.put(*(LeadRef(str(n)) for n in range(20, 40)))
    events = [make_event(id=str(n), form={"fields": {"deal": str(n)}}) for n in range(20, 41)]
    step = {"find": {"lead": "{{ form.fields.deal }}"}}
    outcomes = world.deliver(*((plan_of(step, event=event).actions[0], event) for event in events))
    assert [type(one) for one in outcomes] == [Done] * 20 + [Rejected]
    assert world.crm.names == ["leads"]


@pytest.mark.parametrize("params", [{}, {"lead": "1", "field": {"a": "b"}}, {"field": {"a": "b", "c": "d"}}])
def test_a_search_that_says_no_way_or_two_is_a_mistake(params: Any) -> None:
    with pytest.raises(ValidationError):
        REGISTRY["find"].params.model_validate(params)


def test_later_steps_take_the_lead_of_the_last_maker_before_them() -> None:
    steps = [
        {"note": {"text": "a"}},
        {"intake": {"title": "x"}},
        {"note": {"text": "b"}},
        {"create": {"title": "y"}},
        {"note": {"text": "c"}},
        {"find": {"lead": "1"}},
        {"note": {"text": "d"}},
        {"put_back": {}},
    ]
    event = make_event("lead.updated", lead={"id": "1"}, change={"field": "title", "old": "a"})
    actions = plan_of(*steps, event=event).actions
    keys = [action.key for action in actions]
    assert [action.needs and keys.index(action.needs) for action in actions] == [None, None, 1, 1, 3, None, 5, None]


def test_another_lead_is_made_for_the_same_contact_and_company(world: World) -> None:
    step = {
        "create": {
            "title": "Продление: {{ lead.title }}",
            "pipeline": "Сервис",
            "stage": "Обращение",
            "tags": ["продление"],
            "fields": {"Источник": "Продление"},
            "price": "1 000",
        }
    }
    event = make_event("lead.won", lead={"id": "17", "title": "Крыша"})
    made = values(deliver_step(world, step, event))
    assert world.crm.calls("create_leads") == [
        [
            NewLead(
                "Продление: Крыша",
                "Сервис",
                "Обращение",
                ANNA,
                Decimal(1000),
                ("продление",),
                {"Источник": "Продление"},
                contact_id="4",
                company_id="9",
            )
        ]
    ]
    assert made["lead_id"] != "17"
    assert (made["contact_id"], made["responsible"], made["created"]) == ("4", "anna", "yes")
    assert outbox.left_behind("create", made) == (
        (("lead", made["lead_id"]),),
        (f"lead:{made['lead_id']}", "contact:4"),
    )


def test_the_leads_own_company_goes_before_its_contacts_and_a_strategy_before_the_old_owner(world: World) -> None:
    world.crm.lead_cards["17"] = LeadRef("17", responsible=ANNA, contacts=("4",), company="11")
    step = {"create": {"title": "x", "responsible": {"round_robin": ["ivan"]}}}
    deliver_step(world, step, make_event("lead.won", lead={"id": "17"}))
    ((new,),) = world.crm.calls("create_leads")
    assert (new.company_id, new.responsible) == ("11", IVAN)


def test_a_lead_in_doubt_is_looked_for_and_not_made_twice(world: World) -> None:
    event = make_event("lead.won", lead={"id": "17"})
    action = plan_of({"create": {"title": "x"}}, event=event).actions[0]
    (first,) = world.deliver_items([delivery(action, event)], "create")
    again = delivery(action, event, frozen=world.frozen[action.key], unsure_since=NOW)
    (second,) = world.deliver_items([again], "create")
    assert values(second)["lead_id"] == values(first)["lead_id"]
    assert len(world.crm.calls("create_leads")) == 1


def test_a_rule_that_would_start_itself_for_ever_is_a_mistake() -> None:
    endless = make_rule({"create": {"title": "x"}}, on="lead.created")
    (problem,) = check([endless], REGISTRY, STAFF, {})
    assert "without an end" in problem.text
    guarded = make_rule({"create": {"title": "x"}}, on="lead.created", when={"lead.pipeline": "Кровля"})
    assert check([guarded], REGISTRY, STAFF, {}) == []


# an intake that takes a lost lead back

LOST = LeadRef(
    "18", "Баня", "https://crm/18", "Кровля", "Отказ", "lost", ANNA, tags=("сайт",),
    closed_at=NOW - timedelta(days=30), contacts=("4",),
)  # fmt: skip
BACK = {"title": "x", "tags": ["сайт", "снова"], "reopen": {"lost_within": "90d", "stage": "Новый лид"}}


@pytest.fixture
def lost_world() -> World:
    crm = LivingCrm()
    crm.know(CARD, LOST)
    return World(crm=crm)


def test_a_refused_client_who_comes_back_gets_the_old_lead_back_to_work(lost_world: World) -> None:
    back = values(deliver_step(lost_world, {"intake": BACK}))
    assert lost_world.crm.calls("reopen_leads") == [[LeadReopening("18", "Новый лид")]]
    assert lost_world.crm.calls("update_leads") == [[LeadChange("18", add_tags=("снова",))]]
    assert lost_world.crm.calls("create_leads") == []
    assert (back["lead_id"], back["created"], back["reopened"], back["responsible"]) == ("18", "no", "yes", "anna")
    assert "goes back to work" in back["reason"]


@pytest.mark.parametrize(
    ("lead", "more"),
    [
        ({"closed_at": NOW - timedelta(days=91)}, {}),
        ({"closed_at": None}, {}),
        ({"state": "won"}, {}),
        ({"pipeline": "Сервис"}, {"pipeline": "Кровля"}),
    ],
)
def test_a_lead_that_is_too_old_or_was_won_or_is_elsewhere_is_left_alone(
    lost_world: World, lead: dict[str, Any], more: dict[str, Any]
) -> None:
    lost_world.crm.put(replace(LOST, **lead))
    made = values(deliver_step(lost_world, {"intake": {**BACK, **more}}))
    assert made["created"] == "yes"
    assert lost_world.crm.calls("reopen_leads") == []


def test_an_open_lead_goes_before_a_lost_one(lost_world: World) -> None:
    lost_world.crm.know(CARD, LEAD, LOST)
    taken = values(deliver_step(lost_world, {"intake": BACK}))
    assert taken["lead_id"] == "17"
    assert "leads_of" not in lost_world.crm.names


def test_the_manager_who_left_does_not_get_the_lead_back(lost_world: World) -> None:
    lost_world.crm.staff = [User(u.id, u.login, u.name, active=u.login != ANNA) for u in lost_world.crm.staff]
    back = values(deliver_step(lost_world, {"intake": {**BACK, "responsible": "ivan"}}))
    assert back["responsible"] == "ivan"
    ((change,),) = lost_world.crm.calls("update_leads")
    assert change.responsible == IVAN


def test_a_lead_that_cannot_be_reopened_now_is_not_changed_either_and_none_is_made(lost_world: World) -> None:
    lost_world.crm.refuse["reopen_leads"] = Retryable("down")
    assert isinstance(deliver_step(lost_world, {"intake": BACK}), Retryable)
    assert lost_world.crm.calls("update_leads") == []
    assert lost_world.crm.calls("create_leads") == []


@pytest.mark.parametrize("text", ["18:00", "5d working"])
def test_how_long_ago_is_plain_time(text: str) -> None:
    params = {**BACK, "reopen": {"lost_within": text, "stage": "x"}}
    with pytest.raises(ValidationError, match="lost_within"):
        REGISTRY["intake"].params.model_validate(params)


def test_what_a_server_says_is_no_name_of_what_was_done():
    sent = {"remote_id": "<1@x>", "letter": "prv.17.ab", "answer": "2.0.0 Ok: queued as 3"}
    assert outbox.left_behind("message", sent) == ((("letter", "prv.17.ab"),), ())
    asked = {"remote_id": "9", "answer": "yes", "call": "no", "reported": "1"}
    assert outbox.left_behind("http", asked) == ((("http", "9"),), ())
