"""A cell's text: as it stands in an event, and what of it makes the key of its row."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from connectors.tables.shown import DIGITS_KEPT, moment_shown
from provodka import identity

UNCERTAIN: Final = "в ячейке число, от которого осталось «{value}»: последние цифры пропали"
FORMAT_AS_TEXT: Final = (
    "Задайте столбцу формат «Текст», введите значение заново (в программе, из которой взята таблица, оно целое) и "
    "сохраните файл ещё раз"
)

_BLANKS: Final = re.compile("[\t\xa0\u2000-\u200a\u202f\u205f\u3000]+")
_INVISIBLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2060\ufeff\ud800-\udfff]")
_SCIENTIFIC: Final = re.compile(r"([+-]?)(\d)(?:[.,](\d+))?[eEеЕ]\+?(\d{1,3})")
_ERROR: Final = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|ERROR!|SPILL!|GETTING_DATA|Н/Д|ССЫЛКА!|ЗНАЧ!|ДЕЛ/0!|ИМЯ\?|ЧИСЛО!|"
    r"ПУСТО!|ПЕРЕНОС!|########|#+)"
)
_TRUTH: Final = {"TRUE": "ИСТИНА", "FALSE": "ЛОЖЬ"}
_FLAGS: Final = {"ИСТИНА": "1", "ЛОЖЬ": "0"}  # as some programs write them in ods
_CLOCK: Final = r"(?:[ ,T]+(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?"
_RUSSIAN_DATE: Final = re.compile(rf"(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}){_CLOCK}")
_ISO_DATE: Final = re.compile(rf"(\d{{4}})-(\d{{1,2}})-(\d{{1,2}}){_CLOCK}")
_SHORT_DATE: Final = re.compile(rf"(\d{{1,2}})\.(\d{{1,2}})\.(\d\d){_CLOCK}")
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,3}(?:[ ']\d{3})+|\d+)(?:[.,]\d+)?")
_GROUPS: Final = re.compile("[ ']")
_PHONE_DIGITS: Final = 11


def clean(text: str) -> tuple[str, str]:
    """The text in one form, and why it cannot be taken as it is (in Russian), empty where it can.

    Blanks of all sorts are blanks, the apostrophe that makes a cell a text is none of it, dates are as `shown` writes
    them; the error of a formula is no value.
    """
    if text.isascii() and text.isalnum() and len(text) < 6:
        return _TRUTH.get(text, text), ""  # most cells are short words and numbers
    if not text.isprintable():  # all that is looked for here is not
        text = _INVISIBLE.sub("", _BLANKS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")))
    text = text.strip()
    text = text[1:].lstrip() if text.startswith("'") else text
    if not text:
        return "", ""
    first = text[0]
    if first == "#" and _ERROR.fullmatch(text):
        return "", ""
    if first.isdigit() or first in "+-":
        if text[:3].count(".") or text[:5].count("-"):
            text = _dated(text)
        if found := _SCIENTIFIC.fullmatch(text):
            return _unfolded(found)
    return _TRUTH.get(text, text), ""


def _dated(text: str) -> str:
    """A date in the one form; any other text as it is."""
    if found := _RUSSIAN_DATE.fullmatch(text):
        day, month, year, *clock = found.groups()
    elif found := _ISO_DATE.fullmatch(text):
        year, month, day, *clock = found.groups()
    else:
        return text
    try:
        hour, minute, second = (int(part or 0) for part in clock)
        return moment_shown(datetime(int(year), int(month), int(day), hour, minute, second))  # noqa: DTZ001
    except ValueError:  # the 31st of February
        return text


def _unfolded(found: re.Match[str]) -> tuple[str, str]:
    """`7,9160001122E+10` still has all its digits; `7,9160E+10` has not."""
    sign, whole, rest, power = found[1], found[2], found[3] or "", int(found[4])
    if len(rest) < power or power >= DIGITS_KEPT:
        return found.group(), UNCERTAIN.format(value=found.group())
    if rest[power:].strip("0"):
        return found.group(), ""  # 1,25E+1 is a number with a fraction, and no phone
    return f"{sign.strip('+')}{whole}{rest[:power]}", ""


def canonical(text: str) -> str:
    """What of a cell tells rows apart: the same for «8 (916) 000-11-22» and 79160001122, for `12 500,50` and 12500.5,
    for a date with and without its seconds, which many formats do not show."""
    if text in _FLAGS:
        return _FLAGS[text]
    if not text or not (text[0].isdigit() or text[0] in "+-(") or len(text) > 40:
        return " ".join(text.casefold().split())
    if found := _SHORT_DATE.fullmatch(text):
        text = _dated(f"{found[1]}.{found[2]}.20{found[3]}{text[found.end(3) :]}")
    if (dated := _RUSSIAN_DATE.fullmatch(text)) is not None:
        return text[: dated.end(5)] if dated[4] else text
    if _NUMBER.fullmatch(text):
        number = _exact(Decimal(_GROUPS.sub("", text).replace(",", ".")))
        return identity.phone(number) if len(number) == _PHONE_DIGITS and number[0] in "78" else number
    return identity.phone(text) or " ".join(text.casefold().split())


def _exact(number: Decimal) -> str:
    """Without zeros at the end of a fraction; with all digits, which `normalize` would round."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_date(text: str) -> bool:
    """Whether a cell is a date, with or without an hour."""
    return _RUSSIAN_DATE.fullmatch(text) is not None


def moment_in(text: str) -> datetime | None:
    """The moment that a cell says to the minute, without a time zone: `02.03.2026 09:04:00`."""
    found = _RUSSIAN_DATE.fullmatch(text)
    if found is None or found[4] is None:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 -- the caller knows the zone
    except ValueError:
        return None


def is_value(text: str) -> bool:
    """Whether a text is what stands below a heading and not one: a phone, an address, a date."""
    if "@" in text and identity.email(text):
        return True
    if not text[:1].isdigit() and text[:1] not in "+(-":
        return False
    return any(kind.fullmatch(text) for kind in (_RUSSIAN_DATE, _NUMBER)) or bool(identity.phone(text))
