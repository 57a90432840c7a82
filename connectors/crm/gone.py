"""Cards that were deleted or merged: forgotten by the mirror, and refused to whoever still wants to write to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from connectors.crm.account import Account
from connectors.crm.mirror import CONTACT, LEAD
from provodka.errors import Rejected
from provodka.operation import Outcome, Request
from provodka.stores import Snapshot

GONE: Final = "gone"
CODE: Final = "card_gone"
_HINTS: Final = {
    LEAD: "Сделку удалили или объединили с другой: действие больше не нужно.",
    CONTACT: "Контакт удалили или объединили с другим: действие больше не нужно.",
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
        """Attempt those whose card is not known to be gone; the others are refused without a call."""
        cards = [_card(request.params) for request in requests]
        gone = self._account.mirrored(GONE, [f"{kind}:{one}" for kind, one in cards])
        there = [i for i, (kind, one) in enumerate(cards) if f"{kind}:{one}" not in gone]
        outcomes = dict(zip(there, attempt([requests[i] for i in there]) if there else [], strict=True))
        return [outcomes[i] if i in outcomes else _refusal(*cards[i]) for i in range(len(requests))]


def _card(params: Any) -> tuple[str, str]:  # noqa: ANN401  # a change, task, note or call: each names its card so
    lead_id = str(getattr(params, "lead_id", ""))
    return (LEAD, lead_id) if lead_id else (CONTACT, str(getattr(params, "contact_id", "")))


def _refusal(kind: str, one: str) -> Rejected:
    return Rejected(f"{kind} {one} was deleted or merged", hint=_HINTS[kind], code=CODE)
