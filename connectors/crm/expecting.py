"""What a write of ours is about to change is told to the mirror beforehand: its echo may be here before the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from connectors.crm.account import Account
from connectors.crm.mirror import KnownCard, KnownContact, KnownParty, load, settle, snapshot
from connectors.crm.people import PeopleIndex
from provodka.errors import Ambiguous
from provodka.operation import Done, Outcome
from provodka.stores import Snapshot

B = TypeVar("B")
K = TypeVar("K", bound=KnownCard)
Aim = dict[str, Any]


class Expectations(Generic[K]):
    """The changes under way of one account's cards of one kind. `blank` makes a lead that the mirror does not hold yet;
    of other kinds nothing is expected then."""

    def __init__(self, account: Account, kind: str, blank: Callable[[str], K | None] = lambda _: None) -> None:
        self._account = account
        self._kind = kind
        self._blank = blank

    def known(self, ids: Sequence[str]) -> dict[str, K]:
        """The cards as the mirror has them."""
        return {one: load(self._kind, kept) for one, kept in self._account.mirrored(self._kind, ids).items()}

    def expect(
        self, changes: Sequence[tuple[str, B]], known: Mapping[str, K], aim: Callable[[K, B], Aim]
    ) -> dict[str, Aim]:
        """Say what is coming: `aim` tells the members of a card as they will be when its body has been carried out."""
        found = {one: known.get(one) or self._blank(one) for one, _ in changes}
        cards = {one: card for one, card in found.items() if card is not None}
        aims: dict[str, Aim] = {one: {} for one in cards}
        for one, body in changes:
            if one in cards:
                aims[one] = _joined(aims[one], aim(settle(cards[one], **aims[one]), body))
        self.amend(aims, lambda one, card: _expecting(card or self._blank(one), aims[one]))
        return aims

    def settle(self, outcomes: Sequence[tuple[str, Outcome]], aims: Mapping[str, Aim]) -> None:
        """What was expected is so, or will not come; where the outcome is unknown it stays expected."""
        sure = {one: outcome for one, outcome in outcomes if not isinstance(outcome, Ambiguous) and one in aims}
        done = {one for one, outcome in sure.items() if isinstance(outcome, Done)}
        self.amend(sure, lambda one, card: card and _settled(card, aims[one] if one in done else {}))

    def amend(self, ids: Iterable[str], change: Callable[[str, K | None], K | None]) -> None:
        """Change what the mirror holds of these cards at this very moment: others write to it too."""
        wanted, now = list(ids), self._account.now()

        def amend(found: Mapping[str, Snapshot]) -> list[Snapshot]:
            changed = (change(one, load(self._kind, found[one]) if one in found else None) for one in wanted)
            return [snapshot(card, now) for card in changed if card is not None]

        if wanted:
            self._account.store.amend_snapshots(self._account.name, self._kind, wanted, amend)


def _expecting(card: K | None, aim: Aim) -> K | None:
    return card and replace(card, expected=aim)


def _settled(card: K, aim: Aim) -> K:
    """What we have set is what rules know of it, too."""
    settled = settle(card, **aim)
    if isinstance(settled, KnownParty):
        return replace(settled, told=dict(_untouched(settled.told, aim)))
    return settled


def _joined(aim: Aim, later: Aim) -> Aim:
    both = {**aim, **later}
    return {**both, "fields": {**aim["fields"], **later["fields"]}} if "fields" in aim and "fields" in later else both


def _untouched(told: Aim, aim: Aim) -> Iterator[tuple[str, Any]]:
    """What is still to be told, as it is not what we have set."""
    for member, value in told.items():
        if member not in aim:
            yield member, value
        elif member == "fields" and (rest := {one: was for one, was in value.items() if one not in aim["fields"]}):
            yield member, rest


@contextmanager
def adding(
    people: PeopleIndex, before: Mapping[str, KnownContact], richer: Mapping[str, KnownContact]
) -> Iterator[dict[str, Outcome]]:
    """What is added to contacts is expected while it is being written, and known when the outcomes say so.

    `before` are the contacts as they were just read, `richer` those that are written to as they shall be.
    """
    outcomes: dict[str, Outcome] = {}
    people.remember(before.values())
    people.expect({one: {"phones": card.phones, "emails": card.emails} for one, card in richer.items()})
    yield outcomes
    done = {one for one, outcome in outcomes.items() if isinstance(outcome, Done)}
    unsure = {one for one, outcome in outcomes.items() if isinstance(outcome, Ambiguous)}
    people.expect({one: {} for one in richer if one not in done | unsure})
    people.enriched({one: richer[one] for one in done}, before)
