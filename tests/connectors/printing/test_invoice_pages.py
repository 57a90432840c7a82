"""Long invoices break over pages, and the same invoice is always the same file."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.printing.invoice import render_invoice
from connectors.printing.settings import Look
from tests.connectors.printing.samples import LOOK, form, image, line, pages

HEAD = "Товары (работы, услуги)"
MARK = "Печатная форма составлена вне 1С"


def numbered(count: int) -> list:
    return [line("10.00", name=f"Товар {place}") for place in range(1, count + 1)]


def places(said: list[str]) -> list[int]:
    """The numbers of the lines, page after page."""
    return [int(found) for page in said for found in re.findall(r"^ *(\d+)\n *Товар \1$", page, re.MULTILINE)]


@pytest.mark.parametrize(("count", "sheets"), [(1, 1), (40, 2), (300, 8)])
def test_every_line_is_printed_once_under_a_head_on_each_page(count: int, sheets: int) -> None:
    said = pages(form(*numbered(count)))
    assert len(said) == sheets
    assert places(said) == list(range(1, count + 1))
    assert [page.count(HEAD) for page in said] == [1] * sheets
    assert all(MARK in page for page in said)
    assert f"Всего наименований {count}, на сумму" in said[-1]


def test_pages_are_numbered_and_named_where_there_are_several() -> None:
    said = pages(form(*numbered(60)))
    assert [re.findall(r"стр\. \d+ из \d+", page) for page in said] == [["стр. 1 из 2"], ["стр. 2 из 2"]]
    assert all("Счёт на оплату № 217 от 15 июля 2026 г." in page for page in said)
    assert "стр." not in pages(form())[0]


@pytest.mark.parametrize("count", range(22, 32))
def test_totals_and_signatures_never_stand_on_a_page_without_a_line(count: int) -> None:
    last = pages(form(*numbered(count)))[-1]
    assert places([last])
    assert all(text in last for text in ("Итого:", "Всего к оплате:", "рублей 00 копеек", "Руководитель", "Бухгалтер"))


@pytest.mark.parametrize(
    "name", ["Очень длинное имя товара " * 400, "Неразрывное" * 60], ids=["many words", "one word"]
)
def test_a_name_longer_than_a_page_is_printed_whole(name: str) -> None:
    said = "".join("".join(pages(form(line(name=name), line(name="Второй")))).split())
    bare = re.escape("".join(name.split())[:200])
    assert re.search(bare, said)
    word = "длинное" if " " in name else "Неразрывное"
    assert said.count(word) == name.count(word)


def test_a_long_article_and_unit_wrap_too() -> None:
    said = "".join("".join(pages(form(line(sku="А-1234567890" * 6, unit="условная единица")))).split())
    assert "А-1234567890" * 6 in said
    assert "условная" in said


def test_the_same_invoice_is_the_same_file_whatever_was_printed_before(tmp_path: Path) -> None:
    look = LOOK.model_copy(update={"stamp": image(tmp_path / "stamp.png", "PNG")})
    first = render_invoice(form(*numbered(40)), look)
    render_invoice(form(line(name="Другой товар: ЖЩЪ")), Look())
    assert render_invoice(form(*numbered(40)), look) == first
    moved = form(*numbered(40))
    assert render_invoice(replace(moved, made_at=moved.made_at + timedelta(seconds=1)), look) != first


def test_another_process_makes_the_same_file() -> None:
    program = (
        "import hashlib; from tests.connectors.printing.samples import *; "
        "print(hashlib.sha256(render_invoice(form(line(name='Ёж №5')), LOOK)).hexdigest())"
    )
    root = Path(__file__).parents[3]
    environ = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    there = subprocess.run(
        [sys.executable, "-c", program], env=environ, cwd=root, capture_output=True, text=True, check=True
    )
    here = hashlib.sha256(render_invoice(form(line(name="Ёж №5")), LOOK)).hexdigest()
    assert there.stdout.strip() == here


def test_invoices_printed_at_once_do_not_get_into_each_other() -> None:
    forms = [form(line(str(Decimal(amount)), name=f"Товар {amount}")) for amount in range(1, 9)]
    alone = [render_invoice(one, LOOK) for one in forms]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: render_invoice(one, LOOK), forms)) == alone
