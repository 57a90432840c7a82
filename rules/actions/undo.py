"""`undo`: put back what an action has replaced. No rule can do it: `provodka undo` writes it into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provodka.crm import CardRef
from provodka.operation import Done, Outcome
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, Outside
from rules.actions.desk import Desk, told
from rules.actions.kept import KEPT, kept_in, name_of, read_cards, send_changes, with_old_values
from rules.actions.replaced import Card, Replaced, lasting, still_ours


class UndoParams(Strict):
    """The before-images of the action, as its decision kept them."""

    replaced: dict[str, list[dict[str, Any]]]


class Undo(Action[UndoParams]):
    """Puts back what the CRM still holds as the action has set it.

    Values of its result: `back` names what was put back, `left` what was not and why; neither tells the values.
    """

    name = "undo"
    params = UndoParams

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        wanted = {item.key: kept_in(item.params) or {} for item in items}
        cards = read_cards((card for kept in wanted.values() for card in kept), desk)
        return [_decision(wanted[item.key], cards) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = send_changes(ready, Desk(outside))
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def undoing(decision: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters of what undoes an action, out of its frozen decision; None where that keeps no before-images."""
    kept = decision.get(KEPT)
    return None if kept is None else {KEPT: {card: values for card, values in kept.items() if values}}


def _decision(kept: Mapping[CardRef, Sequence[Replaced]], cards: Mapping[CardRef, Card]) -> Decision:
    decision: dict[str, Any] = {}
    back: list[str] = []
    left: list[str] = []
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
