"""The picture of one call, put together from its notices in whatever order they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from connectors.mango.notice import Kind, Notice
from connectors.mango.reasons import reason
from provodka import identity
from provodka.payloads import Call, Direction

_DIRECTIONS: Final = {"0": Direction.INTERNAL, "1": Direction.IN, "2": Direction.OUT}
_OURS: Final = ("command_id", "task_id", "callback_initiator")
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


def leg_direction(leg: Notice) -> Direction | None:
    """What one leg tells about the direction of the whole; nothing where an employee is connected with another.

    A leg that a command of ours started (a callback rings the employee first) belongs to an outgoing call.
    """
    if any(leg.text(name) for name in _OURS):
        return Direction.OUT
    if leg.text("from", "extension"):
        return None if leg.text("to", "extension") else Direction.OUT
    return None if leg.text("from", "number").lower().startswith("sip:") else Direction.IN


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that is known of one `entry_id`. `legs` are in the order in which things happened."""

    entry_id: str
    legs: tuple[Notice, ...]
    summary: Notice | None
    recordings: tuple[Notice, ...]

    @classmethod
    def of(cls, notices: Iterable[Notice]) -> Conversation:
        known = {notice.part.id: notice for notice in notices}.values()
        ordered = sorted(known, key=lambda notice: (notice.at or _LATEST, notice.text("seq").zfill(9)))
        return cls(
            entry_id=next((notice.entry_id for notice in ordered), ""),
            legs=tuple(notice for notice in ordered if notice.kind is Kind.CALL),
            summary=next((notice for notice in ordered if notice.kind is Kind.SUMMARY), None),
            recordings=tuple(notice for notice in ordered if notice.kind is Kind.ADDED),
        )

    @property
    def direction(self) -> Direction:
        """As the summary says; before it comes, as the first leg that tells."""
        if self.summary is not None and (code := self.summary.text("call_direction")) in _DIRECTIONS:
            return _DIRECTIONS[code]
        if self.summary is not None:
            told = leg_direction(self.summary)
            return Direction.INTERNAL if told is None else told
        return next((told for leg in self.legs if (told := leg_direction(leg))), Direction.IN)

    @property
    def phone(self) -> str:
        """The customer's number; empty for a hidden one and for talks among employees."""
        if self.direction is Direction.INTERNAL:
            return ""
        side = "from" if self.direction is Direction.IN else "to"
        numbers = (notice.text(side, "number") for notice in self._all() if not notice.text(side, "extension"))
        return _first_phone(numbers)

    @property
    def line(self) -> str:
        """Our number that was called, or from which we call."""
        numbers = (n.text("line_number") or n.text("to", "line_number") or n.text("dct", "number") for n in self._all())
        return _first_phone(numbers)

    @property
    def extension(self) -> str:
        """The employee: who answered, else who was rung first; for an outgoing call who calls."""
        if self.direction is Direction.OUT:
            found = [notice.text("from", "extension") for notice in self._all()]
            found += [leg.text("to", "extension") for leg in self.legs]
            return next(filter(None, found), "")
        if self.summary is not None and (extension := self.summary.text("to", "extension")):
            return extension
        answered = [leg.text("to", "extension") for leg in self.legs if leg.text("call_state") == "Connected"]
        rung = [leg.text("to", "extension") for leg in self.legs]
        return next(filter(None, [*reversed(answered), *rung]), "")

    def call(self, recording: str = "") -> Call:
        """The call as rules see it. MANGO's `talk_time` is the moment of the answer, 0 if nobody talked."""
        started, answered, ended = self._moment("create_time"), self._moment("talk_time"), self._moment("end_time")
        started = started or next((leg.at for leg in self.legs if leg.at), None)
        return Call(
            id=self.entry_id,
            direction=self.direction,
            phone=self.phone,
            line=self.line,
            extension=self.extension,
            started_at=started,
            answered_at=answered,
            ended_at=ended,
            talk_seconds=max(_seconds(answered, ended), 1) if answered else 0,
            wait_seconds=_seconds(started, answered or ended),
            reason=reason(self.summary.text("disconnect_reason")) if self.summary else "",
            recording=recording,
        )

    def _all(self) -> tuple[Notice, ...]:
        return self.legs if self.summary is None else (self.summary, *self.legs)

    def _moment(self, name: str) -> datetime | None:
        return None if self.summary is None else self.summary.moment(name)


def _first_phone(numbers: Iterable[str]) -> str:
    return next(filter(None, map(identity.phone, numbers)), "")


def _seconds(begin: datetime | None, end: datetime | None) -> int:
    return max(int((end - begin).total_seconds()), 0) if begin and end else 0
