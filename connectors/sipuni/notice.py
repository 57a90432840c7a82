"""What Sipuni tells of a call: each event is a set of plain parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors.calls.fields import moment
from connectors.calls.notice import CallNotice, Told
from provodka import identity
from provodka.channel import UnreadableError
from provodka.payloads import CallOutcome, Direction

_TOLD: Final = {"1": Told.RANG, "2": Told.ENDED, "3": Told.ANSWERED, "4": Told.LEFT}
_RANKS: Final = {Told.RANG: 0, Told.ANSWERED: 1, Told.LEFT: 2, Told.ENDED: 3}
_INTERNAL: Final = "2"
_FAILED: Final = ("CONGESTION", "CHANUNAVAIL")
_REASONS: Final = {
    "ANSWER": "звонок завершён",
    "BUSY": "занято",
    "NOANSWER": "не ответили",
    "CANCEL": "звонивший положил трубку",
    "CONGESTION": "сеть перегружена",
    "CHANUNAVAIL": "абонент недоступен",
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Of one event. A number of the staff stands in its `short_` twin: the long one may begin with the account's."""

    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

    def moment(self, name: str) -> datetime | None:
        """Unix seconds; 0 is "never"."""
        return moment(self.text(name), UTC)

    def is_ours(self, side: str) -> bool:
        """Whether an employee's telephone is at this side (`src`, `dst`)."""
        return self.text(f"{side}_type") == _INTERNAL

    def employee(self, side: str) -> str:
        return self.text(f"short_{side}_num") or self.text(f"{side}_num")

    @property
    def direction(self) -> Direction:
        if self.text("is_inner_call") == "1" or (self.is_ours("src") and self.is_ours("dst")):
            return Direction.INTERNAL
        return Direction.OUT if self.is_ours("src") else Direction.IN


def read_notice(fields: Mapping[str, Any]) -> CallNotice:
    """The notice of an event; one of an unknown kind is noted only. Raises UnreadableError."""
    event = Parameters(fields)
    kind, call = event.text("event"), event.text("call_id")
    if not kind or not call:
        raise UnreadableError(f"the event came without {'event' if not kind else 'call_id'}")
    told = _TOLD.get(kind, Told.NOTED)
    direction, status = event.direction, event.text("status").upper()
    outgoing = direction is Direction.OUT
    answered, ended = event.moment("call_answer_timestamp"), event.moment("timestamp")
    last = told is Told.ENDED
    return CallNotice(
        call=call,
        id=f"{kind}:{event.text('dst_num')}",
        told=told,
        at=ended,
        rank=_RANKS.get(told, 9),
        direction=direction,
        phone=event.text("dst_num" if outgoing else "src_num"),
        line=_line(event, outgoing),
        employee=_employee(event, outgoing),
        group=event.text("treeName"),
        transfer=bool(event.text("transfer_from")),
        started_at=event.moment("call_start_timestamp"),
        answered_at=answered if last else None,
        ended_at=ended if last else None,
        talk_seconds=_talked(answered, ended) if last else None,
        outcome=CallOutcome.FAILED if last and status in _FAILED else None,
        reason=" ".join(filter(None, (status, _REASONS.get(status, "")))) if last else "",
        recording=event.text("call_record_link"),
    )


def is_one_of_several(end: CallNotice, known: Sequence[CallNotice]) -> bool:
    """Whether this hang-up is that of an employee's telephone only, as a colleague has answered and still talks."""
    if end.told is not Told.ENDED or end.talk_seconds or end.direction is not Direction.IN:
        return False
    over = {one.employee for one in known if one.told is Told.LEFT} | {end.employee}
    return any(one.told is Told.ANSWERED and one.employee not in over for one in known)


def left(end: CallNotice) -> CallNotice:
    """The same hang-up, of one leg."""
    return replace(
        end, told=Told.LEFT, rank=_RANKS[Told.LEFT], ended_at=None, talk_seconds=None, outcome=None, reason=""
    )


def _employee(event: Parameters, outgoing: bool) -> str:
    """An employee may be rung on a telephone outside: then by its number, unless that is the line that was called."""
    if outgoing:
        return event.employee("src")
    if event.is_ours("dst"):
        return event.employee("dst")
    number = identity.phone(event.text("dst_num"))
    return number if number and number != identity.phone(event.text("pbxdstnum") or number) else ""


def _line(event: Parameters, outgoing: bool) -> str:
    line = event.text("pbxdstnum")
    return line if line or outgoing or event.is_ours("dst") else event.text("dst_num")


def _talked(answered: datetime | None, ended: datetime | None) -> int:
    return max(int((ended - answered).total_seconds()), 1) if answered and ended else 0
