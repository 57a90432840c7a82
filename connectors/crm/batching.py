"""Batches of requests of which one bad item must cost the others nothing."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, Final, TypeVar

from connectors.crm.names import INACTIVE, UNKNOWN_NAME, Names
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request

STALE: Final = {UNKNOWN_NAME, INACTIVE}

P = TypeVar("P")
B = TypeVar("B")

Already = Callable[[list[int]], dict[int, Done]]


def with_fresh_names(
    names: Names,
    requests: Sequence[Request[P]],
    attempt: Callable[[Sequence[Request[P]]], list[Outcome]],
    stale_ids: Container[str] = (),
) -> list[Outcome]:
    """Attempt; where a name was unknown, read the names anew and attempt those once more.

    `stale_ids` are the vendor's codes that say the same of an id which we took from the names.
    """
    outcomes = attempt(requests)
    stale = [
        i
        for i, one in enumerate(outcomes)
        if isinstance(one, Rejected) and (one.code in STALE or one.code in stale_ids)
    ]
    if stale and names.refresh():
        try:
            again = attempt([requests[i] for i in stale])
        except ConnectorError as error:  # it must not touch the outcomes of the others
            again = [error] * len(stale)
        for i, outcome in zip(stale, again, strict=True):
            outcomes[i] = outcome
    return outcomes


def among(look: Callable[[Sequence[Request[P]]], list[Done | None]], requests: Sequence[Request[P]]) -> Already:
    """Which of the requests at these places were carried out already, by a look-up of the requests."""

    def already(places: list[int]) -> dict[int, Done]:
        found = look([requests[place] for place in places])
        return {place: done for place, done in zip(places, found, strict=True) if done is not None}

    return already


def build(requests: Sequence[Request[P]], make: Callable[[Request[P]], B]) -> tuple[dict[int, B], dict[int, Outcome]]:
    """A body for each request that can be expressed in the CRM's ids, and the refusals of the others."""
    bodies: dict[int, B] = {}
    refused: dict[int, Outcome] = {}
    for index, request in enumerate(requests):
        try:
            bodies[index] = make(request)
        except Rejected as error:
            refused[index] = error
    return bodies, refused


def same_text(text: object) -> str:
    """A text as it compares after a CRM has stored it: line ends and outer spaces may differ."""
    return "\n".join(line.rstrip() for line in str(text or "").strip().splitlines())


def claimed(wanted: Sequence[Any], given: Sequence[tuple[Any, str]]) -> list[Done | None]:
    """What an earlier attempt made of each of `wanted`: `given` are the prints of what there is, with their ids.

    Two requests never claim the same thing.
    """
    free: dict[Any, list[str]] = {}
    for mark, one in given:
        free.setdefault(mark, []).append(one)
    return [Done(free[mark].pop(0), found=True) if free.get(mark) else None for mark in wanted]
