"""What the exchange tells of a call, and what its statistics tell afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from connectors.bodies import unflatten
from connectors.calls.clock import end_of, length_of
from connectors.calls.fields import moment
from connectors.calls.notice import CallNotice, Told
from provodka.channel import UnreadableError
from provodka.payloads import CallOutcome, Direction

ANSWERED: Final = "answered"
_TOLD: Final = {
    "NOTIFY_START": (Told.RANG, 1),
    "NOTIFY_IVR": (Told.NOTED, 2),
    "NOTIFY_INTERNAL": (Told.RANG, 3),
    "NOTIFY_OUT_START": (Told.RANG, 1),
    "NOTIFY_ANSWER": (Told.ANSWERED, 4),
    "NOTIFY_END": (Told.ENDED, 5),
    "NOTIFY_OUT_END": (Told.ENDED, 5),
    "NOTIFY_RECORD": (Told.RECORDED, 6),
}
_REASONS: Final = {
    "busy": "занято",
    "cancel": "звонивший положил трубку",
    "no answer": "не ответили",
    "failed": "вызов не удался",
    "no money": "не хватило денег на счёте АТС",
    "unallocated number": "номер не существует",
    "no limit": "исчерпан лимит",
    "no day limit": "исчерпан дневной лимит",
    "line limit": "заняты все линии",
    "no money, no limit": "исчерпан лимит",
}
_FAILED: Final = frozenset(_REASONS) - {"busy", "cancel", "no answer"}
_LONGEST_EXTENSION: Final = 6


@dataclass(frozen=True, slots=True)
class Fields:
    """A notice by its names."""

    values: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()

    @property
    def event(self) -> str:
        return self.text("event")

    @property
    def outgoing(self) -> bool:
        return self.event.startswith("NOTIFY_OUT_")

    @property
    def employee(self) -> str:
        """The extension; a notice of an answer may have it where the number is that was rung."""
        rung = self.text("destination") if self.event == "NOTIFY_ANSWER" else ""
        return self.text("internal") or (rung if is_extension(rung) else "")

    @property
    def direction(self) -> Direction | None:
        """Nothing for a recording, which tells only whose it is."""
        if self.event == "NOTIFY_RECORD":
            return None
        other = self.text("destination" if self.outgoing else "caller_id")
        if is_extension(other):
            return Direction.INTERNAL
        return Direction.OUT if self.outgoing else Direction.IN

    @property
    def pressed(self) -> str:
        """What the caller has pressed in a menu of ours; `wait_dtmf` comes with brackets or as JSON."""
        nested: Any = unflatten(self.values.items()).get("wait_dtmf")
        if isinstance(nested, str):
            try:
                nested = json.loads(nested)
            except ValueError:
                nested = None
        return str(nested.get("digits") or "") if isinstance(nested, dict) else ""


def is_extension(text: str) -> bool:
    """Whether it is an internal number."""
    return text.isdecimal() and len(text) <= _LONGEST_EXTENSION


def read_notice(fields: Fields, heard: datetime, zone: tzinfo) -> CallNotice:
    """The notice that came at that moment, its kind being one of SIGNED. Raises UnreadableError.

    It tells only when the call began: of an answer and of the end it is known when we heard of them.
    """
    told, rank = _TOLD[fields.event]
    call = fields.text("pbx_call_id")
    if not call:
        raise UnreadableError(f"{fields.event} came without pbx_call_id")
    started = moment(fields.text("call_start"), zone)
    pressed = fields.pressed if fields.event == "NOTIFY_IVR" else ""
    ends = told is Told.ENDED
    talked = _talked(fields.text("disposition"), fields.text("duration")) if ends else 0
    ended = end_of(started, talked, heard) if ends else None
    recording = fields.text("call_id_with_rec")
    return CallNotice(
        call=call,
        id=":".join(filter(None, (fields.event, fields.employee, pressed, recording if not ends else ""))),
        told=told,
        at=ended or (heard if told is Told.ANSWERED else started or heard),
        rank=rank,
        leg=fields.employee,
        direction=fields.direction,
        phone=fields.text("destination" if fields.outgoing else "caller_id"),
        line=fields.text("caller_id" if fields.outgoing else "called_did"),
        employee=fields.employee,
        started_at=started if ends else None,
        ended_at=ended,
        talk_seconds=talked if ends else None,
        outcome=_outcome(fields.text("disposition")) if ends else None,
        reason=_REASONS.get(fields.text("disposition").lower(), "") if ends else "",
        recording=recording,
        tags=(f"меню: {pressed}",) if pressed else (),
    )


def read_statistics(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> list[CallNotice]:
    """One last word for each call (the statistics have a line for each connection of it), and its recording."""
    calls: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if call := str(row.get("pbx_call_id") or ""):
            calls.setdefault(call, []).append(row)
    summed = [_summed(call, lines, zone) for call, lines in calls.items()]
    recorded = (replace(one, id=f"rec:{one.recording}", told=Told.RECORDED) for one in summed if one.recording)
    return [*(replace(one, recording="") for one in summed), *recorded]


def _summed(call: str, lines: Sequence[Mapping[str, Any]], zone: tzinfo) -> CallNotice:
    """The connection with the longest talk speaks for the call, else the last one."""
    talks = [_talked(str(one.get("disposition") or ""), str(one.get("seconds") or "")) for one in lines]
    best = max(range(len(lines)), key=lambda at: (talks[at], at))
    line, talked = lines[best], talks[best]
    began = [at for one in lines if (at := moment(str(one.get("callstart") or ""), zone)) is not None]
    started, own = min(began, default=None), moment(str(line.get("callstart") or ""), zone)
    ended = own + timedelta(seconds=talked) if own is not None else None
    client, called, sip = (str(line.get(name) or "").strip() for name in ("clid", "destination", "sip"))
    is_out = call.startswith("out_")
    disposition = str(line.get("disposition") or "")
    ours = (sip, client) if is_out else (called, sip)
    other = called if is_out else client
    return CallNotice(
        call=call,
        id="statistics",
        told=Told.ENDED,
        at=ended,
        direction=Direction.INTERNAL if is_extension(other) else Direction.OUT if is_out else Direction.IN,
        phone=other,
        line=next((one for one in reversed(ours) if one and not is_extension(one)), ""),
        employee=next(filter(is_extension, ours), ""),
        started_at=started,
        ended_at=ended,
        talk_seconds=talked,
        outcome=_outcome(disposition),
        reason=_REASONS.get(disposition.lower(), ""),
        recording=str(line.get("call_id") or "") if _is_true(line.get("is_recorded")) else "",
    )


def _talked(disposition: str, seconds: str) -> int:
    return length_of(seconds) if disposition.lower() == ANSWERED else 0


def _outcome(disposition: str) -> CallOutcome | None:
    if disposition.lower() == ANSWERED:
        return CallOutcome.TALKED
    return CallOutcome.FAILED if disposition.lower() in _FAILED else None


def _is_true(value: object) -> bool:
    return str(value).lower() in ("true", "1")
