"""What a CRM refuses it refuses for that item alone, in words for people."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.registry import CRMS
from provodka.crm import (
    NOT_OFFERED,
    BotStart,
    CardKind,
    CardLink,
    CompanyChange,
    ContactAddition,
    ContactChange,
    Crm,
    CrmAccount,
    LeadChange,
    LeadClosing,
    LeadLines,
    LeadReopening,
    NewCompany,
    NewContact,
    NewCustomer,
    NewFile,
    NewInvoice,
    NewTask,
    ProductLine,
    TaskChange,
    TaskCompletion,
    TaskReopening,
    Write,
)
from provodka.errors import Rejected
from provodka.operation import Done, Outcome
from tests.contract.crms import DUE, FILE, GONE, PHONE, TILE, ask, card, one, refused


def writes(crm: CrmAccount, lead: str, contact: str) -> list[tuple[Write[Any], Any, Any]]:
    """Writes, each with an item that cannot be done and one that can."""
    card_gone, link_to = card(GONE, CardKind.CONTACT), card(contact, CardKind.CONTACT)
    task = one(crm.create_tasks(ask(NewTask("Позвонить", DUE, lead))))
    firm = one(crm.create_companies(ask(NewCompany("Роза"))))
    return [
        (crm.update_contacts, ContactChange(GONE, "Пётр"), ContactChange(contact, "Мария")),
        (crm.add_to_contacts, ContactAddition(GONE, (PHONE,)), ContactAddition(contact, (PHONE,))),
        (crm.create_contacts, NewContact("А", responsible="nobody@krovlya.ru"), NewContact("Б")),
        (crm.create_companies, NewCompany("А", responsible="nobody@krovlya.ru"), NewCompany("Б")),
        (crm.update_companies, CompanyChange(GONE, "Пион"), CompanyChange(firm, "Пион")),
        (crm.link_cards, CardLink(card(lead), card_gone), CardLink(card(lead), link_to)),
        (crm.update_leads, LeadChange(lead, stage="Нет такого"), LeadChange(lead, stage="Переговоры")),
        (crm.close_leads, LeadClosing(lead, won=False, loss_reason="Нет такой"), LeadClosing(lead, won=False)),
        (crm.reopen_leads, LeadReopening(GONE), LeadReopening(lead)),
        (crm.create_tasks, NewTask("А", DUE), NewTask("Б", DUE, lead)),
        (crm.change_tasks, TaskChange(GONE, DUE), TaskChange(task, DUE)),
        (crm.complete_tasks, TaskCompletion(GONE), TaskCompletion(task)),
        (crm.reopen_tasks, TaskReopening(GONE), TaskReopening(task)),
        (crm.attach_files, NewFile(FILE, card(GONE)), NewFile(FILE, card(lead))),
        (crm.set_lead_lines, LeadLines(lead, (ProductLine(""),)), LeadLines(lead, (TILE,))),
        (crm.create_invoices, NewInvoice("Счёт", GONE), NewInvoice("Счёт 2", lead)),
        (crm.start_bots, BotStart("Нет такого", lead), BotStart(crm.bots()[0], lead)),
    ]


def test_one_bad_item_costs_the_others_nothing_and_tells_people_why(crm: CrmAccount, lead: str, contact: str) -> None:
    for write, bad, good in writes(crm, lead, contact):
        first, second = write(ask(bad, good))
        assert refused(first).code != NOT_OFFERED, bad
        assert isinstance(second, Done), second
        assert second.remote_id


def test_what_a_crm_lacks_it_says_with_the_code_of_that(crm: CrmAccount, contact: str) -> None:
    """Regular customers are what one of the two has no place for."""
    told: Outcome | None = None
    try:
        assert contact in crm.customers([contact])
    except Rejected as error:
        told = error
    assert told is None or refused(told).code == NOT_OFFERED
    [made] = crm.create_customers(ask(NewCustomer("Мария", contact)))
    lacks = CRMS[crm.name].lacks
    assert isinstance(made, Done) if "create_customers" not in lacks else refused(made).code == NOT_OFFERED


@pytest.mark.parametrize("kind", CRMS)
def test_what_a_crm_is_said_to_lack_is_something_that_crms_are_asked_for(kind: str) -> None:
    assert all(hasattr(Crm, operation) for operation in CRMS[kind].lacks)
