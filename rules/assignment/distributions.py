"""Which queues the rules of a config deal leads by, and what share each of their members is meant to get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rules.assignment.base import Strategy
from rules.assignment.by_results import ByResults
from rules.assignment.queue import Queue
from rules.assignment.responsible import STRATEGIES, read_responsible, with_counter
from rules.assignment.round_robin import RoundRobin
from rules.assignment.weights import Weights
from rules.schema import Rule, steps_of

CHOOSING: Final = ("responsible", "to")
"""The parameters of actions that say who gets something: `to` is that of `hand_over`."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One queue: its `counter`, its strategy as the config calls it, the rules that deal by it, its members in their
    order. `weights` are the shares that they are meant to get, of any sum; empty where there is no aim
    (`least_loaded`), None where it follows from results (`by_results`): then the queue itself keeps it."""

    counter: str
    strategy: str
    rules: tuple[str, ...]
    members: tuple[str, ...]
    weights: Mapping[str, int] | None

    def shares(self, state: Mapping[str, Any]) -> dict[str, float]:
        """The aim of each member as a part of 1, by what the queue keeps with its last turn; empty for none."""
        weights = state.get("weights", {}) if self.weights is None else self.weights
        total = sum(weights.values())
        return {person: weight / total for person, weight in weights.items()} if total else {}


def distributions(rules: Iterable[Rule]) -> tuple[Distribution, ...]:
    """All queues of these rules, in the order of the config; one for each counter."""
    found: dict[str, Distribution] = {}
    for rule in rules:
        steps = [*rule.steps, *(step for rung in rule.escalate for step in steps_of(rung.do))]
        for action, params in steps:
            for queue in _queues(params, f"{rule.name}: {action}"):
                before = found.get(queue.counter)
                names = before.rules if before else ()
                found[queue.counter] = _described(queue, tuple(dict.fromkeys([*names, rule.name])))
    return tuple(found.values())


def _described(queue: Queue, rules: tuple[str, ...]) -> Distribution:
    strategy = next(name for name, one in STRATEGIES.items() if type(queue) is one)
    weights: dict[str, int] | None = {}
    match queue:
        case Weights():
            weights = dict(queue.weights)
        case RoundRobin():
            weights = dict.fromkeys(queue.members, 1)
        case ByResults():
            weights = None
    return Distribution(queue.counter, strategy, rules, queue.members, weights)


def _queues(params: Mapping[str, Any], counter: str) -> Iterator[Queue]:
    """Those that an action chooses by, and the tasks that follow it."""
    for name in CHOOSING:
        if isinstance(params.get(name), Mapping):
            yield from _chain(read_responsible(with_counter(dict(params[name]), counter)))
    if isinstance(then := params.get("then"), Mapping):
        yield from _queues(then, counter)


def _chain(responsible: str | Strategy | None) -> Iterator[Queue]:
    """A queue and what stands in for it (`else`)."""
    if isinstance(responsible, Queue):
        yield responsible
    if isinstance(responsible, Strategy):
        yield from _chain(responsible.otherwise)
