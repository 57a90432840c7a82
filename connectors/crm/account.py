"""One account of a CRM: its part of the mirror, its cursors, and when a look-up may be believed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from provodka.errors import Retryable
from provodka.operation import Done, Request
from provodka.stores import ConnectorStore, Snapshot

CLOCKS: Final = 120  # seconds by which the clocks of both sides may differ


@dataclass(frozen=True, slots=True)
class Account(ABC):
    """`name` is the system in the mirror and the channel of the account's events."""

    name: str
    store: ConnectorStore
    now: Callable[[], datetime]

    @property
    @abstractmethod
    def settle_seconds(self) -> float:
        """How long the CRM may still be at work on a call that has broken off."""

    def cursor(self, what: str) -> str:
        """Where a reading stands; empty at its beginning."""
        return self.store.cursor(f"{self.name}:{what}") or ""

    def put(self, kind: str, rows: Sequence[Snapshot], cursors: dict[str, str] | None = None) -> None:
        """Into the mirror, together with the cursors."""
        if rows or cursors:
            self.store.put_snapshots(self.name, kind, rows, cursors=self.named(cursors or {}))

    def add(self, kind: str, rows: Sequence[Snapshot], cursors: dict[str, str]) -> None:
        """Into the mirror what it does not hold yet, together with the cursors."""
        self.store.add_snapshots(self.name, kind, rows, self.named(cursors))

    def mirrored(self, kind: str, ids: Sequence[str]) -> dict[str, Snapshot]:
        """What the mirror holds of these."""
        return self.store.snapshots(self.name, kind, ids) if ids else {}

    def named(self, cursors: dict[str, str]) -> dict[str, str]:
        """The cursors as the store knows them."""
        return {f"{self.name}:{what}": value for what, value in cursors.items()}

    def settled(self, requests: Sequence[Request[Any]], found: Sequence[Done | None]) -> list[Done | None]:
        """What a look-up found, if it may be believed: the CRM may still be at work on a call that has just broken."""
        doubts = (r.unsure_since for r, done in zip(requests, found, strict=True) if done is None and r.unsure_since)
        newest = max((doubt.timestamp() for doubt in doubts), default=0.0)
        left = newest + self.settle_seconds - self.now().timestamp()
        if left > 0:
            raise Retryable("it broke off just now: too early to tell whether it was carried out", wait=left)
        return list(found)


def earliest(requests: Sequence[Request[Any]]) -> datetime:
    """The moment since which unsure attempts may have been carried out."""
    return min(request.unsure_since for request in requests if request.unsure_since is not None)
