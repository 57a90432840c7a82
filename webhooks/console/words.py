"""What the console says, and how it says moments, lengths of time and numbers. The texts are written in Russian; other
languages are catalogues in `locale/<language>/*.po`, which are read as they are. Russian has one for its plurals alone.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import g, has_request_context
from markupsafe import Markup

LANGUAGES: Final = ("ru", "en")


def _(text: str) -> str:
    """Marks a text for the catalogues that is said later, by `gettext`, in the language of whoever reads it then."""
    return text


@cache
def catalogue(language: str) -> Translations:
    """All texts of a language."""
    merged = Catalog(locale=language)
    for file in sorted(files(__package__).joinpath("locale", language).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".po"):
            for message in read_po(BytesIO(file.read_bytes()), locale=language):
                if message.id:
                    merged[message.id] = message
    binary = BytesIO()
    write_mo(binary, merged)
    binary.seek(0)
    return Translations(binary)


def language() -> str:
    """Of whoever is reading."""
    return g.get("language", "ru") if has_request_context() else "ru"


def gettext(text: str) -> str:
    """A text in the reader's language."""
    return _unparted(catalogue(language()).ugettext(text))


def ngettext(one: str, many: str, number: int) -> str:
    """A text with a number in the reader's language; `%(num)s` in it stands for the number."""
    return _unparted(catalogue(language()).ungettext(one, many, number))


def _unparted(text: str) -> str:
    """A number stays on the line of the sign before it."""
    return text.replace("№ ", "№\N{NO-BREAK SPACE}").replace("No. ", "No.\N{NO-BREAK SPACE}")


def counted(one: str, many: str, number: int) -> str:
    """The same, with the number put in."""
    return ngettext(one, many, number) % {"num": whole(number)}


def whole(number: int) -> str:
    """A number in groups of three: `12 400`."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}" if language() == "ru" else ",")


def theirs(text: str) -> str:
    """What is not of our catalogues (errors, hints, other sides' words), with its language told where that is not the
    reader's: Russian, as most of our hints are, if it has a Russian word besides quoted names, else English."""
    spoken = "ru" if _RUSSIAN.search(_QUOTED.sub("", text)) else "en"
    return text if spoken == language() or not _WORD.search(text) else _SPOKEN.format(spoken, text)


_QUOTED: Final = re.compile("«[^»]*»|“[^”]*”|\"[^\"]*\"|'[^']*'")
_RUSSIAN: Final = re.compile("[а-яё]{2}", re.IGNORECASE)
_WORD: Final = re.compile("[a-zа-яё]{2}", re.IGNORECASE)
_SPOKEN: Final = Markup('<span lang="{}">{}</span>')


def span(length: timedelta | float) -> str:
    """A length of time (or seconds) as people say it: «0,8 с», «5 мин», «2 ч 5 мин», «4 дн 3 ч»."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if abs(seconds) < 60:
        text = f"{seconds:.{1 if abs(seconds) < 10 else 0}f}".replace(".", "," if language() == "ru" else ".")
        return gettext("%s с") % text
    minutes = round(seconds / 60)
    if abs(minutes) < 60:
        return gettext("%s мин") % minutes
    hours, minutes = divmod(minutes, 60)
    if not minutes and hours < 48:
        return gettext("%s ч") % hours
    if hours < 48:
        return gettext("%(hours)s ч %(minutes)s мин") % {"hours": hours, "minutes": minutes}
    return gettext("%(days)s дн %(hours)s ч") % {"days": hours // 24, "hours": hours % 24}


def moment(at: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """A moment on the client's clocks: the hour alone for today, with the day for this year, else the whole date. The
    very beginning of a day is told by that day alone."""
    if at is None:
        return "—"
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.time() == time() and local.year == today.year:
        return f"{local:%d.%m}"
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%d.%m %H:%M:%S}" if local.year == today.year else f"{local:%d.%m.%Y %H:%M}"
