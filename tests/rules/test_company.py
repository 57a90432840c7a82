"""Firms of leads: found or made, linked, never twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from provodka import taxpayer
from provodka.crm import Company, CompanyChange, Contact
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef
from rules.actions.company import CompanyParams
from tests.rules.around_crm import AroundCrm
from tests.rules.world import CLIENT, NOW, World, delivery, make_event, plan_of

INN, OTHER_INN = "7707083893", "7728168971"


@pytest.fixture
def crm() -> AroundCrm:
    crm = AroundCrm()
    crm.know(Contact("c1", "Пётр", CLIENT.phones), LeadRef("17", "Крыша", responsible="anna@krovlya.ru"))
    return crm


@pytest.fixture
def world(crm: AroundCrm) -> World:
    return World(crm=crm)


def firm(world: World, given: dict[str, Any], **more: Any) -> Outcome:
    event = make_event()
    (action,) = plan_of({"company": given}, event=event).actions
    (outcome,) = world.deliver_items([delivery(action, event, **more)], "company")
    return outcome


def links(crm: AroundCrm) -> list[tuple[str, str]]:
    return [(link.card.id, link.other.id) for sent in crm.calls("link_cards") for link in sent]


@pytest.mark.parametrize("text", [INN, " 77 07 083 893 ", "500100732259"])
def test_an_inn_is_read_as_people_write_it(text: str) -> None:
    assert taxpayer.inn(text) == text.replace(" ", "")


@pytest.mark.parametrize("text", ["7707083894", "770708389", "500100732258", "ИНН", "", "0000000000"])
def test_what_is_no_inn_is_told_from_one(text: str) -> None:
    assert taxpayer.inn(text) == ""
    assert taxpayer.wrong_inn(text)


def test_a_kpp_has_nine_characters() -> None:
    assert [taxpayer.kpp(text) for text in ("770701001", "7707ab001", "77070100")] == ["770701001", "7707AB001", ""]


def test_an_unknown_firm_is_made_and_linked_to_lead_and_contact(world: World, crm: AroundCrm) -> None:
    given = {"inn": INN, "kpp": "770701001", "name": "ООО «Ромашка»", "phone": "8 495 123-45-67", "email": "A@R.ru"}
    outcome = firm(world, {**given, "fields": {"Отрасль": "Цветы"}, "tags": ["опт"]})
    ((made,),) = crm.calls("create_companies")
    assert (made.name, made.inn, made.kpp) == ("ООО «Ромашка»", INN, "770701001")
    assert (made.phones, made.emails) == (("+74951234567",), ("a@r.ru",))
    assert (made.responsible, made.tags, made.fields) == ("anna@krovlya.ru", ("опт",), {"Отрасль": "Цветы"})
    assert links(crm) == [("f1", "17"), ("f1", "c1")]
    assert isinstance(outcome, Done)
    told = {"company_id": "f1", "created": "yes", "lead_id": "17", "contact_id": "c1"}
    assert outcome.values == {**told, "reason": "no such firm"}


def test_a_known_firm_gets_what_it_lacks_and_keeps_what_it_has(world: World, crm: AroundCrm) -> None:
    crm.firms["9"] = Company("9", "Ромашка", INN, phones=("+74951234567",), fields={"Отрасль": "Цветы"})
    given = {"inn": INN, "kpp": "770701001", "name": "Лютик", "email": "a@r.ru"}
    outcome = firm(world, {**given, "fields": {"отрасль": "Мёд", "Сайт": "r.ru"}})
    ((change,),) = crm.calls("update_companies")
    assert change == CompanyChange("9", kpp="770701001", emails=("a@r.ru",), fields={"Сайт": "r.ru"})
    assert crm.calls("create_companies") == []
    assert links(crm) == [("9", "17"), ("9", "c1")]
    assert isinstance(outcome, Done)
    assert (outcome.values["created"], outcome.values["reason"]) == ("no", "known company 9 by ИНН")


def test_a_firm_that_lacks_nothing_is_only_linked(world: World, crm: AroundCrm) -> None:
    crm.firms["9"] = Company("9", "Ромашка", phones=("+74951234567",))
    firm(world, {"phone": "84951234567"})
    assert [name for name in crm.names if name in ("create_companies", "update_companies", "link_cards")] == [
        "link_cards"
    ]


def test_a_firm_of_the_same_name_with_another_inn_is_another_firm(world: World, crm: AroundCrm) -> None:
    crm.firms["9"] = Company("9", "Ромашка", OTHER_INN)
    outcome = firm(world, {"inn": INN, "name": "Ромашка"})
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "company 9 (by name) has another ИНН"
    assert len(crm.calls("create_companies")) == 1


def test_a_wrong_inn_is_refused_in_words_or_left_out(world: World, crm: AroundCrm) -> None:
    refused = firm(world, {"inn": "7707083894", "name": "Ромашка"})
    assert isinstance(refused, Rejected)
    assert refused.reason == "«7707083894» is no ИНН: its check digits are wrong"
    assert "wrong_inn: skip" in refused.hint
    assert crm.names == []
    assert isinstance(firm(world, {"inn": "7707083894", "name": "Ромашка", "wrong_inn": "skip"}), Done)
    assert crm.calls("create_companies")[0][0].inn == ""


def test_a_firm_of_which_nothing_was_told_is_no_action() -> None:
    given = {"inn": "{{ form.fields.inn | default('') }}", "name": " ", "wrong_inn": "skip"}
    assert plan_of({"company": given}).actions == ()
    assert plan_of({"company": {**given, "name": "Роза"}}).actions != ()
    with pytest.raises(ValidationError, match="names nothing that a firm is known by"):
        CompanyParams.model_validate({"kpp": "770701001"})


def test_two_of_a_batch_about_one_firm_make_it_once(world: World, crm: AroundCrm) -> None:
    event = make_event()
    (action,) = plan_of({"company": {"inn": INN}}, event=event).actions
    twin = replace(action, key="other")
    first, second = world.deliver_items([delivery(action, event), delivery(twin, event)], "company")
    assert isinstance(first, Done)
    assert isinstance(second, Retryable)
    assert [len(sent) for sent in crm.calls("create_companies")] == [1]


def test_a_link_that_could_not_be_made_is_made_up_for_without_a_second_firm(world: World, crm: AroundCrm) -> None:
    crm.refuse["link_cards"] = Retryable("the CRM is down")
    event = make_event()
    (action,) = plan_of({"company": {"inn": INN}}, event=event).actions
    (outcome,) = world.deliver_items([delivery(action, event)], "company")
    assert isinstance(outcome, Ambiguous), "a sure failure would let the next attempt make another one"
    del crm.refuse["link_cards"]
    again = delivery(action, event, frozen=world.frozen[action.key], unsure_since=NOW)
    (outcome,) = world.deliver_items([again], "company")
    assert isinstance(outcome, Done)
    assert (outcome.found, outcome.values["company_id"]) == (True, "f1")
    assert len(crm.calls("create_companies")) == 1
    assert links(crm)[-2:] == [("f1", "17"), ("f1", "c1")]


def test_without_a_lead_a_firm_is_linked_to_the_contact_alone(world: World, crm: AroundCrm) -> None:
    crm.lead_cards.clear()
    assert isinstance(firm(world, {"inn": INN}), Done)
    assert links(crm) == [("f1", "c1")]
