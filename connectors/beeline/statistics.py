"""The statistics and the list of recordings: they tell of every employee's part in a call, and name no call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

from connectors.beeline.api import Portal, Row
from connectors.beeline.legs import SAME_CALL, known_call
from connectors.calls.fields import moment
from connectors.calls.notice import CallNotice, Told
from provodka import identity
from provodka.channel import PartsReader
from provodka.payloads import Direction

_DIRECTIONS: Final = {"INBOUND": Direction.IN, "OUTBOUND": Direction.OUT}
_MISSED: Final = "MISSED"


class Statistics:
    """`unit` is that of the lengths, `ms` or `s`. A call whose other side hides its number cannot be told from another
    here, so it is left to the events."""

    def __init__(self, portal: Portal, unit: str) -> None:
        self._portal = portal
        self._in_second = 1000 if unit == "ms" else 1

    def calls(self, since: datetime, until: datetime) -> list[CallNotice]:
        """The last words on the calls that began in this time; also of those whose first leg began just before."""
        rows = [leg for row in self._portal.statistics(since - SAME_CALL, until) if (leg := self._leg(row)) is not None]
        return [_whole(legs) for legs in _joined(rows)]

    def recorded(self, since: datetime, until: datetime, parts: PartsReader) -> list[CallNotice]:
        """The recordings of this time that belong to calls of which events have told, as long as nobody knows them."""
        found = []
        for row in self._portal.records(since, until):
            phone, at, number = phone_of(row), when(row, "date"), str(row.get("id") or "")
            call = known_call(phone, at, parts) if phone and at and number else ""
            notice = CallNotice(call, f"rec:{number}", Told.RECORDED, at, recording=number)
            if call and notice.id not in {part.id for part in parts(notice.key)}:
                found.append(notice)
        return found

    def _leg(self, row: Row) -> CallNotice | None:
        direction, started = _DIRECTIONS.get(str(row.get("direction", "")).upper()), when(row, "startDate")
        side = "phone_from" if direction is Direction.IN else "phone_to"
        phone = identity.phone(str(row.get(side) or ""))
        if direction is None or started is None or not phone:
            return None
        length = row.get("duration")
        talked = int(length) // self._in_second if isinstance(length, int | float) and isfinite(length) else 0
        missed = str(row.get("status", "")).upper() == _MISSED
        return CallNotice(
            call=f"statistics:{phone}:{int(started.timestamp())}",
            id="statistics",
            told=Told.ENDED,
            at=started + timedelta(seconds=talked),
            direction=direction,
            phone=phone,
            employee=user_of(row),
            started_at=started,
            ended_at=started + timedelta(seconds=talked),
            talk_seconds=0 if missed else max(talked, 0),
        )


def as_known(notice: CallNotice, parts: PartsReader) -> Sequence[CallNotice]:
    """The same under the key of the call that events have told of, if there is one."""
    started = notice.started_at
    call = known_call(notice.phone, started, parts) if started else ""
    return [replace(notice, call=call) if call else notice]


def phone_of(row: Row) -> str:
    """The other side of a recording, in E.164."""
    return identity.phone(str(row.get("phone") or ""))


def user_of(row: Row) -> str:
    """The employee, as events call them."""
    abonent: Any = row.get("abonent")
    return str(abonent.get("userId") or "").partition("@")[0] if isinstance(abonent, dict) else ""


def when(row: Row, name: str) -> datetime | None:
    """Milliseconds since 1970."""
    return moment(str(row.get(name)), UTC)


def _joined(legs: Iterable[CallNotice]) -> list[list[CallNotice]]:
    """Those of one call together: the same phone, about the same time, each employee once."""
    calls: list[list[CallNotice]] = []
    for leg in sorted(legs, key=lambda one: one.started_at or one.at or datetime.max.replace(tzinfo=UTC)):
        for call in reversed(calls):
            if _belongs(leg, call):
                call.append(leg)
                break
        else:
            calls.append([leg])
    return calls


def _belongs(leg: CallNotice, call: Sequence[CallNotice]) -> bool:
    first = call[0]
    same = (leg.phone, leg.direction) == (first.phone, first.direction) and first.direction is Direction.IN
    if not same or leg.started_at is None or first.started_at is None:
        return False
    return leg.started_at - first.started_at <= SAME_CALL and leg.employee not in {one.employee for one in call}


def _whole(legs: Sequence[CallNotice]) -> CallNotice:
    """The last word on the call: by whoever talked, else by whoever was rung first."""
    first = legs[0]
    talked = max(legs, key=lambda one: one.talk_seconds or 0)
    ended = max(one.ended_at for one in legs if one.ended_at)
    return replace(
        talked if talked.talk_seconds else first,
        call=first.call,
        started_at=first.started_at,
        at=ended,
        ended_at=ended,
        rung=tuple(dict.fromkeys(one.employee for one in legs if one.employee)),
    )
