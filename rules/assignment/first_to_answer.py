"""`first_to_answer`: to whoever took the call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import field_validator

from provodka.event import Event
from provodka.payloads import CallEvent
from rules.assignment.base import Choice, Choosing, Place, Strategy, Taken
from rules.assignment.queue import once_each, people_in
from rules.team import Team

ALL = "all"


class FirstToAnswer(Strategy):
    """`first_to_answer: all`, or a list of those who may get it. Nobody has, where the call was not answered."""

    first_to_answer: Literal["all"] | tuple[str, ...]

    @field_validator("first_to_answer")
    @classmethod
    def _once_each(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return value if isinstance(value, str) else once_each(value)

    def people(self) -> Iterator[tuple[Place, str]]:
        if not isinstance(self.first_to_answer, str):
            yield from people_in(self.first_to_answer, "first_to_answer")

    def take(self, keys: Sequence[str], choosing: Choosing) -> Taken:
        taken, why = {}, "nobody of the staff has answered the call"
        for key in keys:
            person = choosing.answered(key)
            if not person:
                continue
            left_out = self.absence(person, choosing)
            if left_out:
                why = f"{person} has answered and {left_out}"
            else:
                taken[key] = Choice(person, "has answered the call")
        return Taken(taken, why)

    def absence(self, person: str, choosing: Choosing) -> str:
        if self.first_to_answer != ALL and person not in self.first_to_answer:
            return "is not among those who may get it"
        return super().absence(person, choosing)


def answered_by(event: Event, team: Team) -> str:
    """The staff key of who talked in the call of an event; empty where nobody did, or nobody of the staff."""
    if not isinstance(event.payload, CallEvent):
        return ""
    call = event.payload.call
    return team.by_extension(call.extension) if call.extension and (call.answered_at or call.talk_seconds) else ""
