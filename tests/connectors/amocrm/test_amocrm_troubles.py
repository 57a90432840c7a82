"""What people do in the CRM between plan and delivery: each ends in a hint that support understands."""

import time

import pytest

from provodka.crm import (
    BotStart,
    CardKind,
    CardLink,
    CardRef,
    ContactChange,
    LeadChange,
    LeadClosing,
    LeadReopening,
    Need,
    NewCompany,
    NewLead,
    NewNote,
    NewTask,
    TaskChange,
)
from provodka.errors import RateLimited, Rejected
from provodka.operation import Done
from tests.connectors.amocrm.test_amocrm_tasks import DUE, LATER


@pytest.fixture
def lead(crm, ask):
    [done] = crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид"), prefix="made"))
    return done.remote_id


@pytest.fixture
def learned(crm):
    """Have the names read; with an age, as long ago as they are in a long run."""

    def learn(age=0):
        assert crm.check(NEEDS) == []
        crm._room.directory._clock = lambda: time.monotonic() + age

    return learn


NEEDS = [Need("stage", "Переговоры", "Кровля"), Need("field", "Источник"), Need("user", "ivan@krovlya.ru")]


def rename_stage(desk):
    desk.api("PATCH", "/leads/pipelines/5000001/statuses/50000003", {"name": "Обсуждение"})


def delete_stage(desk):
    desk.api("DELETE", "/leads/pipelines/5000001/statuses/50000003")


def delete_field(desk):
    desk.api("DELETE", "/leads/custom_fields/300102")


def replace_option(desk):
    enums = [{"value": "Наш сайт"}]
    desk.api("PATCH", "/leads/custom_fields/300101", {"enums": enums})


def dismiss(desk):
    desk.api("POST", "/users/deactivate", [{"id": 7000002}])


CASES = [
    (delete_stage, {"stage": "Переговоры"}, "этапа «Переговоры»", "Этапа нет"),
    (delete_field, {"fields": {"Комментарий": "а"}}, "поля «Комментарий»", "Поле или вариант"),
    (replace_option, {"fields": {"Источник": "Сайт"}}, "«Наш сайт»", "Поле или вариант"),
    (dismiss, {"responsible": "ivan@krovlya.ru"}, "отключён", "Ответственного нет"),
]


@pytest.mark.parametrize(("deed", "change", "hint", "_"), CASES)
def test_a_name_that_vanished_is_told_by_its_own_name(crm, desk, lead, ask, learned, deed, change, hint, _):
    learned(age=60)
    deed(desk)
    [outcome] = crm.update_leads(ask(LeadChange(lead, title="новое", **change)))
    assert isinstance(outcome, Rejected)
    assert hint in outcome.hint
    assert crm.leads([lead])[lead].title == "Сайт"


@pytest.mark.parametrize(("deed", "change", "_", "hint"), CASES)
def test_what_vanished_a_moment_ago_has_a_hint_too_and_costs_the_others_nothing(
    crm, desk, lead, ask, learned, deed, change, _, hint
):
    [other] = crm.create_leads(ask(NewLead("Другой", "Кровля", "Новый лид"), prefix="other"))
    learned()
    deed(desk)
    bad, good = crm.update_leads(ask(LeadChange(lead, **change), LeadChange(other.remote_id, title="новое имя")))
    assert isinstance(bad, Rejected)
    assert hint in bad.hint
    assert good == Done(other.remote_id)


def test_a_renamed_stage_is_told_by_its_old_name_once_the_names_are_read_anew(crm, desk, lead, ask, learned):
    learned()
    rename_stage(desk)
    assert crm.update_leads(ask(LeadChange(lead, stage="Переговоры"))) == [Done(lead)], "its id is still the same"
    crm._room.directory.refresh(0)
    [outcome] = crm.update_leads(ask(LeadChange(lead, stage="Переговоры")))
    assert isinstance(outcome, Rejected)
    assert "нет в воронке «Кровля» этапа «Переговоры». Есть: «" in outcome.hint, "none is like it"
    assert "Новый лид" in outcome.hint


def test_a_dismissed_responsible_is_told_for_contacts_tasks_and_firms(crm, desk, lead, ask, learned):
    contact = desk.contact("Мария", "+79160001122")
    [task] = crm.create_tasks(ask(NewTask("Позвонить", DUE, lead_id=lead)))
    learned(age=60)
    dismiss(desk)
    outcomes = [
        *crm.update_contacts(ask(ContactChange(contact, responsible="ivan@krovlya.ru"))),
        *crm.change_tasks(ask(TaskChange(task.remote_id, responsible="ivan@krovlya.ru"))),
        *crm.create_companies(ask(NewCompany("Ромашка", responsible="ivan@krovlya.ru"))),
    ]
    assert all(isinstance(one, Rejected) and "отключён" in one.hint for one in outcomes), outcomes


def test_cards_deleted_by_a_person_are_told_in_every_kind_of_write(crm, desk, lead, ask):
    contact = desk.contact("Мария", "+79160001122")
    desk.control("delete", {"entity": "contacts", "id": int(contact)})
    desk.control("delete", {"entity": "leads", "id": int(lead)})
    outcomes = [
        *crm.update_contacts(ask(ContactChange(contact, name="Мария"))),
        *crm.close_leads(ask(LeadClosing(lead, won=True))),
        *crm.start_bots(ask(BotStart("Приветствие", lead))),
    ]
    assert all(isinstance(one, Rejected) for one in outcomes)
    assert all("удалили или объединили" in one.hint for one in outcomes)


def test_a_blocked_address_rests_long_and_is_asked_nothing_more(crm, desk, store, lead, ask):
    contact = desk.contact("Мария", "+79160001122")
    desk.fault("/contacts", status=403, body="<html>403 nginx</html>", method="PATCH")
    outcomes = crm.update_contacts(ask(ContactChange(contact, name="а"), ContactChange(contact, name="б")))
    assert all(isinstance(one, RateLimited) and one.code == "blocked" for one in outcomes)
    assert all("поддержку amoCRM" in one.hint for one in outcomes)
    assert [(seconds, reason) for _, seconds, reason in store.holds] == [(900, "blocked")]
    before = desk.stats()["calls"]
    card = CardRef(CardKind.LEAD, lead)
    later = [
        *crm.link_cards(ask(CardLink(card, CardRef(CardKind.CONTACT, contact)))),
        *crm.close_leads(ask(LeadClosing(lead, won=True))),
        *crm.change_tasks(ask(TaskChange("5", LATER))),
        *crm.add_notes(ask(NewNote("а", lead_id=lead))),
        *crm.start_bots(ask(BotStart("Приветствие", lead))),
    ]
    assert all(isinstance(one, RateLimited) for one in later)
    assert desk.stats()["calls"] == before


def test_ids_of_another_crm_spoil_nothing_for_the_others(crm, desk, lead, ask):
    contact = desk.contact("Мария", "+79160001122")
    assert set(crm.leads([lead, "DEAL_5", ""])) == {lead}
    assert set(crm.contacts([contact, "C_7"])) == {contact}
    assert set(crm.lead_lines([lead, "DEAL_5"])) == {lead}
    assert set(crm.customers([contact, "C_7"])) == {contact}
    good, foreign = crm.reopen_leads(ask(LeadReopening(lead), LeadReopening("DEAL_5")))
    assert good == Done(lead)
    assert isinstance(foreign, Rejected)
    assert foreign.hint
