"""What connectors keep in the journal: tokens, locks, snapshots of the CRM, and the pace of an account."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update

from provodka.journal.database import Database
from provodka.journal.owners import is_dead, new_owner
from provodka.journal.schema import blobs, cursors, locks, pace, snapshot_identities, snapshots, tokens
from provodka.journal.sql import among, chunks, insert_new, upsert
from provodka.journal.writer import Writer
from provodka.stores import Amend, Snapshot, TokenPair

# built once: SQLAlchemy takes longer to build such a statement than to execute it
_PACE: Final = select(pace).where(pace.c.account == bindparam("name")).with_for_update()
_TAKE_PLACE: Final = (
    update(pace).where(pace.c.account == bindparam("name")).values(places=bindparam("taken"), held_until=None)
)
_SNAPSHOTS: Final = select(snapshots).where(
    snapshots.c.system == bindparam("of_system"), snapshots.c.kind == bindparam("of_kind"), among(snapshots.c.id, "ids")
)
_PAGE: Final = (
    select(snapshots.c.id, snapshots.c.body, snapshots.c.updated_at)
    .where(
        snapshots.c.system == bindparam("of_system"),
        snapshots.c.kind == bindparam("of_kind"),
        snapshots.c.id > bindparam("after"),
    )
    .order_by(snapshots.c.id)
    .limit(bindparam("most"))
)
_LOCKED_SNAPSHOTS: Final = _SNAPSHOTS.with_for_update()
_CARRIERS: Final = select(snapshot_identities.c.identity, snapshot_identities.c.id).where(
    snapshot_identities.c.system == bindparam("of_system"),
    snapshot_identities.c.kind == bindparam("of_kind"),
    among(snapshot_identities.c.identity, "wanted"),
)
_FORGET_CARRIERS: Final = delete(snapshot_identities).where(
    snapshot_identities.c.system == bindparam("of_system"),
    snapshot_identities.c.kind == bindparam("of_kind"),
    among(snapshot_identities.c.id, "ids"),
)
_CURSOR: Final = select(cursors.c.value).where(cursors.c.name == bindparam("named"))

# What lies further ahead was written before the clock was moved back: that future would not come soon.
_LONGEST_LOCK: Final = timedelta(hours=1)
_LONGEST_HOLD: Final = timedelta(days=1)
_FARTHEST_PLACE: Final = 60.0

_Place = Callable[[float, list[float]], tuple[float, list[float]]]
"""From now and the places that are taken to the one that is ours, and those that are taken then; unix seconds."""


class ConnectorStoreInJournal:
    """`provodka.stores.ConnectorStore` on the journal's tables."""

    def __init__(self, database: Database, writer: Writer, now: Callable[[], datetime]) -> None:
        self._database = database
        self._writer = writer
        self._now = now

    def load_tokens(self, account: str) -> TokenPair | None:
        """The newest pair, as any process has saved it."""
        with self._database.read() as connection:
            row = connection.execute(select(tokens).where(tokens.c.account == account)).first()
        return None if row is None else TokenPair(row.access, row.refresh, row.expires_at)

    def save_tokens(self, account: str, pair: TokenPair) -> None:
        """Durable on return."""
        row = {"account": account, "access": pair.access, "refresh": pair.refresh, "expires_at": pair.expires_at}

        def write(connection: Connection) -> None:
            connection.execute(upsert(connection, tokens, ("account",), ("access", "refresh", "expires_at")), [row])

        self._writer.run(write)

    @contextmanager
    def lock(self, name: str, *, seconds: float = 60.0) -> Iterator[None]:
        """Wait for the lock, hold it as a lease of so many seconds, give it back."""
        owner = new_owner()
        while not self.keep_lock(name, owner, seconds):
            time.sleep(0.05)
        try:
            yield
        finally:
            self.drop_lock(name, owner)

    def keep_lock(self, name: str, owner: str, seconds: float) -> bool:
        """Take the lock, or prolong it when it is ours already; false while somebody else holds it."""
        return self._writer.run(lambda c: self._keep_lock(c, name, owner, seconds), durable=False)

    def drop_lock(self, name: str, owner: str) -> None:
        """Give the lock back, if it is ours."""
        gone = delete(locks).where(locks.c.name == name, locks.c.owner == owner)
        self._writer.run(lambda connection: connection.execute(gone).rowcount, durable=False)

    def _keep_lock(self, connection: Connection, name: str, owner: str, seconds: float) -> bool:
        now = self._now()
        row = {"name": name, "owner": owner, "until": now + timedelta(seconds=seconds)}
        held = connection.execute(select(locks.c.owner, locks.c.until).where(locks.c.name == name)).first()
        if held is not None and (not now <= held.until <= now + _LONGEST_LOCK or is_dead(held.owner)):
            connection.execute(delete(locks).where(locks.c.name == name, locks.c.owner == held.owner))
        connection.execute(insert_new(connection, locks, ("name",)), [row])
        ours = update(locks).where(locks.c.name == name, locks.c.owner == owner)
        connection.execute(ours.values(until=row["until"]))
        # none: it was given back between the two statements; the next try takes it
        holder = connection.execute(select(locks.c.owner).where(locks.c.name == name)).scalar()
        return bool(holder == owner)

    def put_snapshots(
        self, system: str, kind: str, rows: Sequence[Snapshot], *, cursors: dict[str, str] | None = None
    ) -> None:
        """Insert or replace, together with the cursors."""
        self._writer.run(lambda c: put_snapshots(c, system, kind, rows, cursors or {}), durable=False)

    def add_snapshots(self, system: str, kind: str, rows: Sequence[Snapshot], cursors: dict[str, str]) -> None:
        """Insert those that are not there yet, with their identities."""
        bodies = _bodies(system, kind, rows)

        def write(connection: Connection) -> None:
            there = _stored(connection, system, kind, [row.id for row in rows])
            if bodies:
                connection.execute(insert_new(connection, snapshots, ("system", "kind", "id")), bodies)
            _put_identities(connection, system, kind, [row for row in rows if row.id not in there])
            put_snapshots(connection, system, kind, [], cursors)

        self._writer.run(write)

    def amend_snapshots(
        self, system: str, kind: str, ids: Sequence[str], amend: Amend, *, cursors: dict[str, str] | None = None
    ) -> None:
        """Read, amend and store in one transaction."""

        def write(connection: Connection) -> None:
            there = _stored(connection, system, kind, ids, lock=True)
            put_snapshots(connection, system, kind, amend(there), cursors or {})

        self._writer.run(write, durable=False)

    def snapshots(self, system: str, kind: str, ids: Sequence[str]) -> dict[str, Snapshot]:
        """The snapshots of these ids that there are; without their identities, which only serve finding."""
        with self._database.read() as connection:
            return _stored(connection, system, kind, ids)

    def find_snapshots(self, system: str, kind: str, identities: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Ids by identity."""
        found: dict[str, list[str]] = {}
        with self._database.read() as connection:
            for part in chunks(list(identities)):
                named = {"of_system": system, "of_kind": kind, "wanted": part}
                for identity, remote in connection.execute(_CARRIERS, named):
                    found.setdefault(identity, []).append(remote)
        return {identity: tuple(ids) for identity, ids in found.items()}

    def forget_snapshots(self, system: str, kind: str, ids: Sequence[str]) -> None:
        """They are gone on the other side."""

        def write(connection: Connection) -> None:
            for part in chunks(list(ids)):
                for table in (snapshots, snapshot_identities):
                    of_kind = (table.c.system == system) & (table.c.kind == kind)
                    connection.execute(delete(table).where(of_kind, table.c.id.in_(part)))

        self._writer.run(write)

    def snapshot_page(self, system: str, kind: str, after: str, most: int) -> list[Snapshot]:
        """Those beyond an id, without their identities."""
        named = {"of_system": system, "of_kind": kind, "after": after, "most": most}
        with self._database.read() as connection:
            return [Snapshot(row.id, row.body, row.updated_at) for row in connection.execute(_PAGE, named)]

    def snapshot_ids(self, system: str, kind: str) -> list[str]:
        """Of all that there is of a kind."""
        with self._database.read() as connection:
            of_kind = (snapshots.c.system == system) & (snapshots.c.kind == kind)
            return list(connection.execute(select(snapshots.c.id).where(of_kind)).scalars())

    def cursor(self, name: str) -> str | None:
        """The value last stored under this name."""
        with self._database.read() as connection:
            value: str | None = connection.execute(_CURSOR, {"named": name}).scalar()
            return value

    def blob(self, sha256: str) -> bytes | None:
        """The bytes of a file that came with an event."""
        with self._database.read() as connection:
            body: bytes | None = connection.execute(select(blobs.c.body).where(blobs.c.sha256 == sha256)).scalar()
            return body

    def keep_blob(self, body: bytes) -> str:
        """Kept under its SHA-256, once however often it comes."""
        digest = hashlib.sha256(body).hexdigest()

        def write(connection: Connection) -> None:
            connection.execute(insert_new(connection, blobs, ("sha256",)), [{"sha256": digest, "body": body}])

        self._writer.run(write)
        return digest

    def reserve(self, account: str, per_second: float, burst: int) -> float:
        """Take the next place: at most `burst` lie in any stretch of burst/per_second seconds.

        So 7 at 6 a second never breaks a limit of 7 in any second, and a lone lead's three calls go at once. Who has to
        wait goes at an even pace: after seven calls at once nothing would go for a whole second, however urgent.
        """
        return self._writer.run(lambda c: self._reserve(c, account, per_second, burst), durable=False)

    def pour(self, account: str, per_second: float, bucket: int, patience: float) -> float:
        """Take the next place of a leaky bucket; all that is kept is the moment at which it will have run empty."""

        def place(now: float, places: list[float]) -> tuple[float, list[float]]:
            farthest = now + _FARTHEST_PLACE + bucket / per_second
            empty = max([now, *(p for p in places if p < farthest)]) + 1 / per_second
            mine = empty - bucket / per_second
            return mine, [empty] if mine - now <= patience else places

        return self._writer.run(lambda c: self._take(c, account, place), durable=False)

    def _reserve(self, connection: Connection, account: str, per_second: float, burst: int) -> float:
        def place(now: float, places: list[float]) -> tuple[float, list[float]]:
            farthest = now + _FARTHEST_PLACE + burst / per_second
            kept = [p for p in places if p < farthest][-burst:]
            soonest = kept[0] + burst / per_second if len(kept) == burst else now
            mine = now if soonest <= now else max(soonest, kept[-1] + 1 / per_second)
            return mine, [*kept, mine][-burst:]

        return self._take(connection, account, place)

    def _take(self, connection: Connection, account: str, place: _Place) -> float:
        now = self._now()
        row = connection.execute(_PACE, {"name": account}).first()
        if row is None:  # the first call ever; whoever else makes it at this moment waits for our row
            connection.execute(insert_new(connection, pace, ("account",)), [{"account": account, "places": "[]"}])
            row = connection.execute(_PACE, {"name": account}).one()
        if row.held_until is not None and now < row.held_until < now + _LONGEST_HOLD:
            return float((row.held_until - now).total_seconds())
        mine, places = place(now.timestamp(), json.loads(row.places))
        connection.execute(_TAKE_PLACE, {"name": account, "taken": json.dumps(places)})
        return max(0.0, mine - now.timestamp())

    def hold(self, account: str, seconds: float, reason: str) -> None:
        """Nothing of this account goes for so long."""
        now = self._now()
        until = now + timedelta(seconds=seconds)
        row = {"account": account, "places": "[]", "held_until": until, "reason": reason}

        def write(connection: Connection) -> None:
            connection.execute(upsert(connection, pace, ("account",), ("held_until", "reason")), [row])

        self._writer.run(write)


def outdated(connection: Connection, system: str, kind: str, rows: Sequence[Snapshot]) -> set[str]:
    """The ids of those that were compared with something else than what the mirror holds now."""
    compared = {row.id: row.before for row in rows if row.before is not None}
    now = _stored(connection, system, kind, list(compared), lock=True)
    return {one for one, before in compared.items() if (now[one].body if one in now else "") != before}


def _stored(
    connection: Connection, system: str, kind: str, ids: Sequence[str], *, lock: bool = False
) -> dict[str, Snapshot]:
    found: dict[str, Snapshot] = {}
    for part in chunks(list(ids)):
        named = {"of_system": system, "of_kind": kind, "ids": part}
        for row in connection.execute(_LOCKED_SNAPSHOTS if lock else _SNAPSHOTS, named):
            found[row.id] = Snapshot(row.id, row.body, row.updated_at)
    return found


def _bodies(system: str, kind: str, rows: Sequence[Snapshot]) -> list[dict[str, Any]]:
    return [{"system": system, "kind": kind, "id": r.id, "body": r.body, "updated_at": r.updated_at} for r in rows]


def put_snapshots(
    connection: Connection, system: str, kind: str, rows: Sequence[Snapshot], cursor_values: dict[str, str]
) -> None:
    """Insert or replace snapshots, their identities and the cursors, in the caller's transaction."""
    if rows:
        bodies = _bodies(system, kind, rows)
        connection.execute(upsert(connection, snapshots, ("system", "kind", "id"), ("body", "updated_at")), bodies)
        for part in chunks([r.id for r in rows]):
            connection.execute(_FORGET_CARRIERS, {"of_system": system, "of_kind": kind, "ids": part})
        _put_identities(connection, system, kind, rows)
    if cursor_values:
        values = [{"name": n, "value": v} for n, v in cursor_values.items()]
        connection.execute(upsert(connection, cursors, ("name",), ("value",)), values)


def _put_identities(connection: Connection, system: str, kind: str, rows: Sequence[Snapshot]) -> None:
    found = [{"system": system, "kind": kind, "identity": i, "id": r.id} for r in rows for i in r.identities]
    if found:
        connection.execute(insert_new(connection, snapshot_identities, ("system", "kind", "identity", "id")), found)
