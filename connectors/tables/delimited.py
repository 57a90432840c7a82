"""Reads csv and tsv: in which encoding, with which separator, and the records."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Self

from connectors import charsets
from provodka.errors import Rejected

SEPARATORS: Final = (";", ",", "\t", "|")
NAMES: Final = {"\t": "табуляция"}
_TYPED: Final = dict.fromkeys((r"\t", "tab", "табуляция"), "\t")
_NONE: Final = ('"', "\r", "\n")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEP_LINE: Final = re.compile(r"\ufeff?sep=(.)\r?\n?", re.IGNORECASE)
_LOOKED_AT: Final = 60  # records by which the separator is told
_SAMPLE: Final = 6000  # bytes of lines that are not plain ASCII
_CHUNK: Final = 1024 * 1024

QUOTE: Final = "Скорее всего, выше осталась незакрытая кавычка: найдите её в этой строке и уберите или удвойте"
SEPARATOR: Final = (
    "Столбцы разделены иначе: укажите «{sign}» (separator в настройках, --separator в команде) или не указывайте ничего"
)
ONE_SIGN: Final = (
    "Разделитель — один знак: «;», «,», «|» или табуляция; не указывайте его, если не уверены: он найдётся сам"
)
ENCODING: Final = (
    "Укажите кодировку файла (encoding в настройках, --encoding в команде): utf-8, windows-1251, koi8-r, cp866 "
    "или utf-16"
)


@dataclass(frozen=True, slots=True)
class Delimited:
    """The records of a file and what was found out about it; `likely` is the separator that it looks like."""

    encoding: str
    separator: str
    likely: str
    damaged: bool
    records: Iterator[list[str]]


def delimited(path: Path, *, encoding: str = "", separator: str = "") -> Delimited:
    """The records as texts, blank lines as empty ones. Raises Rejected; reading may, too."""
    separator = _TYPED.get(separator.casefold(), separator)
    if len(separator) > 1 or separator in _NONE:
        raise Rejected(f"«{separator}» is no separator", hint=ONE_SIGN)
    charset = _known(encoding) if encoding else _charset(path)
    damaged = not encoding and charset == "utf-8" and not _decodes(path, charset)
    errors = "replace" if damaged else "strict"
    with path.open(encoding=charset, errors=errors, newline="") as file:
        try:
            head = file.read(_CHUNK)
        except UnicodeError as error:
            raise Rejected(f"{path.name} is not in {encoding or charset}", hint=ENCODING) from error
    told = _SEP_LINE.match(head)
    whole = head[: head.rfind("\n") + 1] or head
    likely = _separator(whole)
    if separator and not _evenness(whole, separator) and _evenness(whole, likely):
        name = NAMES.get(likely, likely)
        raise Rejected(f"{path.name} has one column by this separator", hint=SEPARATOR.format(sign=name))
    sign = separator or (told[1] if told else likely)
    return Delimited(charset, sign, likely, damaged, _records(path, charset, errors, sign, skip=told is not None))


def _records(path: Path, charset: str, errors: str, separator: str, *, skip: bool) -> Iterator[list[str]]:
    number = 0
    with path.open(encoding=charset, errors=errors, newline="") as file:
        if skip:
            number += 1
            file.readline()
            yield []  # so that rows are counted as people see them
        lines = _Lines(file)
        try:
            for record in csv.reader(lines, delimiter=separator):
                number += 1
                if lines.over:  # a record that is whole does not ask for one more line
                    raise Rejected(f"{path.name}, row {number}: a quote is never closed", hint=QUOTE)
                yield record
        except csv.Error as error:
            raise Rejected(f"{path.name}, row {number + 1}: {error}", hint=QUOTE) from error
        except UnicodeError as error:
            raise Rejected(f"{path.name}, row {number + 1} is not in {charset}", hint=ENCODING) from error


class _Lines:
    """The lines of a file; `over` once somebody has asked for more than there are."""

    def __init__(self, file: Iterable[str]) -> None:
        self._lines = iter(file)
        self.over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            return line
        self.over = True
        raise StopIteration


def _known(encoding: str) -> str:
    try:
        "".encode(encoding)  # `lookup` knows codecs besides that are no encodings of texts
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise Rejected(f"no encoding is called {encoding}", hint=ENCODING) from error


def _charset(path: Path) -> str:
    """By its mark, else UTF-16 by its zeros, else UTF-8 if it is that, else the Cyrillic one that it looks like."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head[:1000]:
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    if _decodes(path, "utf-8"):
        return "utf-8"
    telling = _telling(path)
    text = telling.decode("utf-8", "replace")
    good = sum(1 for sign in text if sign > "\x7f" and sign != "\ufffd")
    return "utf-8" if good >= 10 * text.count("\ufffd") else charsets.likeliest(telling)


def _decodes(path: Path, charset: str) -> bool:
    decoder = codecs.getincrementaldecoder(charset)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def _telling(path: Path) -> bytes:
    """Lines by which an encoding can be told."""
    found = b""
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                found += line
            if len(found) >= _SAMPLE:
                break
    return found[:_SAMPLE]


def _separator(head: str) -> str:
    """The one by which most records have as many cells as most others, and many."""
    return max(SEPARATORS, key=lambda sign: _evenness(head, sign))


def _evenness(head: str, separator: str) -> float:
    try:
        widths = [
            len(record)
            for record in islice(csv.reader(head.splitlines(keepends=True), delimiter=separator), _LOOKED_AT)
        ]
    except csv.Error:
        return 0.0
    counts = Counter(width for width in widths if width > 1)
    if not counts:
        return 0.0
    width, rows = max(counts.items(), key=lambda one: one[1] ** 2 * (one[0] - 1))
    return float((rows / sum(1 for width in widths if width)) ** 2 * (width - 1))
