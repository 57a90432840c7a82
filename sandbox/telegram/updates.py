"""The bot's queue of updates and the two ways out of it: long polling and a webhook."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.telegram.errors import ApiError

LONGEST_POLL = 50.0
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
TWO_POLLERS = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"

Json = dict[str, Any]


@dataclass(slots=True)
class Webhook:
    """Where updates go, and what went wrong last."""

    url: str
    secret: str | None = None
    max_connections: int = 40
    last_error: str | None = None
    last_error_at: int | None = None


@dataclass(slots=True)
class Pending:
    """One update that was not confirmed yet. Updates of one chat leave in order."""

    id: int
    chat_id: int
    body: Json
    failures: int = 0
    not_before: float = 0.0
    in_flight: bool = False


class Updates:
    """Unconfirmed updates, oldest first. `changed` guards everything here and wakes those who wait."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.webhook: Webhook | None = None
        self.pending: list[Pending] = []
        self.allowed: list[str] = []
        self.closed = False
        # A restarted sandbox must not use an id again: receivers drop the repeats. Telegram starts anywhere, too.
        self._next_id = int(now().timestamp())
        self._poll = 0
        self.waiting_polls = 0

    def add(self, kind: str, chat_id: int, content: Json) -> int | None:
        """Queue an update; None if the bot did not ask for this kind."""
        with self.changed:
            wanted = kind in self.allowed if self.allowed else kind not in ON_REQUEST
            if not wanted:
                return None
            update_id, self._next_id = self._next_id, self._next_id + 1
            self.pending.append(Pending(update_id, chat_id, {"update_id": update_id, kind: content}))
            self.changed.notify_all()
            return update_id

    def jump(self, by: int) -> None:
        """The next id leaves a gap, as Telegram's does after a week of silence."""
        with self.changed:
            self._next_id += by

    def clear(self) -> None:
        """Forget updates and webhook; a waiting poll goes on waiting."""
        with self.changed:
            self.pending.clear()
            self.webhook = None
            self.allowed = []
            self.changed.notify_all()

    def close(self, closed: bool = True) -> None:
        with self.changed:
            self.closed = closed
            self.changed.notify_all()

    def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """getUpdates: confirm what lies below `offset`, wait for more. A newer poll ends this one with 409."""
        with self.changed:
            self._refuse_beside_webhook()
            self._poll += 1
            mine = self._poll
            self.changed.notify_all()
            self._confirm(offset)
            self.waiting_polls += 1
            try:
                self._wait(mine, time.monotonic() + min(timeout, LONGEST_POLL))
            finally:
                self.waiting_polls -= 1
            return [update.body for update in self.pending[: max(1, min(limit, 100))]]

    def _wait(self, poll: int, deadline: float) -> None:
        while not self.pending and not self.closed and (left := deadline - time.monotonic()) > 0:
            self.changed.wait(left)
            if self._poll != poll:
                raise ApiError(409, TWO_POLLERS)
            self._refuse_beside_webhook()

    def _refuse_beside_webhook(self) -> None:
        if self.webhook is not None:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active;"
                " use deleteWebhook to delete the webhook first",
            )

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self.pending[:] = self.pending[offset:]
        else:
            self.pending[:] = [update for update in self.pending if update.id >= offset]
