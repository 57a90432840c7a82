"""What connectors keep in the journal: tokens, the mirror of the CRM, and the pace that an account allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, repr=False)
class TokenPair:
    """An access token and the refresh token that came with it."""

    access: str
    refresh: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last known state of an entity of the CRM. `identities` (`phone:+7…`, `email:…`) make it findable.

    `before` is the body with which a new state was compared, empty where there was none: what was found holds only
    while the mirror still has that. None, where nothing was compared.
    """

    id: str
    body: str
    updated_at: datetime
    identities: tuple[str, ...] = ()
    before: str | None = None


ByKind = Mapping[str, Sequence[Snapshot]]
"""Snapshots of one system by the kind of card."""

Amend = Callable[[Mapping[str, Snapshot]], Sequence[Snapshot]]
"""From the snapshots that there are, by id, to those that are to be stored."""


class Tokens(Protocol):
    """Token pairs by account."""

    def load_tokens(self, account: str) -> TokenPair | None: ...

    def save_tokens(self, account: str, pair: TokenPair) -> None:
        """Durable on return: a new pair is saved before its first use."""

    def lock(self, name: str, *, seconds: float = 60.0) -> AbstractContextManager[None]:
        """One holder among all processes; waits for it. The lock is a lease, so a killed holder frees it in time.

        No transaction is open while it is held.
        """


class Mirror(Protocol):
    """Snapshots of entities of a system, by kind (`lead`, `contact`, `task`, `directory`)."""

    def put_snapshots(
        self, system: str, kind: str, rows: Sequence[Snapshot], *, cursors: dict[str, str] | None = None
    ) -> None:
        """Insert or replace, together with the cursors that tell how far the reading has come."""

    def add_snapshots(self, system: str, kind: str, rows: Sequence[Snapshot], cursors: dict[str, str]) -> None:
        """Insert those that are not there yet; the others are newer than what is being read, and stay."""

    def amend_snapshots(
        self, system: str, kind: str, ids: Sequence[str], amend: Amend, *, cursors: dict[str, str] | None = None
    ) -> None:
        """Read, amend and store with nobody in between. `amend` only computes: it may be called twice."""

    def snapshots(self, system: str, kind: str, ids: Sequence[str]) -> dict[str, Snapshot]: ...

    def find_snapshots(self, system: str, kind: str, identities: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Ids of the snapshots that carry each identity; identities that nobody carries are absent."""

    def forget_snapshots(self, system: str, kind: str, ids: Sequence[str]) -> None: ...

    def snapshot_page(self, system: str, kind: str, after: str, most: int) -> list[Snapshot]:
        """The snapshots of a kind in the order of their ids, those beyond the id `after`; all pages meet each once."""

    def snapshot_ids(self, system: str, kind: str) -> list[str]:
        """Of all that there is of a kind."""

    def cursor(self, name: str) -> str | None: ...


class Pace(Protocol):
    """The limiter of an account, shared by all processes that use the same journal."""

    def reserve(self, account: str, per_second: float, burst: int) -> float:
        """Take the next place: at most `burst` in any burst/per_second seconds; the seconds to wait for it."""

    def pour(self, account: str, per_second: float, bucket: int, patience: float) -> float:
        """Take the next place of a leaky bucket: it holds `bucket` calls and drains `per_second`; the seconds to wait.

        Unlike `reserve`, it lets one more call through as soon as one has drained. A place that is further away than
        `patience` is not taken.
        """

    def hold(self, account: str, seconds: float, reason: str) -> None:
        """Let nothing of this account go for so long (the other side said so)."""


class Blobs(Protocol):
    """The files that came with events, or were fetched for them."""

    def blob(self, sha256: str) -> bytes | None:
        """The bytes kept under this SHA-256 (lower-case hex); None where there are none, or none any more."""

    def keep_blob(self, body: bytes) -> str:
        """Keep the bytes of a file; durable on return. Gives its SHA-256."""


class ConnectorStore(Tokens, Mirror, Pace, Blobs, Protocol):
    """All that a CRM connector is given of the journal."""
