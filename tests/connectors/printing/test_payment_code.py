"""The code for payment on an invoice is what a bank's application reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
import zxingcpp
from PIL import Image, ImageDraw
from pypdf import PageObject
from pypdf.generic import ContentStream

from connectors.printing.invoice import render_invoice
from connectors.printing.payment_code import payment_code
from tests.connectors.printing.samples import BANK, LOOK, SELLER, form, line, sheets

ZOOM = 4
WITH_CODE = LOOK.model_copy(update={"qr": True})


def read_code(page: PageObject) -> str | None:
    """What a reader of codes sees among the black boxes of a page."""
    picture = Image.new("L", (595 * ZOOM, 842 * ZOOM), 255)
    draw = ImageDraw.Draw(picture)
    moved, saved = [(0.0, 0.0)], []
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        if operator == b"q":
            saved.append(moved[-1])
        elif operator == b"Q":
            moved.append(saved.pop())
        elif operator == b"cm":
            *_, x, y = map(float, operands)
            moved.append((moved[-1][0] + x, moved[-1][1] + y))
        elif operator == b"re":
            x, y, width, height = map(float, operands)
            x, y = x + moved[-1][0], 842 - y - moved[-1][1]
            draw.rectangle([v * ZOOM for v in (x, y - height, x + width, y)], fill=0)
    found = zxingcpp.read_barcodes(picture)
    return found[0].text if found else None


def values(text: str) -> dict[str, str]:
    kind, *fields = text.split("|")
    assert kind == "ST00012"
    return dict(field.split("=", 1) for field in fields)


def test_the_code_on_the_page_is_read_as_what_a_payment_order_needs() -> None:
    [page] = sheets(render_invoice(form(line("13028.00")), WITH_CODE)).pages
    read = read_code(page)
    assert read is not None
    assert values(read) == {
        "Name": "ООО «Кровля Плюс»",
        "PersonalAcc": "40702810338000012345",
        "BankName": "ПАО СБЕРБАНК г. Москва",
        "BIC": "044525225",
        "CorrespAcc": "30101810400000000225",
        "PayeeINN": "7701234567",
        "KPP": "770101001",
        "Sum": "1302800",
        "Purpose": "Оплата по счёту № 217 от 15.07.2026. В том числе НДС 22 % 2 349,31 руб.",
    }


def test_the_longest_code_is_still_read() -> None:
    seller = replace(SELLER, name="Товарищество «Щ»" * 30, bank=replace(BANK, bank="Банк " * 30))
    long = form(*(line("999999999.99", rate) for rate in ("22", "20", "10", "7", "5", "0")), seller=seller)
    [page] = sheets(render_invoice(long, WITH_CODE)).pages
    assert read_code(page) == payment_code(long)


def test_there_is_no_code_where_the_settings_say_so() -> None:
    [page] = sheets(render_invoice(form(), LOOK)).pages
    assert read_code(page) is None
    assert "QR" not in page.extract_text()


def test_texts_are_not_longer_than_the_standard_allows() -> None:
    seller = replace(SELLER, name="Н" * 300, bank=replace(BANK, bank="Б" * 300))
    code = values(payment_code(form(seller=seller, number="1" * 300)))
    assert {key: len(code[key]) for key in ("Name", "BankName", "Purpose")} == {
        "Name": 160, "BankName": 45, "Purpose": 210,
    }  # fmt: skip


def test_a_bar_in_a_name_does_not_end_a_field() -> None:
    assert values(payment_code(form(seller=replace(SELLER, name="ООО «A|Sum=1»"))))["Name"] == "ООО «A Sum=1»"


def test_a_treasury_account_and_a_sole_trader_lack_what_they_have_not() -> None:
    seller = replace(SELLER, kpp="", bank=replace(BANK, correspondent=""))
    code = values(payment_code(form(seller=seller)))
    assert code["CorrespAcc"] == "0"
    assert "KPP" not in code


@pytest.mark.parametrize(
    ("lines", "vat"),
    [
        ([line(vat="none")], "Без НДС"),
        ([line("122.00"), line("110.00", "10")], "В том числе НДС 22 % 22,00 руб., НДС 10 % 10,00 руб."),
        ([line("122.00"), line("50.00", "none")], "В том числе НДС 22 % 22,00 руб."),
    ],
)
def test_the_purpose_tells_the_vat(lines: list, vat: str) -> None:
    assert values(payment_code(form(*lines)))["Purpose"] == f"Оплата по счёту № 217 от 15.07.2026. {vat}"
