"""Times of the portal: unix seconds inside, ISO 8601 with the portal's offset outside."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SITE_FORMAT = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(.*)")
EARLIEST, LATEST = 1900, 2200


def shown(stamp: float, zone: ZoneInfo) -> str:
    """`2026-08-24T10:15:00+03:00`."""
    return datetime.fromtimestamp(int(stamp), zone).isoformat()


def site(stamp: float, zone: ZoneInfo) -> str:
    """`24.08.2026 10:15:00`, as the calendar has it."""
    return f"{datetime.fromtimestamp(int(stamp), zone):%d.%m.%Y %H:%M:%S}"


def shown_utc(stamp: float) -> str:
    """`2026-08-24T07:15:00+00:00`, as the stage history and `server.time` have it."""
    return datetime.fromtimestamp(int(stamp), UTC).isoformat()


def read(raw: object, zone: ZoneInfo, *, keep_offset: bool = True) -> int | None:
    """Unix seconds of `2026-08-24T10:15:00+03:00`, `2026-08-24 10:15:00`, `24.08.2026 10:15:00` or a date.

    A time without an offset is in the portal's zone; so is every time where `keep_offset` is off. None where the
    text is no time.
    """
    found = _parse(raw)
    if found is None:
        return None
    if found.tzinfo is None or not keep_offset:
        found = found.replace(tzinfo=zone)
    return int(found.timestamp())


def read_day(raw: object) -> int | None:
    """Midnight (UTC) of a day, which is how the portal keeps dates."""
    found = _parse(raw)
    return None if found is None else int(datetime.combine(found.date(), time(), UTC).timestamp())


def day_of(stamp: float, zone: ZoneInfo) -> int:
    """Midnight (UTC) of the portal's calendar day of a moment."""
    day: date = datetime.fromtimestamp(stamp, zone).date()
    return int(datetime.combine(day, time(), UTC).timestamp())


def offset(stamp: float, zone: ZoneInfo) -> int:
    """Seconds by which the zone is ahead of UTC at a moment."""
    ahead = datetime.fromtimestamp(stamp, zone).utcoffset()
    return int(ahead.total_seconds()) if ahead else 0


def _parse(raw: object) -> datetime | None:
    if not isinstance(raw, str):
        return None
    text = raw.strip()
    if site := SITE_FORMAT.fullmatch(text):
        text = f"{site[3]}-{site[2]}-{site[1]}{site[4]}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if EARLIEST <= found.year <= LATEST else None
