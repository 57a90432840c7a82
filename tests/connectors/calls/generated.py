"""Calls that never were: what happens in each, second by second, and what has to be told of it in the end.

A `Script` belongs to no service. A service's tests turn its steps into their own notices (`notices` is how an ideal
service would tell them), deliver those in any order, and compare what came of it with `script.truth`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from connectors.calls.notice import CallNotice, Told
from provodka.payloads import CallOutcome, Direction

LINE = "74950003344"
STAFF = ("101", "102", "103", "104")
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

MANY = int(os.environ.get("PROVODKA_CALLS", "150"))

many_calls = settings(max_examples=MANY, deadline=None)
"""A few hundred in the daily run; `PROVODKA_CALLS=5000` for the thorough one."""

in_good_time = pytest.mark.timeout(180 + MANY / 4)
"""For the module of such tests."""


class Does(StrEnum):
    """What happens at a step. `menu` is the machine that answers first; `consult` rings a colleague whom the talking
    employee only asks something."""

    MENU = "menu"
    RING = "ring"
    ANSWER = "answer"
    LEAVE = "leave"
    RECORDED = "recorded"


@dataclass(frozen=True)
class Step:
    """`after` so many seconds; `leg` counts the connections of the call from 1. `inside`: between two employees."""

    after: int
    does: Does
    leg: int
    employee: str = ""
    transfer: bool = False
    inside: bool = False


@dataclass(frozen=True)
class Truth:
    """What is to be told. `first` is who answered or was rung first, `last` who talked last; `rung` as they were rung
    (those of one moment in any order)."""

    outcome: CallOutcome
    talked: int
    first: str
    last: str
    rung: frozenset[str]


@dataclass(frozen=True)
class Script:
    """One call. `phone` is the customer's as the exchange writes it, `order` our key where we had it made."""

    key: str
    direction: Direction
    phone: str
    start: datetime
    steps: tuple[Step, ...]
    answered: int | None
    ended: int
    truth: Truth
    order: str = ""

    def at(self, after: int) -> datetime:
        return self.start + timedelta(seconds=after)

    def kind(self, min_talk: int = 0) -> str | None:
        """The type of the event that ends it; none for a talk among employees."""
        if self.direction is Direction.INTERNAL:
            return None
        talked = self.truth.outcome is CallOutcome.TALKED and self.truth.talked >= min_talk
        return "call.missed" if self.direction is Direction.IN and not talked else "call.finished"

    @property
    def rung_first(self) -> frozenset[str]:
        """Whose telephones rang at the first moment: which of them is named first is chance."""
        rings = [step for step in self.steps if step.does is Does.RING]
        return frozenset(step.employee for step in rings if step.after == rings[0].after)

    @property
    def talkers(self) -> tuple[str, ...]:
        """The employees who talked with the customer, in turn."""
        return tuple(step.employee for step in self.steps if step.does is Does.ANSWER and not step.inside)

    @property
    def recordings(self) -> tuple[str, ...]:
        return tuple(f"{self.key}-r{step.leg}" for step in self.steps if step.does is Does.RECORDED)


