"""Fields of any sender, found by the names that the settings give them, and read as the values of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from provodka.payloads import CallOutcome, Direction

_MILLISECONDS: Final = 10_000_000_000  # in seconds that would be the year 2286
_SHORTEST: Final = len("20260302090000")
_CLOCK: Final = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})(?:[.,]\d+)?")
_NUMBER: Final = re.compile(r"-?\d+(?:[.,]\d+)?")
_FORMATS: Final = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S", "%Y%m%dT%H%M%S", "%Y%m%d%H%M%S")
_SEPARATORS: Final = re.compile(r"[\W_]+")


def _as_names(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_as_names)]
"""Where a value stands: a dotted name (`call.from`, `legs.0.user`), or several, of which the first that is filled."""

DIRECTIONS: Final[Mapping[str, Direction]] = {
    **dict.fromkeys(("in", "incoming", "inbound", "1", "входящий"), Direction.IN),
    **dict.fromkeys(("out", "outgoing", "outbound", "2", "исходящий", "callback"), Direction.OUT),
    **dict.fromkeys(("internal", "внутренний", "3"), Direction.INTERNAL),
}

OUTCOMES: Final[Mapping[str, CallOutcome]] = {
    **dict.fromkeys(
        ("answer", "answered", "success", "successful", "talked", "отвечен", "принят", "успешный"), CallOutcome.TALKED
    ),
    **dict.fromkeys(
        ("noanswer", "cancel", "cancelled", "missed", "busy", "dontcall", "lost", "unsuccessful", "пропущен",
         "пропущенный", "неотвечен", "занято"),
        CallOutcome.MISSED,
    ),
    **dict.fromkeys(("congestion", "chanunavail", "failed", "error", "ошибка"), CallOutcome.FAILED),
}  # fmt: skip
"""What the words of senders mean, written without case and separators."""


class Fields:
    """The fields of one notice. Times without a zone are on the clocks of `zone`."""

    def __init__(self, fields: Mapping[str, Any], zone: tzinfo) -> None:
        self._texts = dict(_leaves(fields))
        self._zone = zone

    def __bool__(self) -> bool:
        return bool(self._texts)

    @property
    def texts(self) -> Mapping[str, str]:
        """All of them, by their dotted names as they were sent."""
        return self._texts

    def text(self, names: Names) -> str:
        """The first that is filled; names are compared without case."""
        low = {name.lower(): text for name, text in self._texts.items()}
        found = (low.get(name.lower(), "") for name in names)
        return next((text for text in found if text and text.lower() not in ("null", "none")), "")

    def moment(self, names: Names) -> datetime | None:
        """Unix seconds or milliseconds, ISO 8601, or as people write it; None for what is none of these."""
        return moment(self.text(names), self._zone)

    def seconds(self, names: Names) -> int | None:
        """A number of seconds, or a clock (`02:03`, `0:02:03`)."""
        return seconds(self.text(names))


def moment(text: str, zone: tzinfo) -> datetime | None:
    """A moment as senders write it, in UTC; `zone` where it names none."""
    if _NUMBER.fullmatch(text) and len(text.partition(".")[0]) in (10, 13):
        number = float(text.replace(",", "."))
        return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
    read: datetime | None = None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        for pattern in _FORMATS:
            try:
                read = datetime.strptime(text, pattern)  # noqa: DTZ007 -- the zone comes below
                break
            except ValueError:
                continue
    if read is None or len(text) < _SHORTEST:
        return None  # a day alone is no moment
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)


def seconds(text: str) -> int | None:
    """A length of time; None for what is none."""
    if found := _CLOCK.fullmatch(text):
        hours, minutes, rest = (int(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + rest
    return max(round(float(text.replace(",", "."))), 0) if _NUMBER.fullmatch(text) else None


def plain_word(text: str) -> str:
    """A word as tables of meanings have it."""
    return _SEPARATORS.sub("", text.lower()).replace("ё", "е")


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}.{number}")
    elif value is not None:
        yield path, ("true" if value else "false") if isinstance(value, bool) else str(value).strip()
