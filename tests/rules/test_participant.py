"""Other people of a lead, beside its main contact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provodka.crm import CardKind, Contact, ContactAddition
from provodka.errors import Rejected, Retryable
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef
from tests.rules.around_crm import AroundCrm
from tests.rules.world import CLIENT, World, delivery, make_event, plan_of

OLGA = {"name": "Ольга", "phone": "8 916 000-33-44", "email": "Olga@Example.ru"}


@pytest.fixture
def crm() -> AroundCrm:
    crm = AroundCrm()
    crm.know(Contact("c1", "Пётр", CLIENT.phones), LeadRef("17", "Крыша", responsible="anna@krovlya.ru"))
    return crm


@pytest.fixture
def world(crm: AroundCrm) -> World:
    return World(crm=crm)


def join(world: World, given: dict[str, Any]) -> Outcome:
    event = make_event()
    (action,) = plan_of({"participant": given}, event=event).actions
    (outcome,) = world.deliver_items([delivery(action, event)], "participant")
    return outcome


def test_an_unknown_person_is_made_and_linked_beside_the_main_contact(world: World, crm: AroundCrm) -> None:
    outcome = join(world, OLGA)
    ((made,),) = crm.calls("create_contacts")
    assert (made.name, made.phones, made.emails) == ("Ольга", ("+79160003344",), ("olga@example.ru",))
    assert made.responsible == "anna@krovlya.ru"
    ((link,),) = crm.calls("link_cards")
    assert (link.card.kind, link.card.id, link.other.id, link.main) == (CardKind.CONTACT, "p1", "17", False)
    assert isinstance(outcome, Done)
    assert outcome.values == {"participant_id": "p1", "lead_id": "17", "created": "yes", "reason": "new person"}


def test_a_known_person_is_linked_and_gets_what_the_card_lacks(world: World, crm: AroundCrm) -> None:
    crm.know(Contact("c2", "Ольга П.", ("+79160003344",)))
    outcome = join(world, OLGA)
    assert crm.calls("create_contacts") == []
    assert crm.calls("add_to_contacts") == [[ContactAddition("c2", emails=("olga@example.ru",))]]
    assert crm.calls("link_cards")[0][0].card.id == "c2"
    assert isinstance(outcome, Done)
    assert (outcome.values["participant_id"], outcome.values["created"]) == ("c2", "no")


def test_a_card_that_refuses_what_it_lacks_is_linked_all_the_same(world: World, crm: AroundCrm) -> None:
    crm.know(Contact("c2", "Ольга П.", ("+79160003344",)))
    crm.refuse["add_to_contacts"] = Rejected("no such email")
    assert isinstance(join(world, OLGA), Done)


def test_the_main_contact_is_not_linked_again(world: World, crm: AroundCrm) -> None:
    outcome = join(world, {"phone": CLIENT.phone})
    assert isinstance(outcome, Done)
    assert outcome.found
    assert crm.calls("link_cards") == []


def test_nobody_is_added_where_neither_phone_nor_email_was_told() -> None:
    assert plan_of({"participant": {"name": "Ольга", "phone": "{{ form.comment }}"}}).actions == ()


def test_a_person_without_an_open_lead_has_no_participants(world: World, crm: AroundCrm) -> None:
    crm.lead_cards.clear()
    outcome = join(world, OLGA)
    assert isinstance(outcome, Rejected)
    assert "intake" in outcome.hint


def test_two_of_a_batch_about_one_person_make_them_once(world: World, crm: AroundCrm) -> None:
    event = make_event()
    (action,) = plan_of({"participant": OLGA}, event=event).actions
    batch = [delivery(action, event), delivery(replace(action, key="other"), event)]
    first, second = world.deliver_items(batch, "participant")
    assert (type(first), type(second)) == (Done, Retryable)
    assert [len(sent) for sent in crm.calls("create_contacts")] == [1]
