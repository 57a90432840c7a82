"""Where a letter's signature begins, and the name in it."""

from __future__ import annotations

import re
from typing import Final

SEARCHED: Final = 20_000  # looking for phones is slow
MOST_LINES: Final = 15
"""Of a signature; below there are warnings about secrecy."""

_WORD: Final = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?"
_INITIALS: Final = r"[А-ЯЁ]\.[ ]?(?:[А-ЯЁ]\.)?"
_NAME = re.compile(rf"(?:{_WORD}(?: {_WORD}){{0,2}}|{_WORD} {_INITIALS}|{_INITIALS} ?{_WORD})")
_LATIN_NAME = re.compile(r"[A-Z][a-z]+(?:-[A-Z][a-z]+)? [A-Z][a-z]+(?:-[A-Z][a-z]+)?")
_CLOSING = re.compile(
    r"^[ \t>*_]*(?:с (?:глубоким |искренним |большим )?уважением|с наилучшими(?: пожеланиями)?|с приветом|всего доброго"
    r"|(?:with )?(?:best|kind|warm) regards|regards|sincerely)(?P<rest>[^\n]{0,80})$",
    re.MULTILINE | re.IGNORECASE,
)
_DASHES = re.compile(r"^-- ?$", re.MULTILINE)
_POST: Final = re.compile(
    r"\b(?:команда|коллектив|отдел\w*|менеджер\w*|директор\w*|администра\w+|компани\w+|групп\w+|служб\w+|ваш\w*"
    r"|бухгалтер\w*|инженер\w*|специалист\w*|руководител\w*|начальник\w*|заместител\w*|секретар\w*|снабжен\w*"
    r"|магазин\w*|отправлено|manager|team|sales|support)\b",
    re.IGNORECASE,
)
"""Words of a post or of several people: such a line is no name, but one may follow."""


def searched(text: str) -> str:
    """Where it is worth looking: a long letter's beginning, and its end, where the signature stands."""
    return text if len(text) <= SEARCHED else text[: SEARCHED * 3 // 4] + "\n" + text[-SEARCHED // 4 :]


def signature_of(text: str) -> str:
    """The last lines of a letter, from the last «С уважением» on, else from «-- »; empty where it has neither."""
    marks = list(_CLOSING.finditer(text)) or list(_DASHES.finditer(text))
    if not marks:
        return ""
    lines = [line.strip(" \t>*_") for line in text[marks[-1].start() :].split("\n")]
    return "\n".join([line for line in lines if line][:MOST_LINES])


def name_in(signature: str) -> str:
    """The person who signs: on the line of «С уважением», or below it, where a post may stand before."""
    first, *below = signature.split("\n")
    closing = _CLOSING.match(first)
    for line in (closing["rest"] if closing else "", *below[:2]):
        candidate = line.strip(" \t,!;|—–-")
        if _POST.search(candidate):
            continue
        for name in (candidate, candidate.rstrip(".")):
            if _NAME.fullmatch(name) or _LATIN_NAME.fullmatch(name):
                return name
        if candidate:
            return ""
    return ""
