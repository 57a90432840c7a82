"""CSV files that we write for people: what strangers wrote into a row is text there, never a formula."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cli.imports.preview import write_rows


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("http://evil.example")', '\'=HYPERLINK("http://evil.example")'),
        ("+7+cmd|' /C calc'!A0", "'+7+cmd|' /C calc'!A0"),
        ("-2+3=1", "'-2+3=1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\n=1", "'\n=1"),
        ("x,=1+cmd|' /C calc'!A0", "x, =1+cmd|' /C calc'!A0"),
        ("+7 (916) 000-11-22", "+7 (916) 000-11-22"),
        ("-12,50", "-12,50"),
        ("Мария = Маша", "Мария = Маша"),
    ],
)
def test_a_cell_that_begins_like_a_formula_is_text(tmp_path: Path, cell: str, written: str) -> None:
    write_rows(tmp_path / "report.csv", ("строка",), [[cell]])
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [cell for row in list(csv.reader(file, delimiter=";"))[1:] for cell in row] == [written]
