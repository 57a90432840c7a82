"""Values as home-made services of 1C write them, read with patience: a service of ours to read is not ours to mend."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from provodka.errors import Rejected

_YES: Final = frozenset({"true", "1", "да", "истина", "yes"})
_FORMATS: Final = ("%Y%m%d%H%M%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y")
_UNREADABLE: Final = (
    "Сервис 1С прислал значение, которое не читается. Администратору 1С: суммы передаются как 13028.00."
)


def text(value: object) -> str:
    """A string without blanks at its ends; nothing is an empty one."""
    return "" if value is None else str(value).strip()


def flag(value: object, *, default: bool = False) -> bool:
    """true, 1, «Да», «Истина»."""
    return default if value is None else text(value).lower() in _YES


def exact(value: object) -> Decimal:
    """A sum or quantity: a number, or a string as «13 028,00» or «13028.00»; nothing is zero. Rejected for words."""
    written = "".join(text(value).split()).replace(",", ".")
    try:
        found = Decimal(written or 0)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise Rejected(f"«{value}» is no number", hint=_UNREADABLE)
    return found


def moment(value: object, zone: ZoneInfo) -> datetime | None:
    """A time of the base's own clock, in UTC; None for an empty date (0001-01-01). A zone in it is obeyed."""
    found = value if isinstance(value, datetime) else _parsed(text(value))
    if found is None or found.year <= 1:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def local(now: datetime, zone: ZoneInfo) -> datetime:
    """A time as 1C keeps it: on the base's own clock, in whole seconds, without a zone."""
    return now.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _parsed(written: str) -> datetime | None:
    if not written:
        return None
    for form in _FORMATS:
        try:
            return datetime.strptime(written, form)  # noqa: DTZ007 -- 1C has no zone
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        raise Rejected(f"«{written}» is no date", hint=_UNREADABLE) from None
