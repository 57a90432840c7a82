"""Values with a unit, as people write them: sizes (`2MB`), durations (`30s`, `1h30m`) and names of time zones; and
moments, as plans keep them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Final, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from provodka.mistakes import Finding, Mistakes
from provodka.wording import did_you_mean

_SIZE: Final = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)\s*(b|kb|mb|gb|kib|mib|gib)", re.IGNORECASE)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_BYTES: Final = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_PIECE: Final = re.compile(r"(\d{1,9})\s*(ms|s|m|h|d)\s*", re.IGNORECASE)
_UNITS: Final = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_size(written: object) -> int:
    """Bytes of `2MB`, `512 KB` or a plain number of bytes. KB, MB and GB are powers of 1024. Raises Mistakes."""
    if isinstance(written, int) and not isinstance(written, bool) and written >= 0:
        return written
    if isinstance(written, str) and (found := _SIZE.fullmatch(written.strip())):
        return int(float(found[1]) * _BYTES[found[2][0].lower()])
    raise Mistakes(Finding((), "not a size", "a number with B, KB, MB or GB: 2MB"))


def parse_duration(written: object) -> timedelta:
    """`30s`, `5m`, `1h30m`, `2d`, `500ms`. A number without a unit is a mistake. Raises Mistakes."""
    if isinstance(written, timedelta):
        return written
    text = written.strip() if isinstance(written, str) else ""
    pieces = _PIECE.findall(text)
    if not pieces or "".join(a + b for a, b in pieces) != re.sub(r"\s", "", text):
        hint = "a number with ms, s, m, h or d: 30s, 5m, 1h30m"
        text = "a duration needs a unit" if isinstance(written, int | float) else "not a duration"
        raise Mistakes(Finding((), text, hint))
    try:
        return sum((timedelta(**{_UNITS[unit.lower()]: int(count)}) for count, unit in pieces), timedelta())
    except OverflowError:
        raise Mistakes(Finding((), "too long a duration")) from None


def check_timezone(name: str) -> str:
    """The name of a time zone that exists (`Europe/Moscow`); raises Mistakes with the nearest one."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise Mistakes(Finding((), f'unknown time zone "{name[:80]}"', _nearest_zone(name))) from None
    return name


def _nearest_zone(name: str) -> str:
    zones = sorted(available_timezones())
    city = name.rpartition("/")[2].lower().replace(" ", "_")
    same_city = [zone for zone in zones if zone.rpartition("/")[2].lower() == city]
    return f'did you mean "{same_city[0]}"?' if same_city else did_you_mean(name, zones) or "such as Europe/Moscow"


_SIZE_SCHEMA: Final = WithJsonSchema({"type": ["string", "integer"], "examples": ["2MB", "512KB"]})
_DURATION_SCHEMA: Final = WithJsonSchema({"type": "string", "examples": ["30s", "5m", "1h30m"]})

Size: TypeAlias = Annotated[int, BeforeValidator(parse_size), _SIZE_SCHEMA]
Duration: TypeAlias = Annotated[timedelta, BeforeValidator(parse_duration), _DURATION_SCHEMA]
Timezone: TypeAlias = Annotated[str, AfterValidator(check_timezone)]


def moment_in(text: str) -> datetime | None:
    """The moment that this is, as plans keep them: ISO 8601 with seconds and the zone. None for any other text."""
    try:
        return datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:  # there is no thirteenth month
        return None
