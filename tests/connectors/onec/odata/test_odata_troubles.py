"""What goes wrong on the way to 1C: each trouble is an error of its own kind, with a cure in Russian."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from provodka.accounting import Cancellation, PartyKind, Vat
from provodka.crm.sales import ProductLine
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from provodka.operation import Done
from sandbox.faults import Fault
from tests.connectors.onec.odata.conftest import BUYER, LINES, every_configuration

ROOT = "/base/odata/standard.odata"
INVOICE = "Document_СчетНаОплатуПокупателю"


def russian(hint: str) -> bool:
    return sum("а" <= letter <= "я" for letter in hint.lower()) > 20


# the way in


def test_a_cyrillic_login_with_an_empty_password_enters(world):
    world.onec.door.users["Обмен CRM"] = ""

    done = world.buyer(account=world.open(user="Обмен CRM", password=""))

    assert isinstance(done, Done)


def test_a_wrong_password_is_told_from_a_lacking_right(world):
    wrong = world.buyer(account=world.open(password="no"))
    world.onec.turn(forbid=("Catalog_Контрагенты",))
    forbidden = world.buyer()

    assert isinstance(wrong, AuthFailed)
    assert "логин или пароль" in wrong.hint
    assert isinstance(forbidden, AuthFailed)
    assert "УдаленныйДоступOData" in forbidden.hint


def test_a_user_without_the_role_is_refused_as_a_wrong_login(world):
    world.onec.turn(role=False)

    assert isinstance(world.buyer(), AuthFailed)


def test_a_base_that_is_not_published_is_told_from_an_object_that_is_not(world):
    world.onec.turn(unpublish=(INVOICE,))
    _, absent = world.invoice()
    world.onec.turn(published=False)
    unpublished = world.buyer(replace(BUYER, mark="amocrm:company:48", inn="7707083893"))

    assert isinstance(absent, Rejected)
    assert INVOICE in absent.hint
    assert isinstance(unpublished, AuthFailed)
    assert "Публиковать стандартный интерфейс OData" in unpublished.hint


def test_a_set_that_vanishes_from_the_composition_is_named_and_nothing_counts_as_deleted(world):
    world.invoice()
    world.poll()
    world.onec.turn(unpublish=(INVOICE,))

    with pytest.raises(Rejected) as raised:
        world.poll()

    assert raised.value.code == "8"
    assert "Состав" in raised.value.hint


# closed for a while


def test_a_base_under_maintenance_holds_the_account_and_costs_no_attempt(world):
    world.onec.turn(maintenance=True)

    outcome = world.buyer()

    assert isinstance(outcome, RateLimited)
    assert outcome.wait == 60
    assert "обслуживание" in outcome.hint
    assert world.store.holds[-1][1] == 60


def test_an_exhausted_pool_of_sessions_is_waited_for(world):
    world.onec.turn(no_session=1)

    outcome = world.buyer()

    assert isinstance(outcome, RateLimited)
    assert 0 < outcome.wait <= 10
    assert "сеанс" in outcome.hint


def test_a_licence_that_nobody_gives_back_is_waited_for(world):
    world.onec.turn(no_license=True)

    outcome = world.buyer()

    assert isinstance(outcome, RateLimited)
    assert "лицензи" in outcome.hint


def test_only_one_request_at_a_time_goes_to_a_base(world):
    world.onec.turn(sessions=1)
    world.onec.latency = 0.02
    account = world.account
    outcomes = []
    threads = [
        threading.Thread(
            target=lambda n=n: outcomes.append(world.buyer(replace(BUYER, mark=f"m:{n}"), account=account))
        )
        for n in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(isinstance(one, Done) for one in outcomes), outcomes


# faults


def test_a_crash_of_the_platform_is_tried_again_when_reading_and_looked_into_when_writing(world):
    world.buyer()
    world.onec.turn(crash=1)
    reading = world.buyer(replace(BUYER, mark="x:1", inn="7707083893", kpp=""))
    asked = world.asked(counterparty=world.buyer().remote_id)
    world.do("create_invoices", asked)
    world.onec.faults.arm(
        Fault(status=500, method="POST", body="<html><h2>1C:Enterprise 8 application error</h2></html>")
    )
    writing = world.do("create_invoices", replace(asked, mark="amocrm:lead:18:invoice:1", sale="18:1", lead_id="18"))

    assert isinstance(reading, Retryable)
    assert "Сбой платформы" in reading.hint
    assert isinstance(writing, Ambiguous)


def test_a_page_of_html_with_200_is_no_data(world):
    world.onec.turn(html=1)
    reading = world.buyer()
    party = world.buyer()
    asked = world.asked(counterparty=party.remote_id)
    world.do("create_invoices", asked)
    world.onec.faults.arm(
        Fault(status=200, method="POST", body="<!DOCTYPE html><html>Вход</html>", headers={"Content-Type": "text/html"})
    )
    writing = world.do("create_invoices", replace(asked, mark="amocrm:lead:18:invoice:1", sale="18:1", lead_id="18"))

    assert isinstance(reading, Retryable)
    assert isinstance(writing, Ambiguous)
    assert "HTML" in writing.hint


def test_a_stack_of_1c_is_shown_without_its_module_paths(world):
    text = (
        "{Документ.Счет.МодульОбъекта(123)}: Ошибка при выполнении обработчика - 'ПередЗаписью'\nНе заполнено «Договор»"
    )
    body = json.dumps({"odata.error": {"code": "-1", "message": {"lang": "ru", "value": text}}})
    world.onec.faults.arm(Fault(status=500, body=body, headers={"Content-Type": "application/json"}))

    outcome = world.buyer()

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "Не заполнено «Договор»"


def test_a_lock_is_waited_for_with_jitter(world):
    party = world.buyer()
    asked = world.asked(counterparty=party.remote_id)
    world.onec.turn(lock_conflicts=2)
    first, second = (world.do("create_invoices", asked) for _ in range(2))
    third = world.do("create_invoices", asked)

    assert isinstance(first, Retryable)
    assert 5 <= first.wait <= 60
    assert first.wait != second.wait
    assert "заняты" in first.hint
    assert isinstance(third, Done)


def test_a_document_that_a_person_holds_open_is_cancelled_later(world):
    world.invoice()
    world.poll()
    world.accountant.lock(world.sale().ref, 30)

    outcome = world.do("cancel_invoices", Cancellation("17:1"))

    assert isinstance(outcome, Retryable)
    assert outcome.wait >= 5


def test_a_closed_period_is_a_matter_for_the_accountant(world):
    party = world.buyer()
    world.accountant.close_period(date.today() + timedelta(days=2))

    outcome = world.do("create_invoices", world.asked(counterparty=party.remote_id))

    assert isinstance(outcome, Rejected)
    assert "дату запрета изменения" in outcome.hint or "запрета изменения" in outcome.hint
    world.accountant.close_period(None)
    assert isinstance(world.do("create_invoices", world.asked(counterparty=party.remote_id)), Done)


def test_a_standalone_server_that_refuses_patch_is_given_the_whole_object(world):
    world.invoice()
    world.poll()
    world.onec.turn(patch=False)

    outcome = world.do("cancel_invoices", Cancellation("17:1"))

    assert isinstance(outcome, Done)
    assert world.poll() == ["invoice.cancelled"]
    assert [paper.deleted for paper in world.onec.base.papers.all("invoice")] == [True]


# the buyer


def test_an_inn_with_a_wrong_digit_never_reaches_1c(world):
    outcome = world.buyer(replace(BUYER, inn="7701999112"))

    assert isinstance(outcome, Rejected)
    assert "контрольные цифры" in outcome.hint
    assert world.calls()["calls"] == {}


def test_a_kpp_of_the_wrong_form_is_refused(world):
    outcome = world.buyer(replace(BUYER, kpp="7701"))

    assert isinstance(outcome, Rejected)
    assert "КПП" in outcome.hint


def test_two_counterparties_with_one_inn_and_kpp_are_for_a_person_to_choose_from(world):
    for name in ("Ромашка", "Ромашка (старая)"):
        world.onec.base.write("Catalog_Контрагенты", {"Description": name, "ИНН": BUYER.inn, "КПП": BUYER.kpp})

    outcome = world.buyer()

    assert isinstance(outcome, Rejected)
    assert "«Ромашка»" in outcome.hint
    assert "«Ромашка (старая)»" in outcome.hint


@every_configuration
def test_a_branch_is_told_from_its_firm_by_kpp(world):
    firm = world.buyer()
    branch = world.buyer(replace(BUYER, mark="amocrm:company:48", name="Ромашка, филиал", kpp="780243001"))
    again = world.buyer(replace(BUYER, mark="amocrm:company:49", kpp="780243001"))

    assert firm.remote_id != branch.remote_id
    assert again.remote_id == branch.remote_id
    assert again.found


# the goods


def test_every_product_that_is_missing_is_named_at_once(world):
    lines = (
        ProductLine("Кабель", Decimal(10), Decimal(1), sku="NO-1"),
        LINES[0],
        ProductLine("Монтаж щита", Decimal(10), Decimal(1)),
    )

    _, outcome = world.invoice(lines=lines)

    assert isinstance(outcome, Rejected)
    assert "«Кабель» (артикул NO-1)" in outcome.hint
    assert "«Монтаж щита» (без артикула)" in outcome.hint
    assert "ВВГнг" not in outcome.hint
    assert world.onec.base.papers.all("invoice") == []


def test_a_product_without_an_article_is_found_by_its_name(world):
    _, outcome = world.invoice(lines=(ProductLine("Выключатель одноклавишный", Decimal(3), Decimal(120)),))

    assert isinstance(outcome, Done), outcome.hint


def test_an_article_of_two_products_is_named_with_both(world):
    world.onec.base.write("Catalog_Номенклатура", {"Description": "Кабель другой", "Артикул": "KAB-3x2.5"})

    _, outcome = world.invoice()

    assert isinstance(outcome, Rejected)
    assert "«Кабель другой»" in outcome.hint


@pytest.mark.parametrize("vat", list(Vat))
@every_configuration
def test_every_rate_of_vat_comes_back_as_it_was_sent(world, vat):
    _, outcome = world.invoice(vat=vat)

    assert isinstance(outcome, Done), outcome.hint
    world.poll()
    assert {line.vat for line in world.sale().lines} == {vat.value}
    expected = sum((line.vat_amount for line in world.account.all_sales()[0].asked), Decimal(0))
    assert world.sale().vat_amount == expected


def test_a_price_with_more_digits_than_1c_keeps_still_gives_the_asked_sum(world):
    lines = (ProductLine("Кабель ВВГнг(А)-LS 3х2,5", Decimal(3), Decimal("3.333"), sku="KAB-3x2.5"),)

    _, outcome = world.invoice(lines=lines)

    assert isinstance(outcome, Done), outcome.hint
    world.poll()
    assert world.sale().amount == Decimal("10.00")


def test_a_sum_that_1c_counts_otherwise_is_refused_with_the_difference_and_the_draft_is_marked(world, monkeypatch):
    write = world.onec.base.write

    def counting_anew(name, values, **more):
        if name == INVOICE:
            rows = [{**row, "Сумма": row["Сумма"] - Decimal("0.01")} for row in values["Товары"]]
            values = {**values, "Товары": rows}
        return write(name, values, **more)

    monkeypatch.setattr(world.onec.base, "write", counting_anew)

    _, outcome = world.invoice()

    assert isinstance(outcome, Rejected)
    assert "разница -0.01" in outcome.hint
    assert [paper.deleted for paper in world.onec.base.papers.all("invoice")] == [True]


def test_a_currency_that_the_base_has_not_is_named(world):
    _, outcome = world.invoice(currency="USD")

    assert isinstance(outcome, Rejected)
    assert "USD" in outcome.hint


def test_a_currency_that_the_base_has_stands_on_the_invoice(world):
    world.onec.base.write("Catalog_Валюты", {"Code": "840", "Description": "USD"})

    _, outcome = world.invoice(currency="USD")

    assert isinstance(outcome, Done), outcome.hint
    world.poll()
    assert world.sale().currency == "USD"


def test_empty_dates_and_references_are_none(world):
    base = world.base()

    assert base.moment("0001-01-01T00:00:00") is None
    assert base.moment("2026-07-15T12:00:00").isoformat() == "2026-07-15T12:00:00+03:00"


# 1C is restored


def test_a_base_restored_from_yesterday_takes_back_what_it_has_not_any_more(world):
    world.invoice(lead="16")
    world.poll()
    world.accountant.take_copy()
    world.invoice(lead="17")
    world.accountant.pay(world.sale("16").ref)
    assert "invoice.paid" in world.poll()

    world.accountant.restore()
    world.ahead = timedelta(hours=2)
    events = world.poll()

    assert sorted(events) == ["invoice.cancelled", "invoice.unpaid"]


def test_every_hint_is_a_sentence_in_russian():
    from connectors.onec.odata import problems

    hints = [text for name, text in vars(problems).items() if name.isupper() and isinstance(text, str) and " " in text]

    assert len(hints) > 15
    assert [one for one in hints if not russian(one)] == []


def test_a_private_person_is_found_by_the_mark_and_then_by_the_whole_name(world):
    person = replace(
        BUYER, kind=PartyKind.PERSON, name="Иванов Иван", full_name="", inn="", kpp="", mark="amocrm:contact:5"
    )
    made = world.buyer(person)
    same = world.buyer(person)
    namesake = world.buyer(replace(person, mark="amocrm:contact:6"))

    assert same.remote_id == made.remote_id
    assert namesake.remote_id == made.remote_id
    assert namesake.found
