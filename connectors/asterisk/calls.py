"""Follows the channels of the exchange and tells of calls: from AMI's events to notices.

A call is everything with one Linkedid, and is over when its last channel hangs up. Asterisk gives a channel that is
brought into an older call (an attended transfer) that call's Linkedid: then it belongs to that call from there on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.asterisk.numbers import Numbers, known
from connectors.asterisk.wire import Block
from connectors.asterisk.words import DIAL_FAILURES, FAILURES, reason
from connectors.calls.fields import seconds
from connectors.calls.notice import CallNotice, Told
from provodka.payloads import CallOutcome, Direction

OURS: Final = "provodka-"
"""How the channels of calls begin that we have made: `provodka-<phone>-<key of the action>`."""

NOT_TAKEN: Final = "сотрудник не поднял трубку"
CUT_OFF: Final = "связь с АТС прерывалась, конец звонка не виден"


@dataclass
class _Live:
    """A call that goes on."""

    id: str
    direction: Direction
    phone: str = ""
    line: str = ""
    employee: str = ""
    order: str = ""
    channels: set[str] = field(default_factory=set)
    legs: dict[str, str] = field(default_factory=dict)  # employees (or the client we call) by their channel
    answered: bool = False
    passed_on: bool = False
    cause: tuple[str, str] = ("", "")
    failed: bool = False


class Calls:
    """All calls that go on. `take` gives what an event tells; nothing here waits or asks."""

    def __init__(self, numbers: Numbers, now: Callable[[], datetime]) -> None:
        self._numbers = numbers
        self._now = now
        self._live: dict[str, _Live] = {}
        self._of: dict[str, str] = {}  # the call of a channel
        self._count = 0
        self._handlers: Mapping[str, Callable[[Block, datetime], Iterator[CallNotice]]] = {
            "Newchannel": self._new,
            "DialBegin": self._dialled,
            "DialEnd": self._answered,
            "BridgeEnter": self._bridged,
            "BlindTransfer": self._transferred,
            "AttendedTransfer": self._transferred,
            "QueueCallerJoin": self._queued,
            "Hangup": self._hung_up,
        }

    @property
    def live(self) -> frozenset[str]:
        """The Linkedids of calls that go on."""
        return frozenset(self._live)

    def take(self, event: Block) -> list[CallNotice]:
        """What an event tells; nothing for those that mean nothing to us."""
        handler = self._handlers.get(event.get("Event", ""))
        if handler is None:
            return []
        at = _moment(event) or self._now()
        return [*self._moved(event, at), *handler(event, at)]

    def resume(self, channels: Sequence[Block], *, tell: bool) -> list[CallNotice]:
        """After a new login: the channels that there are now. Calls that ended meanwhile are ended, if `tell` (else the
        CDR does that); such as began meanwhile are followed from here on."""
        now = self._now()
        there = {one["Uniqueid"] for one in channels if "Uniqueid" in one}
        told: list[CallNotice] = []
        for call in list(self._live.values()):
            if not call.channels & there:
                if tell:
                    told.append(self._notice(call, Told.ENDED, now, "ended", reason=CUT_OFF))
                self._forget(call)
            else:
                self._leave(call, call.channels - there)
        for one in sorted(channels, key=lambda block: block.get("Uniqueid") != block.get("Linkedid")):
            if one.get("Linkedid") not in self._live and one.get("Uniqueid") != one.get("Linkedid"):
                continue  # without the channel that began it, nothing says who called whom
            told += self._new(one, now - timedelta(seconds=seconds(one.get("Duration", "")) or 0))
            talking = one.get("BridgeId") and self._numbers.employee(one.get("Channel", ""), one.get("CallerIDNum", ""))
            now_live = self._live.get(one.get("Linkedid", ""))
            if talking and now_live is not None and now_live.direction is Direction.IN and not now_live.answered:
                now_live.answered = True
                told.append(self._notice(now_live, Told.ANSWERED, now, f"bridged:{one['Uniqueid']}", employee=talking))
        return told

    # what happens

    def _new(self, event: Block, at: datetime) -> Iterator[CallNotice]:
        channel, linked = event.get("Uniqueid", ""), event.get("Linkedid", "")
        if not channel or not linked or channel in self._of:
            return
        call = self._live.get(linked)
        if call is None:
            call = self._live[linked] = self._begun(event, linked)
            yield self._notice(call, Told.NOTED, at, "began", started_at=at)
        self._join(call, channel)

    def _begun(self, event: Block, linked: str) -> _Live:
        caller, exten = known(event.get("CallerIDNum", "")), known(event.get("Exten", ""))
        employee = self._numbers.employee(event.get("Channel", ""), caller)
        if linked.startswith(OURS):
            phone, _, order = linked.removeprefix(OURS).partition("-")
            return _Live(linked, Direction.OUT, phone=phone, employee=employee, order=order)
        if not employee:
            return _Live(linked, Direction.IN, phone=caller, line=exten)
        phone = "" if self._numbers.is_internal(exten) else self._numbers.outside(exten)
        return _Live(linked, Direction.OUT if phone else Direction.INTERNAL, phone=phone, employee=employee)

    def _dialled(self, event: Block, at: datetime) -> Iterator[CallNotice]:
        """A telephone begins to ring. A call that we make has no calling channel at first."""
        linked = event.get("Linkedid") or event.get("DestLinkedid", "")
        call, dest = self._live.get(linked), event.get("DestUniqueid", "")
        if call is None or not dest:
            return
        self._join(call, dest)
        rung = self._numbers.employee(event.get("DestChannel", ""), known(event.get("DestCallerIDNum", "")))
        there = self._numbers.outside(event.get("DialString", ""), event.get("DestCallerIDNum", ""))
        if call.direction is Direction.OUT and not rung:
            call.legs[dest] = there or call.phone
            call.phone = call.phone or there
            yield self._notice(call, Told.RANG, at, f"rang:{dest}")
        elif call.direction is Direction.OUT and call.order:
            call.employee = call.employee or rung  # their own telephone rings first
        elif call.direction is not Direction.OUT or call.answered:
            rung = rung or there or known(event.get("DestCallerIDNum", ""))
            call.legs[dest] = rung
            group = event.get("Exten", "") if event.get("Context", "").startswith(("ext-group", "ext-queues")) else ""
            yield self._notice(
                call, Told.RANG, at, f"rang:{dest}", leg=dest, employee=rung, group=group, transfer=call.passed_on
            )

    def _answered(self, event: Block, at: datetime) -> Iterator[CallNotice]:
        """A telephone rings no more: it was picked up, or not."""
        dest = event.get("DestUniqueid", "")
        call = self._live.get(self._of.get(dest, ""))
        if call is None or dest not in call.legs:
            return
        status = event.get("DialStatus", "")
        employee = call.employee if call.direction is Direction.OUT and not call.answered else call.legs[dest]
        if status == "ANSWER":
            call.answered = True
            yield self._notice(
                call, Told.ANSWERED, at, f"answered:{dest}", leg=dest, employee=employee, transfer=call.passed_on
            )
            return
        call.failed = call.direction is Direction.OUT and status in DIAL_FAILURES
        if call.direction is not Direction.OUT:
            yield self._notice(call, Told.LEFT, at, f"left:{dest}", leg=dest, employee=employee)

    def _moved(self, event: Block, at: datetime) -> Iterator[CallNotice]:
        """A channel of one call turns up in another: it was brought in by an attended transfer, or has picked it up."""
        channel, linked = event.get("Uniqueid", ""), event.get("Linkedid", "")
        old, new = self._live.get(self._of.get(channel, "")), self._live.get(linked)
        if old is None or new is None or old is new:
            return
        self._leave(old, {channel})
        self._join(new, channel)
        employee = self._numbers.employee(event.get("Channel", ""), known(event.get("CallerIDNum", "")))
        if employee and event.get("Event") != "Hangup":
            new.passed_on = True
            new.legs[channel] = employee
            yield self._notice(
                new, Told.ANSWERED, at, f"joined:{channel}", leg=channel, employee=employee, transfer=new.answered
            )
            new.answered = True
        yield from self._over(old, at)

    def _bridged(self, event: Block, at: datetime) -> Iterator[CallNotice]:
        """Picked up by another telephone than the one that rang (*8): nobody has dialled it."""
        channel = event.get("Uniqueid", "")
        call = self._live.get(event.get("Linkedid", ""))
        if call is None or call.direction is not Direction.IN or call.answered or channel == call.id:
            return
        employee = self._numbers.employee(event.get("Channel", ""), known(event.get("CallerIDNum", "")))
        if employee and channel not in call.legs:
            call.answered, call.legs[channel] = True, employee
            yield self._notice(call, Told.ANSWERED, at, f"answered:{channel}", leg=channel, employee=employee)

    def _transferred(self, event: Block, at: datetime) -> Iterator[CallNotice]:
        """The call is passed on: to whoever was asked before, or to whoever is rung next."""
        target = event.get("TransferTargetUniqueid", "")
        names = ("TransfererLinkedid", "TransfereeLinkedid", "OrigTransfererLinkedid", "SecondTransfererLinkedid")
        for linked in sorted({event.get(name, "") for name in names}):
            if (call := self._live.get(linked)) is not None:
                call.passed_on = True
                if target in call.legs:
                    yield self._notice(
                        call,
                        Told.ANSWERED,
                        at,
                        f"given:{target}",
                        leg=target,
                        employee=call.legs[target],
                        transfer=True,
                    )

    def _queued(self, event: Block, at: datetime) -> Iterator[CallNotice]:
        call = self._live.get(event.get("Linkedid", ""))
        if call is not None and (queue := event.get("Queue", "")):
            yield self._notice(call, Told.NOTED, at, f"queue:{queue}", group=queue)

    def _hung_up(self, event: Block, at: datetime) -> Iterator[CallNotice]:
        channel = event.get("Uniqueid", "")
        call = self._live.get(self._of.get(channel, ""))
        if call is None:
            return
        if channel == call.id or not call.cause[0]:
            call.cause = event.get("Cause", ""), event.get("Cause-txt", "")
        self._leave(call, {channel})
        yield from self._over(call, at)

    def _over(self, call: _Live, at: datetime) -> Iterator[CallNotice]:
        if call.channels:
            return
        self._forget(call)
        failed = call.direction is Direction.OUT and (call.failed or call.cause[0] in FAILURES) and not call.answered
        yield self._notice(
            call,
            Told.ENDED,
            at,
            "ended",
            ended_at=at,
            reason=NOT_TAKEN if call.order and not call.legs else reason(*call.cause),
            outcome=CallOutcome.FAILED if failed else None,
        )

    # the book of channels

    def _join(self, call: _Live, channel: str) -> None:
        call.channels.add(channel)
        self._of[channel] = call.id

    def _leave(self, call: _Live, channels: set[str]) -> None:
        call.channels -= channels
        for channel in channels:
            self._of.pop(channel, None)

    def _forget(self, call: _Live) -> None:
        self._leave(call, set(call.channels))
        self._live.pop(call.id, None)

    def _notice(self, call: _Live, told: Told, at: datetime, id_: str, **more: object) -> CallNotice:
        self._count += 1
        values: dict[str, object] = {"employee": call.employee, **more}
        return CallNotice(
            call=call.id,
            id=id_,
            told=told,
            at=at,
            rank=self._count,
            direction=call.direction,
            phone=call.phone,
            line=call.line,
            order=call.order,
            **values,  # type: ignore[arg-type]
        )


def _moment(event: Block) -> datetime | None:
    """When it happened by the exchange's clock (`timestampevents = yes`)."""
    try:
        return datetime.fromtimestamp(float(event["Timestamp"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
