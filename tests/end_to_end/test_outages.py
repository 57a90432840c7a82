"""What happens while the other side is away, and when it is back."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from tests.end_to_end.company import Company, Json, until
from tests.end_to_end.crms import OFFICES, Amocrm, Bitrix

every_crm = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

NO_DOUBLES = {"open_leads": 0, "extra_leads": 0, "contacts_by_phone": 0}
DOWN: list[Json] = [
    {"status": 503, "share": 1.0},
    {"kind": "cut_before", "share": 1.0},
    {"kind": "cut_after", "share": 1.0},
    {"kind": "cut_after", "share": 1.0, "method": "POST"},
]


@pytest.mark.parametrize("office", [Amocrm, Bitrix], ids=["amocrm", "bitrix24"])
@pytest.mark.parametrize(
    "fault", DOWN, ids=["503", "cut before the work", "cut after the work", "writes cut after the work"]
)
@pytest.mark.shows("S0-05")
def test_while_the_crm_is_down_nothing_is_lost_and_it_is_one_trouble(company: Company, fault: Json) -> None:
    company.crm_control("faults", fault)
    for n in range(3):
        assert company.form(f"+7916000000{n}", name=f"Гость {n}").status_code == 200
    until(lambda: [a for a in company.actions() if a.attempts > 1], "a second attempt")
    (trouble,) = until(company.troubles, "the trouble told, which comes behind the attempt")
    assert (trouble.name, bool(trouble.cure)) == (company.house.crm.name, True)  # type: ignore[union-attr]

    company.crm_control("faults", method="DELETE")
    company.rest("lead.created", 3)
    assert [len(lead["tasks"]) for lead in company.leads()] == [1, 1, 1]
    assert company.doubles() == NO_DOUBLES
    until(lambda: not company.troubles(), "the trouble ended, which comes behind the last action")
    assert len(company.told()) <= 1


@every_crm
def test_when_the_crm_is_back_what_waits_goes_at_once(company: Company) -> None:
    crm = company.office.emulator
    host, port = crm.host, crm.port
    crm.stop()
    try:
        company.form("+79160000001", name="Первая")
        until(company.troubles, "a failed attempt, and the trouble told")
        company.journal.write(_as_if_it_lasted_an_hour)
    finally:
        crm.start(host, port)
    company.form("+79160000002", name="Вторая")
    until(lambda: len(company.leads()) == 2, "both leads, the first of which would have waited for an hour")
    company.rest("form.submitted", 2)
    assert company.doubles() == NO_DOUBLES


@every_crm
def test_where_nothing_new_comes_in_the_reconciling_poll_sees_that_the_crm_is_back(company: Company) -> None:
    company.crm_control("faults", {"status": 503, "share": 1.0})
    company.form("+79160000001")
    until(company.troubles, "a failed attempt, and the trouble told")
    company.journal.write(_as_if_it_lasted_an_hour)
    company.crm_control("faults", method="DELETE")
    company.close()
    company.open()  # which reconciles, as every minute does
    company.rest("lead.created")


def test_a_revoked_token_is_one_alert_and_the_events_wait_for_the_new_one(company: Company) -> None:
    company.crm_control("token", {"sandbox": False})
    for n in range(3):
        assert company.form(f"+7916000000{n}", name=f"Гость {n}").status_code == 200
    (alert,) = until(company.told, "an alert")
    (trouble,) = company.troubles()
    assert (trouble.name, trouble.cure in alert) == ("amocrm", True)
    assert "токен" in trouble.cure
    until(lambda: len([a for a in company.actions() if a.error]) == 3, "all have tried")
    assert {a.attempts for a in company.actions()} == {0}, "a token that is refused uses up no attempt"

    company.crm_control("token", {"sandbox": True})
    company.journal.write(_as_if_it_lasted_an_hour)
    company.form("+79160000009", name="Четвёртая")
    company.rest("lead.created", 4)
    assert len(company.leads()) == 4
    assert company.doubles() == NO_DOUBLES
    assert company.told() == [alert]


@pytest.mark.shows("S0-05")
def test_a_changed_mailbox_password_is_one_trouble_with_its_cure_and_no_letter_is_lost(company: Company) -> None:
    mail = company.sandbox.mail
    until(lambda: mail.connections(), "the mailbox is being watched")
    mail.change_password("новый".encode().hex())
    mail.drop_connections()
    (alert,) = until(company.told, "an alert")
    (trouble,) = company.troubles()
    assert (trouble.name, trouble.cure in alert) == ("mail", True)
    assert "password" in trouble.cure
    company.letter("Пётр <petr@example.com>", "Ремонт крыши", "Сколько стоит?")
    assert company.form("+79160001122").status_code == 200, "the other channels work on"
    company.rest("lead.created")

    company.close()
    company.mail_password = "новый".encode().hex()
    company.open()
    company.rest("email.received")
    company.rest("lead.created", 2)
    assert sorted(lead["name"] for lead in company.leads()) == ["Письмо: Ремонт крыши", "Сайт: Мария"]
    assert company.troubles() == []


def _as_if_it_lasted_an_hour(connection: Connection) -> None:
    """The trouble began an hour ago, and the pauses have grown to an hour. The journal counts in microseconds."""
    connection.execute(text("UPDATE troubles SET since = since - 3600000000"))
    connection.execute(text("UPDATE actions SET not_before = not_before + 3600000000 WHERE error IS NOT NULL"))
