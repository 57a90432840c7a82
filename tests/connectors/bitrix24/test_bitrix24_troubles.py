"""What people do on the portal between plan and delivery: each ends in a hint that support understands."""

import time
from datetime import UTC, datetime

import pytest

from provodka.crm import (
    BotStart,
    CardKind,
    CardRef,
    ContactChange,
    LeadChange,
    LeadClosing,
    Need,
    NewCompany,
    NewTask,
    StaffNotice,
    TaskChange,
)
from provodka.errors import AuthFailed, Rejected
from provodka.operation import Done

DUE = datetime(2096, 12, 1, 9, 0, tzinfo=UTC)
IVAN = "ivan@krovlya.ru"
NEEDS = [Need("stage", "Переговоры", "Кровля"), Need("field", "Источник"), Need("user", IVAN)]


@pytest.fixture
def learned(deals):
    """Have the names read; with an age, as long ago as they are in a long run."""

    def learn(age=0):
        assert deals.check(NEEDS) == []
        deals._room.directory._clock = lambda: time.monotonic() + age

    return learn


def user_field(desk, name):
    [row] = [one for one in desk.rest("crm.deal.userfield.list") if one["FIELD_NAME"] == name]
    return row


def status(desk, name):
    rows = desk.rest("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"})
    [row] = [one for one in rows if one["NAME"] == name]
    return row


def delete_stage(desk):
    desk.rest("crm.status.delete", id=status(desk, "Переговоры")["ID"], params={"FORCED": "Y"})


def delete_field(desk):
    desk.rest("crm.deal.userfield.delete", id=user_field(desk, "UF_CRM_DELIVERY")["ID"])


def dismiss(desk):
    desk.control("users", {"user_id": 6, "active": False})


CASES = [
    (delete_stage, {"stage": "Переговоры"}, "этапа «Переговоры»"),
    (delete_field, {"fields": {"Дата доставки": "05.01.2026"}}, "поля «Дата доставки»"),
    (dismiss, {"responsible": IVAN}, "отключён"),
]


@pytest.mark.parametrize(("deed", "change", "hint"), CASES)
def test_a_name_that_vanished_is_told_by_its_own_name(deals, desk, ask, learned, deed, change, hint):
    deal = desk.lead(2)
    learned(age=700)
    deed(desk)
    [outcome] = deals.update_leads(ask(LeadChange(deal, title="новое", **change)))
    assert isinstance(outcome, Rejected)
    assert hint in outcome.hint


@pytest.mark.parametrize(("deed", "change", "hint"), CASES[:2])
def test_what_vanished_since_the_names_were_read_is_noticed_by_the_answer(
    deals, desk, ask, learned, deed, change, hint
):
    deal, other = desk.lead(2), desk.lead(2)
    learned(age=60)
    deed(desk)
    bad, good = deals.update_leads(ask(LeadChange(deal, **change), LeadChange(other, title="новое имя")))
    assert isinstance(bad, Rejected)
    assert hint in bad.hint
    assert good == Done(other)


def test_what_vanished_a_moment_ago_has_a_hint_too(deals, desk, ask, learned):
    deal = desk.lead(2)
    learned()
    delete_field(desk)
    [bad] = deals.update_leads(ask(LeadChange(deal, fields={"Дата доставки": "05.01.2026"})))
    assert isinstance(bad, Rejected)
    assert "больше нет" in bad.hint


def test_a_dismissed_responsible_is_told_for_contacts_tasks_firms_and_notices(crm, desk, ask):
    lead, contact = desk.lead(), desk.contact("Мария", "+79160001122")
    [task] = crm.create_tasks(ask(NewTask("Позвонить", DUE, lead_id=lead)))
    dismiss(desk)
    crm._room.directory.refresh(0)
    outcomes = [
        *crm.update_contacts(ask(ContactChange(contact, responsible=IVAN))),
        *crm.change_tasks(ask(TaskChange(task.remote_id, responsible=IVAN))),
        *crm.create_companies(ask(NewCompany("Ромашка", responsible=IVAN))),
        *crm.notify_staff(ask(StaffNotice(IVAN, "Позвони", CardRef(CardKind.LEAD, lead), DUE))),
    ]
    assert all(isinstance(one, Rejected) and "отключён" in one.hint for one in outcomes), outcomes


def test_cards_deleted_by_a_person_are_told_in_every_kind_of_write(crm, desk, ask):
    lead, contact = desk.lead(), desk.contact("Мария", "+79160001122")
    desk.rest("crm.item.delete", entityTypeId=1, id=lead)
    desk.rest("crm.item.delete", entityTypeId=3, id=contact)
    outcomes = [
        *crm.update_contacts(ask(ContactChange(contact, name="Мария"))),
        *crm.close_leads(ask(LeadClosing(lead, won=True))),
        *crm.start_bots(ask(BotStart("Проверка лида", lead))),
    ]
    assert all(isinstance(one, Rejected) and "удалили" in one.hint for one in outcomes), outcomes


def test_a_right_that_only_some_configs_need_costs_the_others_nothing(crm, desk, ask, make_crm):
    lead = desk.lead()
    desk.control("inbound", {"user_id": 1, "secret": "narrow", "scopes": ["crm", "task", "user"]})
    narrow = make_crm(url=f"{desk.portal.url}/rest/1/narrow/")
    card = CardRef(CardKind.LEAD, lead)
    [notice] = narrow.notify_staff(ask(StaffNotice(IVAN, "Позвони", card, DUE)))
    [bot] = narrow.start_bots(ask(BotStart("Проверка лида", lead)))
    assert [type(one) for one in (notice, bot)] == [Rejected, Rejected]
    assert ("«im»" in notice.hint, "«bizproc»" in bot.hint) == (True, True)
    assert narrow.update_leads(ask(LeadChange(lead, title="новое"))) == [Done(lead)]
    desk.control("inbound", {"user_id": 1, "secret": "useless", "scopes": ["im"]})
    useless = make_crm(url=f"{desk.portal.url}/rest/1/useless/")
    [held] = useless.update_leads(ask(LeadChange(lead, title="новое")))
    assert isinstance(held, AuthFailed), "without the rights to cards nothing goes at all"
