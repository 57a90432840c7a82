"""What 1C writes is read, however its version writes it; what is no file of orders is refused in words."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.onec.commerceml.node import BrokenOffError, UnreadableFileError
from connectors.onec.commerceml.reader import Fact, read
from connectors.onec.rates import rate
from provodka.accounting import Vat
from tests.connectors.onec.commerceml.parts import of_1c, sample

ZONE = ZoneInfo("Europe/Moscow")
ORDERS = (
    "orders_from_1c_2.08_unpaid_T_dates.xml",
    "orders_from_1c_2.09_paid_shipped.xml",
    "orders_from_1c_3.1_container.xml",
)
SENT_BY_US = ("sale_query_reply_2.05_cp1251.xml", "sale_query_reply_2.08_utf8.xml")


def the(body):
    (order,) = read(body, ZONE).orders
    return order


def reason(body):
    with pytest.raises(UnreadableFileError) as caught:
        read(body, ZONE)
    return str(caught.value)


@pytest.mark.parametrize("name", [*ORDERS, *SENT_BY_US])
def test_every_sample_is_read_to_the_kopeck(name):
    order = the(sample(name))
    assert (order.id, order.site_number, order.currency) == ("90210", "90210", "RUB")
    assert (order.amount, order.vat_amount) == (Decimal("13028.00"), Decimal("2349.31"))
    assert [(one.quantity, one.price, one.amount, one.vat_amount) for one in order.lines] == [
        (Decimal(100), Decimal("85.40"), Decimal("8540.00"), Decimal("1540.00")),
        (Decimal(12), Decimal("249.00"), Decimal("2988.00"), Decimal("538.82")),
        (Decimal(1), Decimal("1500.00"), Decimal("1500.00"), Decimal("270.49")),
    ]
    assert [(one.name, one.unit, one.vat) for one in order.lines] == [
        ("Кабель ВВГнг(А)-LS 3х2,5", "м", Vat.R22),
        ("Розетка двойная с заземлением", "шт", Vat.R22),
        ("Доставка по городу", "шт", Vat.R22),
    ]
    assert order.lines[0].product == "0a1b2c61-1111-11ef-9a01-00155d0a0b01"


@pytest.mark.parametrize("name", ORDERS)
def test_what_1c_made_of_an_order_is_read(name):
    order = the(sample(name))
    assert (order.number, order.posted, order.deleted, order.cancelled) == ("ТД00-000311", True, False, False)
    assert order.date == datetime(2026, 7, 15, 9, 0, tzinfo=UTC)
    assert (order.version, order.counterparty) == ("AAAAAgAAAAc=", "5b2f7c10-6a31-11f0-9a01-00155d0a0b01")


@pytest.mark.parametrize("name", ORDERS[1:])
def test_payment_and_shipment_are_read_with_date_and_time(name):
    order = the(sample(name))
    assert order.payment == Fact("ТД00-000101", datetime(2026, 7, 16, 21, 0, tzinfo=UTC))
    assert order.shipment == Fact("ТД00-000188", datetime(2026, 7, 18, 12, 20, tzinfo=UTC))


def test_an_empty_answer_of_a_site_has_no_orders():
    assert read(sample("sale_query_reply_empty.xml"), ZONE).orders == ()


def test_what_a_site_has_sent_says_nothing_of_1c():
    order = the(sample("sale_query_reply_2.08_utf8.xml"))
    assert (order.number, order.date, order.posted, order.payment, order.said_paid) == ("", None, None, None, False)


@pytest.mark.parametrize("empty", ["", "T", "Т", "0001-01-01", "0001-01-01T00:00:00", "   "])
def test_the_rest_of_an_empty_date_is_no_payment(empty):
    names = {"Дата_оплаты_по_1С": empty, "Номер_оплаты_по_1С": "Т" if empty == "Т" else ""}
    assert the(of_1c("90210", **names)).payment is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-07-17", datetime(2026, 7, 16, 21, 0, tzinfo=UTC)),
        ("2026-07-17T", datetime(2026, 7, 16, 21, 0, tzinfo=UTC)),
        ("2026-07-17T15:20:30", datetime(2026, 7, 17, 12, 20, 30, tzinfo=UTC)),
        ("2026-07-17Т15:20:30", datetime(2026, 7, 17, 12, 20, 30, tzinfo=UTC)),
        ("2026-07-17 15:20:30", datetime(2026, 7, 17, 12, 20, 30, tzinfo=UTC)),
        ("17.07.2026 15:20:30", datetime(2026, 7, 17, 12, 20, 30, tzinfo=UTC)),
        ("2026-07-17T15:20:30+05:00", datetime(2026, 7, 17, 10, 20, 30, tzinfo=UTC)),
    ],
)
def test_dates_are_those_of_the_server_of_1c(written, meant):
    assert the(of_1c("90210", Дата_оплаты_по_1С=written)).payment == Fact("", meant)


def test_a_number_that_begins_with_the_letter_of_an_empty_date_stays_whole():
    assert the(of_1c("90210", Номер_оплаты_по_1С="ТТ00-1")).payment == Fact("ТТ00-1")


def test_older_modules_say_by_a_flag_that_an_order_is_paid_and_shipped():
    order = the(of_1c("90210", Оплачен="true", Отгружен="Да"))
    assert (order.payment, order.shipment) == (Fact(), Fact())
    assert the(of_1c("90210", Оплачен="false", Отгружен="Нет")).shipment is None


@pytest.mark.parametrize("sum_", ["13 028,00", "13\u00a0028,00", "13,028.00", "13028"])
def test_a_sum_may_have_spaces_and_a_decimal_comma(sum_):
    body = of_1c("90210").replace("<Сумма>13028.00".encode(), f"<Сумма>{sum_}".encode())
    assert the(body).amount == Decimal("13028.00")


@pytest.mark.parametrize(
    ("unit", "short"),
    [
        ('<БазоваяЕдиница Код="006">м<Пересчет><Единица>778</Единица></Пересчет></БазоваяЕдиница>', "м"),
        ("<БазоваяЕдиница>\n шт <Код>796</Код></БазоваяЕдиница>", "шт"),
        ("<Единица><Ид>796</Ид><НаименованиеКраткое>шт</НаименованиеКраткое></Единица>", "шт"),
        ("<Единица>796</Единица><БазоваяЕдиница>уп</БазоваяЕдиница>", "уп"),
    ],
)
def test_a_unit_may_stand_in_any_of_its_forms(unit, short):
    goods = f"<Товары><Товар><Ид>1</Ид>{unit}<Количество>2</Количество><Цена>5,50</Цена></Товар></Товары>"
    (line,) = the(of_1c("90210", more=goods)).lines
    assert (line.unit, line.price, line.amount) == (short, Decimal("5.50"), Decimal("11.00"))


def test_lines_without_sums_are_not_believed():
    goods = "<Товары><Товар><Ид>1</Ид><Количество>2</Количество></Товар></Товары>"
    assert the(of_1c("90210", more=goods)).lines == ()


def test_a_discount_that_the_sum_has_not_within_is_taken_off():
    def line(within):
        off = f"<Скидки><Скидка><Сумма>1.00</Сумма><УчтеноВСумме>{within}</УчтеноВСумме></Скидка></Скидки>"
        goods = f"<Товары><Товар><Количество>1</Количество><Цена>5</Цена><Сумма>5</Сумма>{off}</Товар></Товары>"
        return the(of_1c("90210", more=goods)).lines[0]

    assert (line("false").amount, line("false").discount) == (Decimal(4), Decimal(1))
    assert (line("true").amount, line("true").discount) == (Decimal(5), Decimal(1))


@pytest.mark.parametrize(
    ("text", "vat"),
    [
        *((one, Vat.R22) for one in ("22", "22%", "22/122", "НДС22_122")),
        *((one, Vat.NONE) for one in ("Без НДС", "Без налога", "none", "", "18")),
        ("НДС20", Vat.R20),
        ("7/107", Vat.R7),
        ("0", Vat.R0),
    ],
)
def test_rates_are_known_by_their_number(text, vat):
    assert rate(text) is vat


def test_documents_of_another_kind_are_passed_over():
    body = of_1c("90210").replace("Заказ товара".encode(), "Отпуск товара".encode())
    assert read(body, ZONE).orders == ()


def test_windows_1251_is_read_by_its_declaration():
    body = of_1c("90210").decode().replace("UTF-8", "windows-1251").encode("cp1251")
    assert the(body).number == "ТД00-000311"


def test_a_byte_order_mark_and_utf_16_do_no_harm():
    assert the(b"\xef\xbb\xbf" + of_1c("90210")).number == "ТД00-000311"
    assert the(of_1c("90210").decode().replace("UTF-8", "UTF-16").encode("utf-16")).number == "ТД00-000311"


def test_commerceml_1_is_refused_with_the_cure():
    old = '<КоммерческаяИнформация><Документ ХозОперация="Order" Номер="7" Дата="2026-07-15"/></КоммерческаяИнформация>'
    assert reason(old.encode()) == (
        "Файл CommerceML 1 (1С 7.7) не читается: выберите в 1С обмен в формате CommerceML 2.05 или новее."
    )
    assert "1.05" in reason('<КоммерческаяИнформация ВерсияСхемы="1.05"/>'.encode())


def test_what_is_no_commerceml_is_refused():
    assert "<html>" in reason(b"<html><body>404</body></html>")
    assert reason(b"") == reason(b" \n") == "Файл пуст."


def test_a_document_type_is_refused_before_anything_of_it_is_expanded():
    bomb = '<!DOCTYPE k [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + of_1c("&b;").decode().partition("?>")[2]
    assert "DOCTYPE" in reason(bomb.encode())


def test_a_wrong_value_is_named_with_its_order():
    assert reason(of_1c("90210", Дата_оплаты_по_1С="вчера")) == (
        "Заказ 17-1: в «Дата оплаты по 1С» стоит «вчера», это не дата."
    )
    assert "такой даты нет" in reason(of_1c("90210", Дата_отгрузки_по_1С="2026-02-30"))
    body = of_1c("90210").replace(b"13028.00", "много".encode())
    assert reason(body) == "Заказ 17-1: в «Сумма» стоит «много», это не число."
    assert "нет «Ид»" in reason(of_1c(""))


def test_a_file_that_breaks_off_names_the_place():
    body = sample(ORDERS[0])
    with pytest.raises(BrokenOffError, match=r"строка \d+, позиция \d+"):
        read(body[: len(body) * 2 // 3], ZONE)


@settings(max_examples=60)
@given(st.integers(0, 6612))
def test_a_file_cut_anywhere_is_broken_off_and_never_read_in_part(end):
    body = sample(ORDERS[0])
    if body[end:].strip():
        with pytest.raises(BrokenOffError):
            read(body[:end], ZONE)


@settings(max_examples=150)
@given(st.data())
def test_of_any_bytes_only_our_errors_come(data):
    body = bytearray(sample(data.draw(st.sampled_from([*ORDERS, *SENT_BY_US]))))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body) - 1))
        body[start : start + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    with suppress(UnreadableFileError):
        read(bytes(body), ZONE)
