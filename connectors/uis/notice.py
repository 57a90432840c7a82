"""What a notification of UIS says, filled into our own template (`docs/ru/channels/uis.md`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from connectors.calls.fields import moment, seconds
from connectors.calls.notice import CallNotice, Told
from connectors.marks import CLICK_IDS, MARKS, utm_from_fields
from connectors.uis.settings import Moment, UisSettings
from provodka.channel import UnreadableError
from provodka.payloads import Direction, Utm

DIRECTIONS: Final = {"in": Direction.IN, "out": Direction.OUT, "internal": Direction.INTERNAL}

_TOLD: Final = {
    Moment.INCOMING: Told.RANG,
    Moment.OUTGOING: Told.RANG,
    Moment.RINGING: Told.RANG,
    Moment.TALK_STARTED: Told.ANSWERED,
    Moment.TALK_ENDED: Told.LEFT,
    Moment.LOST: Told.ENDED,
    Moment.ENDED: Told.ENDED,
    Moment.RECORDED: Told.RECORDED,
    Moment.OTHER: Told.NOTED,
}
_RANKS: Final = {moment: rank for rank, moment in enumerate(Moment)}
_IMPLIED: Final = {
    Moment.INCOMING: Direction.IN,
    Moment.LOST: Direction.IN,
    Moment.OUTGOING: Direction.OUT,
}
_UTM: Final = (*(f"utm_{mark}" for mark in MARKS), *CLICK_IDS)


@dataclass(frozen=True, slots=True)
class Filled:
    """The template with values in it. A place that may stay empty stands in `[…]`, so that it leaves the JSON whole;
    a template without the brackets is read as well, as long as nothing in it is empty."""

    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return value.strip() if isinstance(value, str) else next(_scalars(value), "")

    def texts(self, name: str) -> Iterator[str]:
        """Every value that came into this place, as text."""
        return _scalars(self.fields.get(name))

    def moment(self, name: str, zone: tzinfo) -> datetime | None:
        """`2025-12-01 11:02:17.310`, in the zone of the account."""
        return moment(self.text(name), zone)

    def seconds(self, name: str) -> int | None:
        """None where the place is empty: UIS has told nothing of it."""
        return seconds(self.text(name))

    @property
    def utm(self) -> Utm:
        marks = {name: text for name in _UTM if name in self.fields and (text := self.text(name))}
        return utm_from_fields(marks) if marks else Utm()

    @property
    def mnemonic(self) -> str:
        return self.text("mnemonic")

    @property
    def call(self) -> str:
        return self.text("call")


def read_notice(filled: Filled, settings: UisSettings, zone: tzinfo) -> CallNotice:
    """The notice of a call. One whose mnemonic nobody has explained is noted only. Raises UnreadableError."""
    if not filled.mnemonic:
        raise UnreadableError("the template came without mnemonic")
    moment = settings.moment(filled.mnemonic) or Moment.OTHER
    if not filled.call:
        raise UnreadableError(f"{filled.mnemonic} came without call")
    employee = filled.text("employee") or filled.text("employee_id")
    leg, record = filled.text("leg"), filled.text("record")
    which = (record or leg) if moment is Moment.RECORDED else (leg or employee)
    return CallNotice(
        call=filled.call,
        id=":".join(filter(None, (filled.mnemonic, which if _is_of_a_leg(moment) else ""))),
        told=_TOLD[moment],
        at=filled.moment("time", zone),
        rank=_RANKS[moment],
        leg=leg,
        direction=_direction(filled, moment),
        phone=filled.text("phone"),
        line=filled.text("line"),
        employee=employee,
        order=filled.text("order"),
        started_at=filled.moment("start", zone),
        talk_seconds=_talked(filled, moment),
        reason=filled.text("reason"),
        recording=record,
        tags=tuple(tag for text in filled.texts("tags") for tag in _tags(text)),
        utm=filled.utm,
    )


def _is_of_a_leg(moment: Moment) -> bool:
    """Whether the same call may be told of such a moment more than once."""
    return moment not in (Moment.INCOMING, Moment.OUTGOING, Moment.LOST, Moment.ENDED)


def _direction(filled: Filled, moment: Moment) -> Direction | None:
    if filled.text("internal").casefold() in ("true", "1"):
        return Direction.INTERNAL
    return DIRECTIONS.get(filled.text("direction")) or _IMPLIED.get(moment)


def _talked(filled: Filled, moment: Moment) -> int | None:
    if moment is Moment.LOST:
        return 0
    return filled.seconds("talk") if moment is Moment.ENDED else None


def _tags(text: str) -> Iterator[str]:
    return filter(None, (tag.strip() for tag in text.split(",")))


def _scalars(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str | int | float) and str(value).strip():
        yield str(value).strip()
