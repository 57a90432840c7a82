"""An operation: one method of a connector that changes something outside, taken in batches.

A connector's method gets a list of calls and answers each with an outcome. What is to be done when an earlier
attempt may or may not have happened is declared once, by `repeat`; the decorator then does it for every connector
alike, so that no connector holds a loop or a retry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Self, TypeVar, overload

from provodka.errors import ConnectorError, OutcomeUnknownError

P = TypeVar("P")
S = TypeVar("S")


class Repeat(StrEnum):
    """What to do when the outcome of an earlier attempt is unknown."""

    KEY = "key"  # the vendor takes an idempotency key: call again with the same one
    STAMP = "stamp"  # look for our origin stamp before creating again
    SAFE = "safe"  # twice is harmless
    PERSON = "person"  # stop and ask


@dataclass(frozen=True, slots=True)
class Request(Generic[P]):
    """One item of a batch. `key` is the action's idempotency key, the same through all its attempts.

    `unsure_since` is set when an earlier attempt may have been carried out: not before that moment.
    """

    key: str
    params: P
    unsure_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """It happened. `remote_id` is the other side's id; `found` says that an earlier attempt had done it already."""

    remote_id: str = ""
    values: dict[str, str] = field(default_factory=dict)
    found: bool = False


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing was sent, and nothing is wrong: the action is to come again at that moment. It holds nobody back."""

    until: datetime
    reason: str


Outcome = Done | ConnectorError | OutcomeUnknownError | Postponed
Perform = Callable[[S, Sequence[Request[P]]], list[Outcome]]
Find = Callable[[S, Sequence[Request[P]]], Sequence[Done | ConnectorError | OutcomeUnknownError | None]]


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """What a connector declares of an operation."""

    name: str
    repeat: Repeat
    batch: int


class Operation(Generic[S, P]):
    """The declared method. Calling it settles unsure items by `repeat` first, then performs the rest in batches.

    A `ConnectorError` raised by the method, not returned per item, stands for every item of that batch.
    """

    def __init__(self, perform: Perform[S, P], info: OperationInfo) -> None:
        self._perform = perform
        self._find: Find[S, P] | None = None
        self.info = info
        self.__doc__ = perform.__doc__

    def find(self, method: Find[S, P]) -> Find[S, P]:
        """Declare how an earlier attempt is recognised (needed for `Repeat.STAMP`): None where it surely was not made.
        An error that is raised, not given per item, stands for all: those that are looked for one by one should not
        fail together."""
        self._find = method
        return method

    def __set_name__(self, owner: type, name: str) -> None:
        if self.info.repeat is Repeat.STAMP and self._find is None:
            raise TypeError(f"{owner.__name__}.{name} is declared STAMP but has no way to find its stamp")

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: S, owner: type) -> BoundOperation[S, P]: ...

    def __get__(self, instance: S | None, owner: type) -> Self | BoundOperation[S, P]:
        if instance is None:
            return self
        return BoundOperation(self, instance)

    def run(self, instance: S, requests: Sequence[Request[P]]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        unsure = [i for i, r in enumerate(requests) if r.unsure_since is not None]
        if unsure and self.info.repeat is Repeat.PERSON:
            for i in unsure:
                outcomes[i] = OutcomeUnknownError(f"{self.info.name} was sent, but its answer never came")
        if unsure and self.info.repeat is Repeat.STAMP:
            outcomes.update(self._look_back(instance, requests, unsure))
        todo = [i for i in range(len(requests)) if i not in outcomes]
        for start in range(0, len(todo), self.info.batch):
            part = todo[start : start + self.info.batch]
            outcomes.update(zip(part, self._attempt(instance, [requests[i] for i in part]), strict=True))
        return [outcomes[i] for i in range(len(requests))]

    def _look_back(self, instance: S, requests: Sequence[Request[P]], unsure: list[int]) -> dict[int, Outcome]:
        assert self._find is not None  # noqa: S101 -- __set_name__ has made sure of it
        try:
            found = self._find(instance, [requests[i] for i in unsure])
        except ConnectorError as error:
            return dict.fromkeys(unsure, error)  # could not look: the item stays unsure and is tried again later
        return {i: done for i, done in zip(unsure, found, strict=True) if done is not None}

    def _attempt(self, instance: S, requests: Sequence[Request[P]]) -> list[Outcome]:
        try:
            return self._perform(instance, requests)
        except ConnectorError as error:
            return [error] * len(requests)


class BoundOperation(Generic[S, P]):
    """An operation of one connector: callable, and knows what it declares."""

    __slots__ = ("_instance", "_operation")

    def __init__(self, operation: Operation[S, P], instance: S) -> None:
        self._operation = operation
        self._instance = instance

    @property
    def info(self) -> OperationInfo:
        return self._operation.info

    def __call__(self, requests: Sequence[Request[P]]) -> list[Outcome]:
        return self._operation.run(self._instance, requests)


def operation(*, repeat: Repeat, batch: int = 1) -> Callable[[Perform[S, P]], Operation[S, P]]:
    """Declare a method as an operation. `repeat` has no default: an operation that does not choose does not load."""

    def declare(method: Perform[S, P]) -> Operation[S, P]:
        name = getattr(method, "__name__", "operation")
        return Operation(method, OperationInfo(name=name, repeat=repeat, batch=batch))

    return declare
