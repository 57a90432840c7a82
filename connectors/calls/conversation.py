"""The picture of one call, put together from its notices in whatever order they came."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.calls.notice import LEGS, CallNotice, Told
from provodka import identity
from provodka.payloads import Call, CallOutcome, Direction, Utm

_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that is known of one call. `notices` are in the order in which things happened, the last word first."""

    key: str
    end: CallNotice | None
    legs: tuple[CallNotice, ...]
    others: tuple[CallNotice, ...]

    @classmethod
    def of(cls, notices: Iterable[CallNotice]) -> Conversation:
        """A repeated notice counts once."""
        known = list({notice.id: notice for notice in notices}.values())
        known.sort(key=lambda notice: (notice.at or _LATEST, notice.rank, notice.id))
        ends = [one for one in known if one.told is Told.ENDED]
        return cls(
            key=known[0].call if known else "",
            end=ends[-1] if ends else None,  # where a service tells it twice, it has looked again
            legs=tuple(one for one in known if one.told in LEGS),
            others=tuple(one for one in known if one.told in (Told.RECORDED, Told.NOTED)),
        )

    @property
    def notices(self) -> tuple[CallNotice, ...]:
        return (*((self.end,) if self.end else ()), *self.legs, *self.others)

    @property
    def direction(self) -> Direction:
        """As the last word says; before it comes, as the first leg that leads outside. A leg between two employees is
        a talk among them only where there is no other."""
        if self.end is not None and self.end.direction is not None:
            return self.end.direction
        told = [one.direction for one in self.notices if one.direction is not None]
        return next((one for one in told if one is not Direction.INTERNAL), told[0] if told else Direction.IN)

    @property
    def phone(self) -> str:
        """The customer's number in E.164; empty for a hidden one and for talks among employees."""
        if self.direction is Direction.INTERNAL:
            return ""
        return self._first(lambda one: identity.phone(one.phone))

    @property
    def line(self) -> str:
        """Our number that was called, or from which we call."""
        return self._first(lambda one: identity.phone(one.line))

    @property
    def rung(self) -> tuple[str, ...]:
        """The employees whose phones rang, each once, the first rung first."""
        told = [one.employee for one in self.legs if one.employee]
        return tuple(dict.fromkeys([*told, *(self.end.rung if self.end else ())]))

    @property
    def talkers(self) -> tuple[str, ...]:
        """The employees who talked with the customer, each once, who began last at the end. Whom one of them only asked
        something meanwhile is not among them."""
        answered = [one for one in self.legs if one.told is Told.ANSWERED and one.employee]
        outside = [one for one in answered if one.direction is not Direction.INTERNAL or one.transfer]
        return tuple(reversed(dict.fromkeys(one.employee for one in reversed(outside))))

    @property
    def employee(self) -> str:
        """Who talked: a call that was passed on belongs to the last of them, whom no summary need name. Else who was
        rung first; in an outgoing call, who called."""
        talkers = self.talkers if self.direction is not Direction.OUT else ()
        if len(talkers) > 1:
            return talkers[-1]
        if self.end is not None and self.end.employee:
            return self.end.employee
        return talkers[-1] if talkers else self._first(lambda one: one.employee)

    @property
    def order(self) -> str:
        return self._first(lambda one: one.order)

    @property
    def recordings(self) -> tuple[str, ...]:
        """Of the whole call, each once; those that were told of by themselves come first."""
        told = sorted(self.notices, key=lambda one: one.told is not Told.RECORDED)
        return tuple(dict.fromkeys(one.recording for one in told if one.recording))

    @property
    def utm(self) -> Utm:
        return next((one.utm for one in self.notices if one.utm != Utm()), Utm())

    def call(self, recording: str = "", line_name: str = "") -> Call:
        """The call as rules see it; `recording` as it is to be shown."""
        end = self.end
        started = self._moment("started_at") or next((one.at for one in self.legs if one.at), None)
        answered = self._moment("answered_at") or self._answered_at()
        ended = self._moment("ended_at") or (end.at if end else None)
        talked = end.talk_seconds if end is not None else None
        if talked is None:
            talked = max(_seconds(answered, ended), 1) if answered and ended else 0
        elif not talked:
            answered = None
        elif answered is None and ended is not None:
            answered = ended - timedelta(seconds=talked)
        return Call(
            id=self.key,
            direction=self.direction,
            phone=self.phone,
            line=self.line,
            extension=self.employee,
            started_at=started,
            answered_at=answered,
            ended_at=ended,
            talk_seconds=talked,
            wait_seconds=_seconds(started, answered or ended),
            reason=self._first(lambda one: one.reason),
            recording=recording,
            outcome=self._outcome(talked) if end is not None else "",
            line_name=line_name,
            rung=self.rung,
            group=self._first(lambda one: one.group),
            transferred=any(one.transfer for one in self.legs),
            order=self.order,
            tags=tuple(dict.fromkeys(tag for one in self.notices for tag in one.tags)),
        )

    def _outcome(self, talked: int) -> CallOutcome:
        """By seconds before words: several services call a call successful in which nobody talked."""
        said = self.end.outcome if self.end is not None else None
        if talked:
            return CallOutcome.TALKED
        if said not in (None, CallOutcome.TALKED):
            return said
        if self.direction is Direction.OUT:
            return CallOutcome.NOT_REACHED
        return CallOutcome.MISSED if self.employee or self.rung else CallOutcome.MENU

    def _answered_at(self) -> datetime | None:
        """When the customer and an employee were first connected, by the legs."""
        return next((one.at for one in self.legs if one.told is Told.ANSWERED), None)

    def _moment(self, name: str) -> datetime | None:
        found: datetime | None = next((at for one in self.notices if (at := getattr(one, name)) is not None), None)
        return found

    def _first(self, read: Callable[[CallNotice], str]) -> str:
        return next(filter(None, map(read, self.notices)), "")


def _seconds(begin: datetime | None, end: datetime | None) -> int:
    return max(int((end - begin).total_seconds()), 0) if begin and end else 0
