"""CommerceML as 1C writes and reads it, held against the samples of the reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from lxml import etree

from sandbox.onec.cml_read import CmlError, read_orders
from sandbox.onec.cml_write import SHAPES, Buyer, Fact, Line, SentOrder, orders_file, shape
from tests.sandbox.onec.services.publication import body

NOW = datetime(2026, 7, 18, 16)


def line(number, name, okei, unit, quantity, price, total, vat):
    ref = f"0a1b2c6{number}-1111-11ef-9a01-00155d0a0b01"
    return Line(ref, name, okei, unit, Decimal(quantity), Decimal(price), Decimal(total), "22", Decimal(vat))


ORDER = SentOrder(
    site_id="90210",
    site_number="90210",
    number="ТД00-000311",
    date=datetime(2026, 7, 15, 12),
    version="AAAAAgAAAAc=",
    deleted=False,
    posted=True,
    buyer=Buyer(
        "5b2f7c10-6a31-11f0-9a01-00155d0a0b01",
        "AAAAAgAAADE=",
        "Ромашка-Трейд ООО",
        'ООО "Ромашка-Трейд"',
        "7701999111",
        "770101001",
    ),
    warehouse=("0a1b2cc0-1111-11ef-9a01-00155d0a0b01", "Основной склад"),
    currency="RUB",
    total=Decimal("13028.00"),
    vat=Decimal("2349.31"),
    vat_included=True,
    comment="[Номер документа на сайте: 90210]",
    status="К обеспечению",
    status_id="N",
    lines=(
        line(1, "Кабель ВВГнг(А)-LS 3х2,5", "006", "м", "100.000", "85.40", "8540.00", "1540.00"),
        line(2, "Розетка двойная с заземлением", "796", "шт", "12.000", "249.00", "2988.00", "538.82"),
        line(3, "Доставка по городу", "796", "шт", "1.000", "1500.00", "1500.00", "270.49"),
    ),
)
PAID = replace(
    ORDER,
    payment=Fact("ТД00-000101", datetime(2026, 7, 17)),
    shipment=Fact("ТД00-000188", datetime(2026, 7, 18, 15, 20)),
    status_id="F",
)


def elements(node):
    return node.tag, sorted(node.attrib.items()), (node.text or "").strip(), [elements(child) for child in node]


def written(order, version, **how):
    return orders_file([order], shape(version, **how), NOW)


def requisites(content):
    rows = etree.fromstring(content).findall(".//{*}Документ/{*}ЗначенияРеквизитов/{*}ЗначениеРеквизита")
    return {row.findtext("{*}Наименование"): row.findtext("{*}Значение") for row in rows}


@pytest.mark.parametrize(
    ("order", "version", "sample"),
    [
        (ORDER, "2.08", "orders_from_1c_2.08_unpaid_T_dates.xml"),
        (PAID, "2.09", "orders_from_1c_2.09_paid_shipped.xml"),
        (PAID, "3.1", "orders_from_1c_3.1_container.xml"),
    ],
)
def test_a_file_of_1c_is_the_sample_of_the_reference(order, version, sample):
    ours, reference = etree.fromstring(written(order, version)), etree.fromstring(body(f"cml/{sample}"))
    assert elements(ours) == elements(reference)
    assert ours.nsmap == reference.nsmap


def test_the_oldest_version_is_in_windows_1251_with_mixed_units_and_no_namespace():
    content = written(ORDER, "2.05")
    assert content.startswith(b"<?xml version='1.0' encoding='windows-1251'?>")
    assert "Заказ товара".encode("cp1251") in content
    root = etree.fromstring(content)
    unit = root.find("Документ/Товары/Товар/БазоваяЕдиница")
    assert (unit.text.strip(), unit.findtext("Код")) == ("м", "006")
    assert requisites(content)["Дата оплаты по 1С"] == ""


def test_an_absent_fact_is_a_letter_an_empty_text_or_nothing():
    told = {version: requisites(written(ORDER, version)) for version in SHAPES}
    assert told["2.08"]["Дата отгрузки по 1С"] == "T"
    assert told["2.05"]["Дата отгрузки по 1С"] == ""
    assert "Дата отгрузки по 1С" not in told["2.09"]
    assert all("Номер оплаты по 1С" not in one for one in told.values())


def test_what_a_particular_1c_does_in_its_own_way():
    content = written(PAID, "2.09", encoding="windows-1251", namespace=False, line_sums=False)
    root = etree.fromstring(content)
    assert root.tag == "КоммерческаяИнформация"
    assert root.findtext("Документ/Сумма") == "13028.00"
    assert root.findall("Документ/Товары/Товар/Сумма") == []
    assert content.startswith(b"<?xml version='1.0' encoding='windows-1251'?>")


def test_a_buyer_with_twelve_figures_is_told_as_a_person():
    person = replace(ORDER.buyer, inn="500199912201", kpp="", full_name="ИП Иванов Иван Иванович")
    root = etree.fromstring(written(replace(ORDER, buyer=person), "2.09"))
    buyer = root.find(".//{*}Контрагент")
    assert buyer.findtext("{*}ПолноеНаименование") == "ИП Иванов Иван Иванович"
    assert buyer.find("{*}КПП") is None


@pytest.mark.parametrize("sample", ["sale_query_reply_2.05_cp1251.xml", "sale_query_reply_2.08_utf8.xml"])
def test_a_site_s_order_is_read_whole(sample):
    (order,) = read_orders(body(f"cml/{sample}"))
    assert (order.id, order.number, order.date) == ("90210", "90210", datetime(2026, 7, 15, 12))
    assert (order.total, order.currency, order.vat_included) == (Decimal("13028.00"), "RUB", True)
    assert (order.buyer.kind, order.buyer.inn, order.buyer.kpp) == ("legal", "7701999111", "770101001")
    assert order.buyer.contacts == {"Почта": "buh@romashka.example", "Телефон рабочий": "+74950001122"}
    assert [(one.okei, one.quantity, one.sum) for one in order.lines] == [
        ("006", Decimal(100), Decimal("8540.00")),
        ("796", Decimal(12), Decimal("2988.00")),
        ("796", Decimal(1), Decimal("1500.00")),
    ]
    assert [one.service for one in order.lines] == [False, False, True]
    assert (order.requisites["Статуса заказа ИД"], order.cancelled) == ("N", False)


def test_a_site_with_nothing_new_has_no_orders():
    assert read_orders(body("cml/sale_query_reply_empty.xml")) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("</Документ>", "", "Ошибка чтения файла"),
        ("<Сумма>13028.00</Сумма>", "<Сумма>много</Сумма>", "неверное число в Сумма: много"),
        ("<Дата>2026-07-15</Дата>", "<Дата>15.07.2026</Дата>", "неверная дата"),
        ("КоммерческаяИнформация", "Справочник", "вместо <КоммерческаяИнформация> сайт прислал <Справочник>"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(old, new, said):
    content = body("cml/sale_query_reply_2.08_utf8.xml").decode().replace(old, new)
    with pytest.raises(CmlError, match=f"(?i){said}"):
        read_orders(content.encode())
