"""A ConnectorStore in memory: what the journal gives connectors, for tests that need no disk."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from provodka.stores import Amend, Snapshot, TokenPair


class MemoryStore:
    """Threads may share it. `holds` lists what connectors held back, as (account, seconds, reason)."""

    def __init__(self) -> None:
        self.tokens: dict[str, TokenPair] = {}
        self.cursors: dict[str, str] = {}
        self.blobs: dict[str, bytes] = {}
        self.holds: list[tuple[str, float, str]] = []
        self.locked: list[str] = []
        self._rows: dict[tuple[str, str], dict[str, Snapshot]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._places: dict[str, list[float]] = {}
        self._held: dict[str, float] = {}
        self._mutex = threading.RLock()

    def load_tokens(self, account: str) -> TokenPair | None:
        return self.tokens.get(account)

    def save_tokens(self, account: str, pair: TokenPair) -> None:
        self.tokens[account] = pair

    @contextmanager
    def lock(self, name: str, *, seconds: float = 60.0) -> Iterator[None]:
        with self._mutex:
            one = self._locks.setdefault(name, threading.Lock())
        with one:
            self.locked.append(name)
            yield

    def put_snapshots(
        self, system: str, kind: str, rows: Sequence[Snapshot], *, cursors: dict[str, str] | None = None
    ) -> None:
        with self._mutex:
            self._rows.setdefault((system, kind), {}).update((row.id, row) for row in rows)
            self.cursors.update(cursors or {})

    def add_snapshots(self, system: str, kind: str, rows: Sequence[Snapshot], cursors: dict[str, str]) -> None:
        there = self.snapshots(system, kind, [row.id for row in rows])
        self.put_snapshots(system, kind, [row for row in rows if row.id not in there], cursors=cursors)

    def amend_snapshots(
        self, system: str, kind: str, ids: Sequence[str], amend: Amend, *, cursors: dict[str, str] | None = None
    ) -> None:
        with self._mutex:
            self.put_snapshots(system, kind, amend(self.snapshots(system, kind, ids)), cursors=cursors)

    def snapshots(self, system: str, kind: str, ids: Sequence[str]) -> dict[str, Snapshot]:
        with self._mutex:
            rows = self._rows.get((system, kind), {})
            return {one: rows[one] for one in ids if one in rows}

    def find_snapshots(self, system: str, kind: str, identities: Sequence[str]) -> dict[str, tuple[str, ...]]:
        with self._mutex:
            rows = self._rows.get((system, kind), {})
            found = {one: tuple(row.id for row in rows.values() if one in row.identities) for one in identities}
            return {one: ids for one, ids in found.items() if ids}

    def forget_snapshots(self, system: str, kind: str, ids: Sequence[str]) -> None:
        with self._mutex:
            for one in ids:
                self._rows.get((system, kind), {}).pop(one, None)

    def snapshot_page(self, system: str, kind: str, after: str, most: int) -> list[Snapshot]:
        with self._mutex:
            rows = self._rows.get((system, kind), {})
            return [rows[one] for one in sorted(rows) if one > after][:most]

    def snapshot_ids(self, system: str, kind: str) -> list[str]:
        with self._mutex:
            return list(self._rows.get((system, kind), {}))

    def cursor(self, name: str) -> str | None:
        return self.cursors.get(name)

    def blob(self, sha256: str) -> bytes | None:
        return self.blobs.get(sha256)

    def keep_blob(self, body: bytes) -> str:
        digest = hashlib.sha256(body).hexdigest()
        self.blobs[digest] = body
        return digest

    def reserve(self, account: str, per_second: float, burst: int) -> float:
        with self._mutex:
            now = time.monotonic()
            if self._held.get(account, 0) > now:
                return self._held[account] - now
            places = self._places.get(account, [])[-burst:]
            place = max(now, places[0] + burst / per_second) if len(places) == burst else now
            self._places[account] = [*places, place]
            return place - now

    def pour(self, account: str, per_second: float, bucket: int, patience: float) -> float:
        with self._mutex:
            now = time.monotonic()
            if self._held.get(account, 0) > now:
                return self._held[account] - now
            empty = max([now, *self._places.get(account, [])]) + 1 / per_second
            wait = max(0.0, empty - bucket / per_second - now)
            if wait <= patience:
                self._places[account] = [empty]
            return wait

    def hold(self, account: str, seconds: float, reason: str) -> None:
        with self._mutex:
            self.holds.append((account, seconds, reason))
            self._held[account] = time.monotonic() + seconds

    def release(self) -> None:
        """Let go of every account again."""
        with self._mutex:
            self._held.clear()
