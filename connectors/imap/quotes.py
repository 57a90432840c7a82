"""Where the writer's own words end: headings of quoted letters, quote marks, signatures of programs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_DAY: Final = r"(?:пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)"
_TIME: Final = r"\d{1,2}[:.]\d{2}(?::\d{2})?"
_DATE: Final = r"\d{1,2}\s+[а-я]{3,8}\.?\s+\d{4}(?:\s*г(?:\.|ода)?)?"
_NUMERIC_DATE: Final = r"\d{1,2}[./]\d{1,2}[./]\d{2,4}"
_ADDRESS: Final = r"<[^<>\n]{3,200}>"
_WHO: Final = r"[^\n]{0,200}(?:\n[^\n]{0,200}){0,2}?"  # programs wrap the line, mostly within the name or before <
_ABOVE: Final = r"(?:-{8,}[ \t]*\n(?:[ \t]*(?:Кому|Копия|Тема):[^\n]{0,300}\n){1,3}[ \t]*)?"
_LINES: Final = r"(?:[^\n]{0,300}\n){0,3}?"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a mail program writes above the letter it quotes. Below a `wall` there are no words of the writer."""

    name: str
    pattern: re.Pattern[str]
    wall: bool = False


def _heading(name: str, pattern: str, *, wall: bool = False) -> Heading:
    return Heading(name, re.compile(rf"^[ \t]*{pattern}", re.MULTILINE | re.IGNORECASE), wall)


HEADINGS: Final = (
    _heading("Gmail", rf"(?:{_DAY}\.?,\s+)?{_DATE},?\s+(?:в\s+)?{_TIME},?\s+{_WHO}{_ADDRESS}:[ \t]*$"),
    _heading(
        "Gmail before 2020", rf"{_DATE},?\s+(?:в\s+)?{_TIME}\s+пользователь\s+{_WHO}\bнаписал(?:\(а\)|а)?:[ \t]*$"
    ),
    _heading("Yandex", rf"{_ABOVE}{_NUMERIC_DATE},?\s+(?:в\s+)?{_TIME},?\s+{_WHO}{_ADDRESS}:?[ \t]*$"),
    _heading("Mail.ru", rf"{_DAY},\s+{_DATE},?\s+{_TIME}\s+(?:[+-]\d\d:?\d\d\s+)?от\s+{_WHO}:[ \t]*$"),
    _heading(
        "Mail.ru of 2014",
        rf"[A-Z][a-z]{{2}},\s+\d{{1,2}}\s+[A-Z][a-z]{{2}}\s+\d{{4}}\s+{_TIME}\s+[+-]\d{{4}}\s+от\s+{_WHO}:[ \t]*$",
    ),
    _heading(
        "somebody wrote",
        rf"(?:{_DAY},?\s+)?(?:{_DATE}|{_NUMERIC_DATE}),?\s+(?:в\s+)?{_TIME},?\s+{_WHO}"
        r"\b(?:написал(?:\(а\)|а)?|пишет):[ \t]*$",
    ),
    _heading("The Bat", rf"Вы писали\s+(?:{_DATE}|{_NUMERIC_DATE}),?\s+(?:в\s+)?{_TIME}:[ \t]*$"),
    _heading("Gmail in English", rf"On\s+[^\n]{{0,60}}\d{{4}}{_WHO}\bwrote:[ \t]*$"),
    _heading(
        "Outlook",
        r"(?:_{10,}\s*\n\s*)?[*]?(?:От|From):[^\n]{1,300}\n"
        rf"{_LINES}[ \t*]*(?:Отправлено|Дата|Sent|Date):[^\n]{{1,300}}\n"
        rf"{_LINES}[ \t*]*(?:Кому|Тема|To|Subject):",
        wall=True,
    ),
    _heading(
        "original message",
        r"-{2,}\s*(?:Исходное сообщение|Исходное письмо|Первоначальное сообщение|Original Message)\s*-{2,}[ \t]*$",
        wall=True,
    ),
)

_QUOTED_LINE = re.compile(r"^[ \t]*(?:>|[А-ЯЁA-Z]{1,3}>+(?=[ \t>]|$)).*(?:\n|$)", re.MULTILINE)  # The Bat: «ИП> …»
_SIGNATURE = re.compile(r"^-- ?$.*", re.MULTILINE | re.DOTALL)
_SENT_FROM = re.compile(
    r"^[ \t]*(?:(?:отправлено|написано|послано) (?:с|из|через) (?:моего |мобильн|i?phone|ipad|android|samsung|huawei"
    r"|honor|xiaomi|redmi|телефона|устройства|почты|яндекс|mail|outlook|gmail)[^\n]{0,60}"
    r"|sent from (?:my |mail|outlook|yandex|gmail|samsung|iphone)[^\n]{0,60}"
    r"|(?:get|скачать|получить|загрузить) outlook (?:for|для)[^\n]{0,60})$",
    re.MULTILINE | re.IGNORECASE,
)


def without_quotes(text: str, *, walls: bool = True) -> str:
    """The writer's own words, answers between quoted lines included; all of it where nothing else would be left.

    `walls` off spares what only looks like the old headers of a letter: a form with «От:», «Дата:», «Тема:».
    """
    return _unless_blank(_QUOTED_LINE.sub("", _cut_at_heading(text, walls=walls)), text)


def without_signature(text: str) -> str:
    """Without what follows «-- » and the line that a phone adds. «С уважением» is the writer's and stays."""
    return _unless_blank(_SENT_FROM.sub("", _SIGNATURE.sub("", text)), text)


def _cut_at_heading(text: str, *, walls: bool) -> str:
    wall = _first(text, wall=True) if walls else None
    text = text[: wall.start()] if wall else text
    first = _first(text, wall=False)
    if first is None:
        return text
    below = text[first.end() :]
    return text[: first.start()] + (below if _QUOTED_LINE.search(below) else "")


def _first(text: str, *, wall: bool) -> re.Match[str] | None:
    found = (heading.pattern.search(text) for heading in HEADINGS if heading.wall is wall)
    return min(filter(None, found), key=lambda match: match.start(), default=None)


def _unless_blank(shorter: str, whole: str) -> str:
    kept = shorter.strip()
    return re.sub(r"\n{3,}", "\n\n", kept) if kept else whole
