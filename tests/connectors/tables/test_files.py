"""What a table's file says, whatever it is; what is no table is refused by name."""

from __future__ import annotations

import zipfile
from datetime import datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

from connectors.tables.files import open_file
from connectors.tables.sheet import Row
from provodka.errors import Rejected
from tests.connectors.tables.making import ods, text, xlsx

HEAD = ["Дата", "ФИО", "Телефон", "Сумма"]
MARIA = [datetime(2026, 3, 2, 9, 4), "Мария", 79160001122, 12500.5]


def rows(path: Path, sheet: str = "", **how: object) -> list[Row]:
    return list(open_file(path, sheet, **how).rows)  # type: ignore[arg-type]


def refused(path: Path, sheet: str = "", **how: object) -> Rejected:
    with pytest.raises(Rejected) as error:
        rows(path, sheet, **how)
    assert error.value.hint
    return error.value


@pytest.mark.parametrize("make", [xlsx, ods])
def test_values_are_as_people_see_them(tmp_path: Path, make) -> None:
    made = make(
        tmp_path / "a", [[*HEAD, "Оплачено"], [*MARIA, True], [datetime(2026, 3, 3), "Ольга", None, 3.0, False]]
    )
    first, second = rows(made)
    seen = ["02.03.2026 09:04:00", "Мария", "79160001122", "12500,5", "ИСТИНА"]
    assert first == Row(2, dict(zip([*HEAD, "Оплачено"], seen, strict=True)))
    assert second.cells == {"Дата": "03.03.2026", "ФИО": "Ольга", "Сумма": "3", "Оплачено": "ЛОЖЬ"}


