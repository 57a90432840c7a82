"""What 1C takes of us is valid by the structure of CommerceML, in each version and encoding."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from lxml import etree

from connectors.onec.commerceml.outgoing import Outgoing
from connectors.onec.commerceml.reader import read
from connectors.onec.commerceml.writer import dictionary, orders_file
from connectors.onec.units import unit_of
from provodka.accounting import BankAccount, Line, NewCounterparty, PartyKind, Vat
from tests.connectors.onec.commerceml.parts import BUYER, NOW, invoice_request, sample, settings
from tests.connectors.onec.commerceml.structure import faults

REF = "6f1d2a54-5b1b-5a0e-9c53-2d2f6a0c7e11"
VERSIONS = ("2.05", "2.06", "2.07", "2.08", "2.09", "2.10")
SOLE = replace(BUYER, kind=PartyKind.SOLE, full_name="ИП Сидоров Иван Петрович", inn="500199912201", kpp="")
PERSON = NewCounterparty("amocrm:contact:3", PartyKind.PERSON, "Анна", "Петрова Анна Ивановна", address="Москва")


def order(request=None, **changed):
    return Outgoing(REF, request or invoice_request(), NOW, NOW, **changed)


def written(*orders, **chosen):
    return orders_file(orders, settings(**chosen), NOW)


def document(*orders, **chosen):
    (found,) = etree.fromstring(written(*orders, **chosen))
    return found


@pytest.mark.parametrize("name", ["sale_query_reply_2.05_cp1251.xml", "sale_query_reply_2.08_utf8.xml"])
def test_the_structure_that_we_check_against_accepts_the_samples(name):
    assert faults(sample(name)) == []
    assert faults(sample(name).replace(b"13028.00", b"13028.001"))


def test_the_structure_refuses_what_1c_sends_itself():
    assert faults(sample("orders_from_1c_2.09_paid_shipped.xml").replace(b' xmlns="urn:1C.ru:commerceml_2"', b""))


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_is_valid_in_every_version_and_encoding(version, encoding):
    account = BankAccount("40702810400000012345", "044599991", "АО «Банк»", "30101810900000000991")
    firm = invoice_request(buyer=replace(BUYER, account=account))
    orders = [order(firm), order(invoice_request(buyer=SOLE)), order(invoice_request(buyer=PERSON), cancelled=True)]
    body = written(*orders, version=version, encoding=encoding, requisites={"Организация": "ООО «Продавец»"})
    assert faults(body) == []
    assert body.startswith(f"<?xml version='1.0' encoding='{encoding}'?>".encode())
    assert 'ВерсияСхемы="' + version in body.decode(encoding)


def test_what_is_written_is_read_back_to_the_kopeck():
    asked = invoice_request()
    (found,) = read(written(order(asked), encoding="windows-1251"), ZoneInfo("Europe/Moscow")).orders
    assert (found.id, found.site_number, found.amount) == (REF, "17-1", Decimal("13028.00"))
    assert found.vat_amount == Decimal("2349.31")
    for theirs, ours in zip(found.lines, asked.lines, strict=True):
        assert replace(theirs, product="", unit="") == replace(ours, unit="")
    assert [one.unit for one in found.lines] == ["м", "шт", "усл. ед"]


def test_times_are_those_of_the_server_of_1c():
    late = replace(order(), made_at=datetime(2026, 7, 15, 22, 30, tzinfo=UTC))
    found = document(late, timezone="Asia/Yekaterinburg")
    assert (found.findtext("Дата"), found.findtext("Время")) == ("2026-07-16", "03:30:00")


def test_vat_on_top_goes_into_the_sum_of_the_document_but_not_of_the_lines():
    found = document(order(invoice_request(included=False)))
    assert found.findtext("Налоги/Налог/УчтеноВСумме") == "false"
    assert [one.text for one in found.iterfind("Товары/Товар/Сумма")] == ["8540.00", "2988.00", "1500.00"]
    assert (found.findtext("Налоги/Налог/Сумма"), found.findtext("Сумма")) == ("2866.16", "15894.16")


def test_lines_without_vat_have_no_tax():
    free = tuple(replace(one, vat=Vat.NONE, vat_amount=Decimal(0)) for one in invoice_request().lines)
    found = document(order(replace(invoice_request(), lines=free)))
    assert [found.find("Налоги"), found.find("Товары/Товар/Налоги")] == [None, None]
    assert {one.text for one in found.iterfind(".//Ставка")} == {"Без НДС"}


def test_the_choice_of_elements_says_who_buys():
    firm, sole, person = (
        document(order(invoice_request(buyer=one))).find("Контрагенты/Контрагент") for one in (BUYER, SOLE, PERSON)
    )
    assert (firm.findtext("ОфициальноеНаименование"), firm.findtext("КПП")) == ('ООО "Ромашка-Трейд"', "770101001")
    assert (sole.findtext("ИНН"), sole.find("КПП")) == ("500199912201", None)
    names = [person.findtext(one) for one in ("ПолноеНаименование", "Фамилия", "Имя", "Отчество")]
    assert names == ["Петрова Анна Ивановна", "Петрова", "Анна", "Ивановна"]
    assert person.find("ОфициальноеНаименование") is None
    assert firm.findtext("Ид") == "amocrm-company-47"


def test_units_go_with_their_codes_and_hours_are_services():
    goods = document(order()).findall("Товары/Товар")
    units = [one.find("БазоваяЕдиница") for one in goods]
    assert [(one.text, one.get("Код")) for one in units] == [("м", "006"), ("шт", "796"), ("усл. ед", "876")]
    kinds = [one.findtext("ЗначенияРеквизитов/ЗначениеРеквизита[2]/Значение") for one in goods]
    assert kinds == ["Товар", "Товар", "Услуга"]
    assert [unit_of(one).code for one in ("Шт.", "", "кв. м", "пог.м", "ЧАС", "палета")] == [
        "796", "796", "055", "018", "356", "",
    ]  # fmt: skip


def test_a_product_is_named_as_1c_knows_it_else_by_its_article():
    line = invoice_request().lines[0]
    asked = replace(invoice_request(), lines=(replace(line, product="0a1b-61#0a1b-62"), line, replace(line, sku="")))
    ids = [one.findtext("Ид") for one in document(order(asked)).iterfind("Товары/Товар")]
    assert ids == ["0a1b-61#0a1b-62", "KAB-3x2.5", "Кабель ВВГнг(А)-LS 3х2,5"]


def test_a_discount_is_told_as_taken_off():
    line = Line("Кабель", Decimal(2), Decimal(100), Decimal(150), Vat.R22, Decimal("27.05"), discount=Decimal(50))
    sold = order(replace(invoice_request(), lines=(line,)))
    found = document(sold).find("Товары/Товар")
    assert [found.findtext(f"Скидки/Скидка/{one}") for one in ("Сумма", "УчтеноВСумме")] == ["50.00", "true"]
    assert (found.findtext("Сумма"), faults(written(sold))) == ("150.00", [])


def requisites(found):
    rows = found.iterfind("ЗначенияРеквизитов/ЗначениеРеквизита")
    return {one.findtext("Наименование"): one.findtext("Значение") for one in rows}


def test_requisites_tell_the_state_and_what_the_settings_add():
    told = requisites(document(order(), requisites={"Склад": "Основной склад", "Соглашение": "Розница"}))
    assert told["Статус заказа"] == "[N] Принят"
    assert (told["Статуса заказа ИД"], told["Заказ оплачен"], told["Отменен"]) == ("N", "false", "false")
    assert (told["Склад"], told["Соглашение"]) == ("Основной склад", "Розница")
    told = requisites(document(order(ordered=2, version=3, cancelled=True)))
    assert (told["Статуса заказа ИД"], told["Заказ оплачен"], told["Отменен"]) == ("P", "true", "true")


def test_letters_that_the_encoding_lacks_and_signs_that_xml_lacks_do_not_spoil_the_file():
    asked = invoice_request(comment="Доставка → «завтра» \x0b ✓")
    body = written(order(asked), encoding="windows-1251")
    assert faults(body) == []
    assert etree.fromstring(body).findtext("Документ/Комментарий") == "Доставка → «завтра»  ✓"


TEXT = st.text(max_size=400)


@profile(max_examples=40)
@given(TEXT, TEXT, TEXT, st.text(max_size=3500), st.decimals(0, 10**7, places=3), st.decimals(0, 10**6, places=2))
def test_whatever_the_crm_holds_the_file_is_valid(name, address, unit, comment, quantity, price):
    line = Line(name or "Товар", quantity, price, price, unit=unit, sku=unit)
    buyer = replace(BUYER, name=name, full_name=f"ООО {name}", address=address, emails=(address,) if address else ())
    asked = replace(invoice_request(buyer=buyer, comment=comment), lines=(line,))
    for encoding in ("utf-8", "windows-1251"):
        assert faults(written(order(asked), encoding=encoding)) == []


def test_the_dictionary_is_that_of_the_sample_but_for_its_words():
    ours, theirs = etree.fromstring(dictionary()), etree.fromstring(sample("sale_info_reply.xml"))
    assert [one.tag for one in ours] == [one.tag for one in theirs]
    assert ours[0].tag == "Cтатусы"  # its first letter is Latin
    assert [one.findtext("Ид") for one in ours[0]] == ["N", "P", "F"]
    assert dictionary().startswith(b"<?xml version='1.0' encoding='windows-1251'?>")


def test_nothing_to_tell_is_an_empty_root_as_in_the_sample():
    ours, theirs = etree.fromstring(written()), etree.fromstring(sample("sale_query_reply_empty.xml"))
    assert (len(ours), faults(written())) == (0, [])
    assert (ours.tag, ours.keys()) == (theirs.tag, theirs.keys())
