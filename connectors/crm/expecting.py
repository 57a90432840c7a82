"""What a write of ours is about to change is told to the mirror beforehand: its echo may be here before the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from connectors.crm.account import Account
from connectors.crm.mirror import LEAD, KnownContact, KnownLead, lead_snapshot, load_lead, settle, stranger
from connectors.crm.people import PeopleIndex
from provodka.errors import Ambiguous
from provodka.operation import Done, Outcome
from provodka.stores import Snapshot

B = TypeVar("B")
Aim = dict[str, Any]


class Expectations:
    """The changes under way of one account's leads."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def known(self, ids: Sequence[str]) -> dict[str, KnownLead]:
        """The leads as the mirror has them."""
        return {one: load_lead(snapshot) for one, snapshot in self._account.mirrored(LEAD, ids).items()}

    def expect(
        self, changes: Sequence[tuple[str, B]], known: Mapping[str, KnownLead], aim: Callable[[KnownLead, B], Aim]
    ) -> dict[str, Aim]:
        """Say what is coming: `aim` tells the members of a lead as they will be when its body has been carried out."""
        leads = {one: known.get(one) or stranger(one) for one, _ in changes}
        aims: dict[str, Aim] = {one: {} for one in leads}
        for one, body in changes:
            aims[one].update(aim(settle(leads[one], **aims[one]), body))
        self.amend(aims, lambda one, lead: replace(lead or stranger(one), expected=aims[one]))
        return aims

    def settle(self, outcomes: Sequence[tuple[str, Outcome]], aims: Mapping[str, Aim]) -> None:
        """What was expected is so, or will not come; where the outcome is unknown it stays expected."""
        sure = {one: outcome for one, outcome in outcomes if not isinstance(outcome, Ambiguous)}
        done = {one for one, outcome in sure.items() if isinstance(outcome, Done)}
        self.amend(sure, lambda one, lead: lead and settle(lead, **(aims[one] if one in done else {})))

    def amend(self, ids: Iterable[str], change: Callable[[str, KnownLead | None], KnownLead | None]) -> None:
        """Change what the mirror holds of these leads at this very moment: others write to it too."""
        wanted, now = list(ids), self._account.now()

        def amend(found: Mapping[str, Snapshot]) -> list[Snapshot]:
            changed = (change(one, load_lead(found[one]) if one in found else None) for one in wanted)
            return [lead_snapshot(lead, now) for lead in changed if lead is not None]

        if wanted:
            self._account.store.amend_snapshots(self._account.name, LEAD, wanted, amend)


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