def test_times_spans_formulas_and_errors(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Имя", "Время", "Длительность", "Сумма", "Ошибка"])
    sheet.append(["Мария", time(9, 4), timedelta(hours=27, minutes=3), "=1+1", "#N/A"])
    sheet["E2"].data_type = "e"
    book.save(tmp_path / "a.xlsx")
    (row,) = rows(tmp_path / "a.xlsx")
    assert row.cells == {"Имя": "Мария", "Время": "09:04:00", "Длительность": "27:03:00"}, "no program has computed it"


def test_headings_below_titles_over_two_merged_lines_and_repeated(tmp_path: Path) -> None:
    made = xlsx(
        tmp_path / "a.xlsx",
        [
            ["Заявки за март", None, None, None, None],
            [],
            ["Дата", "Клиент", None, "Менеджер", None],
            [None, "Имя", "Телефон", "Имя", "Телефон"],
            ["02.03.2026", "Мария", 79160001122, "Анна", "101"],
        ],
        merged=["A1:E1", "A3:A4", "B3:C3", "D3:E3"],
    )
    sheet = open_file(made)
    assert sheet.columns == ("Дата", "Имя", "Телефон", "Имя (Менеджер)", "Телефон (Менеджер)")
    assert any("строки 4" in note for note in sheet.notes)
    assert [row.number for row in sheet.rows] == [5]


def test_a_title_of_one_cell_is_no_heading_and_a_repeated_one_is_numbered(tmp_path: Path) -> None:
    sheet = open_file(text(tmp_path / "a.csv", [["Отчёт"], ["Телефон", "Телефон", ""], ["89160001122", "", "x"]]))
    assert sheet.columns == ("Телефон", "Телефон 2", "Столбец C")


def test_the_row_of_headings_may_be_told(tmp_path: Path) -> None:
    made = text(tmp_path / "a.csv", [["Имя", "Телефон"], ["Контакт", "Номер"], ["Мария", "89160001122"]])
    assert open_file(made, header_row=2).columns == ("Контакт", "Номер")
    assert "header_row" in refused(made, header_row=9).hint


def test_empty_rows_and_totals_are_none(tmp_path: Path) -> None:
    made = text(
        tmp_path / "a.csv", [HEAD, ["", "Мария", "8916", "5"], [], ["Итого:", "", "", "1 005,00 ₽"], ["Всеволод"]]
    )
    assert [(row.number, len(row.cells)) for row in rows(made)] == [(2, 3), (5, 1)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "windows-1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_text_in_any_encoding_and_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    said = 'Просит "двойной" стеклопакет; срочно,\nзвонить после 18|00'
    made = text(
        tmp_path / "a.csv",
        [[*HEAD, "Комментарий"], [*MARIA, said], ["3.3.2026", "Ольга", "8 916", "1,5", "нет"]],
        encoding=encoding,
        separator=separator,
    )
    first, second = rows(made)
    assert first.cells["Комментарий"] == said
    assert first.cells["Дата"] == "02.03.2026 09:04:00"
    assert second.cells == {
        "Дата": "03.03.2026",
        "ФИО": "Ольга",
        "Телефон": "8 916",
        "Сумма": "1,5",
        "Комментарий": "нет",
    }


def test_a_line_that_names_the_separator_is_obeyed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sep=|\r\nИмя|Телефон\r\nМария, Анна; Ольга|89160001122\r\n", "utf-8")
    (row,) = rows(tmp_path / "a.csv")
    assert row == Row(3, {"Имя": "Мария, Анна; Ольга", "Телефон": "89160001122"})


def test_signs_that_nobody_sees_are_cut(tmp_path: Path) -> None:
    made = text(
        tmp_path / "a.csv", [["Имя\u200b ", " Телефон"], ["\ufeff Мария\xa0Иванова ", "'+7\u202f916 000-11-22\r\n"]]
    )
    (row,) = rows(made)
    assert row.cells == {"Имя": "Мария Иванова", "Телефон": "+7 916 000-11-22"}


@pytest.mark.parametrize(
    ("cell", "damaged"),
    [
        ("7,9160E+10", True),
        ("7.9160001E+10", True),
        ("7,9160001122E+10", False),
        ("4,08178E+19", True),
        ("1,5E+0", False),
    ],
)
def test_a_number_that_has_lost_its_digits_is_a_fault_with_its_place_and_cure(
    tmp_path: Path, cell: str, damaged: bool
) -> None:
    (row,) = rows(text(tmp_path / "a.csv", [HEAD, ["02.03.2026", "Мария", cell, "5"]]))
    assert bool(row.faults) is damaged
    for fault in row.faults:
        assert (fault.column, fault.value) == ("Телефон", cell)
        assert "«Текст»" in fault.cure
    if cell == "7,9160001122E+10":
        assert row.cells["Телефон"] == "79160001122", "all of it is still there"


def test_a_number_beyond_the_digits_of_a_spreadsheet_is_a_fault(tmp_path: Path) -> None:
    (row,) = rows(xlsx(tmp_path / "a.xlsx", [HEAD, ["x", "Мария", 79160001122, 40817810099910004312]]))
    assert [fault.column for fault in row.faults] == ["Сумма"]


# which sheet


def test_the_first_sheet_that_is_shown_and_not_empty_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Пустой"
    hidden = book.create_sheet("Скрытый")
    hidden.append(["Имя"])
    hidden.sheet_state = "hidden"
    for title, name in (("Март", "Мария"), ("Апрель", "Анна")):
        sheet = book.create_sheet(title)
        sheet.append(["Имя", "Телефон"])
        sheet.append([name, "89160001122"])
    book.save(tmp_path / "a.xlsx")
    found = open_file(tmp_path / "a.xlsx")
    assert found.name == "Март"
    assert any("Апрель" in note for note in found.notes)
    assert rows(tmp_path / "a.xlsx", "апрель")[0].cells["Имя"] == "Анна"
    assert "«Апрель»" in refused(tmp_path / "a.xlsx", "Май").hint


# what is no table


def test_a_sheet_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "Имя"
    book.active["XFD1048576"] = "x"
    book.save(tmp_path / "a.xlsx")
    assert "не помещается в память" in refused(tmp_path / "a.xlsx").hint


def test_a_bomb_of_a_zip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = xlsx(tmp_path / "a.xlsx", [HEAD, MARIA])
    with zipfile.ZipFile(made) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    bomb = b"<si><t>" + b"0" * 1_000_000 + b"</t></si>"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            if name != "xl/sharedStrings.xml":
                archive.writestr(name, body)
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as member:
            member.write(b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">')
            for _ in range(100):
                member.write(bomb)
            member.write(b"</sst>")
    assert made.stat().st_size < 1_000_000
    monkeypatch.setattr("connectors.tables.workbook.MEMORY", 100 * 1024 * 1024)
    assert "не помещается в память" in refused(made).hint


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "нет ни одной строки"),
        (b"\xef\xbb\xbf\r\n \r\n", "нет ни одной строки"),
        (b"<html><table><tr><td>1</table>", "веб-страница"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "веб-страница"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "сохраните как xlsx"),
        (b"%PDF-1.7", "сохраните как xlsx"),
        (b"PK\x03\x04 cut off", "повреждён"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, "повреждён"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"), "Снимите пароль"),
        ("Мария;89160001122\nОльга;89160001133\n".encode(), "названия столбцов"),
        ('Имя;Телефон\nМария;"8916\nОльга;8917\n'.encode(), "незакрытая кавычка"),
        (b"????;?????????\nx;89160001122\n", "без русских букв"),
    ],
)
def test_what_is_no_table_is_refused_with_its_cure(tmp_path: Path, body: bytes, words: str) -> None:
    (tmp_path / "a.xls").write_bytes(body)
    assert words in refused(tmp_path / "a.xls").hint


def test_a_zip_of_something_else_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("table.csv", "Имя;Телефон")
    assert "распакуйте" in refused(tmp_path / "a.xlsx").hint
    assert "путь" in refused(tmp_path / "b.xlsx").hint


def test_a_wrong_separator_or_encoding_is_told(tmp_path: Path) -> None:
    made = text(tmp_path / "a.csv", [HEAD, MARIA], encoding="windows-1251")
    assert "«;»" in refused(made, separator="|").hint
    assert "windows-1251" in refused(made, encoding="utf-8").hint
    for none in ("кириллица", "base64"):
        assert "koi8-r" in refused(made, encoding=none).hint


def test_a_file_too_big_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.tables.files.MOST_BYTES", 10)
    assert "МБ" in refused(text(tmp_path / "a.csv", [HEAD, MARIA])).hint