class _Pen:
    """Writes the steps of one call."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.steps: list[Step] = []
        self.now = 0
        self.legs = 0
        self.talkers: list[str] = []
        self.answered: int | None = None

    def pass_time(self, most: int = 90) -> None:
        self.now += self.draw(st.integers(1, most))

    def step(self, does: Does, leg: int, employee: str = "", **more: bool) -> None:
        self.steps.append(Step(self.now, does, leg, employee, **more))

    def new_leg(self, does: Does, employee: str = "", **more: bool) -> int:
        self.legs += 1
        self.step(does, self.legs, employee, **more)
        return self.legs

    def menu(self) -> None:
        leg = self.new_leg(Does.MENU)
        self.pass_time(20)
        self.step(Does.LEAVE, leg)

    def ring_all(self, group: Sequence[str], *, answers: bool) -> bool:
        """Every phone of the group rings; the one that is taken ends the ringing of the others, or none is taken."""
        legs = {who: self.new_leg(Does.RING, who) for who in group}
        self.pass_time(30)
        taken = self.draw(st.sampled_from(list(group))) if answers else ""
        for who, leg in legs.items():
            self.step(Does.ANSWER if who == taken else Does.LEAVE, leg, who)
        if taken:
            self.talks(legs[taken], taken)
        return bool(taken)

    def talks(self, leg: int, who: str) -> None:
        """Until it ends, with whatever transfers; a colleague may be asked something meanwhile."""
        self.answered = self.now if self.answered is None else self.answered
        self.talkers.append(who)
        self.pass_time()
        others = [one for one in STAFF if one not in self.talkers]
        if self.draw(st.integers(0, 3)) == 0:
            self.consults(others)
        if others and len(self.talkers) < 3 and self.draw(st.integers(0, 3)) == 0:
            self.passes_on(leg, who, self.draw(st.sampled_from(others)))
        else:
            self.step(Does.LEAVE, leg, who)

    def consults(self, others: Sequence[str]) -> None:
        if not others:
            return
        who = self.draw(st.sampled_from(list(others)))
        leg = self.new_leg(Does.RING, who, inside=True)
        self.pass_time(10)
        self.step(Does.ANSWER, leg, who, inside=True)
        self.pass_time(10)
        self.step(Does.LEAVE, leg, who, inside=True)

    def passes_on(self, leg: int, who: str, to: str) -> None:
        """The colleague takes the call, or does not, and the customer gives up."""
        self.step(Does.LEAVE, leg, who)
        other = self.new_leg(Does.RING, to, transfer=True)
        self.pass_time(20)
        if self.draw(st.booleans()):
            self.step(Does.ANSWER, other, to, transfer=True)
            self.talks(other, to)
        else:
            self.step(Does.LEAVE, other, to, transfer=True)

    def script(
        self, direction: Direction, phone: str, outcome: CallOutcome, caller: str = "", order: str = ""
    ) -> Script:
        ended = self.now
        if self.answered is not None:
            for leg in self.draw(st.lists(st.sampled_from((1, 2)), unique=True, max_size=2)):
                self.now += 30
                self.step(Does.RECORDED, leg)
        rung = [step.employee for step in self.steps if step.does is Does.RING]
        first = caller or next(iter(self.talkers or rung), "")
        last = caller or (self.talkers[-1] if self.talkers else first)
        talked = max(ended - self.answered, 1) if self.answered is not None else 0
        key = self.draw(st.one_of(st.integers(2**53, 2**64).map(str), st.uuids().map(str)))
        start = MORNING + timedelta(seconds=self.draw(st.integers(0, 600)))
        truth = Truth(outcome, talked, first, last, frozenset(rung))
        return Script(key, direction, phone, start, tuple(self.steps), self.answered, ended, truth, order)


PHONES = st.sampled_from(("79161112233", "+7 (916) 111-22-33", "89161112233", "anonymous", ""))
GROUPS = st.lists(st.sampled_from(STAFF), min_size=1, max_size=4, unique=True)


@st.composite
def incoming(draw: st.DrawFn) -> Script:
    """A customer calls: through a menu or not, to one group after another, until somebody answers or they give up."""
    pen = _Pen(draw)
    rounds = draw(st.integers(0, 3))
    if rounds == 0 or draw(st.booleans()):
        pen.menu()
    taken = draw(st.booleans())
    for number in range(rounds):
        if pen.ring_all(draw(GROUPS), answers=taken and number == rounds - 1):
            break
        if draw(st.integers(0, 4)) == 0:
            break  # they have hung up
    outcome = CallOutcome.TALKED if pen.talkers else CallOutcome.MISSED if rounds else CallOutcome.MENU
    return pen.script(Direction.IN, draw(PHONES), outcome)


@st.composite
def outgoing(draw: st.DrawFn) -> Script:
    """An employee calls a customer; some of these calls were ordered by us."""
    pen = _Pen(draw)
    caller = draw(st.sampled_from(STAFF))
    leg = pen.new_leg(Does.RING, caller)
    pen.pass_time(40)
    if draw(st.booleans()):
        pen.step(Does.ANSWER, leg, caller)
        pen.talks(leg, caller)
    else:
        pen.step(Does.LEAVE, leg, caller)
    outcome = CallOutcome.TALKED if pen.talkers else CallOutcome.NOT_REACHED
    order = draw(st.sampled_from(("", "", "0199c1d2e3f4a5b6c7d8e9f0:0a1b2c3d:2")))
    return pen.script(Direction.OUT, "79161112233", outcome, caller, order)


@st.composite
def internal(draw: st.DrawFn) -> Script:
    """Employees among themselves."""
    pen = _Pen(draw)
    who = draw(st.sampled_from(STAFF))
    leg = pen.new_leg(Does.RING, who, inside=True)
    pen.pass_time(20)
    if draw(st.booleans()):
        pen.step(Does.ANSWER, leg, who, inside=True)
        pen.pass_time()
    pen.step(Does.LEAVE, leg, who, inside=True)
    return pen.script(Direction.INTERNAL, "", CallOutcome.MISSED)


calls = st.one_of(incoming(), incoming(), outgoing(), internal())


T = TypeVar("T")


@st.composite
def deliveries(draw: st.DrawFn, said: Sequence[T], most_lost: int = 1) -> list[list[T]]:
    """How they arrive: some twice, one perhaps never, in any order, and some at the very same moment."""
    lost = draw(st.sets(st.integers(0, len(said) - 1), max_size=most_lost))
    came = [one for i, one in enumerate(said) if i not in lost]
    came += draw(st.lists(st.sampled_from(came), max_size=4)) if came else []
    if draw(st.booleans()):
        draw(st.randoms(use_true_random=False)).shuffle(came)
    batches: list[list[T]] = []
    while came:
        size = draw(st.sampled_from((1, 1, 1, 2, 3)))
        batches.append(came[:size])
        came = came[size:]
    return batches


def notices(script: Script) -> list[CallNotice]:
    """As an ideal service tells it: each step, and a last word on the whole."""
    told = [_notice(script, number, step) for number, step in enumerate(script.steps)]
    end = CallNotice(
        script.key,
        "end",
        Told.ENDED,
        script.at(script.ended),
        direction=script.direction,
        phone=script.phone,
        line=LINE,
        employee=script.truth.first,
        started_at=script.start,
        answered_at=script.at(script.answered) if script.answered is not None else None,
        ended_at=script.at(script.ended),
        talk_seconds=script.truth.talked,
    )
    return [*told, end]


_TOLD = {
    Does.MENU: Told.RANG,
    Does.RING: Told.RANG,
    Does.ANSWER: Told.ANSWERED,
    Does.LEAVE: Told.LEFT,
    Does.RECORDED: Told.RECORDED,
}


def _notice(script: Script, number: int, step: Step) -> CallNotice:
    recorded = step.does is Does.RECORDED
    return CallNotice(
        script.key,
        f"{number}",
        _TOLD[step.does],
        script.at(step.after),
        rank=number,
        leg="" if recorded else str(step.leg),
        direction=None if recorded else Direction.INTERNAL if step.inside else script.direction,
        phone="" if step.inside or recorded else script.phone,
        line=LINE,
        employee=step.employee,
        transfer=step.transfer,
        order=script.order,
        recording=f"{script.key}-r{step.leg}" if recorded else "",
    )
