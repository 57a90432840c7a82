"""What goes wrong on the way to 1C: each trouble is an error of its own kind, with a cure in Russian."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest

from connectors.onec import cures
from connectors.onec.odata import problems
from provodka.accounting import Cancellation
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from provodka.operation import Done
from sandbox.faults import Fault
from tests.connectors.onec.odata.conftest import BUYER

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
    assert "Период" in outcome.hint
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
    hints = [
        text for name, text in vars(problems).items() if name[0].isupper() and isinstance(text, str) and " " in text
    ]
    hints += [case.hint for case in cures.CASES]

    assert len(hints) > 15
    assert [one for one in hints if not russian(one)] == []
