"""How leads end and come back, and values by name and type, against the running sandbox."""

import time

import pytest

from provodka.crm import LeadChange, LeadClosing, LeadReopening, Missing, Need, NewContact, NewLead
from provodka.errors import Rejected
from provodka.operation import Done

FIELDS = [
    {"name": "Площадь", "type": "numeric"},
    {"name": "Срочно", "type": "checkbox"},
    {"name": "Замер", "type": "date_time"},
    {"name": "Работы", "type": "multiselect", "enums": [{"value": "Кровля"}, {"value": "Фасад"}]},
    {"name": "Смета", "type": "file"},
]


@pytest.fixture
def lead(crm, ask):
    [done] = crm.create_leads(ask(NewLead("Сайт", "Сервис", "Обращение", contact=NewContact("Мария")), prefix="made"))
    return done.remote_id


def state(crm, lead):
    ref = crm.leads([lead])[lead]
    return ref.pipeline, ref.stage, ref.state, ref.loss_reason


def test_a_lead_is_won_in_its_own_pipeline(crm, lead, ask):
    assert crm.close_leads(ask(LeadClosing(lead, won=True))) == [Done(lead)]
    assert state(crm, lead) == ("Сервис", "Успешно реализовано", "won", "")


def test_a_lead_is_lost_with_its_reason_by_name(crm, lead, ask):
    assert crm.loss_reasons() == ("Дорого", "Спам", "Выбрали другую компанию")
    assert crm.close_leads(ask(LeadClosing(lead, won=False, loss_reason="дорого"))) == [Done(lead)]
    assert state(crm, lead) == ("Сервис", "Закрыто и не реализовано", "lost", "Дорого")
    crm.close_leads(ask(LeadClosing(lead, won=False, loss_reason="Спам")))
    assert state(crm, lead)[3] == "Спам"


def test_a_lead_that_a_person_moved_to_another_pipeline_is_closed_there(crm, desk, lead, ask, hinted):
    hinted(lead)
    desk.api("PATCH", f"/leads/{lead}", {"pipeline_id": 5000001, "status_id": 50000003})
    crm.close_leads(ask(LeadClosing(lead, won=True)))
    assert state(crm, lead)[:3] == ("Кровля", "Успешно реализовано", "won")
    desk.api("PATCH", f"/leads/{lead}", {"pipeline_id": 5000002, "status_id": 143})
    crm.reopen_leads(ask(LeadReopening(lead)))
    assert state(crm, lead)[:3] == ("Сервис", "Обращение", "open")


def test_an_unknown_reason_is_refused_with_the_nearest_and_the_others_are_closed(crm, lead, ask):
    [other] = crm.create_leads(ask(NewLead("Второй", "Кровля", "Новый лид"), prefix="other"))
    bad, good, gone = crm.close_leads(
        ask(
            LeadClosing(lead, won=False, loss_reason="Дорогго"),
            LeadClosing(other.remote_id, won=False),
            LeadClosing("999", won=True),
        )
    )
    assert isinstance(bad, Rejected)
    assert "«Дорого»" in bad.hint
    assert good == Done(other.remote_id)
    assert isinstance(gone, Rejected)
    assert "удалили или объединили" in gone.hint
    assert state(crm, other.remote_id) == ("Кровля", "Закрыто и не реализовано", "lost", "")


def test_a_reason_deleted_in_the_crm_is_noticed(crm, desk, lead, ask):
    assert crm.loss_reasons()
    desk.api("DELETE", "/leads/loss_reasons/600001")
    crm._room.directory._clock = lambda: time.monotonic() + 60
    [outcome] = crm.close_leads(ask(LeadClosing(lead, won=False, loss_reason="Дорого")))
    assert isinstance(outcome, Rejected)
    assert "причины отказа «Дорого»" in outcome.hint


def test_a_closed_lead_goes_back_to_work_and_an_open_one_stays(crm, lead, ask):
    crm.update_leads(ask(LeadChange(lead, stage="В работе")))
    assert crm.reopen_leads(ask(LeadReopening(lead))) == [Done(lead)]
    assert state(crm, lead)[1] == "В работе"
    crm.close_leads(ask(LeadClosing(lead, won=False, loss_reason="Спам")))
    assert crm.reopen_leads(ask(LeadReopening(lead))) == [Done(lead)]
    assert state(crm, lead)[:3] == ("Сервис", "Обращение", "open")
    crm.close_leads(ask(LeadClosing(lead, won=True)))
    crm.reopen_leads(ask(LeadReopening(lead, "В работе")))
    assert state(crm, lead)[:3] == ("Сервис", "В работе", "open")


