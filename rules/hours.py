"""Working hours as the config writes them: `пн-чт 09:00-13:00, 14:00-18:00; пт 09:00-16:45`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

WEEK: Final = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_FULL: Final = ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье")
_DAYS: Final = {name: i for names in (WEEK, _FULL) for i, name in enumerate(names)}
_TIMES: Final = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_HELP: Final = "write for example: пн-пт 09:00-18:00, сб 10:00-15:00"


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """A stretch of a working day, in minutes after midnight."""

    begin: int
    end: int


Hours = tuple[tuple[Piece, ...], ...]
"""Seven days from Monday, each with its pieces in order; a day off has none."""


def parse_hours(text: str) -> Hours:
    """Read working hours; raises ValueError with the cure. Days may be ranges or lists, and days may repeat."""
    week: list[set[Piece]] = [set() for _ in WEEK]
    days: list[int] = []
    fresh = True  # a day after times begins a new list of days; times without days go on with the last ones
    for part in re.split(r"[,;]", text.lower().replace("–", "-").replace("—", "-")):
        names = _TIMES.sub("", part).strip()
        times = _TIMES.findall(part)
        if names:
            days = [*([] if fresh else days), *_read_days(names)]
            fresh = False
        if not (times or names) or (times and not days):
            raise ValueError(f"«{text}» are no working hours: {_HELP}")
        for found in times:
            fresh = True
            for day in days:
                week[day].add(_read_piece(found))
    if not fresh or not any(week):
        raise ValueError(f"«{text}» names days without hours: {_HELP}")
    return tuple(_in_order(day) for day in week)


def _read_days(text: str) -> list[int]:
    found: list[int] = []
    for word in text.split():
        first, _, last = word.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise ValueError(f"«{word}» is no day of the week: {', '.join(WEEK)}")
        begin, end = _DAYS[first], _DAYS[last or first]
        found.extend((begin + i) % 7 for i in range((end - begin) % 7 + 1))
    return found


def _read_piece(times: tuple[str, str, str, str]) -> Piece:
    h1, m1, h2, m2 = map(int, times)
    piece = Piece(h1 * 60 + m1, h2 * 60 + m2)
    if m1 > 59 or m2 > 59 or piece.end > 24 * 60 or piece.begin >= piece.end:
        shown = f"{times[0]}:{times[1]}-{times[2]}:{times[3]}"
        raise ValueError(f"«{shown}» must end after it begins, at 24:00 at the latest; split a night shift in two")
    return piece


def _in_order(pieces: set[Piece]) -> tuple[Piece, ...]:
    joined: list[Piece] = []
    for piece in sorted(pieces):
        if joined and piece.begin <= joined[-1].end:
            joined[-1] = Piece(joined[-1].begin, max(joined[-1].end, piece.end))
        else:
            joined.append(piece)
    return tuple(joined)
