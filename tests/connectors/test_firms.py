"""Which card is a firm's: laws that hold for every name and every order of cards."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.crm.account import Account
from connectors.crm.firms import Fit, bare_name, choose_firm, remember, search_word, with_own
from provodka.crm import Company, CompanyQuery, FoundCompany, NewCompany
from tests.connectors.memory_store import MemoryStore

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


class _Account(Account):
    settle_seconds = 0.0


def test_a_firm_of_our_own_making_is_known_by_the_surest_that_is_asked_for():
    account = _Account("crm", MemoryStore(), lambda: datetime(2026, 3, 2, tzinfo=UTC))
    remember(account, {"7": NewCompany("ООО «Роза»", "7707083893", phones=("+74951234567",))})
    cards = {"7": Company("7", "Роза", "7707083893", phones=("+74951234567",))}
    asked: list[list[str]] = []

    def read(ids):
        asked.append(list(ids))
        return {one: cards[one] for one in ids if one in cards}

    queries = [
        CompanyQuery("7707083893"),
        CompanyQuery(phones=("+74951234567",)),
        CompanyQuery(name="роза"),
        CompanyQuery("7728168971", phones=("+74951234567",)),
        CompanyQuery(),
    ]
    nothing = [None] * len(queries)
    found = with_own(account, queries, nothing, read)
    assert [hit and (hit.company.id, hit.reason) for hit in found] == [
        ("7", "by ИНН: our own"),
        ("7", "by phone: our own"),
        ("7", "by name: our own"),
        None,
        None,
    ]
    assert asked == [["7"]]
    theirs = FoundCompany(Company("3", "Роза"), reason="by ИНН: of 2 cards the one changed last")
    older = FoundCompany(Company("4", "Роза"), reason="by name")
    both = with_own(account, [CompanyQuery("7707083893", name="Роза")] * 2, [theirs, older], read)
    assert [hit and hit.company.id for hit in both] == ["3", "7"], "the CRM is right, unless it knows less"
    cards["7"] = Company("7", "Роза", "7728168971")
    assert with_own(account, queries[:2], nothing[:2], read) == [None, None], "somebody has changed the card"
    cards.clear()
    assert with_own(account, queries[:1], nothing[:1], read) == [None], "somebody has deleted it"
