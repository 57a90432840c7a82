"""The outside as one batch sees it: what is read at most once, and how decisions are written down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from provodka.accounting import Accounting
from provodka.crm import Crm, Write
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request
from rules.actions.base import Decided, Delivery, Outside
from rules.assignment import Choice, Choosing, Loads, StaffFacts, Strategy, answered_by, choose, read_responsible, take

T = TypeVar("T")

_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}


class Desk:
    """Serves one batch. Reading `crm` or `accounting` raises Rejected where the config has none; `reasons` says who was
    chosen why."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.reasons: dict[str, str] = {}
        self._active: frozenset[str] | None = None
        self._turns: dict[str, Choice] = {}
        self._answered: dict[str, str] = {}
        self._read: dict[str, str | Strategy] = {}
        self._staff = _StaffOnce(outside.staff)

    @property
    def crm(self) -> Crm:
        crm = self.outside.crm
        if crm is None:
            raise Rejected("the config names no CRM", hint="Добавьте раздел crm в настройки")
        return crm

    @property
    def accounting(self) -> Accounting:
        accounting = self.outside.accounting
        if accounting is None:
            raise Rejected("the config names no accounting", hint="Добавьте раздел accounting в настройки")
        return accounting

    def is_active(self, person: str) -> bool:
        """Whether a staff key, or a login, is an active user of the CRM."""
        if self._active is None:
            self._active = frozenset(user.login.casefold() for user in self.crm.users() if user.active)
        return self.outside.team.login(person).casefold() in self._active

    @property
    def choosing(self) -> Choosing:
        """What a strategy may look at, for this batch."""
        outside = self.outside
        return Choosing(
            outside.turns,
            self.is_active,
            self._staff,
            outside.team,
            outside.calendar,
            outside.now,
            lambda key: self._answered.get(key, ""),
        )

    def read(self, responsible: object) -> str | Strategy:
        """The planned form of a responsible, read once for all items that have the same."""
        form = json.dumps(responsible, sort_keys=True)
        known = self._read.get(form)
        if known is None:
            known = self._read[form] = read_responsible(responsible)
        return known

    def line_up(self, items: Sequence[tuple[Delivery, object]]) -> None:
        """Take the turns of a batch at once, by the planned form of each one's responsible: one write, not fifty."""
        self._answered |= {item.key: answered_by(item.event, self.outside.team) for item, _ in items}
        keys: dict[str, list[str]] = {}
        for item, responsible in items:
            keys.setdefault(json.dumps(responsible, sort_keys=True), []).append(item.key)
        for form, some in keys.items():
            self._turns.update(take(self.read(json.loads(form)), some, self.choosing).choices)

    def choose(self, item: Delivery, responsible: object, owner: str = "") -> Choice:
        """Choose by the planned form of a responsible; raises Rejected when there is nobody.

        `owner`: see `rules.assignment.choose`.
        """
        self._answered[item.key] = answered_by(item.event, self.outside.team)
        choice = self._turns.get(item.key) or choose(self.read(responsible), item.key, owner, self.choosing)
        self.reasons[item.key] = f"{choice.person}: {choice.reason}"
        return choice


class _StaffOnce:
    """Asks the outside once in a batch."""

    def __init__(self, staff: StaffFacts) -> None:
        self._source = staff
        self._present: list[frozenset[str] | None] = []
        self._loads: dict[tuple[str, ...], Loads] = {}

    def present(self) -> frozenset[str] | None:
        if not self._present:
            self._present.append(self._source.present())
        return self._present[0]

    def open_leads(self, people: Sequence[str]) -> Loads:
        known = self._loads.get(tuple(people))
        if known is None:
            known = self._loads[tuple(people)] = self._source.open_leads(people)
        return known

    def results(self, period: str, measure: str) -> Mapping[str, int]:
        return self._source.results(period, measure)


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


def submit_all(write: Write[T], kind: type[T], member: str, ready: Sequence[Decided]) -> dict[str, list[Outcome]]:
    """Send the lists of frozen requests that lie under `member`, in one call; the outcomes of each list, by key."""
    owners = [d for d in ready for _ in d.frozen.get(member) or ()]
    packed = [one for d in ready for one in d.frozen.get(member) or ()]
    pairs = enumerate(zip(owners, packed, strict=True))
    requests = [Request(f"{d.item.key}:{n}", unpack(kind, one), d.unsure_since) for n, (d, one) in pairs]
    found: dict[str, list[Outcome]] = {d.item.key: [] for d in ready}
    for d, outcome in zip(owners, write(requests) if requests else [], strict=True):
        found[d.item.key].append(outcome)
    return found


def together(outcomes: Sequence[Outcome], values: Mapping[str, str]) -> Outcome:
    """Many outcomes of harmless writes as one: what may heal is all tried again; refusals of some are only said."""
    for outcome in outcomes:
        if not isinstance(outcome, Done | Rejected):
            return outcome
    refused = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    if refused and len(refused) == len(outcomes):
        return refused[0]
    reason = f"{len(outcomes) - len(refused)} of {len(outcomes)}: {refused[0].reason}" if refused else ""
    return Done(values={**values, "reason": reason} if reason else dict(values))


def told(outcome: Outcome, values: Mapping[str, str]) -> Outcome:
    """The outcome with the values of the decision beside those of the connector, for the journal and its readers.

    Where both say something the decision is right: it knows people by their staff keys.
    """
    if not isinstance(outcome, Done):
        return outcome
    decided = {name: value for name, value in values.items() if value}
    answered = {name: value for name, value in outcome.values.items() if value}
    return replace(outcome, values={**values, **answered, **decided})
