"""The table of an invoice: its lines, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Final

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable

from connectors.printing.forms import InvoiceForm, vat_name
from connectors.printing.page import BOLD, CENTRED, FONT, SIZE, TEXT, WIDTH, Command, padding, paragraph, text_width
from provodka.accounting import Line, Vat
from provodka.russian import grouped

_PADDING: Final = 1 * mm
_ROOM: Final = 2 * _PADDING + 1
_MOST_HIGH: Final = 60 * mm


@dataclass(frozen=True, slots=True)
class _Column:
    """`width` None: what the others leave; else at least that. A `style` wraps; what has none stays in one line."""

    title: str
    shown: Callable[[int, Line], str]
    width: float | None
    style: ParagraphStyle | None = None


def lines_table(form: InvoiceForm, below: list[Flowable]) -> LongTable:
    """The table. Its head comes again on each page; the last line, the totals and what is `below` stay together."""
    columns, totals = _columns(form), _totals(form)
    cells = [[column.shown(place, line) for column in columns] for place, line in enumerate(form.lines, start=1)]
    widths = _widths(columns, cells, totals)
    rows: list[list[object]] = [[column.title for column in columns]]
    rows += [row for texts in cells for row in _rows(columns, texts, widths)]
    last, wide = len(rows) - 1, len(columns) - 1
    rows += [[title, *[""] * (wide - 1), value] for title, value in totals]
    rows.append([below, *[""] * wide])
    style: list[Command] = [
        *padding(_PADDING, (0, -2)),
        *padding(0, (-1, -1)),
        ("TOPPADDING", (0, last + 2), (-1, -2), 0),
        ("FONT", (0, 0), (-1, 0), BOLD, SIZE),
        ("FONT", (0, 1), (-1, last), FONT, SIZE),
        ("FONT", (0, last + 1), (-1, -1), BOLD, SIZE),
        ("ALIGN", (0, 0), (-1, 0), "CENTER"),
        ("VALIGN", (0, 0), (-1, 0), "MIDDLE"),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("ALIGN", (0, 1), (0, last), "CENTER"),
        ("ALIGN", (2, 1), (-1, -1), "RIGHT"),
        ("ALIGN", (0, last + 1), (-1, -1), "RIGHT"),
        ("GRID", (0, 0), (-1, last), 0.5, "black"),
        ("BOX", (0, 0), (-1, last), 1, "black"),
        *(("SPAN", (0, row), (wide - 1, row)) for row in range(last + 1, len(rows) - 1)),
        ("SPAN", (0, -1), (-1, -1)),
        ("NOSPLIT", (0, last), (-1, -1)),
    ]
    return LongTable(rows, widths, style=style, repeatRows=1)


def _rows(columns: list[_Column], texts: list[str], widths: list[float]) -> Iterator[list[object]]:
    """A line as rows of the table: more than one where a text is so long that it would not fit on a page."""
    cells = [_pieces(column, text, width) for column, text, width in zip(columns, texts, widths, strict=True)]
    for row in zip_longest(*cells, fillvalue=""):
        yield list(row)


def _pieces(column: _Column, text: str, width: float) -> list[object]:
    if column.style is None:
        return [text]
    pieces: list[object] = []
    rest: list[Flowable] = [paragraph(text, column.style)]
    while rest:
        piece, *rest = rest[0].split(width - 2 * _PADDING, _MOST_HIGH) or rest
        pieces.append(piece)
    return pieces


def _columns(form: InvoiceForm) -> list[_Column]:
    """Article, discount and VAT have a column only where there is something to say."""
    columns = [
        _Column("№", lambda place, _: str(place), 8 * mm),
        _Column("Товары (работы, услуги)", lambda _, line: line.name, None, TEXT),
    ]
    if any(line.sku for line in form.lines):
        columns.append(_Column("Артикул", lambda _, line: line.sku, 24 * mm, TEXT))
    columns += [
        _Column("Кол-во", lambda _, line: _figure(line.quantity, 0), 15 * mm),
        _Column("Ед.", lambda _, line: line.unit, 12 * mm, CENTRED),
        _Column("Цена", lambda _, line: _figure(line.price, 2), 21 * mm),
    ]
    if form.discount:
        columns.append(_Column("Скидка", lambda _, line: grouped(line.discount, 2), 18 * mm))
    if len(form.taxes) > 1:
        columns.append(_Column("НДС", lambda _, line: "без НДС" if line.vat is Vat.NONE else f"{line.vat} %", 14 * mm))
    return [*columns, _Column("Сумма", lambda _, line: grouped(line.amount, 2), 24 * mm)]


def _totals(form: InvoiceForm) -> list[tuple[str, str]]:
    rows = [("Сумма скидки:", grouped(form.discount, 2))] if form.discount else []
    rows.append(("Итого:", grouped(form.subtotal, 2)))
    for tax in form.taxes:
        name = vat_name(tax.rate)
        if tax.rate is not Vat.NONE:
            rows.append((f"{'В том числе' if form.vat_included else 'Сумма'} {name}:", grouped(tax.vat, 2)))
        else:
            rows.append((f"{name}:", "–") if len(form.taxes) == 1 else ("Не облагается НДС:", grouped(tax.base, 2)))
    return [*rows, ("Всего к оплате:", grouped(form.payable, 2))]


def _widths(columns: list[_Column], cells: list[list[str]], totals: list[tuple[str, str]]) -> list[float]:
    """What does not wrap gets the room that its longest text needs; the names get the rest."""
    widths = []
    for place, column in enumerate(columns):
        least = column.width or 0
        if column.style is None:
            least = max(least, *(text_width(row[place]) + _ROOM for row in cells))
        widths.append(least)
    widths[-1] = max(widths[-1], *(text_width(value, BOLD) + _ROOM for _, value in totals))
    rest = WIDTH - sum(widths)
    return [width if column.width else rest for column, width in zip(columns, widths, strict=True)]


def _figure(amount: Decimal, least: int) -> str:
    """With as many digits after the comma as it has, but with `least` at least."""
    exponent = amount.normalize().as_tuple().exponent
    has = -exponent if isinstance(exponent, int) else 0
    return grouped(amount, max(has, least))
