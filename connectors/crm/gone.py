"""Cards that were deleted or merged: forgotten by the mirror, and refused to whoever still wants to write to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from connectors.crm.account import Account
from connectors.crm.mirror import COMPANY, CONTACT, LEAD, TASK
from provodka.crm import CARD_GONE
from provodka.errors import Rejected
from provodka.operation import Outcome, Request
from provodka.stores import Snapshot

GONE: Final = "gone"
_HINTS: Final = {
    LEAD: "Сделку удалили или объединили с другой: действие больше не нужно.",
    CONTACT: "Контакт удалили или объединили с другим: действие больше не нужно.",
    COMPANY: "Компанию удалили или объединили с другой: действие больше не нужно.",
    TASK: "Задачу удалили: действие больше не нужно.",
}

P = TypeVar("P")


class Gone:
    """The cards of one account that are known to be gone."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def bury(self, kind: str, ids: Sequence[str]) -> None:
        """What the mirror held of these is forgotten; that they are gone is not."""
        known = self._account.mirrored(kind, ids)
        if known:
            now = self._account.now()
            self._account.put(GONE, [Snapshot(f"{kind}:{one}", "", now) for one in known])
            self._account.store.forget_snapshots(self._account.name, kind, list(known))

    def revive(self, kind: str, ids: Sequence[str]) -> None:
        """These are there: a person has brought them back, if they were ever gone."""
        back = self._account.mirrored(GONE, [f"{kind}:{one}" for one in ids])
        if back:
            self._account.store.forget_snapshots(self._account.name, GONE, list(back))

    def sparing(
        self, requests: Sequence[Request[P]], attempt: Callable[[Sequence[Request[P]]], list[Outcome]]
    ) -> list[Outcome]:
        """Attempt those whose cards are not known to be gone; the others are refused without a call."""
        cards = [_cards(request.params) for request in requests]
        gone = self._account.mirrored(GONE, [f"{kind}:{one}" for some in cards for kind, one in some])
        lost = [next((card for card in some if ":".join(card) in gone), None) for some in cards]
        there = [i for i, card in enumerate(lost) if card is None]
        outcomes = dict(zip(there, attempt([requests[i] for i in there]) if there else [], strict=True))
        return [outcomes[i] if card is None else _refusal(*card) for i, card in enumerate(lost)]


def _cards(params: Any) -> list[tuple[str, str]]:  # noqa: ANN401  # any write: each names its cards in one of these ways
    named = [card for member in ("card", "other") if (card := getattr(params, member, None)) is not None]
    if named:
        return [(card.kind.value, card.id) for card in named]
    ids = ((kind, str(getattr(params, f"{kind}_id", ""))) for kind in (LEAD, CONTACT, COMPANY, TASK))
    return [(kind, one) for kind, one in ids if one][:1]  # a lead stands for its contact, too


def _refusal(kind: str, one: str) -> Rejected:
    return Rejected(f"{kind} {one} was deleted or merged", hint=_HINTS[kind], code=CARD_GONE)