def test_a_lead_cannot_be_reopened_into_a_closing_stage_nor_when_it_is_gone(crm, lead, ask):
    closed, foreign, gone = crm.reopen_leads(
        ask(LeadReopening(lead, "Успешно реализовано"), LeadReopening(lead, "Новый лид"), LeadReopening("999"))
    )
    assert all(isinstance(one, Rejected) for one in (closed, foreign, gone))
    assert "закрывающий" in closed.hint
    assert "в воронке «Сервис»" in foreign.hint
    assert "удалили" in gone.hint


def test_the_echo_of_our_own_closing_is_no_news(crm, lead, ask, hinted):
    assert hinted(lead) == ["lead.created"]
    crm.close_leads(ask(LeadClosing(lead, won=True)))
    assert hinted(lead) == []


def test_a_lead_deleted_between_plan_and_delivery_is_told_so(crm, desk, lead, ask):
    desk.control("delete", {"entity": "leads", "id": int(lead)})
    outcomes = [
        *crm.close_leads(ask(LeadClosing(lead, won=True))),
        *crm.update_leads(ask(LeadChange(lead, title="новое имя"))),
    ]
    assert all(isinstance(one, Rejected) for one in outcomes)
    assert all("удалили или объединили" in one.hint for one in outcomes)


def test_values_are_written_by_the_names_and_types_of_their_fields(crm, desk, lead, ask):
    desk.api("POST", "/leads/custom_fields", FIELDS)
    wanted = {
        "площадь": "1 500,5",
        "Срочно": "да",
        "Замер": "05.01.2026 14:30",
        "Работы": "фасад, Кровля",
        "Источник": "почта",
        "Комментарий": "позвонить",
    }
    assert crm.update_leads(ask(LeadChange(lead, fields=wanted))) == [Done(lead)]
    fields = crm.leads([lead])[lead].fields
    assert fields == {
        "Площадь": "1500.5",
        "Срочно": "да",
        "Замер": "2026-01-05T14:30",
        "Работы": "Фасад, Кровля",
        "Источник": "Почта",
        "Комментарий": "позвонить",
    }
    crm.update_leads(ask(LeadChange(lead, fields={"Комментарий": "", "Работы": "Кровля"})))
    fields = crm.leads([lead])[lead].fields
    assert (fields.get("Комментарий"), fields["Работы"]) == (None, "Кровля")


@pytest.mark.parametrize(
    ("field", "text", "hint"),
    [
        ("Площадь", "много", "нужно: число"),
        ("Срочно", "может быть", "нужно: да или нет"),
        ("Замер", "завтра", "нужно: дата"),
        ("Работы", "Кровля, Фассад", "«Фасад»"),
        ("Источник", "Сайтт", "«Сайт»"),
        ("Смета", "смета.pdf", "нельзя заполнить текстом"),
        ("Плошадь", "10", "«Площадь»"),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_refused_and_nothing_is_sent(crm, desk, lead, ask, field, text, hint):
    desk.api("POST", "/leads/custom_fields", FIELDS)
    crm._room.directory.refresh(0)
    [outcome] = crm.update_leads(ask(LeadChange(lead, title="не должно дойти", fields={field: text})))
    assert isinstance(outcome, Rejected)
    assert hint in outcome.hint
    assert crm.leads([lead])[lead].title == "Сайт"


def test_names_of_reasons_and_fields_of_people_and_firms_are_checked_before_the_start(crm):
    met = [Need("loss_reason", "спам"), Need("contact_field", "Должность"), Need("company_field", "Адрес")]
    unmet = [Need("loss_reason", "Далеко"), Need("contact_field", "Рост"), Need("company_field", "Должность")]
    lacking = crm.check(met + unmet)
    assert [one.need for one in lacking] == unmet
    assert lacking[0] == Missing(unmet[0], ("Дорого", "Спам", "Выбрали другую компанию"))
