"""What two plans of the same event differ in: equal parts compare equal, whatever was chosen or counted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from rules.actions.base import Action
from rules.plan import Priority

Registry = Mapping[str, Action[Any]]


class What(StrEnum):
    """What would be otherwise. `order`: the same actions of a rule one after another in another order."""

    ADDED = "added"
    DROPPED = "dropped"
    CHANGED = "changed"
    ORDER = "order"
    TIMER_ADDED = "timer_added"
    TIMER_DROPPED = "timer_dropped"
    TIMER_CHANGED = "timer_changed"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Changed:
    """A parameter with both values, by its dotted path; `urgent` is that of the rule."""

    path: str
    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a rule would do otherwise. `was` and `now` are parameters, of a timer its moment.

    `why` is the reason that the trace gives, where it has one.
    """

    what: What
    rule: str
    kind: str = ""
    was: Any = None
    now: Any = None
    changed: tuple[Changed, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Did:
    """An action of a plan, as far as it matters here."""

    kind: str
    params: Mapping[str, Any]
    urgent: bool = False

    @classmethod
    def of(cls, kind: str, rule: str, params: Mapping[str, Any], priority: int) -> Did:
        """Without the counters that are named after the rule: they say nothing that the rule's name does not."""
        return cls(kind, _without_counters(params, f"{rule}: "), priority == Priority.URGENT)


def differences(rule: str, before: Sequence[Did], after: Sequence[Did], registry: Registry) -> Iterator[Difference]:
    """What a rule would do otherwise: equal actions first, then those of the same kind, in their order."""
    left = list(enumerate(before))
    pairs: list[tuple[int, int]] = []
    fresh: list[tuple[int, Did]] = []
    for at, action in enumerate(after):
        same = next((one for one in left if not changes(one[1], action, registry)), None)
        if same is None:
            fresh.append((at, action))
        else:
            left.remove(same)
            pairs.append((same[0], at))
    for at, action in fresh:
        old = next((one for one in left if one[1].kind == action.kind), None)
        if old is None:
            yield Difference(What.ADDED, rule, action.kind, None, action.params)
            continue
        left.remove(old)
        pairs.append((old[0], at))
        told = tuple(changes(old[1], action, registry))
        yield Difference(What.CHANGED, rule, action.kind, old[1].params, action.params, told)
    for _, old_action in left:
        yield Difference(What.DROPPED, rule, old_action.kind, old_action.params)
    in_order = [was for was, _ in sorted(pairs, key=lambda pair: pair[1])]
    if in_order != sorted(in_order):
        kinds = [before[was].kind for was in sorted(in_order)], [before[was].kind for was in in_order]
        yield Difference(What.ORDER, rule, "", *kinds)


def changes(was: Did, now: Did, registry: Registry) -> list[Changed]:
    """The parameters that differ; all of them where the kinds do."""
    if was.kind != now.kind:
        return [Changed("", was.params, now.params)]
    if was == now:
        return []
    action = registry.get(was.kind)
    found = list(_changes(was.params, now.params, "", action.unordered if action else frozenset()))
    return [*found, Changed("urgent", was.urgent, now.urgent)] if was.urgent != now.urgent else found


def _changes(
    was: Mapping[str, Any], now: Mapping[str, Any], above: str, unordered: frozenset[str]
) -> Iterator[Changed]:
    for name in dict.fromkeys((*was, *now)):
        old, new = was.get(name), now.get(name)
        if _same(old, new, ordered=name not in unordered):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new, f"{above}{name}.", unordered)
        else:
            yield Changed(f"{above}{name}", old, new)


_NOTHING: Final[tuple[object, ...]] = (None, "", [], {})


def _same(old: object, new: object, *, ordered: bool) -> bool:
    """A parameter that says nothing is as good as absent: newer versions know more of them."""
    if old == new or (old in _NOTHING and new in _NOTHING):
        return True
    if ordered or not isinstance(old, list) or not isinstance(new, list):
        return False
    return sorted(map(str, old)) == sorted(map(str, new))


def _without_counters(value: Any, prefix: str) -> Any:  # noqa: ANN401 -- JSON
    if not isinstance(value, dict):
        return value
    kept = {k: v for k, v in value.items() if not (k == "counter" and isinstance(v, str) and v.startswith(prefix))}
    return {name: _without_counters(item, prefix) for name, item in kept.items()}
