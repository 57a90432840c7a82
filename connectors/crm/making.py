"""What a write of ours is about to make: an echo of it may be here before the answer that tells its id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, TypeVar

from connectors.crm.account import Account
from connectors.crm.batching import same_text
from connectors.crm.mirror import KnownCard, KnownParty, KnownTask
from provodka.errors import Ambiguous
from provodka.operation import Outcome
from provodka.stores import Snapshot

MAKING: Final = "making"
FORGOTTEN: Final = timedelta(days=1)  # what is not told of by then was never made, or is no news any more

I = TypeVar("I")  # noqa: E741


class Making:
    """The cards under way of one account, recognised by what they say: their ids are not known yet.

    The mirror is looked into before a card is read, and what is found holds only while the mirror stays so. So a card
    of ours is either in the mirror by then, or still under way.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def begin(self, cards: Sequence[KnownCard]) -> None:
        """These are about to be made."""
        now = self._account.now()
        self._account.put(MAKING, [Snapshot(one, "", now) for one in dict.fromkeys(map(_print, cards))])

    def end(self, cards: Mapping[I, KnownCard], outcomes: Mapping[I, Outcome]) -> None:
        """They are in the mirror now, or were not made; one whose outcome is unknown stays under way."""
        sure = {_print(card) for key, card in cards.items() if not isinstance(outcomes.get(key), Ambiguous)}
        unsure = {_print(card) for key, card in cards.items() if isinstance(outcomes.get(key), Ambiguous)}
        if over := sorted(sure - unsure):
            self._account.store.forget_snapshots(self._account.name, MAKING, over)

    def ours(self, cards: Sequence[KnownCard]) -> set[str]:
        """The ids of those that look like what is under way."""
        prints = {card.id: _print(card) for card in cards}
        found = self._account.mirrored(MAKING, list(prints.values()))
        oldest = self._account.now() - FORGOTTEN
        return {one for one, mark in prints.items() if mark in found and found[mark].updated_at > oldest}


def _print(card: KnownCard) -> str:
    if isinstance(card, KnownParty):
        parts = [type(card).__name__, card.name.strip(), *sorted(card.phones), *sorted(card.emails)]
    elif isinstance(card, KnownTask):
        parts = ["task", same_text(card.text), str(card.due), card.lead, card.contact, card.company]
    else:
        parts = [type(card).__name__, card.id]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
