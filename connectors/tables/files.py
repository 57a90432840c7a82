"""Opens a table, whatever its file is: xlsx, xlsb, xls, ods, csv, tsv. Its content tells what it is, not its name."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from connectors.tables.delimited import NAMES, delimited
from connectors.tables.grid import EMPTY, sheet_of
from connectors.tables.sheet import Sheet
from connectors.tables.workbook import DAMAGED, LOCKED, unfolded
from provodka.errors import Rejected

MOST_BYTES: Final = 200 * 1024 * 1024

_ZIP, _OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_IN_XML: Final = ("urn:schemas-microsoft-com:office:spreadsheet", "urn:oasis:names:tc:opendocument")
_BOOKS: Final = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
_OTHERS: Final = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"{\\rtf": "RTF",
}

SAVE_AS: Final = "Откройте файл в программе для таблиц и сохраните как xlsx («Книга Excel») или CSV"
HTML: Final = (
    "Это веб-страница, а не таблица: либо программа выгружает HTML под именем .xls (откройте его в Excel и сохраните "
    "как xlsx), либо вместо файла скачалась страница входа"
)
UNPACK: Final = "Это архив: распакуйте его и дайте сам файл таблицы"
TOO_BIG: Final = f"Файл больше {MOST_BYTES // 1024 // 1024} МБ: сохраните только нужный лист как CSV или разделите его"


def open_file(
    path: Path, sheet: str = "", *, header_row: int | None = None, encoding: str = "", separator: str = ""
) -> Sheet:
    """The sheet called `sheet`, else the first that is shown and not empty. `header_row` is counted from 1; where the
    last three are not given, they are found out, and the notes of the sheet say so.

    Raises Rejected with the cure: no table at all, damaged, protected, too big, no headings. Reading the rows of a csv
    may raise it, too.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise Rejected(
            f"{path.name} cannot be read: {error.strerror}", hint="Проверьте путь к файлу и права на него"
        ) from error
    if size > MOST_BYTES:
        raise Rejected(f"{path.name} has {size} bytes", hint=TOO_BIG)
    if not head.strip(b"\0 \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise Rejected(f"{path.name} is empty", hint=EMPTY)
    if _is_workbook(path, head):
        return _of_workbook(path, sheet, header_row)
    _refuse_others(path, head)
    return _of_text(path, header_row, encoding, separator)


def _is_workbook(path: Path, head: bytes) -> bool:
    if head.startswith(_OLE):
        if _ENCRYPTED in path.read_bytes():
            raise Rejected(f"{path.name} is protected by a password", hint=LOCKED)
        return True
    if not head.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise Rejected(f"{path.name} is damaged: {error}", hint=DAMAGED) from error
    if not names.intersection(_BOOKS):
        raise Rejected(f"{path.name} is an archive without a table", hint=UNPACK)
    return True


def _refuse_others(path: Path, head: bytes) -> None:
    for mark, name in _OTHERS.items():
        if head.startswith(mark):
            raise Rejected(f"{path.name} is {name} and no table", hint=SAVE_AS)
    start = head.decode("utf-8-sig", "replace").lstrip().casefold()
    if start.startswith("<?xml") and any(name in start for name in _IN_XML):
        raise Rejected(f"{path.name} is a table in plain XML", hint=SAVE_AS)
    if start.startswith("<"):
        raise Rejected(f"{path.name} is a page in HTML or XML", hint=HTML)


def _of_workbook(path: Path, sheet: str, header_row: int | None) -> Sheet:
    book = unfolded(path, sheet)
    others = [name for name in book.sheets if name != book.sheet]
    notes = (f"взят лист «{book.sheet}», есть и другие: {', '.join(others)}",) if others and not sheet else ()
    return sheet_of(
        path.name, book.sheet, book.rows, header_row=header_row, merged=book.merged, first=book.start, notes=notes
    )


def _of_text(path: Path, header_row: int | None, encoding: str, separator: str) -> Sheet:
    text = delimited(path, encoding=encoding, separator=separator)
    notes = []
    if not encoding:
        notes.append(f"кодировка {text.encoding}")
    if text.damaged:
        notes.append("часть букв повреждена: вместо них стоит знак �")
    if not separator:
        notes.append(f"разделитель {NAMES.get(text.separator, text.separator)}")
    elif text.separator != text.likely:
        notes.append(
            f"разделитель указан, но похоже, что он «{NAMES.get(text.likely, text.likely)}»: проверьте столбцы"
        )
    return sheet_of(path.name, "", text.records, header_row=header_row, notes=tuple(notes))
