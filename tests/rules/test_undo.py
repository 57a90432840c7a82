"""Undoing: what an action has replaced goes back where the CRM still holds what it has set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provodka.crm import CardKind, CardRef, Company, Contact, LeadChange, LeadReopening
from provodka.errors import Retryable
from provodka.operation import Done, Outcome, Request
from provodka.payloads import LeadRef
from rules.actions import REGISTRY, UNDO
from rules.actions.base import Delivery
from rules.actions.replaced import Replaced, putting_back, replaced, still_ours
from rules.actions.undo import undoing
from tests.rules.living_crm import LOST, LivingCrm
from tests.rules.world import NOW, World, deliver_step, make_event

ANNA, IVAN = "anna@krovlya.ru", "ivan@krovlya.ru"
LEAD = LeadRef(
    "17", "Крыша", pipeline="Кровля", stage="Новый лид", responsible=ANNA, price=Decimal(500), tags=("сайт",),
    fields={"Источник": "Сайт", "Срок": "2026-01-05"}, contacts=("4",), company="9",
)  # fmt: skip
CARD = Contact("4", "Мария", ("+79160001122",), responsible=ANNA, tags=("VIP",), fields={"Город": "Тверь"})
FIRM = Company("9", "Ромашка", responsible=IVAN)
EVENT = make_event("lead.created", lead={"id": "17"})
BIG = {
    "update": {
        "title": "Дом",
        "price": "12 500",
        "fields": {"Срок": "07.02.2026", "Новое": "да"},
        "clear": ["Источник"],
        "contact": {"name": "Мария Иванова", "tags": ["дом"], "responsible": "ivan"},
        "company": {"fields": {"Отрасль": "Стройка"}},
    }
}
STEPS = [
    {"move": {"stage": "Переговоры"}},
    {"move": {"pipeline": "Сервис", "stage": "Обращение"}},
    {"assign": {"responsible": "ivan"}},
    {"tag": {"add": ["дом", "сайт"], "remove": ["почта"]}},
    {"tag": {"remove": ["САЙТ"]}},
    {"close": {"lost": "Дорого"}},
    {"close": {"won": True}},
    {"convert": {"pipeline": "Сервис", "stage": "Обращение"}},
    BIG,
]


@pytest.fixture
def world() -> World:
    crm = LivingCrm()
    crm.put(LEAD, CARD, FIRM)
    return World(crm=crm)


def cards(world: World) -> tuple[Any, ...]:
    crm = world.crm
    return crm.lead_cards.get("17"), crm.contact_cards.get("4"), crm.firms.get("9")


def params_of(world: World) -> Mapping[str, Any]:
    """What undoes the only action that was delivered."""
    (decision,) = world.frozen.values()
    found = undoing(decision)
    assert found is not None
    return found


def undo(world: World, params: Mapping[str, Any]) -> Outcome:
    world.frozen.clear()
    (outcome,) = UNDO.deliver([Delivery("undo", params, (), EVENT)], world)
    return outcome


def values(outcome: Outcome) -> dict[str, str]:
    assert isinstance(outcome, Done), outcome
    return outcome.values


@pytest.mark.parametrize("step", STEPS, ids=lambda step: next(iter(step)))
def test_whatever_a_rule_has_changed_is_as_it_was(world: World, step: Any) -> None:
    deliver_step(world, step, EVENT)
    assert cards(world) != (LEAD, CARD, FIRM)
    told = values(undo(world, params_of(world)))
    assert "left" not in told
    assert cards(world) == (LEAD, CARD, FIRM)


def test_what_an_intake_has_done_to_a_lead_that_there_was_goes_back(world: World) -> None:
    deliver_step(world, {"intake": {"title": "x", "tags": ["сайт", "снова"]}})
    assert world.crm.lead_cards["17"].tags == ("сайт", "снова")
    undo(world, params_of(world))
    assert cards(world)[0] == LEAD
    lost = replace(LEAD, state="lost", stage=LOST, closed_at=NOW)
    world.crm.put(lost)
    world.frozen.clear()
    deliver_step(world, {"intake": {"title": "x", "reopen": {"lost_within": "1d", "stage": "Новый лид"}}})
    assert world.crm.lead_cards["17"].state == "open"
    undo(world, params_of(world))
    assert world.crm.lead_cards["17"].state == "lost"


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (Replaced("price", "0", "12500.50"), {"price": Decimal(12501)}),
        (Replaced("price", "0", "12500.50"), {"price": Decimal("12500.5")}),
        (Replaced("name", "Дом", "Крыша " * 60), {"title": ("Крыша " * 60)[:255]}),
        (Replaced("field", "", "05.01.2026 10:00", "Срок"), {"fields": {"Срок": "2026-01-05T10:00"}}),
        (Replaced("field", "", "1 500,50", "Срок"), {"fields": {"Срок": "1500.5"}}),
        (Replaced("field", "", "Да", "Срок"), {"fields": {"Срок": "да"}}),
        (Replaced("field", "", "1", "Срок"), {"fields": {"Срок": "да"}}),
        (Replaced("field", "", "А; Б", "Срок"), {"fields": {"Срок": "Б, А"}}),
    ],
)
def test_a_crm_has_its_own_way_with_what_we_have_set(one: Replaced, shown: dict[str, Any]) -> None:
    assert still_ours(one, replace(LEAD, **shown))


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (Replaced("price", "0", "12500.50"), {"price": Decimal(12502)}),
        (Replaced("field", "", "05.01.2026 10:00", "Срок"), {"fields": {"Срок": "2026-01-05T11:00"}}),
        (Replaced("field", "", "нет", "Срок"), {"fields": {}}),
        (Replaced("field", "", "А, Б", "Срок"), {"fields": {"Срок": "А"}}),
        (Replaced("closed", "Новый лид", "lost", "open", "Кровля", "Кровля"), {"state": "won"}),
        (Replaced("stage", "Новый лид", "Счёт", was_pipeline="Кровля", now_pipeline="Кровля"), {"pipeline": "Сервис"}),
    ],
)
def test_what_differs_for_people_is_somebody_elses(one: Replaced, shown: dict[str, Any]) -> None:
    assert not still_ours(one, replace(LEAD, stage="Счёт", **shown))


def test_two_changes_of_the_same_value_are_undone_one_after_the_other(world: World) -> None:
    params = []
    for stage in ("Переговоры", "Счёт"):
        deliver_step(world, {"move": {"stage": stage}}, EVENT)
        params.append(params_of(world))
        world.frozen.clear()
    for one in reversed(params):
        undo(world, one)
    assert cards(world)[0] == LEAD


def test_what_somebody_has_changed_since_stays_and_the_rest_goes_back(world: World) -> None:
    deliver_step(world, BIG, EVENT)
    params = params_of(world)
    world.crm.put(replace(world.crm.lead_cards["17"], title="Баня"))
    told = values(undo(world, params))
    assert told["left"] == "lead:17 name: it has been changed since"
    lead, contact, firm = cards(world)
    assert (lead.title, lead.price, lead.fields) == ("Баня", Decimal(500), LEAD.fields)
    assert (contact, firm) == (CARD, FIRM)


def test_a_deleted_card_is_an_exception_and_costs_the_others_nothing(world: World) -> None:
    deliver_step(world, BIG, EVENT)
    params = params_of(world)
    del world.crm.contact_cards["4"]
    told = values(undo(world, params))
    assert "contact:4 name: the card was deleted or merged" in told["left"]
    assert cards(world) == (LEAD, None, FIRM)


def test_nothing_that_is_still_ours_writes_nothing(world: World) -> None:
    deliver_step(world, {"move": {"stage": "Переговоры"}}, EVENT)
    params = params_of(world)
    world.crm.put(LEAD)
    before = len(world.crm.calls("update_leads"))
    assert "left" in values(undo(world, params))
    assert len(world.crm.calls("update_leads")) == before


def test_a_closed_lead_goes_back_by_reopening_it(world: World) -> None:
    deliver_step(world, {"close": {"lost": True}}, EVENT)
    undo(world, params_of(world))
    assert world.crm.calls("reopen_leads") == [[LeadReopening("17", "Новый лид")]]
    assert world.crm.lead_cards["17"].state == "open"


def test_a_lost_lead_that_was_closed_as_won_goes_back_to_its_lost_stage(world: World) -> None:
    deliver_step(world, {"close": {"lost": True}}, EVENT)
    world.frozen.clear()
    lost = world.crm.lead_cards["17"]
    deliver_step(world, {"close": {"won": True}}, EVENT)
    undo(world, params_of(world))
    assert world.crm.lead_cards["17"].stage == lost.stage


def test_a_move_without_a_stage_cannot_be_told_from_somebody_elses_and_stays(world: World) -> None:
    deliver_step(world, {"convert": {"pipeline": "Сервис"}}, EVENT)
    assert "named no stage" in values(undo(world, params_of(world)))["left"]


def test_a_crm_that_is_down_is_tried_again(world: World) -> None:
    deliver_step(world, {"move": {"stage": "Переговоры"}}, EVENT)
    params = params_of(world)
    world.crm.refuse["leads"] = Retryable("down")
    assert isinstance(undo(world, params), Retryable)
    world.crm.refuse.clear()
    undo(world, params)
    assert cards(world)[0] == LEAD


def test_no_rule_can_undo_by_a_step() -> None:
    assert "undo" not in REGISTRY


texts = st.sampled_from(["", "да", "Сайт", "1 000", "05.01.2026", "a, b"])
fields = st.dictionaries(st.sampled_from(["А", "Б", "В"]), texts.filter(bool), max_size=3)
tags = st.lists(st.sampled_from(["сайт", "дом", "почта"]), unique=True, max_size=3).map(tuple)
leads = st.builds(
    LeadRef, id=st.just("17"), title=st.sampled_from(["Крыша", "Дом"]), pipeline=st.sampled_from(["Кровля", "Сервис"]),
    stage=st.sampled_from(["Новый", "Счёт"]), responsible=st.sampled_from([ANNA, IVAN]),
    price=st.integers(0, 3).map(Decimal), tags=tags, fields=fields,
)  # fmt: skip
changes = st.builds(
    LeadChange, lead_id=st.just("17"), title=st.sampled_from(["", "Крыша", "Дом"]),
    pipeline=st.just(""), stage=st.sampled_from(["", "Новый", "Счёт"]), responsible=st.sampled_from(["", ANNA, IVAN]),
    price=st.none() | st.integers(0, 3).map(Decimal), add_tags=tags, remove_tags=st.just(()),
    fields=st.dictionaries(st.sampled_from(["А", "Б", "В"]), texts, max_size=2),
)  # fmt: skip


@given(leads, changes)
def test_putting_back_a_change_gives_the_card_as_it_was(lead: LeadRef, change: LeadChange) -> None:
    crm = LivingCrm()
    crm.put(lead)
    kept = replaced(change, lead)
    crm._changed(crm.lead_cards, "17", Request("k", change))
    assert all(still_ours(one, crm.lead_cards["17"]) for one in kept)
    crm._changed(crm.lead_cards, "17", Request("k", putting_back(CardRef(CardKind.LEAD, "17"), kept)))
    after = crm.lead_cards["17"]
    assert (after.title, after.stage, after.responsible, after.price) == (
        lead.title, lead.stage, lead.responsible, lead.price,
    )  # fmt: skip
    assert set(after.tags) == set(lead.tags)
    assert not replaced(LeadChange("17", fields={**dict.fromkeys("АБВ", ""), **lead.fields}), after)
