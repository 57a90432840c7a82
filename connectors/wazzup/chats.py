"""Which chat each message of ours went to: Wazzup tells what became of a message by its id alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from provodka.stores import Mirror, Snapshot


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes, as Wazzup names it. `usual` are the channel and kind of chat by which we write: chats of
    these go by their bare id."""

    channel: str
    kind: str
    number: str

    def chat(self, usual: tuple[str, str]) -> str:
        """As messages name it, and answers are addressed."""
        return self.number if (self.channel, self.kind) == usual else f"{self.channel}/{self.kind}/{self.number}"


def place_of(chat: str, usual: tuple[str, str]) -> Place:
    """The place that `Place.chat` names."""
    return Place(*chat.split("/", 2)) if chat.count("/") >= 2 else Place(*usual, chat)


@dataclass(slots=True)
class Chats:
    """Kept for a month at least, in the journal."""

    store: Mirror
    account: str
    now: Callable[[], datetime]
    _tidied: str = field(default="", init=False)

    def keep(self, message_id: str, place: Place) -> None:
        """Durable on return."""
        kind = self._kind(0)
        body = json.dumps([place.channel, place.kind, place.number])
        self.store.put_snapshots(self.account, kind, [Snapshot(message_id, body, self.now())])
        if self._tidied != kind:
            self._tidied = kind
            for old in (2, 3):
                if ids := self.store.snapshot_ids(self.account, self._kind(old)):
                    self.store.forget_snapshots(self.account, self._kind(old), ids)

    def find(self, message_id: str) -> Place | None:
        """None where the message is not ours, or went too long ago."""
        for months in (0, 1):
            if found := self.store.snapshots(self.account, self._kind(months), [message_id]).get(message_id):
                return Place(*json.loads(found.body))
        return None

    def _kind(self, months: int) -> str:
        day = self.now().replace(day=15)
        return f"chats-{day - timedelta(days=30.5) * months:%Y-%m}"
