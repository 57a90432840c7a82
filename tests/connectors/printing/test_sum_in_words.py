"""Sums in words: right in every form, and always the sum that was meant."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.printing.words import MOST, sum_in_words

SHAPE = re.compile(r"[А-ЯЁ][а-яё]+( [а-яё]+)* (рубль|рубля|рублей) \d\d (копейка|копейки|копеек)")
ROUBLES = ("рубль", "рубля", "рублей")
KOPECKS = ("копейка", "копейки", "копеек")
UNITS = ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять"]
TEENS = [f"{stem}надцать" for stem in ["один", "две", "три", "четыр", "пят", "шест", "сем", "восем", "девят"]]
TENS = ["двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"]
HUNDREDS = ["сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"]
VALUES = {
    **{word: number for number, word in enumerate([*UNITS, *TEENS])},
    **{word: 10 * number for number, word in enumerate(TENS, 2)},
    **{word: 100 * number for number, word in enumerate(HUNDREDS, 1)},
    "одна": 1,
    "две": 2,
}
SCALES = {"тысяч": 10**3, "миллион": 10**6, "миллиард": 10**9}
SUMS = st.decimals(0, MOST, places=2) | st.integers(0, 10_000_000).map(lambda kopecks: Decimal(kopecks) / 100)


def form_of(count: int, forms: tuple[str, str, str]) -> str:
    """By the last digit, but 11 to 14 as many: the school's rule."""
    if 11 <= count % 100 <= 14 or count % 10 == 0 or count % 10 >= 5:
        return forms[2]
    return forms[0] if count % 10 == 1 else forms[1]


def read_back(words: list[str]) -> int:
    total = part = 0
    for word in words:
        scale = SCALES.get(word.removesuffix("ов").rstrip("аи"))
        if scale is None:
            part += VALUES[word]
        else:
            total, part = total + part * scale, 0
    return total + part


@given(SUMS)
def test_a_sum_in_words_is_that_sum(amount: Decimal) -> None:
    *words, _, kopecks, _ = sum_in_words(amount).lower().split()
    assert Decimal(read_back(words)) + Decimal(kopecks) / 100 == amount


@given(SUMS)
def test_it_has_the_right_forms_a_capital_and_no_comma(amount: Decimal) -> None:
    words = sum_in_words(amount)
    assert SHAPE.fullmatch(words)
    *_, roubles, _, kopecks = words.split()
    assert roubles == form_of(int(amount), ROUBLES)
    assert kopecks == form_of(int(amount * 100) % 100, KOPECKS)


@given(st.integers(1, 999), st.sampled_from([("тысяча", "тысячи", "тысяч"), ("миллион", "миллиона", "миллионов")]))
def test_thousands_are_she_and_millions_are_he(count: int, forms: tuple[str, str, str]) -> None:
    scale = 1000 if forms[0] == "тысяча" else 1_000_000
    *_, before, noun, _, _, _ = ["", *sum_in_words(Decimal(count * scale)).lower().split()]
    assert noun == form_of(count, forms)
    if count % 10 in (1, 2) and count % 100 not in (11, 12):
        she, he = ("одна", "две"), ("один", "два")
        assert before == (she if scale == 1000 else he)[count % 10 - 1]


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "Ноль рублей 00 копеек"),
        ("0.01", "Ноль рублей 01 копейка"),
        ("1", "Один рубль 00 копеек"),
        ("2.02", "Два рубля 02 копейки"),
        ("11.11", "Одиннадцать рублей 11 копеек"),
        ("21.21", "Двадцать один рубль 21 копейка"),
        ("1000", "Одна тысяча рублей 00 копеек"),
        ("2000.1", "Две тысячи рублей 10 копеек"),
        ("13028.00", "Тринадцать тысяч двадцать восемь рублей 00 копеек"),
        ("121000", "Сто двадцать одна тысяча рублей 00 копеек"),
        ("1000000", "Один миллион рублей 00 копеек"),
        ("2001002.34", "Два миллиона одна тысяча два рубля 34 копейки"),
        ("1E+3", "Одна тысяча рублей 00 копеек"),
    ],
)
def test_sums_that_invoices_have(amount: str, words: str) -> None:
    assert sum_in_words(Decimal(amount)) == words


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "1000000000000", "NaN", "Infinity"])
def test_what_is_no_sum_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="is no sum in whole kopecks"):
        sum_in_words(Decimal(amount))
