"""From the legs of a call to its end: no event of Beeline is about the whole of a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.beeline.xsi import LOCAL
from connectors.calls.notice import CallNotice, Told, stored_notice
from provodka import identity
from provodka.channel import Part, PartsReader
from provodka.payloads import Direction

SAME_CALL: Final = timedelta(minutes=2)
"""What statistics and recordings tell of is known by phone and time: they do not name calls as events do."""

_SEEN: Final = "seen:"
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def last_word(leg: CallNotice, released_by: str, known: Sequence[CallNotice]) -> CallNotice | None:
    """The end of the call, if this release was the last that it waited for.

    Where nobody has talked yet and the exchange itself took the call away from the employee, the next one may be rung:
    then the end comes by the release on the other side, by the statistics, or by the silence that follows.
    """
    if leg.told is not Told.LEFT:
        return None
    legs = [*known, leg]
    over = {one.leg for one in legs if one.told is Told.LEFT}
    if any(one.leg not in over for one in legs if one.told in (Told.RANG, Told.ANSWERED)):
        return None
    talked = sorted((one for one in legs if one.answered_at or one.told is Told.ANSWERED), key=_answered)
    incoming = all(one.direction is not Direction.OUT for one in legs)
    if not talked and incoming and released_by == LOCAL:
        return None
    return CallNotice(
        call=leg.call,
        id="ended",
        told=Told.ENDED,
        at=leg.at,
        employee=talked[-1].employee if talked else "",
        ended_at=leg.ended_at or leg.at,
        reason=leg.reason,
    )


def _answered(leg: CallNotice) -> datetime:
    return leg.answered_at or leg.at or _EARLIEST


def seen(notice: CallNotice) -> Iterator[Part]:
    """What lets the call be found by its phone and time."""
    phone, at = identity.phone(notice.phone), notice.started_at or notice.at
    if phone and at:
        yield Part(f"{_SEEN}{phone}", notice.call, at.isoformat())


def known_call(phone: str, started: datetime, parts: PartsReader) -> str:
    """The key of the call with this phone that began about then; empty where no event told of one."""
    found = {part.id: abs(datetime.fromisoformat(part.body) - started) for part in parts(f"{_SEEN}{phone}")}
    near = {call: away for call, away in found.items() if away <= SAME_CALL}
    return min(near, key=near.__getitem__) if near else ""


def legs_of(call: CallNotice, parts: PartsReader) -> list[CallNotice]:
    """What has been told of the legs of the same call."""
    return [stored_notice(part) for part in parts(call.key)]
