"""Who becomes responsible, as the config writes it and as the journal keeps it: a staff key, `keep`, or a strategy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Discriminator, Field, Tag, TypeAdapter

from rules.assignment.base import Place, Strategy
from rules.assignment.by_results import ByResults
from rules.assignment.first_to_answer import FirstToAnswer
from rules.assignment.least_loaded import LeastLoaded
from rules.assignment.pool import Pool
from rules.assignment.round_robin import RoundRobin
from rules.assignment.weights import Weights
from rules.team import KEEP

STRATEGIES: Final[dict[str, type[Strategy]]] = {
    "round_robin": RoundRobin,
    "weights": Weights,
    "least_loaded": LeastLoaded,
    "pool": Pool,
    "first_to_answer": FirstToAnswer,
    "by_results": ByResults,
}
"""By the word of the config. A new one is a line here and a member of `Responsible` below."""


ELSE: Final = ": else"
"""How the counter of a queue ends that stands in for another, unless the config names it."""


def _word(value: object) -> str:
    if isinstance(value, str):
        return "person"
    names = value.keys() if isinstance(value, dict) else type(value).model_fields if isinstance(value, Strategy) else ()
    return next((name for name in names if name in STRATEGIES), "")


Responsible = Annotated[
    Annotated[str, Field(min_length=1), Tag("person")]
    | Annotated[RoundRobin, Tag("round_robin")]
    | Annotated[Weights, Tag("weights")]
    | Annotated[LeastLoaded, Tag("least_loaded")]
    | Annotated[Pool, Tag("pool")]
    | Annotated[FirstToAnswer, Tag("first_to_answer")]
    | Annotated[ByResults, Tag("by_results")],
    Discriminator(
        _word,
        custom_error_type="responsible",
        custom_error_message="neither a staff key nor a strategy; known strategies: " + ", ".join(STRATEGIES),
    ),
]
"""A staff key, `keep`, or a strategy, as the config writes it."""

for _strategy in STRATEGIES.values():  # their `else` is a Responsible again
    _strategy.model_rebuild(_types_namespace={"Responsible": Responsible})

_RESPONSIBLE: Final[TypeAdapter[str | Strategy]] = TypeAdapter(Responsible)


def people_of(responsible: str | Strategy | None) -> Iterator[tuple[Place, str]]:
    """The staff keys that it names, each with its place."""
    if isinstance(responsible, Strategy):
        yield from responsible.people()
        yield from ((("else", *place), person) for place, person in people_of(responsible.otherwise))
    elif responsible and responsible != KEEP:
        yield (), responsible


def with_counter(responsible: Any, counter: str) -> Any:  # noqa: ANN401 -- JSON in, JSON out
    """The planned form of a responsible: a strategy gets its counter, named after the rule unless the config did."""
    if not isinstance(responsible, dict):
        return responsible
    named = {**responsible, "counter": responsible.get("counter") or counter}
    if "else" in named:
        named["else"] = with_counter(named["else"], f"{named['counter']}{ELSE}")
    return named


def read_responsible(responsible: object) -> str | Strategy:
    """The planned form of a responsible."""
    return _RESPONSIBLE.validate_python(responsible)
