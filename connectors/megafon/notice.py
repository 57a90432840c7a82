"""What the exchange tells: states of employees' phones (`event`), the last word on a call (`history`), a `rating`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.calls.clock import end_of, length_of
from connectors.calls.fields import moment
from connectors.calls.notice import CallNotice, Told
from provodka import identity
from provodka.channel import UnreadableError
from provodka.payloads import CallOutcome, Direction

TRANSFERRED: Final = "TRANSFERRED"
GROUP_LOGIN: Final = "g_"
"""How the logins of groups begin: a group that rang is nobody who answered."""

_DIRECTIONS: Final = {"in": Direction.IN, "out": Direction.OUT, "missed": Direction.IN}
_STATES: Final = {
    "INCOMING": (Told.RANG, 1),
    "OUTGOING": (Told.RANG, 1),
    "ACCEPTED": (Told.ANSWERED, 2),
    TRANSFERRED: (Told.LEFT, 3),
    "COMPLETED": (Told.LEFT, 4),
    "CANCELLED": (Told.LEFT, 4),  # the caller gave up, or a colleague answered: history says which
}
_STATUSES: Final = {
    "success": (CallOutcome.TALKED, ""),
    "missed": (None, "не ответили"),
    "cancel": (None, "звонивший положил трубку"),
    "noanswer": (None, "не ответили"),
    "busy": (None, "занято"),
    "notavailable": (None, "абонент недоступен"),
    "notallowed": (CallOutcome.FAILED, "звонок запрещён"),
    "notfound": (CallOutcome.FAILED, "номер не найден"),
}
_LONGEST_INTERNAL: Final = 5  # digits


@dataclass(frozen=True, slots=True)
class Fields:
    """A command of the exchange; everything comes as text, or in JSON also as numbers and nulls."""

    values: Mapping[str, Any]

    def text(self, *names: str) -> str:
        """The first of these that is not empty."""
        found = (self.values.get(name) for name in names)
        return next(
            (str(one).strip() for one in found if one not in (None, "") and not isinstance(one, dict | list)), ""
        )

    def seconds(self, name: str) -> int:
        """Of a talk or a wait; 0 for what is no number."""
        return length_of(self.text(name))

    @property
    def employee(self) -> str:
        """Their login without the name of the exchange, else the internal number, else the telephone."""
        login = self.text("user").partition("@")[0]
        return "" if login.startswith(GROUP_LOGIN) else login or self.text("ext", "telnum")


def pushed(fields: Fields, heard: datetime) -> CallNotice | None:
    """The notice in a command that came at that moment; None for one that tells nothing of a call.

    Raises UnreadableError where it names no call.
    """
    command = fields.text("cmd").lower()
    if command not in ("event", "history", "rating"):
        return None
    call = fields.text("callid")
    if not call:
        raise UnreadableError(f"{command} came without callid")
    if command == "event":
        return _event(call, fields, heard)
    if command == "rating":
        return CallNotice(call, "rating", Told.NOTED, tags=_rated(fields), employee="")
    return _ended(call, fields, heard)


def listed(fields: Fields, heard: datetime) -> CallNotice | None:
    """The last word in an entry of the history that was asked for; None for one without an id."""
    call = fields.text("uid")
    return _ended(call, fields, heard) if call else None


def _event(call: str, fields: Fields, heard: datetime) -> CallNotice | None:
    state = fields.text("type").upper()
    if state not in _STATES:
        return None
    told, rank = _STATES[state]
    employee = fields.employee
    return CallNotice(
        call=call,
        id=f"event:{state}:{employee}",
        told=told,
        at=heard,
        rank=rank,
        leg=employee,
        direction=_direction(fields, "direction"),
        phone=fields.text("phone"),
        line=fields.text("diversion"),
        employee=employee,
        group=fields.text("groupRealName"),
        transfer=state == TRANSFERRED,
    )


def _ended(call: str, fields: Fields, heard: datetime) -> CallNotice:
    """`history`, and an entry of the list of calls, whose members are called otherwise and which tells the wait."""
    started, talked = moment(fields.text("start"), UTC), fields.seconds("duration")
    status = fields.text("status").lower().replace("_", "").replace(" ", "")
    outcome, reason = _STATUSES.get(status, (None, status))
    ended = end_of(started, talked, heard)
    answered = None
    if started is not None and fields.text("wait"):
        answered = started + timedelta(seconds=fields.seconds("wait")) if talked else None
        ended = started + timedelta(seconds=fields.seconds("wait") + talked)
    return CallNotice(
        call=call,
        id="history",
        told=Told.ENDED,
        at=ended,
        direction=_direction(fields, "type"),
        phone=fields.text("phone", "client"),
        line=fields.text("diversion"),
        employee=fields.employee,
        group=fields.text("groupRealName", "group_name"),
        started_at=started,
        answered_at=answered,
        ended_at=ended,
        talk_seconds=talked,
        outcome=outcome if talked or outcome is not CallOutcome.TALKED else None,
        reason=reason,
        recording=fields.text("link", "record"),
        tags=_rated(fields),
    )


def _direction(fields: Fields, name: str) -> Direction | None:
    """A talk among employees is told as any other: only the other side's number shows it."""
    phone = fields.text("phone", "client")
    if phone.isdecimal() and len(phone) <= _LONGEST_INTERNAL and not identity.phone(phone):
        return Direction.INTERNAL
    return _DIRECTIONS.get(fields.text(name).lower())


def _rated(fields: Fields) -> tuple[str, ...]:
    """What the customer thought of the talk: `оценка 4`."""
    mark = fields.text("rating")
    return (f"оценка {mark}",) if mark and mark != "0" else ()


def unnamed(notice: CallNotice) -> CallNotice:
    """The last word without its employee: of a call that was passed on, the legs know better who talked last."""
    return replace(notice, employee="")


def login_of(extensions: Iterable[str]) -> str:
    """The first of these by which the exchange could know an employee: neither a number nor a person's name."""
    return next((one for one in extensions if " " not in one and any(sign.isalpha() for sign in one)), "")
