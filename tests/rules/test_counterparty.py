"""The company of a lead becomes a counterparty in 1C: whose, of what kind, and what cannot be one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provodka.accounting import BankAccount, NewCounterparty, PartyKind
from provodka.crm import PLACE_FOR, Company, Need
from provodka.errors import Rejected, Retryable
from provodka.operation import Done
from provodka.payloads import LeadRef
from rules.actions import REGISTRY
from tests.rules.onec import INN, KPP, Books
from tests.rules.world import NOW, delivery, make_event, plan_of

SOLE = "500100732259"
ACCOUNT = {"number": "40702 810 9 0000 0000001", "bic": "044525225", "bank": "Сбербанк"}


@pytest.fixture
def books() -> Books:
    return Books()


def made(books: Books) -> NewCounterparty:
    (one,) = books.road.parties.values()
    return one


@pytest.mark.shows("S3-32")
def test_the_company_of_the_lead_is_made_with_what_its_card_and_the_rule_say(books: Books) -> None:
    given = {
        "inn": "what the card has goes first",
        "full_name": "ООО  «Ромашка плюс»",
        "address": "Москва, {{ lead.title }}",
        "ogrn": "1022200525819",
        "account": ACCOUNT,
    }
    outcome = books.done("counterparty", given)
    one = made(books)
    assert (one.mark, one.kind, one.inn, one.kpp) == ("fake:company:9", PartyKind.LEGAL, INN, KPP)
    assert (one.name, one.full_name) == ("ООО «Ромашка»", "ООО «Ромашка плюс»")
    assert (one.address, one.ogrn, one.phones) == ("Москва, Крыша", "1022200525819", ("+74950000000",))
    assert one.account == BankAccount("40702810900000000001", "044525225", "Сбербанк")
    assert outcome.values == {
        "lead_id": "17",
        "contact_id": "c1",
        "inn": INN,
        "name": "ООО «Ромашка»",
        "counterparty": outcome.remote_id,
        "system": "1c",
    }


@pytest.mark.shows("S3-32")
def test_one_that_1c_has_is_found_by_its_numbers_and_keeps_the_name_that_it_has_there(books: Books) -> None:
    books.road.parties["ref-1"] = NewCounterparty("", PartyKind.LEGAL, "Ромашка (старая)", inn=INN, kpp=KPP)
    outcome = books.done("counterparty")
    assert (outcome.remote_id, outcome.found, outcome.values["name"]) == ("ref-1", True, "Ромашка (старая)")
    assert books.road.writes == 0


def test_of_several_with_the_same_numbers_a_person_chooses(books: Books) -> None:
    for ref in ("a", "b"):
        books.road.parties[ref] = NewCounterparty("", PartyKind.LEGAL, f"Ромашка {ref}", inn=INN, kpp=KPP)
    outcome = books.do("counterparty")
    assert isinstance(outcome, Rejected)
    assert "«Ромашка a»" in outcome.hint
    assert "«Ромашка b»" in outcome.hint


@pytest.mark.parametrize(
    ("card", "given", "kind", "inn", "kpp"),
    [
        (Company("9", "Ромашка", INN), {}, PartyKind.LEGAL, INN, ""),
        (Company("9", "Ромашка", INN), {"kpp": KPP}, PartyKind.LEGAL, INN, KPP),
        (Company("9", "Ромашка"), {"inn": INN, "kpp": KPP}, PartyKind.LEGAL, INN, KPP),
        (Company("9", "ИП Петров", SOLE, KPP), {}, PartyKind.SOLE, SOLE, ""),
        (Company("9", "Blume GmbH"), {"foreign": True}, PartyKind.LEGAL, "", ""),
    ],
)
def test_the_kind_follows_from_the_inn_and_the_rule_fills_what_the_card_lacks(
    books: Books, card: Company, given: dict[str, Any], kind: PartyKind, inn: str, kpp: str
) -> None:
    books.firm(card)
    outcome = books.done("counterparty", given)
    one = made(books)
    assert (one.kind, one.inn, one.kpp) == (kind, inn, kpp)
    assert ("reason" in outcome.values) is (kind is PartyKind.LEGAL and bool(inn) and not kpp)


@pytest.mark.parametrize(
    ("given", "kind", "name", "inn"),
    [
        ({"of": "contact"}, PartyKind.PERSON, "Пётр Сидоров", ""),
        ({"of": "contact", "inn": SOLE, "name": "ИП Сидоров"}, PartyKind.SOLE, "ИП Сидоров", SOLE),
        ({"of": "contact", "inn": INN, "name": "Ромашка"}, PartyKind.LEGAL, "Ромашка", INN),
    ],
)
def test_a_person_is_a_private_one_unless_the_rule_knows_an_inn(
    books: Books, given: dict[str, Any], kind: PartyKind, name: str, inn: str
) -> None:
    books.done("counterparty", given)
    one = made(books)
    assert (one.mark, one.kind, one.name, one.inn, one.emails) == (
        "fake:contact:c1",
        kind,
        name,
        inn,
        ("petr@example.ru",),
    )


def test_without_a_company_the_contact_buys_unless_the_rule_wants_a_company(books: Books) -> None:
    books.card(LeadRef("17", "Крыша"))
    assert books.done("counterparty", {"of": "auto"}).values["name"] == "Пётр Сидоров"
    outcome = books.do("counterparty", {"of": "company"}, books.staged("e2"))
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "У сделки нет компании: привяжите её к сделке"


def test_the_company_of_the_contact_will_do(books: Books) -> None:
    books.card(LeadRef("17", "Крыша"))
    card = books.around.contact_cards["c1"]
    books.around.contact_cards["c1"] = replace(card, company_id="9")
    assert books.done("counterparty").values["inn"] == INN


@pytest.mark.parametrize(
    ("card", "given", "words"),
    [
        (
            Company("9", "Ромашка", "7701999112"),
            {},
            "«Ромашка»: ИНН 7701999112 неверен (не сходятся контрольные цифры). Исправьте его в карточке",
        ),
        (
            Company("9", "Ромашка", "77019"),
            {},
            "«Ромашка»: ИНН 77019 неверен (нужно 10 или 12 цифр). Исправьте его в карточке",
        ),
        (
            Company("9", "Ромашка"),
            {},
            "У компании «Ромашка» нет ИНН: заполните его в карточке. Для иностранной укажите в правиле foreign: true",
        ),
        (
            Company("9", "Ромашка", INN, "7701"),
            {},
            "«Ромашка»: КПП 7701 неверен, в нём девять знаков. Исправьте его в карточке",
        ),
        (
            Company("9", "Ромашка", INN),
            {"ogrn": "1022200525818"},
            "«Ромашка»: ОГРН 1022200525818 неверен. Исправьте его в карточке",
        ),
        (
            Company("9", "Ромашка", INN),
            {"account": {"number": "407", "bic": "044525225"}},
            "«Ромашка»: расчётный счёт «407» неверен, в нём 20 цифр. Исправьте его в карточке",
        ),
        (
            Company("9", "Ромашка", INN),
            {"account": {"number": "40702810900000000001", "bic": ""}},
            "«Ромашка»: БИК «» неверен, в нём 9 цифр. Исправьте его в карточке",
        ),
    ],
)
def test_what_cannot_be_a_counterparty_is_named(books: Books, card: Company, given: dict[str, Any], words: str) -> None:
    books.firm(card)
    outcome = books.do("counterparty", given)
    assert isinstance(outcome, Rejected)
    assert outcome.hint == words
    assert books.road.writes == 0


def test_a_lost_answer_finds_the_one_that_was_made(books: Books) -> None:
    books.road.breaks, books.road.late = [Retryable("the answer was cut off")], True
    outcome = books.do("counterparty")
    assert isinstance(outcome, Retryable)
    assert outcome.system == "1c"
    again = books.done("counterparty", unsure_since=NOW)
    assert again.found
    assert len(books.road.parties) == 1


def test_two_leads_of_one_firm_in_one_batch_have_one_counterparty(books: Books) -> None:
    books.firm(Company("10", "Ромашка, второй раз", INN, KPP))
    books.card(LeadRef("18", "Забор", company="10"))
    books.card(LeadRef("17", "Крыша", company="9"))
    events = [books.staged("e1"), books.staged("e2", "18")]
    items = [delivery(plan_of({"counterparty": {}}, event=event).actions[0], event) for event in events]
    outcomes = books.deliver_items(items, "counterparty")
    refs = {outcome.remote_id for outcome in outcomes if isinstance(outcome, Done)}
    assert (len(outcomes), len(refs), len(books.road.parties)) == (2, 1, 1)


def test_a_lead_that_cannot_be_read_yet_is_waited_for_and_nobody_is_taken_for_its_buyer(books: Books) -> None:
    outcome = books.do("counterparty", {}, needed={"lead_id": "99", "contact_id": "c1"})
    assert isinstance(outcome, Retryable)
    assert books.done("counterparty", {"of": "contact"}, needed={"lead_id": "99", "contact_id": "c1"}).remote_id


@pytest.mark.parametrize(
    ("step", "asked"),
    [
        ({"counterparty": {}}, True),
        ({"issue_invoice": {}}, True),
        ({"issue_invoice": {"buyer": {"of": "contact"}}}, False),
        ({"counterparty": {"inn": INN}}, False),
        ({"counterparty": {"foreign": True}}, False),
    ],
)
def test_the_account_is_asked_for_a_place_of_the_inn(step: dict[str, Any], asked: bool) -> None:
    ((name, params),) = step.items()
    action = REGISTRY[name]
    needs = [need for _, need in action.needs(action.params.model_validate(params))]
    assert needs == ([Need(PLACE_FOR, "ИНН")] if asked else [])


def test_without_an_accounting_the_step_says_so() -> None:
    books = Books()
    books.accounting = None
    outcome = books.do("counterparty", {}, make_event())
    assert isinstance(outcome, Rejected)
    assert outcome.hint == "Добавьте раздел accounting в настройки"
