"""Telephone calls: the payload of `call.*`, and what a channel of telephony offers besides its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from provodka.operation import Outcome, Request
from provodka.visits import Attachment, Utm


class Direction(StrEnum):
    """Seen from the client company: `in` is a customer calling."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class CallOutcome(StrEnum):
    """How a call ended. `menu`: nobody of the staff was rung; `not_reached`: the customer did not answer our call;
    `failed`: the telephone network or the exchange refused it."""

    TALKED = "talked"
    MISSED = "missed"
    MENU = "menu"
    NOT_REACHED = "not_reached"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Call:
    """One telephone talk, whatever the number of notices about it. `talk_seconds` 0 means that nobody talked.

    `line` is our number (E.164), `line_name` what the config calls it. `extension` is how the exchange calls the
    employee (an internal number, a login, a name): who talked, else who was rung first, in an outgoing call who called;
    `rung` are all whose phones rang, in that order. `group` is the call group, `outcome` empty until the call has
    ended. `recording` is an address or the exchange's id of the recording. `order` is the key of our action that had
    the call made. `tags` are the exchange's own marks.
    """

    id: str
    direction: Direction
    phone: str = ""
    line: str = ""
    extension: str = ""
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    talk_seconds: int = 0
    wait_seconds: int = 0
    reason: str = ""
    recording: str = ""
    outcome: str = ""
    line_name: str = ""
    rung: tuple[str, ...] = ()
    group: str = ""
    transferred: bool = False
    order: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallEvent:
    """`call.*`."""

    call: Call
    utm: Utm = field(default_factory=Utm)

    def seen_by(self, channel: str, at: datetime) -> Sighting:
        """The call as this channel tells of it at that moment."""
        return Sighting(channel, self.call, self.call.started_at or at)


SAME_CALL: Final = timedelta(minutes=2)
"""By how much two channels may differ in when one call began."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A call as one channel tells of it; `began` is its own start, else when it was told of."""

    channel: str
    call: Call
    began: datetime

    def same_call(self, other: Sighting) -> bool:
        """Whether another channel tells of the same call: direction and phone, the line where both know it, and start.

        A hidden number is nobody's, so that two such calls are never one.
        """
        one, two = self.call, other.call
        if self.channel == other.channel or not one.phone or one.phone != two.phone or one.direction != two.direction:
            return False
        lines = {one.line, two.line} - {""}
        return len(lines) < 2 and abs(self.began - other.began) <= SAME_CALL


def told_before(sightings: Sequence[Sighting]) -> list[int | None]:
    """For each of these, in the order in which they were told, the place of the first that told of the same call.

    A call answers for one of each other channel: who rings again within two minutes has made two calls in both.
    """
    first: list[int | None] = []
    taken: set[tuple[int, str]] = set()
    for place, new in enumerate(sightings):
        free = [
            at
            for at in range(place)
            if first[at] is None and (at, new.channel) not in taken and sightings[at].same_call(new)
        ]
        found = min(free, key=lambda at: abs(sightings[at].began - new.began), default=None)
        if found is not None:
            taken.add((found, new.channel))
        first.append(found)
    return first


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the CRM knows them: for exchanges that ask while the phone rings.

    `extensions` are all that exchanges call the responsible employee by, as the staff section says.
    """

    name: str
    extensions: tuple[str, ...] = ()


class Callers(Protocol):
    """Tells who a telephone number belongs to, out of the mirror: no call, a few milliseconds."""

    def who_calls(self, phone: str) -> Caller | None:
        """`phone` in E.164. None for the unknown, and while the mirror is still being filled."""

    def knows(self, identities: Sequence[str]) -> bool | None:
        """Whether one of these (`phone:+7…`, `email:…`) is in the CRM. None where there is no CRM, and while the mirror
        is still being filled."""


class NobodyCalls:
    """`Callers` where there is no CRM."""

    def who_calls(self, phone: str) -> Caller | None:  # noqa: ARG002 -- the protocol's
        return None

    def knows(self, identities: Sequence[str]) -> bool | None:  # noqa: ARG002 -- the protocol's
        return None


class Recordings(Protocol):
    """A channel whose recordings can be fetched as files."""

    name: str

    def fetch_recording(self, call: Call) -> Attachment:
        """Fetch the file into the journal's blobs. Raises Retryable while it is not ready, Rejected where there is
        none, or it is too large or no sound."""


@dataclass(frozen=True, slots=True)
class CallOrder:
    """A call to be made to `phone` (E.164): the employee `extension` is rung first and then connected, or, where there
    is a `text`, it is read to whoever answers. `line` is our number to call from, empty for the exchange's own choice.
    `others` is what other exchanges call the employee by: a channel may find there what its own calls them.
    """

    phone: str
    extension: str = ""
    line: str = ""
    text: str = ""
    others: tuple[str, ...] = ()


class Order(Protocol):
    """The bound operation of a `Dialler`."""

    def __call__(self, requests: Sequence[Request[CallOrder]]) -> list[Outcome]: ...


class Dialler(Protocol):
    """A channel that makes calls. `reads_texts`: whether it can read a text to whoever answers."""

    name: str
    reads_texts: bool

    @property
    def dial(self) -> Order:
        """`Done.remote_id` is the exchange's id of the call where it tells one: its events carry the action's key as
        `Call.order`."""
