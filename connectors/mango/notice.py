"""From what MANGO tells to notices of calls. Its types vary, and empty fields are absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from connectors.calls.notice import CallNotice, Told
from connectors.mango.reasons import reason
from provodka import identity
from provodka.channel import UnreadableError
from provodka.payloads import CallOutcome, Direction

CALL: Final = "events/call"
SUMMARY: Final = "events/summary"
RECORDING: Final = "events/recording"
ADDED: Final = "events/record/added"

_DIRECTIONS: Final = {"0": Direction.INTERNAL, "1": Direction.IN, "2": Direction.OUT}
_STATES: Final = {"Appeared": Told.RANG, "Connected": Told.ANSWERED, "Disconnected": Told.LEFT}
_OURS: Final = ("command_id", "task_id", "callback_initiator")
_LAST_MOMENT: Final = 4_102_444_800  # the year 2100: milliseconds or rubbish, not seconds


@dataclass(frozen=True, slots=True)
class Fields:
    """Reads one notice."""

    values: Mapping[str, Any]

    def text(self, *path: str) -> str:
        """The text or number under these names, as text; empty where there is none."""
        value: object = self.values
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

    def says_yes(self, *path: str) -> bool:
        value: object = self.values
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return str(value).lower() in ("true", "1")

    def number(self, name: str) -> int:
        """A whole number, 0 where there is none."""
        try:
            return int(float(self.text(name) or 0))
        except (ValueError, OverflowError):
            return 0

    def moment(self, name: str) -> datetime | None:
        """Unix seconds, which come as numbers or as texts; 0 is "never"."""
        seconds = self.number(name)
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LAST_MOMENT else None


def read_call(path: str, fields: Fields, text: bytes) -> CallNotice | None:
    """What came to this path below the channel's address, if it is about a call. Raises UnreadableError."""
    reader = _READERS.get(path)
    if reader is None:
        return None
    names = ("entry_id", "recording_id") if path == ADDED else ("entry_id",) if path != RECORDING else ()
    for name in names:
        if not fields.text(name):
            raise UnreadableError(f"{path} came without {name}")
    return reader(fields, sha256(text).hexdigest()[:16]) if fields.text("entry_id") else None


def _leg(fields: Fields, digest: str) -> CallNotice:
    direction = leg_direction(fields)
    told = _STATES.get(fields.text("call_state"), Told.NOTED)
    with_customer = fields.text("location") not in ("ivr", "queue") and not (
        direction is Direction.OUT and fields.text("to", "extension")
    )
    if told is Told.ANSWERED and not with_customer:
        told = Told.NOTED  # the menu, or the employee whom a callback rings first
    return CallNotice(
        call=fields.text("entry_id"),
        id=_id("call", digest, fields.text("call_id"), fields.text("seq")),
        told=told,
        at=fields.moment("timestamp"),
        rank=fields.number("seq"),
        leg=fields.text("call_id"),
        direction=direction,
        phone=_customer(fields, direction),
        line=_line(fields),
        employee=employee_of(fields, direction),
        group=fields.text("to", "acd_group"),
        transfer=bool(fields.text("transfer")) or fields.says_yes("from", "was_transferred"),
        order=fields.text("command_id"),
    )


def _summary(fields: Fields, digest: str) -> CallNotice:
    """MANGO's `talk_time` is the moment of the answer, 0 if nobody talked; `entry_result` may be 1 all the same."""
    del digest
    direction = _DIRECTIONS.get(fields.text("call_direction")) or leg_direction(fields)
    answered, ended = fields.moment("talk_time"), fields.moment("end_time")
    talked = max(int((ended - answered).total_seconds()), 1) if answered and ended else int(answered is not None)
    employee = employee_of(fields, direction)
    was_rung = direction is Direction.IN and bool(employee or fields.text("to", "number").startswith("sip:"))
    return CallNotice(
        call=fields.text("entry_id"),
        id="summary",
        told=Told.ENDED,
        at=ended,
        direction=direction,
        phone=_customer(fields, direction),
        line=_line(fields),
        employee=employee,
        order=fields.text("command_id"),
        started_at=fields.moment("create_time"),
        answered_at=answered,
        ended_at=ended,
        talk_seconds=talked,
        outcome=CallOutcome.MISSED if was_rung and not talked else None,
        reason=reason(fields.text("disconnect_reason")),
    )


def _recording(fields: Fields, digest: str) -> CallNotice:
    """It has begun, goes on or is over; the file itself is told by `record/added`."""
    number = _id("recording", digest, fields.text("recording_id"), fields.text("seq"))
    return CallNotice(fields.text("entry_id"), number, Told.NOTED, fields.moment("timestamp"))


def _added(fields: Fields, digest: str) -> CallNotice:
    del digest
    return recorded(fields.text("entry_id"), fields.text("recording_id"), fields.moment("timestamp"))


def recorded(entry_id: str, recording_id: str, at: datetime | None) -> CallNotice:
    """The file of a recording is there, whoever tells it."""
    return CallNotice(entry_id, f"added:{recording_id}", Told.RECORDED, at, recording=recording_id)


_READERS: Final = {CALL: _leg, SUMMARY: _summary, RECORDING: _recording, ADDED: _added}


def leg_direction(leg: Fields) -> Direction:
    """What one leg tells about the direction of the whole; `internal` where an employee is connected with another.

    A leg that a command of ours started (a callback rings the employee first) belongs to an outgoing call.
    """
    if any(leg.text(name) for name in _OURS):
        return Direction.OUT
    if leg.text("from", "extension"):
        return Direction.INTERNAL if leg.text("to", "extension") else Direction.OUT
    return Direction.INTERNAL if leg.text("from", "number").lower().startswith("sip:") else Direction.IN


def _customer(fields: Fields, direction: Direction) -> str:
    if direction is Direction.INTERNAL:
        return ""
    side = "from" if direction is Direction.IN else "to"
    return "" if fields.text(side, "extension") else fields.text(side, "number")


def employee_of(fields: Fields, direction: Direction) -> str:
    """By the extension; one whose phone is not of the exchange and has none, by its number."""
    if direction is Direction.OUT:
        return fields.text("from", "extension") or fields.text("to", "extension")
    if fields.text("location") in ("ivr", "queue"):
        return ""
    extension, number = fields.text("to", "extension"), identity.phone(fields.text("to", "number"))
    return extension or (number if direction is Direction.IN and number != identity.phone(_line(fields)) else "")


def _line(fields: Fields) -> str:
    return fields.text("line_number") or fields.text("to", "line_number") or fields.text("dct", "number")


def _id(kind: str, digest: str, *names: str) -> str:
    return ":".join((kind, *names) if all(names) else (kind, digest))
