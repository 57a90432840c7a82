"""Durations as the config writes them: `15m`, `1h 30m`, `2d`, `15m working`, and a time of day, `18:00`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_PIECES: Final = re.compile(r"(?:\d{1,6}\s*[smhd]\s*)+")
_PIECE: Final = re.compile(r"(\d+)\s*([smhd])")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_YEAR: Final = 366 * 86400
_HELP: Final = "write 15m, 1h 30m, 2d, 15m working, or a time of day in quotes: '18:00'"


@dataclass(frozen=True, slots=True)
class Duration:
    """So many days and seconds, of working time if `working`; or with `clock`, until that time of day."""

    text: str
    days: int = 0
    seconds: int = 0
    working: bool = False
    clock: time | None = None


def parse_duration(text: object) -> Duration:
    """Read a duration of at most a year; raises ValueError with the cure."""
    if isinstance(text, Duration):
        return text
    if not isinstance(text, str):
        raise ValueError(  # noqa: TRY004 -- pydantic takes only a ValueError for a mistake of the config
            f"{text!r} is no duration: {_HELP}"
        )
    words = text.strip().lower()
    clock = parse_time(words)
    if clock is not None:
        return Duration(text, clock=clock)
    amount = words.removesuffix("working").strip()
    if not _PIECES.fullmatch(amount):
        raise ValueError(f"«{text}» is no duration: {_HELP}")
    days = seconds = 0
    for count, unit in _PIECE.findall(amount):
        if unit == "d":
            days += int(count)
        else:
            seconds += int(count) * _SECONDS[unit]
    if days * 86400 + seconds > _YEAR:
        raise ValueError(f"«{text}» is longer than a year")
    return Duration(text, days=days, seconds=seconds, working=amount != words)


def parse_time(text: str) -> time | None:
    """A time of day (`18:00`), or None."""
    found = _CLOCK.fullmatch(text.strip())
    return time(int(found[1]), int(found[2])) if found else None


def _text(duration: Duration) -> str:
    return duration.text


def _read(value: Any) -> Duration:  # noqa: ANN401 -- whatever YAML gave
    return parse_duration(value)


DurationText = Annotated[
    Duration,
    BeforeValidator(_read),
    PlainSerializer(_text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["15m", "1h 30m", "2d", "15m working", "18:00"]}),
]
"""A duration as a field of a settings model: read from its text, written as its text."""
