"""Who is at the end of a channel: an employee, a client, or the exchange itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connectors.asterisk.settings import AsteriskSettings
from provodka import identity

_PEER: Final = re.compile(r"[^/]+/(?:FM[A-Z]{2}-)?([^@;/]+?)(?:-[0-9a-f]{6,})?(?:[@;/].*)?")
_DIGITS: Final = re.compile(r"\+?\d{7,}")
_NOBODY: Final = frozenset({"", "<unknown>", "unknown", "s", "anonymous"})


@dataclass(frozen=True)
class Numbers:
    """By the settings of one exchange."""

    settings: AsteriskSettings

    def __post_init__(self) -> None:
        object.__setattr__(self, "_internal", re.compile(self.settings.internal))

    def is_internal(self, number: str) -> bool:
        """Whether it is an employee's."""
        pattern: re.Pattern[str] = getattr(self, "_internal")  # noqa: B009 -- set once, of a frozen class
        return pattern.fullmatch(number) is not None

    def employee(self, channel: str, number: str = "") -> str:
        """The employee at a channel (`PJSIP/101-00000002`, `Local/101@from-queue-0001;1`), else at this number."""
        found = _PEER.fullmatch(channel)
        peer = found[1] if found else ""
        return next((one for one in (peer, number) if self.is_internal(one)), "")

    def outside(self, *texts: str) -> str:
        """The first telephone number of the outside in these (`79160001122@trunk`, `PJSIP/trunk/89160001122`)."""
        found = (one for text in texts for one in _DIGITS.findall(text))
        prefix = self.settings.originate.prefix if self.settings.originate else ""
        return next((phone for one in found if (phone := identity.phone(one.removeprefix(prefix)))), "")


def known(number: str) -> str:
    """A number as Asterisk tells it, empty where it tells none."""
    return "" if number.lower() in _NOBODY else number
