"""What an invoice is asked with: buyers, goods, rates, sums and currencies that need care."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from provodka.accounting import BankAccount, NewCounterparty, PartyKind, Vat
from provodka.crm.sales import ProductLine
from provodka.errors import Rejected
from provodka.operation import Done
from sandbox.onec.schema import EMPTY_REF
from tests.connectors.onec.odata.conftest import BUYER, LINES, every_configuration

INVOICE = "Document_СчетНаОплатуПокупателю"


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


def test_a_firm_that_has_moved_is_the_same_firm(world):
    firm = world.buyer()
    moved = world.buyer(replace(BUYER, mark="amocrm:company:48", kpp="780201001"))

    assert moved.found
    assert moved.remote_id == firm.remote_id


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


@every_configuration
def test_a_person_who_is_no_firm_has_a_kind_of_his_own(world):
    sole = NewCounterparty("amocrm:company:50", PartyKind.SOLE, "ИП Петров", inn="500199912201", kpp="")

    made = world.buyer(sole)

    name = world.onec.base.configuration.roles.counterparty
    record = world.onec.base.read(name, made.remote_id)
    kind = world.settings().names.counterparty.kind
    assert isinstance(made, Done), made.hint
    assert record["ИНН"] == "500199912201"
    assert record["КПП"] == ""
    assert record[kind.attribute] == kind.values[PartyKind.SOLE]


@every_configuration
def test_a_new_counterparty_comes_with_contact_data_contract_and_bank_account(world):
    account = BankAccount("40702810900000054321", "044599991", "Банк")
    who = replace(BUYER, phones=("+74950001122",), emails=("buh@romashka.example",), address="Москва, Примерная, 1")

    made = world.buyer(replace(who, account=account))

    base = world.onec.base
    record = base.read(base.configuration.roles.counterparty, made.remote_id)
    rows = record["КонтактнаяИнформация"]
    assert [row["Представление"] for row in rows] == [who.phones[0], who.emails[0], who.address]
    assert all(row["Вид_Key"] != EMPTY_REF for row in rows)
    names = world.settings().names
    assert base.find(names.accounts.set, НомерСчета=account.number)[0]["Банк_Key"] != EMPTY_REF
    if names.contract:
        [contract] = [one for one in base.all(names.contract.set) if made.remote_id in one.values()]
        assert contract["ВидДоговора"] == "СПокупателем"
    if names.counterparty.partner:
        assert base.read("Catalog_Партнеры", record["Партнер_Key"])["Клиент"] is True


@every_configuration
def test_products_that_are_not_there_are_made_where_the_settings_say_so(world):
    lines = (ProductLine("Щит распределительный", Decimal(2), Decimal(900), sku="SHIELD-1", unit="шт"), *LINES)
    account = world.open(products={"create": True})
    world.opened = account

    for lead in ("17", "18"):
        _, outcome = world.invoice(lead=lead, lines=lines)
        assert isinstance(outcome, Done), outcome.hint

    [made] = world.onec.base.find("Catalog_Номенклатура", Артикул="SHIELD-1")
    world.poll()
    assert world.sale().lines[0].name == made["Description"] == "Щит распределительный"


def test_a_made_product_that_was_marked_for_deletion_is_told(world):
    lines = (ProductLine("Щит", Decimal(2), Decimal(900), sku="SHIELD-1"),)
    world.opened = world.open(products={"create": True})
    world.invoice(lines=lines)
    [made] = world.onec.base.find("Catalog_Номенклатура", Артикул="SHIELD-1")
    world.onec.base.mark("Catalog_Номенклатура", made["Ref_Key"])
    world.opened = world.open(products={"create": True})

    _, outcome = world.invoice(lead="18", lines=lines)

    assert isinstance(outcome, Rejected)
    assert "пометкой на удаление" in outcome.hint


@every_configuration
def test_prices_with_vat_on_top_give_the_sum_to_pay(world):
    _, outcome = world.invoice(vat_included=False)

    assert isinstance(outcome, Done), outcome.hint
    world.poll()
    assert world.sale().amount == Decimal("15894.16")
    assert world.sale().vat_amount == Decimal("2866.16")
    assert world.sale().lines[0].amount == Decimal("8540.00")


def test_a_code_of_1c_serves_as_an_article(world):
    [product] = world.onec.base.find("Catalog_Номенклатура", Артикул="ROZ-2Z")

    _, outcome = world.invoice(lines=(ProductLine("Розетка", Decimal(1), Decimal(249), sku=product["Code"]),))

    assert isinstance(outcome, Done), outcome.hint
    [invoice] = world.onec.base.papers.all("invoice")
    assert invoice.lines[0].product == product["Ref_Key"]


def test_spaces_around_an_inn_in_1c_do_not_make_a_second_counterparty(world):
    there = world.onec.base.write(
        "Catalog_Контрагенты", {"Description": "Ромашка", "ИНН": " 7701999111", "КПП": "770101001"}
    )

    assert world.buyer().remote_id == there["Ref_Key"]


def test_folders_and_marked_counterparties_are_none(world):
    base = world.onec.base
    base.write("Catalog_Контрагенты", {"Description": "Папка", "ИНН": BUYER.inn, "КПП": BUYER.kpp, "IsFolder": True})
    old = base.write("Catalog_Контрагенты", {"Description": "Старый", "ИНН": BUYER.inn, "КПП": BUYER.kpp})
    base.mark("Catalog_Контрагенты", old["Ref_Key"])

    made = world.buyer()

    assert isinstance(made, Done), made.hint
    assert made.remote_id != old["Ref_Key"]


@pytest.mark.parametrize("world", ["ut"], indirect=True)
def test_of_several_warehouses_the_settings_name_one(world):
    world.onec.base.write("Catalog_Склады", {"Description": "Второй склад"})

    _, unnamed = world.invoice()
    pick = {"documents": {"order": {"picks": {"Склад?": {"set": "Catalog_Склады", "name": "Второй склад"}}}}}
    world.opened = world.open(overrides=pick)
    _, named = world.invoice(lead="18")

    assert isinstance(unnamed, Rejected)
    assert "«Основной склад», «Второй склад»" in unnamed.hint
    assert isinstance(named, Done), named.hint


def test_an_invoice_that_is_not_to_be_posted_stays_a_draft(world):
    world.opened = world.open(post=False)

    _, outcome = world.invoice()

    assert isinstance(outcome, Done)
    assert [paper.posted for paper in world.onec.base.papers.all("invoice")] == [False]
    assert world.poll() == ["invoice.requested", "counterparty.ready"]
