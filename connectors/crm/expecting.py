"""What a write of ours is about to change is told to the mirror beforehand: its echo may be here before the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from connectors.crm.account import Account
from connectors.crm.changes import TASKS
from connectors.crm.differences import alarm_of
from connectors.crm.mirror import (
    LEAD,
    TASK,
    KnownCard,
    KnownContact,
    KnownLead,
    KnownTask,
    load,
    settle,
    snapshot,
    stranger,
)
from connectors.crm.people import PeopleIndex
from provodka.errors import Ambiguous
from provodka.operation import Done, Outcome
from provodka.stores import Snapshot

B = TypeVar("B")
K = TypeVar("K", bound=KnownCard)
Aim = dict[str, Any]


class Writing(Generic[K]):
    """The changes under way of one account's cards of a kind."""

    def __init__(self, account: Account, kind: str) -> None:
        self._account = account
        self._kind = kind

    def known(self, ids: Sequence[str]) -> dict[str, K]:
        """The cards as the mirror has them."""
        return {one: load(self._kind, kept) for one, kept in self._account.mirrored(self._kind, ids).items()}

    def met(self, ids: Sequence[str], read: Callable[[Sequence[str]], Mapping[str, K]]) -> dict[str, K]:
        """The same; `read` fetches those that the mirror lacks, and of which the rules are perhaps still to be told."""
        known = self.known(ids)
        missing = [one for one in dict.fromkeys(ids) if one not in known]
        fresh = read(missing) if missing else {}
        return {**known, **{one: replace(card, announced=False) for one, card in fresh.items()}}

    def expect(
        self, changes: Sequence[tuple[str, B]], cards: Mapping[str, K], aim: Callable[[K, B], Aim]
    ) -> dict[str, Aim]:
        """Say what is coming: `aim` tells the members of a card as they will be when its body has been carried out.

        `cards` are those of the mirror, or what it shall hold of those that it lacks.
        """
        aims: dict[str, Aim] = {one: {} for one, _ in changes if one in cards}
        for one, body in changes:
            if one in aims:
                aims[one].update(aim(settle(cards[one], **aims[one]), body))
        self.amend(aims, lambda one, card: replace(card or cards[one], expected=aims[one]))
        return aims

    def settle(self, outcomes: Sequence[tuple[str, Outcome]], aims: Mapping[str, Aim]) -> None:
        """What was expected is so, or will not come; where the outcome is unknown it stays expected."""
        sure = {one: outcome for one, outcome in outcomes if one in aims and not isinstance(outcome, Ambiguous)}
        done = {one for one, outcome in sure.items() if isinstance(outcome, Done)}
        self.amend(sure, lambda one, card: card and settle(card, **(aims[one] if one in done else {})))

    def amend(self, ids: Iterable[str], change: Callable[[str, K | None], K | None]) -> None:
        """Change what the mirror holds of these cards at this very moment: others write to it too."""
        wanted, now = list(ids), self._account.now()

        def amend(found: Mapping[str, Snapshot]) -> list[Snapshot]:
            changed = (change(one, load(self._kind, found[one]) if one in found else None) for one in wanted)
            return [snapshot(card, now) for card in changed if card is not None]

        if wanted:
            self._account.store.amend_snapshots(self._account.name, self._kind, wanted, amend)


class Expectations(Writing[KnownLead]):
    """The changes under way of one account's leads. Of one that the mirror lacks it holds what we change."""

    def __init__(self, account: Account) -> None:
        super().__init__(account, LEAD)

    def expect(
        self, changes: Sequence[tuple[str, B]], cards: Mapping[str, KnownLead], aim: Callable[[KnownLead, B], Aim]
    ) -> dict[str, Aim]:
        return super().expect(changes, {one: cards.get(one) or stranger(one) for one, _ in changes}, aim)


@contextmanager
def completing(account: Account, tasks: Mapping[str, KnownTask]) -> Iterator[dict[str, Outcome]]:
    """That these tasks, which were just read, are completed is expected meanwhile, and known by the outcomes."""
    outcomes: dict[str, Outcome] = {}
    writing: Writing[KnownTask] = Writing(account, TASK)
    since = int(account.cursor(TASKS.since) or account.now().timestamp())

    def fresh(ids: Sequence[str]) -> dict[str, KnownTask]:
        return {one: replace(tasks[one], alarm=alarm_of(None, tasks[one], since)) for one in ids}

    changes = [(one, None) for one in tasks]
    aims = writing.expect(changes, writing.met(list(tasks), fresh), lambda *_: {"completed": True})
    yield outcomes
    writing.settle(list(outcomes.items()), aims)


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
