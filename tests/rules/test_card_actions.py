"""Changing cards: update, close, reopen, convert, put_back, and the before-images that they keep."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from provodka.crm import (
    CardKind,
    CardRef,
    Company,
    CompanyChange,
    Contact,
    ContactChange,
    LeadChange,
    LeadClosing,
    LeadConversion,
    Need,
)
from provodka.errors import Rejected, Retryable
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef, Person
from rules.actions import REGISTRY
from rules.actions.kept import kept_in
from rules.actions.replaced import Replaced
from tests.rules.living_crm import LOST, LivingCrm
from tests.rules.world import World, deliver_step, delivery, make_event, plan_of

ANNA, IVAN = "anna@krovlya.ru", "ivan@krovlya.ru"
LEAD = LeadRef(
    "17", "Крыша", pipeline="Кровля", stage="Новый лид", responsible=ANNA, tags=("сайт",),
    fields={"Источник": "Сайт", "Бюджет": "1000"}, contacts=("4",), company="9",
)  # fmt: skip
CARD = Contact("4", "Мария", ("+79160001122",), responsible=ANNA, tags=("VIP",), fields={"Город": "Тверь"})
FIRM = Company("9", "Ромашка", responsible=IVAN)


@pytest.fixture
def world() -> World:
    crm = LivingCrm()
    crm.put(LEAD, CARD, FIRM)
    return World(crm=crm)


def on_lead(kind: str = "lead.created", **more: Any) -> Any:
    return make_event(kind, lead={"id": "17"}, **more)


def values(outcome: Outcome) -> dict[str, str]:
    assert isinstance(outcome, Done), outcome
    return outcome.values


def kept(world: World) -> dict[CardRef, list[Replaced]]:
    """The before-images of the only action."""
    (decision,) = world.frozen.values()
    found = kept_in(decision)
    assert found is not None
    return found


def test_an_update_changes_the_lead_its_contact_and_its_company_and_keeps_what_it_replaces(world: World) -> None:
    step = {
        "update": {
            "title": "Крыша {{ lead.id }}",
            "price": "12 500,50",
            "fields": {"Источник": "Звонок", "Срок": "{{ lead.title }}"},
            "contact": {"name": "Мария Иванова", "tags": ["дом", "VIP"], "responsible": "ivan"},
            "company": {"fields": {"Отрасль": "Стройка"}, "responsible": "responsible"},
        }
    }
    event = make_event("lead.created", lead={"id": "17", "title": "Крыша"})
    assert values(deliver_step(world, step, event))["lead_id"] == "17"
    lead, contact, firm = world.crm.lead_cards["17"], world.crm.contact_cards["4"], world.crm.firms["9"]
    assert (lead.title, lead.price) == ("Крыша 17", Decimal("12500.50"))
    assert lead.fields == {"Источник": "Звонок", "Срок": "Крыша", "Бюджет": "1000"}
    assert (contact.name, contact.responsible, contact.tags) == ("Мария Иванова", IVAN, ("VIP", "дом"))
    assert (firm.responsible, firm.fields) == (ANNA, {"Отрасль": "Стройка"})
    found = kept(world)
    assert found[CardRef(CardKind.LEAD, "17")] == [
        Replaced("name", "Крыша", "Крыша 17"),
        Replaced("price", "0", "12500.50"),
        Replaced("field", "Сайт", "Звонок", "Источник"),
        Replaced("field", "", "Крыша", "Срок"),
    ]
    assert found[CardRef(CardKind.CONTACT, "4")] == [
        Replaced("name", "Мария", "Мария Иванова"),
        Replaced("responsible", ANNA, IVAN),
        Replaced("tag", "", "дом", "дом"),
    ]
    assert found[CardRef(CardKind.COMPANY, "9")] == [
        Replaced("responsible", IVAN, ANNA),
        Replaced("field", "", "Стройка", "Отрасль"),
    ]


def test_an_update_that_would_change_nothing_writes_nothing(world: World) -> None:
    step = {"update": {"title": "крыша", "price": 0, "fields": {"Бюджет": "1 000,00"}, "contact": {"name": "Мария"}}}
    outcome = deliver_step(world, step, on_lead())
    assert values(outcome)["reason"] == "nothing to change"
    assert [name for name in world.crm.names if name.startswith("update")] == []


def test_only_empty_fills_what_is_empty_and_leaves_the_rest(world: World) -> None:
    step = {
        "update": {
            "only_empty": True,
            "title": "Другая",
            "price": 500,
            "fields": {"источник": "Звонок", "Срок": "май"},
            "contact": {"name": "Ольга", "fields": {"Город": "Клин", "Улица": "Мира"}, "responsible": "ivan"},
        }
    }
    deliver_step(world, step, on_lead())
    assert world.crm.calls("update_leads") == [[LeadChange("17", price=Decimal(500), fields={"Срок": "май"})]]
    assert world.crm.calls("update_contacts") == [[ContactChange("4", fields={"Улица": "Мира"})]]


def test_a_text_that_came_out_empty_leaves_its_field_and_clear_empties_one(world: World) -> None:
    step = {"update": {"fields": {"Источник": "{{ change.new }}", "Бюджет": "5"}, "clear": ["Город"]}}
    event = make_event("lead.updated", lead={"id": "17"}, change={"field": "x"})
    deliver_step(world, step, event)
    assert world.crm.calls("update_leads") == [[LeadChange("17", fields={"Бюджет": "5", "Город": ""})]]


def test_a_card_that_the_lead_does_not_have_is_left_out_and_named(world: World) -> None:
    world.crm.put(LeadRef("17", "Крыша"))
    step = {"update": {"title": "Дом", "contact": {"name": "Мария"}, "company": {"name": "Ромашка"}}}
    outcome = deliver_step(world, step, on_lead())
    reason = values(outcome)["reason"]
    assert "no contact" in reason
    assert "no company" in reason
    assert world.crm.lead_cards["17"].title == "Дом"


def test_a_changed_contact_is_updated_itself_though_it_has_no_open_lead(world: World) -> None:
    world.crm.lead_cards.clear()
    event = make_event("contact.updated", contact={"id": "4", "name": "мария"})
    deliver_step(world, {"update": {"contact": {"name": "{{ contact.name | capitalize }} И."}}}, event)
    assert world.crm.contact_cards["4"].name == "Мария И."


def test_a_changed_company_is_updated_itself_though_nobody_knows_a_lead_of_it(world: World) -> None:
    event = make_event("company.updated", Person("Ромашка"), company={"id": "9", "name": "Ромашка"})
    deliver_step(world, {"update": {"company": {"fields": {"Отрасль": "Стройка"}}}}, event)
    assert world.crm.firms["9"].fields == {"Отрасль": "Стройка"}
    outcome = deliver_step(world, {"update": {"title": "x", "company": {"name": "Лютик"}}}, event)
    assert isinstance(outcome, Rejected)


def test_a_company_that_is_down_leaves_the_whole_update_to_be_tried_again(world: World) -> None:
    world.crm.refuse["update_companies"] = Retryable("down")
    step = {"update": {"title": "Дом", "company": {"name": "Лютик"}}}
    event = on_lead()
    action = plan_of(step, event=event).actions[0]
    (first,) = world.deliver_items([delivery(action, event)], "update")
    assert isinstance(first, Retryable)
    world.crm.refuse.clear()
    (second,) = world.deliver_items([delivery(action, event, frozen=world.frozen[action.key])], "update")
    assert isinstance(second, Done)
    assert world.crm.calls("update_companies")[-1] == [CompanyChange("9", "Лютик")]


@pytest.mark.parametrize(
    ("step", "closing", "stage"),
    [
        ({"close": {"won": True}}, LeadClosing("17", won=True), "Успешно реализовано"),
        ({"close": {"lost": "Дорого"}}, LeadClosing("17", won=False, loss_reason="Дорого"), LOST),
        ({"close": {"lost": True}}, LeadClosing("17", won=False), LOST),
    ],
)
def test_a_lead_is_closed_as_the_rule_says(world: World, step: Any, closing: LeadClosing, stage: str) -> None:
    deliver_step(world, step, on_lead())
    assert world.crm.calls("close_leads") == [[closing]]
    assert world.crm.lead_cards["17"].stage == stage
    state = "won" if closing.won else "lost"
    assert kept(world)[CardRef(CardKind.LEAD, "17")] == [
        Replaced("closed", "Новый лид", state, "open", "Кровля", "Кровля")
    ]


@pytest.mark.parametrize("params", [{}, {"won": True, "lost": "Дорого"}, {"lost": ""}, {"lost": False}])
def test_an_end_that_is_none_or_two_is_a_mistake(params: Any) -> None:
    with pytest.raises(ValidationError):
        REGISTRY["close"].params.model_validate(params)


def test_the_reason_is_asked_of_the_account() -> None:
    close = REGISTRY["close"]
    assert list(close.needs(close.params.model_validate({"lost": "Дорого"}))) == [
        (("lost",), Need("loss_reason", "Дорого"))
    ]


def test_a_closed_lead_is_reopened_and_an_open_one_stays(world: World) -> None:
    step = {"reopen": {"stage": "Переговоры"}}
    deliver_step(world, step, on_lead())
    assert world.crm.lead_cards["17"].stage == "Новый лид"
    assert kept(world)[CardRef(CardKind.LEAD, "17")] == []
    world.frozen.clear()
    deliver_step(world, {"close": {"lost": True}}, on_lead())
    world.frozen.clear()
    deliver_step(world, step, on_lead())
    assert (world.crm.lead_cards["17"].stage, world.crm.lead_cards["17"].state) == ("Переговоры", "open")
    (one,) = kept(world)[CardRef(CardKind.LEAD, "17")]
    assert (one.was, one.now) == (LOST, "Переговоры")


def test_a_conversion_says_where_to_and_asks_for_the_names_of_deals(world: World) -> None:
    convert = REGISTRY["convert"]
    params = {"pipeline": "Сервис", "stage": "Обращение", "company": "{{ lead.title }}", "lines": False}
    event = make_event("lead.created", lead={"id": "17", "title": "Крыша"})
    deliver_step(world, {"convert": params}, event)
    assert world.crm.calls("convert_leads") == [
        [LeadConversion("17", "Сервис", "Обращение", company="Крыша", lines=False)]
    ]
    assert [need for _, need in convert.needs(convert.params.model_validate(params))] == [
        Need("deal_pipeline", "Сервис"),
        Need("deal_stage", "Обращение", within="Сервис"),
    ]


STAGE = {"field": "stage", "old": "Переговоры", "new": "Новый лид", "old_pipeline": "Сервис", "new_pipeline": "Кровля"}


@pytest.mark.parametrize(
    ("change", "written"),
    [
        (STAGE, LeadChange("17", pipeline="Сервис", stage="Переговоры")),
        ({"field": "responsible", "old": IVAN, "new": ANNA}, LeadChange("17", responsible=IVAN)),
        ({"field": "price", "old": "500", "new": "0"}, LeadChange("17", price=Decimal(500))),
        ({"field": "title", "old": "Дом", "new": "Крыша"}, LeadChange("17", title="Дом")),
        (
            {"field": "tags", "lost": ("почта",), "gained": ("сайт",)},
            LeadChange("17", add_tags=("почта",), remove_tags=("сайт",)),
        ),
        (
            {"field": "Источник", "old": "", "new": "Сайт", "custom": True},
            LeadChange("17", fields={"Источник": ""}),
        ),
    ],
)
def test_what_a_person_changed_goes_back_to_what_it_was(world: World, change: Any, written: LeadChange) -> None:
    event = make_event("lead.updated", lead={"id": "17"}, change=change)
    values(deliver_step(world, {"put_back": {}}, event))
    assert world.crm.calls("update_leads") == [[written]]
    assert kept(world)[CardRef(CardKind.LEAD, "17")]


def test_what_was_changed_again_since_is_not_put_back(world: World) -> None:
    event = make_event("lead.assigned", lead={"id": "17"}, change={"field": "responsible", "old": ANNA, "new": IVAN})
    outcome = deliver_step(world, {"put_back": {}}, event)
    assert "changed again" in values(outcome)["reason"]
    assert world.crm.calls("update_leads") == []


def test_a_contacts_responsible_is_put_back_on_the_contact(world: World) -> None:
    change = {"field": "responsible", "old": IVAN, "new": ANNA}
    event = make_event("contact.updated", contact={"id": "4"}, change=change)
    deliver_step(world, {"put_back": {}}, event)
    assert world.crm.contact_cards["4"].responsible == IVAN


@pytest.mark.parametrize(
    "change", [{}, {"field": "contacts", "old": "1"}, {"field": "responsible", "old": "", "new": ANNA}]
)
def test_what_cannot_be_put_back_is_refused(world: World, change: Any) -> None:
    outcome = deliver_step(world, {"put_back": {}}, make_event("lead.updated", lead={"id": "17"}, change=change))
    assert isinstance(outcome, Rejected)


def test_one_event_without_a_change_spoils_no_batch(world: World) -> None:
    good = make_event("lead.updated", lead={"id": "17"}, change={"field": "title", "old": "Дом", "new": "Крыша"})
    bad = make_event("lead.updated", id="e2", lead={"id": "17"})
    steps = [(plan_of({"put_back": {}}, event=event).actions[0], event) for event in (good, bad)]
    first, second = world.deliver(*steps)
    assert isinstance(first, Done)
    assert isinstance(second, Rejected)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            {"move": {"stage": "Переговоры"}},
            [Replaced("stage", "Новый лид", "Переговоры", was_pipeline="Кровля", now_pipeline="Кровля")],
        ),
        ({"move": {"stage": "Новый лид", "pipeline": "кровля"}}, []),
        (
            {"move": {"stage": "Новый лид", "pipeline": "Сервис"}},
            [Replaced("stage", "Новый лид", "Новый лид", was_pipeline="Кровля", now_pipeline="Сервис")],
        ),
        ({"assign": {"responsible": "ivan"}}, [Replaced("responsible", ANNA, IVAN)]),
        (
            {"tag": {"add": ["Сайт", "дом"], "remove": ["САЙТ", "почта"]}},
            [Replaced("tag", "", "дом", "дом"), Replaced("tag", "сайт", "", "САЙТ")],
        ),
    ],
)
def test_every_change_of_a_lead_keeps_just_what_it_replaces(world: World, step: Any, expected: list[Replaced]) -> None:
    deliver_step(world, step, on_lead())
    assert kept(world)[CardRef(CardKind.LEAD, "17")] == expected


def test_a_lead_that_does_not_show_yet_is_changed_all_the_same_without_a_before_image(world: World) -> None:
    deliver_step(world, {"tag": {"add": ["дом"]}}, needed={"lead_id": "100", "contact_id": "4"})
    (decision,) = world.frozen.values()
    assert kept_in(decision) is None
    assert world.crm.calls("update_leads") == [[LeadChange("100", add_tags=("дом",))]]
