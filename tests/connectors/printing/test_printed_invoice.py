"""What a printed invoice says, read back out of the file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from connectors.printing.forms import Party
from connectors.printing.invoice import render_invoice
from connectors.printing.settings import Look
from provodka.errors import Rejected
from tests.connectors.printing.samples import BANK, BUYER, LOOK, SELLER, after, form, line, pages, printed, sheets


def test_an_invoice_says_who_is_paid_by_whom_for_what_and_how_much() -> None:
    goods = line("13028.00", name="Профлист С8", quantity=Decimal("36"), price=Decimal("361.888889"), unit="лист")
    said = printed(goods, contract="Договор № 12 от 01.02.2026", pay_by=date(2026, 7, 20))
    assert said[said.index("ПАО СБЕРБАНК г. Москва") :][:10] == [
        "ПАО СБЕРБАНК г. Москва", "Банк получателя", "БИК", "044525225", "Сч. №", "30101810400000000225",
        "ИНН 7701234567", "КПП 770101001", "Сч. №", "40702810338000012345",
    ]  # fmt: skip
    assert after(said, "ООО «Кровля Плюс»") == "Получатель"
    assert "Счёт на оплату № 217 от 15 июля 2026 г." in said
    text = " ".join(said)
    assert "ООО «Кровля Плюс», ИНН 7701234567, КПП 770101001, 125009, г. Москва, ул. Тверская, д. 12, тел.: +7" in text
    assert "ООО «Дом & Сад <Юг>», ИНН 6164098765, КПП 616401001, 344002, г. Ростов-на-Дону" in text
    assert after(said, "Основание:") == "Договор № 12 от 01.02.2026"
    assert after(said, "Оплатить до:") == "20 июля 2026 г."
    assert said[said.index("№") :][:12] == [
        "№", "Товары (работы, услуги)", "Кол-во", "Ед.", "Цена", "Сумма",
        "1", "Профлист С8", "36", "лист", "361,888889", "13 028,00",
    ]  # fmt: skip
    assert after(said, "Итого:") == "13 028,00"
    assert after(said, "В том числе НДС 22 %:") == "2 349,31"
    assert after(said, "Всего к оплате:") == "13 028,00"
    assert after(said, "Всего наименований 1, на сумму 13 028,00 руб.") == (
        "Тринадцать тысяч двадцать восемь рублей 00 копеек"
    )
    assert (after(said, "Руководитель"), after(said, "Бухгалтер")) == ("Иванов И. И.", "Петрова А. А.")


def test_it_is_marked_as_made_outside_1c_with_the_number_that_1c_knows() -> None:
    assert "Печатная форма составлена вне 1С по данным документа 1С № 00БП-000217 от 15.07.2026" in printed()


RATES = [("22", "100.00"), ("20", "200.00"), ("10", "300.00"), ("7", "400.00"), ("5", "500.00"), ("0", "600.00")]


@pytest.mark.parametrize(
    ("rate", "vat"), [("22", "18.03"), ("20", "16.67"), ("10", "9.09"), ("7", "6.54"), ("5", "4.76")]
)
def test_one_rate_stands_in_the_totals_alone(rate: str, vat: str) -> None:
    said = printed(line("100.00", rate))
    assert after(said, f"В том числе НДС {rate} %:") == vat.replace(".", ",")
    assert "НДС" not in said


def test_lines_of_many_rates_tell_theirs_and_each_rate_has_its_total_the_highest_first() -> None:
    said = printed(*(line(amount, rate) for rate, amount in RATES), line("1000.00", "none"), line("50.00", "22"))
    head = said.index("НДС")
    told = [text for text in said[head:] if text.endswith(" %") or text == "без НДС"]
    assert told == ["22 %", "20 %", "10 %", "7 %", "5 %", "0 %", "без НДС", "22 %"]
    totals = said[said.index("Итого:") :][:18]
    assert totals == [
        "Итого:", "3 150,00",
        "В том числе НДС 22 %:", "27,05",
        "В том числе НДС 20 %:", "33,33",
        "В том числе НДС 10 %:", "27,27",
        "В том числе НДС 7 %:", "26,17",
        "В том числе НДС 5 %:", "23,81",
        "В том числе НДС 0 %:", "0,00",
        "Не облагается НДС:", "1 000,00",
        "Всего к оплате:", "3 150,00",
    ]  # fmt: skip


def test_vat_is_the_sum_of_the_lines_and_not_that_of_the_total() -> None:
    said = printed(*(line("0.03", "22", "0.01") for _ in range(10)))
    assert after(said, "В том числе НДС 22 %:") == "0,10"  # of 0.30 it would be 0.05


def test_an_invoice_without_vat_says_so() -> None:
    said = printed(line("500.00", "none"))
    assert after(said, "Без НДС:") == "–"
    assert not [text for text in said if "В том числе" in text]


def test_a_rate_of_zero_is_another_thing_than_without_vat() -> None:
    said = printed(line("500.00", "0"))
    assert after(said, "В том числе НДС 0 %:") == "0,00"
    assert not [text for text in said if "Без НДС" in text]


def test_vat_on_top_comes_to_the_sum_to_be_paid() -> None:
    said = printed(line("100.00", "22", "22.00"), line("10.00", "10", "1.00"), vat_included=False)
    assert after(said, "Итого:") == "110,00"
    assert (after(said, "Сумма НДС 22 %:"), after(said, "Сумма НДС 10 %:")) == ("22,00", "1,00")
    assert after(said, "Всего к оплате:") == "133,00"
    assert "Всего наименований 2, на сумму 133,00 руб." in said
    assert "Сто тридцать три рубля 00 копеек" in said


def test_discount_and_article_have_a_column_only_where_there_is_one() -> None:
    plain = printed(line())
    assert not {"Скидка", "Артикул", "Сумма скидки:"} & set(plain)
    said = printed(line("900.00", sku="PL-8", price=Decimal(1000), discount=Decimal(100)), line("50.00"))
    begin = said.index("№")
    assert said[begin : begin + 7] == ["№", "Товары (работы, услуги)", "Артикул", "Кол-во", "Ед.", "Цена", "Скидка"]
    assert said[begin + 8 : begin + 16] == ["1", "Профлист С8", "PL-8", "1", "шт", "1 000,00", "100,00", "900,00"]
    assert after(said, "Сумма скидки:") == "100,00"


def test_quantities_have_no_needless_zeros_and_prices_have_kopecks() -> None:
    said = printed(line(quantity=Decimal("1200.500"), price=Decimal("7")), line(quantity=Decimal("1E+1")))
    assert "1 200,5" in said
    assert "7,00" in said
    assert "10" in said


def test_texts_with_signs_of_markup_breaks_and_loose_accents_are_drawn_as_they_are_read() -> None:
    said = printed(line(name="Уголок <b>50×50</b>\n& полоса\tи\u0306од сталь\u00adной № 5 ₽"))
    assert "Уголок <b>50×50</b> & полоса йод стальной № 5 ₽" in said


def test_a_sole_trader_signs_alone() -> None:
    sole = Party("ИП Иванов Иван Иванович", "770123456789", bank=BANK)
    said = printed(line(), look=Look(director="Иванов И. И.", qr=False), seller=sole)
    assert after(said, "Предприниматель") == "Иванов И. И."
    assert "Бухгалтер" not in said
    assert not [text for text in said if text.startswith("КПП 77")]


def test_the_title_of_who_signs_can_be_told() -> None:
    assert after(printed(look=Look(director="Сидоров С.", director_title="Директор")), "Директор") == "Сидоров С."


def test_a_note_of_the_client_stands_above() -> None:
    said = printed(look=Look(note="Счёт действителен 5 банковских дней."))
    assert said.index("Счёт действителен 5 банковских дней.") < said.index("БИК")


def test_the_greatest_sums_are_printed_whole() -> None:
    said = printed(line("999999999999.99", "none", price=Decimal("99999999.999999"), quantity=Decimal("123456.789")))
    assert "999 999 999 999,99" in said
    assert said[-6].startswith("Девятьсот девяносто девять миллиардов")


def test_the_file_tells_what_it_is() -> None:
    about = sheets(render_invoice(form(), LOOK)).metadata
    assert about is not None
    assert about.title == "Счёт на оплату № 217 от 15 июля 2026 г."
    assert about.author == "ООО «Кровля Плюс»"
    assert "вне 1С" in (about.subject or "")
    assert about.creation_date == form().made_at


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"lines": ()}, "it has no lines"),
        ({"seller": replace(SELLER, bank=None)}, "the seller ООО «Кровля Плюс» has no bank account"),
        ({"seller": replace(SELLER, bank=replace(BANK, bic=""))}, "lacks its number, its БИК or the bank's name"),
        ({"total": Decimal("4342.67")}, "its lines come to 4342.68, but its sum is 4342.67"),
        ({"lines": (line("1.005"),)}, "line 1: 1.005 is no sum in whole kopecks"),
        ({"lines": (line(vat="none", vat_="5.00"),)}, "line 1: 5.00 of VAT without a rate"),
        ({"lines": (line("-5.00"),)}, "its sum is -5.00"),
        ({"lines": (line("1000000000000.00"),)}, "its sum is 1000000000000.00"),
        ({"lines": (line(discount=Decimal("NaN")),)}, "line 1: NaN is no sum in whole kopecks"),
        ({"made_at": datetime(2026, 7, 15)}, "made_at has no time zone"),
    ],
)
def test_what_is_no_honest_invoice_is_refused_with_the_reason(wrong: dict, told: str) -> None:
    with pytest.raises(Rejected) as refused:
        render_invoice(form(**wrong), LOOK)
    assert told in refused.value.reason
    assert "00БП-000217" in refused.value.reason
    assert refused.value.hint


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Rejected, match=r"no bank account.*line 1: 5\.00 of VAT.*its lines come to"):
        render_invoice(form(line(vat="none", vat_="5.00"), seller=BUYER, total=Decimal(1)), LOOK)


def test_a_text_that_no_page_could_hold_is_refused_and_not_cut() -> None:
    with pytest.raises(Rejected, match="does not fit on a page"):
        pages(form(contract="Договор " * 3000))
