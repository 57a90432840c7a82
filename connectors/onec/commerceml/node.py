"""One element of a file of 1C, by local names; the values that may stand in it. Errors are for the user of 1C."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from provodka.errors import ProvodkaError

_SPACES: Final = re.compile(r"[\s\u00a0\u202f\u2009]+")
_NUMBER: Final = re.compile(r"[+-]?(\d{1,15}(\.\d{0,10})?|\.\d{1,10})")
_CLOCK: Final = r"[T ]?(?:(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?"
_MOMENT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)" + _CLOCK + r"(Z|[+-]\d\d:\d\d)?")
_RUSSIAN: Final = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})" + _CLOCK)
_TRUE: Final = frozenset({"true", "1", "да", "истина"})
_YEARS: Final = range(1980, 2200)  # 0001-01-01 is the empty date of 1C


class UnreadableFileError(ProvodkaError):
    """The file cannot be taken; the text says in Russian why, for the user of 1C."""


class BrokenOffError(UnreadableFileError):
    """It is damaged, or its end has not come yet."""


@dataclass(frozen=True, slots=True)
class Node:
    """`element` with `owner`, which names the document in errors («Заказ 90210»)."""

    element: Any
    owner: str = ""

    def all(self, *path: str) -> Iterator[Node]:
        """Every element at the end of a path of local names."""
        found = [self.element]
        for name in path:
            found = [child for one in found for child in one.iterchildren(f"{{*}}{name}")]
        return (Node(one, self.owner) for one in found)

    def text(self, *path: str) -> str:
        """The text of the first one there; of mixed content, what stands before its first child. Empty for none."""
        first = next(self.all(*path), None)
        return " ".join((first.element.text or "").split()) if first is not None else ""

    def flag(self, *path: str) -> bool:
        return is_true(self.text(*path))

    def number(self, *path: str) -> Decimal | None:
        """The number there, exact; None where it is absent or empty."""
        text = self.text(*path)
        return self._number(text, path[-1]) if text else None

    def as_moment(self, text: str, what: str, zone: ZoneInfo, time: str = "") -> datetime | None:
        """The date, or date and time, in UTC; `time` is that of a mere date. None for an empty one.

        The T may be Cyrillic, and may be all that is left of an empty date.
        """
        bare = text.replace("Т", "T").strip().rstrip("T")
        if not bare:
            return None
        if found := _MOMENT.fullmatch(bare):
            year, month, day, *clock, offset = found.groups()
        elif found := _RUSSIAN.fullmatch(bare):
            day, month, year, *clock, offset = *found.groups(), None
        else:
            raise self.wrong(what, text, "это не дата")
        if int(year) not in _YEARS:
            return None
        if clock[0] is None and time:
            clock = [*time.split(":"), "0", "0"][:3]
        try:
            numbers = [int(one or 0) for one in (year, month, day, *clock)]
            moment = datetime(*numbers, tzinfo=zone)  # type: ignore[arg-type, misc]
            if offset:  # 1C knows of none, others write one
                moment = datetime.fromisoformat(moment.replace(tzinfo=None).isoformat() + offset)
        except ValueError:
            raise self.wrong(what, text, "такой даты нет") from None
        return moment.astimezone(UTC)

    def wrong(self, what: str, text: str, why: str) -> UnreadableFileError:
        return UnreadableFileError(f"{self.owner}: в «{what}» стоит «{text[:60]}», {why}.")

    def _number(self, text: str, what: str) -> Decimal:
        bare = _SPACES.sub("", text)
        bare = bare.replace(",", "") if "." in bare else bare.replace(",", ".")
        if not _NUMBER.fullmatch(bare):
            raise self.wrong(what, text, "это не число")
        return Decimal(bare)


def local_name(element: Any) -> str:  # noqa: ANN401 -- lxml has no types
    """Without its namespace; empty for a comment or an instruction."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def is_true(text: str) -> bool:
    return text.strip().lower() in _TRUE
