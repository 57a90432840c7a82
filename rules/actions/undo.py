"""`undo`: put back what an action has replaced, and where an import is undone take away what it has made.

No rule can do it: `provodka undo` writes it into the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from provodka.crm import CardRef
from provodka.errors import Rejected
from provodka.operation import Done, Outcome
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, Outside
from rules.actions.desk import Desk, told
from rules.actions.kept import KEPT, kept_in, name_of, read_cards, send_changes, with_old_values
from rules.actions.made import Cards, Fate, Made, fate, made_by, take_away
from rules.actions.replaced import Card, Replaced, lasting, still_ours


class UndoParams(Strict):
    """The before-images of the action, as its decision kept them, and what it has made, if that is to go."""

    replaced: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)
    made: Made | None = None


class Undo(Action[UndoParams]):
    """Puts back what the CRM still holds as the action has set it, and takes away what nobody has touched since.

    Values of its result: `back` names what was put back, `left` what was not and why; neither tells the values.
    """

    name = "undo"
    params = UndoParams

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        wanted = {item.key: kept_in(item.params) or {} for item in items}
        cards = read_cards((card for kept in wanted.values() for card in kept), desk)
        made = {item.key: one for item in items if (one := made_by(item)) is not None}
        there = Cards.read(list(made.values()), desk) if made else None
        fates = {key: fate(one, there) for key, one in made.items() if there is not None}
        return [_decision(wanted[item.key], cards, fates.get(item.key, Fate())) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        desk = Desk(outside)
        outcomes = send_changes(ready, desk)
        away = take_away(ready, desk)
        changed = {key: [outcome] for key, outcome in outcomes.items()}
        return [told(_first_amiss([*away[d.item.key], *changed.get(d.item.key, ())]), d.frozen["told"]) for d in ready]


def _first_amiss(outcomes: Sequence[Outcome]) -> Outcome:
    """What may still succeed goes before a refusal, as with changes."""
    bad = [one for one in outcomes if not isinstance(one, Done)]
    return next((one for one in bad if not isinstance(one, Rejected)), bad[0] if bad else Done())


def undoing(decision: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters of what undoes an action, out of its frozen decision; None where that keeps no before-images."""
    kept = decision.get(KEPT)
    return None if kept is None else {KEPT: {card: values for card, values in kept.items() if values}}


def _decision(kept: Mapping[CardRef, Sequence[Replaced]], cards: Mapping[CardRef, Card], goes: Fate) -> Decision:
    decision: dict[str, Any] = goes.decision
    back: list[str] = list(goes.back)
    left: list[str] = list(goes.left)
    for ref, values in kept.items():
        card = cards.get(ref)
        ours = [one for one in values if card is not None and not lasting(one) and still_ours(one, card)]
        left += [f"{name_of(ref)} {one.what}: {_why(one, card)}" for one in values if one not in ours]
        if ours:
            decision = with_old_values(decision, ref, ours)
            back += [f"{name_of(ref)} {one.what}" for one in ours]
    told_of = {name: "; ".join(texts) for name, texts in (("back", back), ("left", left)) if texts}
    return {**decision, "told": told_of} if decision else Done(values=told_of, found=True)


def _why(one: Replaced, card: Card | None) -> str:
    if card is None:
        return "the card was deleted or merged"
    return lasting(one) or "it has been changed since"
