"""What goes wrong with a base of 1C, by each of its services: who waits, who is told; and nothing is made twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provodka.accounting import Vat, priced
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from provodka.operation import Done
from tests.connectors.onec.service.opening import GOODS, Books, invoice


@pytest.mark.parametrize(
    ("switch", "error", "hint"),
    [
        ({"maintenance": True}, RateLimited, "закрыта на обслуживание"),
        ({"no_license": True}, RateLimited, "закончились лицензии"),
        ({"no_session": 1}, RateLimited, "Свободных сеансов"),
        ({"crash": 1}, Ambiguous, "место на диске"),
        ({"html": 1}, Ambiguous, "веб-страница"),
        ({"role": False}, AuthFailed, "имя или пароль"),
        ({"published": False}, AuthFailed, "опубликуйте сервис"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_each_trouble_of_the_base_is_the_error_that_it_means(books: Books, switch, error, hint):
    asked = invoice(books.buyer())
    books.onec.turn(**switch)
    refused = books.ask(asked)
    assert type(refused) is error, refused
    assert hint in refused.hint
    assert books.count("invoice") == 0


def test_while_a_base_is_closed_the_whole_account_waits(books: Books):
    asked = invoice(books.buyer())
    books.onec.turn(maintenance=True)
    books.ask(asked)
    (account, seconds, _) = books.store.holds[-1]
    assert account.startswith("1c:")
    assert seconds > 30


def test_a_page_in_place_of_the_answer_hides_an_invoice_that_is_there(books: Books):
    asked = invoice(books.buyer())
    books.onec.turn(html_after=1)
    assert isinstance(books.ask(asked), Ambiguous)
    found = books.ask(asked, unsure=True)
    assert isinstance(found, Done)
    assert books.count("invoice") == 1


def test_a_closed_period_is_not_tried_again(books: Books):
    asked = invoice(books.buyer())
    books.desk.close_period(books.onec.base.now().date() + timedelta(days=1))
    refused = books.ask(asked)
    assert isinstance(refused, Rejected)
    assert "Дата запрета изменения данных" in refused.reason
    assert "Период в 1С закрыт" in refused.hint


def test_a_document_that_somebody_holds_is_waited_for(books: Books):
    made = books.issue()
    books.hear()
    books.desk.lock(made.remote_id, 60)
    with pytest.raises(Retryable) as caught:
        books.road.cancel(books.account.all_sales()[0], lambda kind, refs: {})
    assert caught.value.wait
    assert "заняты" in caught.value.hint


def test_a_sum_that_does_not_come_of_price_and_quantity_is_refused(books: Books):
    first, *rest = priced(GOODS, Vat.R22, included=True)
    wrong = type(first)(first.name, first.quantity, first.price, first.amount + 90, first.vat, first.vat_amount)
    refused = books.issue(lines=(wrong, *rest))
    assert isinstance(refused, Rejected)
    assert "не сходится" in refused.hint


def test_a_currency_that_1c_does_not_keep_is_refused(books: Books):
    refused = books.issue(currency="XAU")
    assert isinstance(refused, Rejected)
    assert "currency" in refused.hint


def test_another_organization_than_those_of_the_base_is_named(opened):
    for kind in ("http", "soap"):
        refused = opened(kind, organization={"inn": "500199912201"}).issue()
        assert isinstance(refused, Rejected)
        assert "organization.inn" in refused.hint


def test_a_disabled_extension_holds_all_work_and_kills_none(books: Books):
    asked = invoice(books.buyer())
    books.onec.services.desk.switches.installed = False
    refused = books.ask(asked)
    assert isinstance(refused, AuthFailed)
    assert "включите расширение" in refused.hint
