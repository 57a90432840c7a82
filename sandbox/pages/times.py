"""Moments and lengths of time as the pages say them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from sandbox.pages.words import gettext

MONTHS: Final = ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


def moment(stamp: float, now: float, zone: tzinfo) -> str:
    """«сегодня, 14:05», «вчера, 9:30», «12 янв, 10:00»; both are unix seconds. What is no moment of any calendar, such
    as one in milliseconds, stays as it is."""
    when, today = _read(stamp, zone), _read(now, zone)
    return f"{_day_word(when.date(), today.date())}, {when:%H:%M}" if when and today else str(stamp)


def day(stamp: object, zone: tzinfo) -> str:
    """A date without its time; what is no unix time stays as it is."""
    when = _read(stamp, zone) if isinstance(stamp, int) else None
    return f"{_plain(when.date())} {when.year}" if when else str(stamp)


def duration(seconds: object) -> str:
    """«2 мин 28 с»; empty for none."""
    if not isinstance(seconds, int) or seconds <= 0:
        return ""
    minutes, rest = divmod(seconds, 60)
    return gettext("%(min)s мин %(s)s с") % {"min": minutes, "s": rest} if minutes else gettext("%s с") % rest


def _read(stamp: float, zone: tzinfo) -> datetime | None:
    try:
        return datetime.fromtimestamp(stamp, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return None


def _day_word(when: date, today: date) -> str:
    words = {
        today: gettext("сегодня"),
        today - timedelta(days=1): gettext("вчера"),
        today + timedelta(days=1): gettext("завтра"),
    }
    return words.get(when, _plain(when) if when.year == today.year else f"{_plain(when)} {when.year}")


def _plain(when: date) -> str:
    return f"{when.day} {gettext(MONTHS[when.month - 1])}"
