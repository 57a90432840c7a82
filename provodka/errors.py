"""The ways in which things go wrong, each with what to do about it.

A connector raises exactly one of the five children of `ConnectorError`. Anything else that escapes from it is
a bug of ours and is treated as `Ambiguous`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple


class ProvodkaError(Exception):
    """Parent of everything that Provodka raises on purpose."""


GONE: Final = "gone"
"""The code of errors of ours that say that a card is not in the CRM (any more)."""
INACTIVE_USER: Final = "inactive_user"
"""Of those that say that somebody is not among the active users of the CRM."""


class ConnectorError(ProvodkaError):
    """An outside system did not do what was asked.

    `reason` is the other side's words or our sentence about them; `hint` is the cure in Russian, for support;
    `status` the HTTP status, `code` the vendor's own code, `wait` the seconds that the other side asked for.
    `system` is set by an action that may speak to several: whose error it is.
    """

    def __init__(
        self,
        reason: str,
        *,
        hint: str = "",
        status: int | None = None,
        code: str = "",
        wait: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.status = status
        self.code = code
        self.wait = wait
        self.system = ""

    @property
    def kind(self) -> str:
        """The name that journal, log and pages use: `retryable`, `rate_limited`, …"""
        return _KINDS[type(self)]

    @property
    def words(self) -> str:
        """What the journal keeps: the reason with the status and the code behind it, as `taken_apart` reads them."""
        place = " ".join(part for part in (str(self.status or ""), self.code) if part)
        return f"{self.reason} [{place}]" if place else self.reason

    @property
    def trouble(self) -> str:
        """The same for a trouble, which has no other place for its kind: `AuthFailed` and `RateLimited` are told where
        there is no code."""
        is_said = self.status is not None or self.code or not isinstance(self, AuthFailed | RateLimited)
        return self.words if is_said else f"{self.reason} [{self.kind}]"

    def sentence(self, who: str) -> str:
        """For the integrator: who has said it, the words, and the cure."""
        return f"{who}: {self.reason}. {self.hint}".strip()


class Retryable(ConnectorError):
    """The request was surely not carried out (no connection, "later", 5xx on a read): back off and repeat."""


class RateLimited(ConnectorError):
    """Too fast. Hold the account for `wait` seconds; uses up no attempt."""


class AuthFailed(ConnectorError):
    """The token or password is not accepted. Refresh once under a lock, then hold the connector and alert once."""


class Rejected(ConnectorError):
    """The other side understood and refused. Repeating cannot help: dead at once."""


class Ambiguous(ConnectorError):
    """Sent, but no readable answer: it may have happened. Follow the operation's `repeat`."""


_KINDS: dict[type[ConnectorError], str] = {
    Retryable: "retryable",
    RateLimited: "rate_limited",
    AuthFailed: "auth_failed",
    Rejected: "rejected",
    Ambiguous: "ambiguous",
}


class Apart(NamedTuple):
    """An error as the journal keeps it, taken apart: the words, the HTTP status and the code, where there are any."""

    reason: str
    status: int | None
    code: str


_PLACE: Final = re.compile(r"(?P<reason>.*?) ?\[(?P<status>\d{3})?(?: ?(?P<code>[^\s\[\]]+))?\]", re.DOTALL)


def taken_apart(words: str) -> Apart:
    """What `ConnectorError.words` put together; words of anybody else have neither status nor code."""
    found = _PLACE.fullmatch(words)
    if found is None:
        return Apart(words, None, "")
    return Apart(found["reason"], int(found["status"]) if found["status"] else None, found["code"] or "")


class OutcomeUnknownError(ProvodkaError):
    """An operation of `Repeat.PERSON` may have happened: only a person can settle it (`provodka resolve`)."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class JournalUnavailableError(ProvodkaError):
    """The journal cannot be written now (disk full, locked, connection lost). Nothing was accepted."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a config: where it stands, what is wrong and the cure. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    path: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        tail = f" ({self.hint})" if self.hint else ""
        return f"{where}  {self.path}  {self.text}{tail}" if self.path else f"{where}  {self.text}{tail}"


class ConfigError(ProvodkaError):
    """All the mistakes of a config at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems
