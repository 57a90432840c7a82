"""What MANGO OFFICE says about one call, notice by notice, in the order things happened."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PRODUCT = 400001
CALLER_HUNG_UP, NOBODY_ANSWERED, ENDED, BY_SCHEME = 1110, 1111, 1100, 1170
KEPT = 1000

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """One POST: the path below the receiver's base address, and the `json` field before it becomes text."""

    path: str
    body: Json


@dataclass(slots=True)
class Script:
    """Builds the notices of one conversation. The same start and caller give the same ids."""

    caller: str
    line: str
    started: datetime
    entry_id: str
    marks: Json = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    @classmethod
    def begin(
        cls, caller: str, line: str, started: datetime, entry_id: str | None, command_id: str | None = None
    ) -> Script:
        seed = int(hashlib.sha256(f"{caller} {started.timestamp()}".encode()).hexdigest()[:8], 16)
        marks = {"command_id": command_id} if command_id else {}
        return cls(caller, line, started, entry_id or _id(f"{seed}:{seed % 1000}"), marks)

    def at(self, seconds: float) -> int:
        """Unix seconds of a moment of the call."""
        return int(self.started.timestamp() + seconds)

    def call_id(self, leg: int) -> str:
        return _id(f"1:100001:{self.entry_id}:{leg}")

    @property
    def recording_id(self) -> str:
        return _id(f"1:100001:{self.entry_id}:rec")

    def leg(self, leg: int, seq: int, state: str, seconds: float, who: Json, reason: int | None = None) -> None:
        """One change of state of one leg; `who` holds location, from and to."""
        ids = {"entry_id": self.entry_id, "call_id": self.call_id(leg), "timestamp": self.at(seconds), "seq": seq}
        end = {} if reason is None else {"disconnect_reason": reason}
        self.notices.append(Notice("/events/call", {**ids, "call_state": state, **who, **self.marks, **end}))

    def menu(self, seconds: float) -> Json:
        """The caller in the voice menu; gives the `from` of the legs that follow."""
        to = {"number": self.line, "line_number": self.line}
        who = {"location": "ivr", "from": {"number": self.caller}, "to": to}
        self.leg(1, 1, "Appeared", 0, {**who, "dct": {"type": 0}})
        self.leg(1, 2, "Disconnected", seconds, who, ENDED)
        return {"number": self.caller, "taken_from_call_id": self.call_id(1)}

    def employee(self, caller: Json, extension: str | None) -> Json:
        return {"location": "abonent", "from": caller, "to": {**employee(extension), "line_number": self.line}}

    def recording(self, leg: int, begun: float, ended: float, extension: str | None) -> None:
        """Both notices of a recording; the file itself comes after the summary."""
        ids = {"recording_id": self.recording_id, "entry_id": self.entry_id, "call_id": self.call_id(leg)}
        who = {"extension": extension} if extension else {}
        for seq, (state, seconds) in enumerate((("Started", begun), ("Completed", ended)), start=1):
            what: Json = {"recording_state": state, "seq": seq, "timestamp": self.at(seconds), "recipient": "Cloud"}
            if state == "Completed":
                what["completion_code"] = KEPT
            self.notices.append(Notice("/events/recording", {**ids, **what, **who}))

    def summary(self, direction: int, sides: tuple[Json, Json], times: Sequence[float | None], reason: int) -> None:
        """`times`: created, forwarded, answered, ended, in seconds of the call; None is told as 0."""
        names = ("create_time", "forward_time", "talk_time", "end_time")
        moments = {name: 0 if second is None else self.at(second) for name, second in zip(names, times, strict=True)}
        body = {"entry_id": self.entry_id, "call_direction": direction, "from": sides[0], "to": sides[1]}
        # MANGO tells success for a call that ended in the menu, too: only talk_time says whether anybody talked.
        end = {"entry_result": int(times[2] is not None or not sides[1]), "disconnect_reason": reason}
        self.notices.append(Notice("/events/summary", {**body, "line_number": self.line, **moments, **end}))

    def record_added(self, seconds: float) -> None:
        ids = {"product_id": PRODUCT, "user_id": -1, "entry_id": self.entry_id, "recording_id": self.recording_id}
        self.notices.append(Notice("/events/record/added", {**ids, "timestamp": self.at(seconds)}))


def employee(extension: str | None) -> Json:
    """How MANGO names an employee: extension and SIP address; without an extension his mobile number only."""
    if extension is None:
        return {"number": "79990001100"}
    return {"extension": extension, "number": f"sip:user{extension}@example.mangosip.ru"}


def stringly(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """The same with timestamps and seq as strings, which is also met."""
    if not isinstance(value, dict):
        return value
    loose = ("timestamp", "seq", "create_time", "forward_time", "talk_time", "end_time")
    return {key: str(inner) if key in loose else stringly(inner) for key, inner in value.items()}


def _id(text: str) -> str:
    return b64encode(text.encode()).decode()
