"""Changes of leads, contacts and companies as decisions hold them, with the before-images beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from provodka.crm import CardKind, CardRef, CompanyChange, ContactChange, Crm, LeadChange, LeadReopening
from provodka.errors import Rejected
from provodka.operation import Done, Outcome
from rules.actions.base import Decided
from rules.actions.desk import Desk, pack, submit, unpack
from rules.actions.replaced import Card, Change, Replaced, putting_back, taking_back

REOPENING: Final = "reopen"
KEPT: Final = "replaced"
"""Where a decision keeps before-images: by card (`lead:17`), the values that it replaces."""


def keeping(decision: dict[str, Any], card: CardRef, values: Sequence[Replaced]) -> dict[str, Any]:
    """The decision with the values that it replaces of this card; none says that it changes nothing there."""
    kept = {**decision.get(KEPT, {}), name_of(card): [pack(value) for value in values]}
    return {**decision, KEPT: kept}


def kept_in(decision: Mapping[str, Any]) -> dict[CardRef, list[Replaced]] | None:
    """What a frozen decision keeps; None where the card could not be read, or is none that can be changed."""
    kept = decision.get(KEPT)
    if kept is None:
        return None
    return {card_of(name): [unpack(Replaced, value) for value in values] for name, values in kept.items()}


def name_of(card: CardRef) -> str:
    return f"{card.kind.value}:{card.id}"


def card_of(name: str) -> CardRef:
    kind, _, one = name.partition(":")
    return CardRef(CardKind(kind), one)


def read_cards(wanted: Iterable[CardRef], desk: Desk) -> dict[CardRef, Card]:
    """These cards as they are now, one call for each kind; those that are gone are absent."""
    ids: dict[CardKind, list[str]] = {}
    for card in dict.fromkeys(wanted):
        ids.setdefault(card.kind, []).append(card.id)
    read: dict[CardRef, Card] = {}
    for kind, some in ids.items():
        read.update((CardRef(kind, one), card) for one, card in _reader(kind, desk.crm)(some).items())
    return read


def _reader(kind: CardKind, crm: Crm) -> Any:  # noqa: ANN401 -- one of three methods, each with its own kind of card
    return {CardKind.LEAD: crm.leads, CardKind.CONTACT: crm.contacts, CardKind.COMPANY: crm.companies}[kind]


def with_change(decision: dict[str, Any], change: Change) -> dict[str, Any]:
    """The decision with a change of one more card."""
    kinds = {LeadChange: CardKind.LEAD, ContactChange: CardKind.CONTACT, CompanyChange: CardKind.COMPANY}
    return {**decision, kinds[type(change)].value: pack(change)}


def with_old_values(decision: dict[str, Any], card: CardRef, values: Sequence[Replaced]) -> dict[str, Any]:
    """The decision that puts these values of one more card back."""
    if (reopening := taking_back(card, values)) is not None:
        decision = {**decision, REOPENING: pack(reopening)}
    change = putting_back(card, values)
    return decision if change == putting_back(card, ()) else with_change(decision, change)


def send_changes(ready: Sequence[Decided], desk: Desk) -> dict[str, Outcome]:
    """Send the changes that decisions hold, one batch for each kind of card; by action key, the first thing amiss.

    All of them may be repeated, so that one that fails brings back the others harmlessly.
    """
    crm = desk.crm
    found: dict[str, list[Outcome]] = {}
    for sent in (
        submit(crm.reopen_leads, LeadReopening, REOPENING, ready),
        submit(crm.update_leads, LeadChange, CardKind.LEAD.value, ready),
        submit(crm.update_contacts, ContactChange, CardKind.CONTACT.value, ready),
        submit(crm.update_companies, CompanyChange, CardKind.COMPANY.value, ready),
    ):
        for key, outcome in sent.items():
            found.setdefault(key, []).append(outcome)
    return {key: _one(outcomes) for key, outcomes in found.items()}


def _one(outcomes: Sequence[Outcome]) -> Outcome:
    """What may still succeed goes before a refusal: the next attempt will tell all of it."""
    bad = [one for one in outcomes if not isinstance(one, Done)]
    return next((one for one in bad if not isinstance(one, Rejected)), bad[0] if bad else outcomes[0])
