"""Which card is a firm's: laws that hold for every name and every order of cards."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.crm.firms import Fit, bare_name, choose_firm, search_word
from provodka.crm import Company

MOMENTS = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
CARDS = st.lists(
    st.builds(Company, st.integers(1, 50).map(str), st.just("Ромашка"), updated_at=MOMENTS), unique_by=lambda c: c.id
)


@pytest.mark.parametrize(
    "name",
    [
        "ООО «Ромашка»",
        'Общество с ограниченной ответственностью "РОМАШКА"',
        "ромашка, ООО",
        "  Ромашка  ",
        "АО “Ромашка”",
        "Публичное акционерное общество Ромашка",
    ],
)
def test_legal_forms_and_quotes_make_no_difference(name):
    assert bare_name(name) == "ромашка"


def test_a_form_inside_a_word_stays():
    assert bare_name("Аоринг и Зооопт") == "аоринг и зооопт"
    assert bare_name("ООО") == ""


@given(st.text(max_size=40))
def test_a_bare_name_stays_as_it_is(name):
    assert bare_name(bare_name(name)) == bare_name(name)


@given(st.text(max_size=40))
def test_the_word_to_search_for_stands_in_the_name(name):
    assert search_word(name) in name


@given(CARDS, st.randoms())
def test_the_same_card_is_chosen_in_whatever_order_they_come(cards, random):
    first = choose_firm(cards, Fit.INN)
    shuffled = list(cards)
    random.shuffle(shuffled)
    assert choose_firm(shuffled, Fit.INN) == first
    if first is not None:
        assert {first.company.id, *first.others} == {card.id for card in cards}
