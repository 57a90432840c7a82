"""Addresses of our pages that only we can make: the mark of a lead in a personal link, the link of a partner."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

LEAD_FIELD: Final = "prv_lead"
"""The hidden field of a foreign form that holds the mark of a lead."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MARK: Final = re.compile(r"([A-Za-z0-9_]{1,40})-([0-9a-f]{1,6})-([a-z2-7]{26})")


class Signer:
    """Signs short texts for one purpose, with a key that comes of the journal's. Without a key nothing is ours."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._key = hmac.digest(key, purpose.encode(), "sha256") if key else b""

    def sign(self, *texts: str) -> str:
        """26 signs that stand in an address as they are; the texts are kept apart."""
        told = "\n".join(f"{len(text)}:{text}" for text in texts).encode("utf-8", "surrogatepass")
        return base64.b32encode(hmac.digest(self._key or b"-", told, "sha256")[:16]).decode().rstrip("=").lower()

    def signed(self, signature: str, *texts: str) -> bool:
        """Whether this is our signature of these texts."""
        right = self.sign(*texts).encode()
        return hmac.compare_digest(right, signature.encode("utf-8", "surrogatepass")) and bool(self._key)


class LeadMarks:
    """`<lead>-<day>-<signature>`: whoever has the mark speaks for that lead, until that day.

    A mark is good for one page (`page`: the channel), or for the field `prv_lead` of foreign forms (`page` empty).
    """

    def __init__(self, key: bytes) -> None:
        self._signer = Signer(key, "marks of leads")

    def of(self, lead_id: str, until: datetime, page: str = "") -> str:
        """The mark of a lead; it holds to the end of the day `until`, so that those of a day are the same."""
        day = f"{(until - _EPOCH).days:x}"
        return f"{lead_id}-{day}-{self._signer.sign(page, lead_id, day)}"

    def lead(self, mark: str, now: datetime, page: str = "") -> str:
        """The lead's id; empty for a mark that is not ours, is of another page, or is over."""
        found = _MARK.fullmatch(mark)
        if found is None or not self._signer.signed(found[3], page, found[1], found[2]):
            return ""
        return found[1] if (now - _EPOCH).days <= int(found[2], 16) else ""


NO_MARKS: Final = LeadMarks(b"")
"""Where nothing was signed: no mark is ours."""


@dataclass(frozen=True, slots=True)
class Partner:
    """Who sends us requests of others: a partner, a call centre. `source` is where their leads come from, `request` the
    partner's own number of this request, where a program has told it."""

    key: str
    title: str = ""
    source: str = ""
    request: str = ""


def is_from(address: str, senders: Collection[str]) -> bool:
    """Whether an address is one of these, or of one of these domains (`@domain`)."""
    address = address.casefold()
    return address in senders or f"@{address.rpartition('@')[2]}" in senders


@dataclass(frozen=True, slots=True)
class OwnPages:
    """What rules may know of our pages.

    `base` is the address below which people see them (`https://…/f`), empty where nobody can; `lives`, by channel, for
    how long a personal link of it holds; `senders` the partners by the address (or `@domain`) that their letters come
    from.
    """

    marks: LeadMarks
    base: str = ""
    lives: Mapping[str, timedelta] = field(default_factory=dict)
    senders: Mapping[str, Partner] = field(default_factory=dict)
    mark_life: timedelta = timedelta(days=90)

    def of_lead(self, lead_id: str, now: datetime) -> dict[str, str]:
        """By channel the personal link of a lead, and its mark as `prv_lead`."""
        links = {
            name: f"{self.base}/{name}/{self.marks.of(lead_id, now + life, name)}" for name, life in self.lives.items()
        }
        return {**(links if self.base else {}), LEAD_FIELD: self.marks.of(lead_id, now + self.mark_life)}

    def partner_of(self, address: str) -> Partner | None:
        """Whose address it is."""
        address = address.casefold()
        return self.senders.get(address) or self.senders.get(f"@{address.rpartition('@')[2]}")
