"""Real files of tables, made by the libraries that people use for them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

Value = str | int | float | bool | datetime | None
Rows = Sequence[Sequence[Value]]


def xlsx(path: Path, rows: Rows, *, merged: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Заявки"
    for row in rows:
        sheet.append(list(row))
    for block in merged:
        sheet.merge_cells(block)
    book.save(path)
    return path


def ods(path: Path, rows: Rows) -> Path:
    book = OpenDocumentSpreadsheet()
    table = Table(name="Заявки")
    for row in rows:
        line = TableRow()
        for value in row:
            line.addElement(_cell(value))
        table.addElement(line)
    book.spreadsheet.addElement(table)
    book.save(str(path))
    return path


def _cell(value: Value) -> TableCell:
    if value is None or value == "":
        return TableCell()
    if isinstance(value, bool):
        return TableCell(valuetype="boolean", booleanvalue=str(value).lower())
    if isinstance(value, int | float):
        return TableCell(valuetype="float", value=repr(value))
    if isinstance(value, datetime):
        return TableCell(valuetype="date", datevalue=value.isoformat())
    cell = TableCell(valuetype="string")
    for line in value.split("\n"):
        cell.addElement(P(text=line))
    return cell


def text(path: Path, rows: Rows, *, encoding: str = "utf-8-sig", separator: str = ";") -> Path:
    """As a Russian Excel shows and saves it."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows([[shown(value) for value in row] for row in rows])
    return path


def shown(value: Value) -> str:
    if isinstance(value, datetime):
        return f"{value:%d.%m.%Y %H:%M}"
    if isinstance(value, bool):
        return "ИСТИНА" if value else "ЛОЖЬ"
    if isinstance(value, float):
        return f"{value:,.2f}".replace(",", "\xa0").replace(".", ",")
    return "" if value is None else str(value)
