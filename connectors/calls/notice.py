"""What any service of telephony tells about a call, in one form; the journal keeps each notice as a part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from provodka.channel import Part
from provodka.payloads import CallOutcome, Direction, Utm

CALL: Final = "call:"
"""How the keys of the parts begin; the whole key is also the `external_id` of the event that ends the call."""


class Told(StrEnum):
    """What a notice says. `ended` is the service's last word on the whole call; `left` only that one leg is over."""

    RANG = "rang"
    ANSWERED = "answered"
    LEFT = "left"
    ENDED = "ended"
    RECORDED = "recorded"
    NOTED = "noted"


LEGS: Final = (Told.RANG, Told.ANSWERED, Told.LEFT)
"""What is said of one leg and not of the whole call."""


@dataclass(frozen=True, slots=True)
class CallNotice:
    """One notice. Whatever the service does not say stays empty.

    `call` is the service's key of the whole call, `id` tells a repeat of this notice from another one; `leg` is one
    connection of the call (an employee who is rung, a transfer). Notices are put in order by `at`, then by `rank`
    (the service's own numbering, or the usual order of its states).
    `phone` is the customer's and `line` ours, as written; `employee` is whose leg this is, `group` the call group.
    `transfer`: this leg passes on a call that has begun before. `order` is our key of the command that made the call.
    The rest is what a summary says: `outcome` by the service's own word; `talk_seconds` is None where it says nothing;
    `rung` are the employees whose phones rang, of whom no legs may have told. A recording is known by its
    address, or by an id that the service gives it out by.
    """

    call: str
    id: str
    told: Told
    at: datetime | None = None
    rank: int = 0
    leg: str = ""
    direction: Direction | None = None
    phone: str = ""
    line: str = ""
    employee: str = ""
    group: str = ""
    transfer: bool = False
    order: str = ""
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    talk_seconds: int | None = None
    outcome: CallOutcome | None = None
    reason: str = ""
    rung: tuple[str, ...] = ()
    recording: str = ""
    tags: tuple[str, ...] = ()
    utm: Utm = field(default_factory=Utm)

    @property
    def key(self) -> str:
        """Of the parts of its call."""
        return f"{CALL}{self.call}"

    @property
    def part(self) -> Part:
        """As the journal keeps it."""
        return Part(self.key, self.id, _adapter().dump_json(self, exclude_defaults=True).decode())


def stored_notice(part: Part) -> CallNotice:
    """The notice that the journal kept as this part."""
    return _adapter().validate_json(part.body)


def with_order(notice: CallNotice, order: str) -> CallNotice:
    """The notice of a call that a command of ours made."""
    return replace(notice, order=order)


@cache
def _adapter() -> TypeAdapter[CallNotice]:
    return TypeAdapter(CallNotice)
