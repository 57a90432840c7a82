"""The journal as the rest of the house sees it: one object, durable on return."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, select

from provodka.channel import Part
from provodka.event import Event, utc_now
from provodka.journal import inbox, lanes, outbox, planning, queries, timers, troubles, turns
from provodka.journal.connector_store import ConnectorStoreInJournal
from provodka.journal.database import Database
from provodka.journal.migrate import upgrade
from provodka.journal.owners import is_dead, new_owner
from provodka.journal.recent import Recent
from provodka.journal.records import Finished, PlanRecord, StoredAction, StoredEvent
from provodka.journal.schema import meta
from provodka.journal.sql import insert_new
from provodka.journal.timers import SettledTimer, Waiting
from provodka.journal.writer import Writer
from provodka.stores import Snapshot
from provodka.turns import Pick

T = TypeVar("T")

LEASE = timedelta(seconds=60)
OUTAGE = timedelta(seconds=10)  # a trouble that lasted as long is more than a blip: pauses may have grown by then


class Journal:
    """Opens (and migrates) the journal at `url`. Every writing method is committed when it returns."""

    def __init__(self, url: str, now: Callable[[], datetime] = utc_now) -> None:
        upgrade(url)
        self.database = Database(url)
        self.now = now
        self.owner = new_owner()
        self.new_events = threading.Event()
        self.new_actions = threading.Event()
        self._writer = Writer(self.database)
        self.store = ConnectorStoreInJournal(self.database, self._writer, now)
        self.key = self._key()
        self._recent = Recent()

    def close(self) -> None:
        """Finish what waits to be written, then let go of the database."""
        self._writer.close()
        self.database.close()

    def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Run a function of `provodka.journal` in a writing transaction.

        Not `durable` are claims, plans and turns: a power cut that forgets them is followed by the same work again,
        and nothing has been sent before the durable `freeze` after them.
        """
        return self._writer.run(work, durable=durable)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a function of `provodka.journal.queries` on a snapshot of its own. Raises JournalUnavailableError."""
        with self.database.read() as connection:
            return work(connection)

    # what arrives

    def accept(
        self,
        events: Sequence[Event],
        *,
        channel: str = "",
        parts: Sequence[Part] = (),
        cursors: Mapping[str, str] | None = None,
        blobs: Sequence[bytes] = (),
    ) -> None:
        """See `provodka.channel.Intake`."""
        rows = [inbox.event_row(event) for event in events]
        now = self.now() if parts else None
        pieces = [{"channel": channel, "key": p.key, "id": p.id, "body": p.body, "at": now} for p in parts]
        if cursors or blobs:
            self.write(lambda c: inbox.add_all(c, rows, pieces, cursors or {}, blobs))
        else:
            self._writer.add(inbox.add_arrived, [inbox.Arrived(rows, pieces)])
        if rows:
            self.new_events.set()

    def accept_derived(
        self,
        events: Sequence[Event],
        snapshots: Mapping[tuple[str, str], Sequence[Snapshot]],
        cursors: Mapping[str, str],
    ) -> None:
        """Events found by comparing, with the snapshots and cursors that they were found by, in one transaction."""
        now = self.now()

        def work(connection: Connection) -> int:
            rows = [inbox.event_row(e) for e in planning.compared(connection, events, snapshots, now)]
            inbox.add_all(connection, rows, [], cursors, [])
            return len(rows)

        if self.write(work):
            self.new_events.set()

    def cursor(self, name: str) -> str | None:
        """Where a poller stood."""
        return self.store.cursor(name)

    def parts(self, channel: str, key: str) -> list[Part]:
        """The pieces of a key so far."""
        found = self.read(lambda c: queries.stored_parts(c, channel, key))
        return [Part(key, id_, body) for id_, body in found]

    def unfinished(self, channel: str, prefix: str, before: datetime) -> list[str]:
        """See `provodka.channel.Intake`."""
        return self.read(lambda c: queries.never_ended(c, channel, prefix, before))

    # what it means

    def claim_events(self, most: int) -> list[StoredEvent]:
        """Events to plan, oldest first."""
        now = self.now()
        claimed = self.write(lambda c: inbox.claim(c, self.owner, now, LEASE, most), durable=False)
        for stored in claimed:
            self._recent.put(stored)
        return claimed

    def events(self, numbers: Sequence[int]) -> dict[int, StoredEvent]:
        """These events, by number; `state` and `lane` may be those of the moment of planning."""
        found = {n: stored for n in numbers if (stored := self._recent.get(n)) is not None}
        missing = [n for n in numbers if n not in found]
        return found | self.read(lambda c: queries.events_by_seq(c, missing)) if missing else found

    def write_plans(self, records: Sequence[PlanRecord]) -> None:
        """Plans, their actions, derived events and their snapshots, in one transaction."""
        now = self.now()
        self.write(lambda c: planning.write_plans(c, records, self.owner, now), durable=False)
        self.new_actions.set()
        if any(r.derived or r.snapshots for r in records):
            self.new_events.set()

    def put_back(self, seq: int, after: timedelta, error: str) -> None:
        """An event that cannot be planned now."""
        now = self.now()
        self.write(lambda c: inbox.put_back(c, self.owner, seq, now + after, error))

    def fail_event(self, seq: int, error: str) -> None:
        """An event that the rules cannot plan."""
        self.write(lambda c: inbox.fail(c, self.owner, seq, error))

    def due_timers(self, most: int) -> list[StoredAction]:
        """Timers that came due; each must be settled."""
        now = self.now()
        rows = self.write(lambda c: timers.due(c, self.owner, now, LEASE, most), durable=False)
        return [outbox.stored(row) for row in rows]

    def dropped_by(self, waiting: Sequence[Waiting]) -> dict[int, Event]:
        """By timer, the event that drops it (`unless`)."""
        return self.read(lambda c: timers.dropped_by(c, waiting)) if waiting else {}

    def settle_timers(self, settled: Sequence[SettledTimer]) -> None:
        """The rules of timers were evaluated (their plans are stored with it), or are to be tried again."""
        now = self.now()
        self.write(lambda c: timers.settle(c, self.owner, settled, now))
        self.new_actions.set()

    # what is done

    def claim_actions(self, most: int, besides: Sequence[str] = ()) -> list[StoredAction]:
        """Actions of one kind to deliver, not one of the kinds `besides`.

        Claims of what was frozen before are flushed: no `freeze` follows them, and a power cut that forgot the attempt
        would make its action look as if nothing had been sent.
        """
        now = self.now()
        claimed = self.write(lambda c: outbox.claim(c, self.owner, now, LEASE, most, besides), durable=False)
        if frozen := [a.id for a in claimed if a.request is not None]:
            self.extend(frozen)
        return claimed

    def wake_postponed(self) -> int:
        """Make ready the actions that were postponed until now; how many."""
        now = self.now()
        if not self.read(lambda c: outbox.postponed_due(c, now)):
            return 0
        woken = self.write(lambda c: outbox.go_on(c, now))
        self.new_actions.set()
        return woken

    def freeze(self, requests: Mapping[str, str]) -> None:
        """Keep requests, by action key, before they are sent."""
        self.write(lambda c: outbox.freeze(c, list(requests.items())))

    def finish(self, endings: Sequence[Finished], system: str = "") -> None:
        """Close attempts."""
        now = self.now()
        self.write(lambda c: outbox.finish(c, self.owner, endings, now, system))
        self.new_actions.set()

    def extend(self, ids: Sequence[int]) -> None:
        """Keep leases of actions that take long."""
        until = self.now() + LEASE
        self.write(lambda c: outbox.extend(c, self.owner, ids, until))

    def extend_events(self, numbers: Sequence[int]) -> None:
        """Keep leases of events whose planning takes long."""
        until = self.now() + LEASE
        self.write(lambda c: inbox.extend(c, self.owner, numbers, until))

    def recover(self) -> int:
        """Take back what dead processes held; returns how many actions are in doubt now."""
        now = self.now()
        dead = self._dead_owners()

        def work(connection: Connection) -> int:
            inbox.free_expired(connection, now, dead)
            return outbox.take_over(connection, now, dead)

        lost = self.write(work)
        if lost:
            self.new_actions.set()
        return lost

    def take_turns(self, counter: str, keys: Sequence[str], pick: Pick) -> dict[str, tuple[str, str]]:
        """(person, reason) for each action key for which somebody was found."""
        now = self.now()
        return self.write(lambda c: turns.take(c, counter, keys, pick, now), durable=False)

    def known_identities(self, wanted: Sequence[str]) -> dict[str, list[str]]:
        """For each identity that is known, everything else of its lane, newest first."""

        def work(connection: Connection) -> dict[str, list[str]]:
            lane_of = lanes.lanes_of(connection, wanted)
            members = lanes.identities_of(connection, list(lane_of.values()))
            return {identity: members[lane] for identity, lane in lane_of.items()}

        return self.read(work)

    # troubles

    def trouble(self, name: str, cause: str, cure: str, times: int = 1) -> None:
        """See `provodka.channel.Status`. `times`: how often it was met since it was last told of."""
        now = self.now()
        self.write(lambda c: troubles.report(c, name, cause, cure, now, times))

    def well(self, name: str) -> bool:
        """Ends a trouble and tells whether there was one; costs a read where there is none."""
        return self._end_trouble(name) is not None

    def back(self, name: str) -> None:
        """The other side works: after an outage, what backs off goes again at once.

        Not after a blip: where every second call fails, each success would spend an attempt of all that had failed.
        """
        lasted = self._end_trouble(name)
        if lasted is None or lasted < OUTAGE:
            return
        now = self.now()
        self.write(lambda c: (outbox.wake(c, now), inbox.wake(c, now)))
        self.new_actions.set()
        self.new_events.set()

    def _end_trouble(self, name: str) -> timedelta | None:
        if not any(t.name == name for t in self.read(lambda c: troubles.all_troubles(c, opened=True))):
            return None
        now = self.now()
        return self.write(lambda c: troubles.end(c, name, now))

    # inner parts

    def lock(self, name: str) -> AbstractContextManager[None]:
        """A lock among all processes of this journal."""
        return self.store.lock(name)

    def _key(self) -> bytes:
        """The key of this journal for hashes of personal data; made at the first opening."""

        def work(connection: Connection) -> str:
            fresh = {"name": "key", "value": secrets.token_hex(16)}
            connection.execute(insert_new(connection, meta, ("name",)), [fresh])
            value: str = connection.execute(select(meta.c.value).where(meta.c.name == "key")).scalar_one()
            return value

        return bytes.fromhex(self.write(work))

    def _dead_owners(self) -> list[str]:
        """Owners of running actions whose process, on this very machine, is gone."""
        owners = {*self.read(outbox.owners), *self.read(inbox.owners)}
        return [o for o in owners if o != self.owner and is_dead(o)]
