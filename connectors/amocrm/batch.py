"""Sending a batch so that one bad item costs the others nothing, and nothing is created twice on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.problems import read_refusals
from connectors.crm.batching import Already
from connectors.http import Reply
from provodka.errors import Ambiguous, ConnectorError
from provodka.operation import Outcome

REFUSED: Final = 400
Send = Callable[[list[Json]], Reply]
Answers = Callable[[Reply, list[int]], dict[int, Outcome]]


def deliver(
    bodies: Sequence[Json], send: Send, answers: Answers, already: Already = lambda _: {}, *, size: int = 50
) -> list[Outcome]:
    """An outcome for each body.

    `send` posts a list and lets a 400 through; `answers` reads a success for the indices that were sent. What a 400
    names is rejected and the others go again at once; where it names nobody, the list is halved. It is not documented
    whether amoCRM stores the good items of a refused list, so `already` is asked for those that it did store.
    """
    outcomes: dict[int, Outcome] = {}
    queue = deque(list(range(len(bodies)))[start : start + size] for start in range(0, len(bodies), size))
    while queue:
        part = queue.popleft()
        try:
            # Our request ids are the positions, which is also what amoCRM answers where it lost them.
            reply = send([{**bodies[index], "request_id": str(place)} for place, index in enumerate(part)])
        except ConnectorError as error:
            outcomes.update(dict.fromkeys(part, error))
            continue
        if reply.status != REFUSED:
            told = answers(reply, part)
            silent = Ambiguous("the answer does not mention this item", status=reply.status)
            outcomes.update({index: told.get(index, silent) for index in part})
            continue
        refused = _refused(reply, [bodies[index] for index in part])
        outcomes.update({part[place]: error for place, error in refused.items()})
        rest = [index for place, index in enumerate(part) if place not in refused]
        if rest:
            outcomes.update(_look(already, rest))
            rest = [index for index in rest if index not in outcomes]
            half = len(rest) if refused else (len(rest) + 1) // 2
            queue.extend(piece for piece in (rest[:half], rest[half:]) if piece)
    return [outcomes[index] for index in range(len(bodies))]


def _refused(reply: Reply, bodies: list[Json]) -> dict[int, ConnectorError]:
    """The places that the answer names; a list of one is refused as a whole."""
    refusals = read_refusals(reply)
    named: dict[int, ConnectorError] = {}
    for place, body in enumerate(bodies):
        entity = str(body.get("id", body.get("entity_id", "")))
        error = refusals.by_request.get(str(place)) or refusals.by_entity.get(entity)
        if error is not None:
            named[place] = error
    if not named and len(bodies) == 1:
        named[0] = refusals.whole
    return named


def _look(already: Already, indices: list[int]) -> dict[int, Outcome]:
    try:
        return dict(already(indices))
    except ConnectorError as error:
        unsure = Ambiguous(f"the list was refused, and whether this item was stored is not known: {error.reason}")
        return dict.fromkeys(indices, unsure)
