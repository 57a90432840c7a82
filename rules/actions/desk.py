"""The outside as one batch sees it: what is read at most once, and how decisions are written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from provodka.crm import Crm, Write
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request
from rules.actions.base import Decided, Delivery, Outside
from rules.assignment import Choice, Choosing, Strategy, choose, read_responsible

T = TypeVar("T")

_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}


class Desk:
    """Serves one batch. Reading `crm` raises Rejected where the config has none; `reasons` says who was chosen why."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.reasons: dict[str, str] = {}
        self._active: frozenset[str] | None = None
        self._turns: dict[str, Choice] = {}

    @property
    def crm(self) -> Crm:
        crm = self.outside.crm
        if crm is None:
            raise Rejected("the config names no CRM", hint="Добавьте раздел crm в настройки")
        return crm

    def is_active(self, person: str) -> bool:
        """Whether a staff key, or a login, is an active user of the CRM."""
        if self._active is None:
            self._active = frozenset(user.login.casefold() for user in self.crm.users() if user.active)
        return self.outside.team.login(person).casefold() in self._active

    def line_up(self, items: Sequence[tuple[Delivery, object]]) -> None:
        """Take the turns of a batch at once, by the planned form of each one's responsible: one write, not fifty."""
        queues: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for item, responsible in items:
            strategy = read_responsible(responsible)
            queue = strategy.queue(self.is_active) if isinstance(strategy, Strategy) else None
            if queue is not None and queue[1]:
                queues.setdefault(queue, []).append(item.key)
        for (counter, people), keys in queues.items():
            self._turns.update(self.outside.turns.take(counter, people, keys))

    def choose(self, item: Delivery, responsible: object) -> Choice:
        """Choose by the planned form of a responsible; raises Rejected when there is nobody."""
        choice = self._turns.get(item.key)
        if choice is None:
            choice = choose(responsible, Choosing(self.outside.turns, item.key, self.is_active))
        self.reasons[item.key] = f"{choice.person}: {choice.reason}"
        return choice


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    known = _ADAPTERS.get(kind)
    if known is None:
        known = _ADAPTERS[kind] = TypeAdapter(kind)
    return known


def pack(request: object) -> dict[str, Any]:
    """A request of the neutral CRM as JSON, to be frozen."""
    packed: dict[str, Any] = _adapter(type(request)).dump_python(request, mode="json")
    return packed


def unpack(kind: type[T], frozen: Mapping[str, Any]) -> T:
    """The request that was frozen."""
    request: T = _adapter(kind).validate_python(frozen)
    return request


def submit(write: Write[T], kind: type[T], member: str, ready: Sequence[Decided]) -> dict[str, Outcome]:
    """Send the frozen requests that lie under `member`, in one call; the outcomes by action key."""
    some = [d for d in ready if d.frozen.get(member)]
    requests = [Request(d.item.key, unpack(kind, d.frozen[member]), d.unsure_since) for d in some]
    return dict(zip((r.key for r in requests), write(requests), strict=True)) if requests else {}


def told(outcome: Outcome, values: Mapping[str, str]) -> Outcome:
    """The outcome with the values of the decision beside those of the connector, for the journal and its readers.

    Where both say something the decision is right: it knows people by their staff keys.
    """
    if not isinstance(outcome, Done):
        return outcome
    decided = {name: value for name, value in values.items() if value}
    answered = {name: value for name, value in outcome.values.items() if value}
    return replace(outcome, values={**values, **answered, **decided})
