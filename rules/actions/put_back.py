"""`put_back`: what the event says was changed goes back to what it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provodka.crm import CardKind, CardRef
from provodka.errors import GONE, Rejected
from provodka.operation import Done, Outcome
from provodka.payloads import Change, CompanyEvent, ContactEvent, LeadEvent, card_of
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, Outside
from rules.actions.desk import Desk, told
from rules.actions.kept import keeping, read_cards, send_changes, with_change
from rules.actions.replaced import (
    FIELD,
    NAME,
    PRICE,
    RESPONSIBLE,
    STAGE,
    TAG,
    Card,
    Replaced,
    lasting,
    putting_back,
    replaced,
    still_ours,
)

_MEMBERS: Final = {"title": NAME, "name": NAME, "price": PRICE, "responsible": RESPONSIBLE, "stage": STAGE}


class PutBackParams(Strict):
    """Takes none: everything is in the event."""


class PutBack(Action[PutBackParams]):
    """Puts back stage, responsible, title or name, price, tags or a field; not what has been changed again since."""

    name = "put_back"
    params = PutBackParams
    reads = frozenset({"change"})

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        wanted = {item.key: found for item in items if isinstance(found := _changed(item), tuple)}
        cards = read_cards((card for card, _ in wanted.values()), desk)
        refused = {item.key: found for item in items if isinstance(found := _changed(item), Rejected)}
        return [
            refused[item.key] if item.key in refused else _decision(*wanted[item.key], cards.get(wanted[item.key][0]))
            for item in items
        ]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = send_changes(ready, Desk(outside))
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _changed(item: Delivery) -> tuple[CardRef, list[Replaced]] | Rejected:
    """The card of the event, and its change as if we had made it."""
    payload = item.event.payload
    named = card_of(payload)
    if named is None or not isinstance(payload, LeadEvent | ContactEvent | CompanyEvent):
        return Rejected(f"an event {item.event.type} tells of no change of a card")
    values = _values(payload.change)
    if not values:
        hint = "put_back возвращает этап, ответственного, название, имя, сумму, теги и поля."
        return Rejected(f"a change of {payload.change.field or 'nothing'} cannot be put back", hint=hint)
    if why := next((why for one in values if (why := lasting(one))), ""):
        return Rejected(f"{payload.change.field} cannot be put back: {why}", hint="Прежнее значение неизвестно.")
    return CardRef(CardKind(named[0]), named[1]), values


def _values(change: Change) -> list[Replaced]:
    if change.custom:
        return [Replaced(FIELD, change.old, change.new, change.field)]
    if change.field == "tags":
        lost = [Replaced(TAG, tag, "", tag) for tag in change.lost]
        return [*lost, *(Replaced(TAG, "", tag, tag) for tag in change.gained)]
    member = _MEMBERS.get(change.field)
    if member is None:
        return []
    return [
        Replaced(member, change.old, change.new, was_pipeline=change.old_pipeline, now_pipeline=change.new_pipeline)
    ]


def _decision(ref: CardRef, values: Sequence[Replaced], card: Card | None) -> Decision:
    if card is None:
        hint = "Карточку удалили: возвращать нечего."
        return Rejected(f"{ref.kind} {ref.id} is not in the CRM any more", hint=hint, code=GONE)
    values = [one for one in values if still_ours(one, card)]
    told_of = {f"{ref.kind.value}_id": ref.id}
    if not values:
        return Done(ref.id, {**told_of, "reason": "it has been changed again since"}, found=True)
    change = putting_back(ref, values)
    told_of["back"] = ", ".join(one.what for one in values)
    return {**with_change(keeping({}, ref, replaced(change, card)), change), "told": told_of}
