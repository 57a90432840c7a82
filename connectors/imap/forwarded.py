"""The letter within a forwarded one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connectors.imap.quotes import without_quotes
from connectors.imap.robots import is_robot
from connectors.imap.settings import ImapSettings
from provodka import identity

SEARCHED: Final = 50_000

_WRITER = re.compile(
    r"^(?P<marks>[ \t>*]*)"
    r"(?:(?:От|От кого|From)[ \t*]*:|\d{1,2}[./]\d{1,2}[./]\d{2,4},?[ \t]+(?:в[ \t]+)?\d{1,2}:\d{2},?)"
    r"[ \t*|]*(?P<writer>[^\n]{3,300})$",
    re.MULTILINE | re.IGNORECASE,
)
"""What programs put above a forwarded letter: «От: Пётр <petr@example.com>», or its time and then the writer."""

_FIELD = re.compile(
    r"[ \t>*]*(?:от|from|кому|копия|дата|тема|отправлено|to|cc|date|sent|subject|reply-to|ответить)[ \t*]*[:|][^\n]*"
    r"(?:\n|\Z)|[ \t>]*(?:\n|\Z)",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"^[ \t>]*(?:-{4,}\s*(?:forwarded message|(?:пересылаемое|пересланное|перенаправленное) сообщение)\s*-{4,}"
    r"|(?:начало переадресованного сообщения|begin forwarded message):)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_END = re.compile(r"^[ \t>]*-{4,}\s*(?:Завершение|Конец)[^\n]{0,60}-{4,}[ \t]*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Who wrote the letter that is passed on, and the words of it that are the writer's own."""

    name: str
    email: str
    text: str


def forwarded_in(text: str, settings: ImapSettings) -> Forwarded | None:
    """The first letter in the text that a stranger is named as the writer of."""
    for line in _WRITER.finditer(text[:SEARCHED]):
        email = identity.email(line["writer"])
        if email and not is_robot(email, settings):
            name = re.split(r"[<\[(]", line["writer"])[0].strip(" \t\"'*|:;")
            return Forwarded(
                "" if "@" in name else name, email, _words(text[line.end() + 1 :], line["marks"].count(">"))
            )
    return None


def comment_on(text: str) -> str:
    """What was written above a letter that is passed on; the whole text where that is nothing."""
    mark = _MARK.search(text)
    above = text[: mark.start()] if mark else without_quotes(text)
    return above.strip() or text


def _words(below: str, depth: int) -> str:
    """Without the other headers of the letter, its quote marks, and what it quotes itself."""
    begin = 0
    while (field := _FIELD.match(below, begin)) and field.end() > begin:
        begin = field.end()
    marks = re.compile(rf"^[ \t]*(?:>[ ]?){{{depth}}}", re.MULTILINE)
    return without_quotes(_END.split(marks.sub("", below[begin:]) if depth else below[begin:])[0].strip())
