"""What 1C is not asked to invoice, and why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from provodka.crm import Company, ProductLine
from provodka.errors import Rejected
from provodka.operation import Done
from tests.rules.onec import SCREW, TILE, Books


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "Нет ни одной строки для счёта: добавьте товары в сделку или перечислите их в lines"),
        ([replace(TILE, quantity=Decimal(0))], "Количество должно быть больше нуля: «Черепица»"),
        ([replace(TILE, price=Decimal(-1)), SCREW], "Цена не может быть отрицательной: «Черепица»"),
        ([TILE, ProductLine(" ")], "Нет ни названия, ни артикула у строки 2: укажите товар"),
        ([replace(TILE, price=Decimal(0))], "Сумма счёта 0 ₽: укажите цены товаров"),
    ],
)
def test_what_cannot_be_sold_is_named(books: Books, lines: list[ProductLine], words: str) -> None:
    books.around.products["17"] = lines
    outcome = books.do("issue_invoice")
    assert isinstance(outcome, Rejected)
    assert outcome.hint == words
    assert books.road.writes == 0


def test_a_product_without_an_article_is_named_where_1c_knows_none_by_name() -> None:
    books = Books(products={"match": ["sku"]})
    outcome = books.do("issue_invoice")
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "Нет артикула, а по названию товары в 1С не ищутся: заполните артикул: «Саморез»"
    assert isinstance(Books(products={"match": ["sku"], "create": True}).do("issue_invoice"), Done)


def test_the_currency_must_be_that_of_the_invoices(books: Books) -> None:
    outcome = books.do("issue_invoice", {"currency": "usd"})
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "Сделка в валюте USD, а счета в 1С выставляются в RUB: пересчитайте её"
    for n, same in enumerate(("", "руб.", "RUB", "₽")):
        books.done("issue_invoice", {"currency": same}, books.staged(f"c{n}"))


def test_a_wrong_buyer_keeps_the_invoice_from_being_made(books: Books) -> None:
    books.firm(Company("9", "Ромашка", "7701999112"))
    outcome = books.do("issue_invoice", {"buyer": {"of": "company"}})
    assert isinstance(outcome, Rejected)
    assert "ИНН 7701999112 неверен" in outcome.hint
    assert books.sales() == []
