"""The tables of the journal. Every time is microseconds of UTC in a column of type `Moment`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    literal_column,
    text,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
AT_ONCE: Final = _EPOCH  # the `not_before` of what waits for nothing: so it depends on no clock, not even a wrong one


def microseconds(moment: datetime) -> int:
    """A time as the database holds it."""
    return (moment - _EPOCH) // _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware UTC time as integer microseconds: exact, sortable and the same in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, ANN401
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))


metadata = MetaData()

# SQLite numbers rows by itself only where the key is INTEGER
_ROW_ID: Final = BigInteger().with_variant(Integer, "sqlite")

events = Table(
    "events",
    metadata,
    Column("seq", _ROW_ID, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("type", String(40), nullable=False),
    Column("channel", String(80), nullable=False),
    Column("external_id", Text, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("person", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("raw", LargeBinary),
    Column("identities", Text, nullable=False),  # JSON list
    Column("lane", BigInteger),
    Column("state", String(12), nullable=False),  # received, planning, planned, failed
    Column("not_before", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("owner", Text),
    Column("lease_until", Moment),
    Column("planned_at", Moment),
    Column("error", Text),
    UniqueConstraint("channel", "external_id"),
)
UNPLANNED: Final[ColumnElement[bool]] = literal_column("state IN ('received', 'planning')")
"""To stand beside a state in every statement about events to be planned: SQLite takes a partial index only where it
finds the words of the index, and would look through all events of the past instead."""
Index("events_unplanned", events.c.state, events.c.seq, sqlite_where=UNPLANNED, postgresql_where=UNPLANNED)
NOT_PLANNED: Final[ColumnElement[bool]] = literal_column("planned_at IS NULL AND lane IS NOT NULL")
"""In place of `UNPLANNED` where a lane is looked into: with the state in the statement SQLite would read the whole
backlog by it."""
Index("events_ahead", events.c.lane, events.c.seq, sqlite_where=NOT_PLANNED, postgresql_where=NOT_PLANNED)
Index("events_lane", events.c.lane)
Index("events_channel", events.c.channel, events.c.seq)
ID_END: Final[ColumnElement[str]] = func.substr(events.c.id, func.length(events.c.id) - literal_column("3"))
"""The last four signs of an event's id."""
Index("events_id_end", ID_END)
Index("events_received", events.c.received_at)
_failed = text("state = 'failed'")
Index("events_failed", events.c.seq, sqlite_where=_failed, postgresql_where=_failed)

identities = Table(
    "identities",
    metadata,
    Column("identity", Text, primary_key=True),
    Column("lane", BigInteger, nullable=False, index=True),
    Column("seen_at", Moment, nullable=False),
)

named = Table(
    "named",
    metadata,
    Column("lane", BigInteger, primary_key=True),
    Column("word", Text, primary_key=True),  # of a person's name, see `naming.words_of`
)
Index("named_begins", named.c.word, named.c.lane, postgresql_ops={"word": "text_pattern_ops"})

numbered = Table(
    "numbered",
    metadata,
    Column("tail", Text, primary_key=True),  # see `numbering.key_of`
    Column("whole", Text, primary_key=True),
    Column("kind", String(10), primary_key=True),  # invoice, order, payment, shipment, request
    Column("lane", BigInteger, primary_key=True),
    Column("number", Text, nullable=False),  # as it was written
    sqlite_with_rowid=False,
)

plans = Table(
    "plans",
    metadata,
    Column("event_seq", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),  # 1 is the first plan; timers and replays add more
    Column("at", Moment, nullable=False),
    Column("cause", String(20), nullable=False),  # event, timer, replay
    Column("trace", Text, nullable=False),
)

actions = Table(
    "actions",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("event_seq", BigInteger, nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("lane", BigInteger),
    Column("priority", Integer, nullable=False),
    Column("params", Text, nullable=False),
    Column("request", Text),  # frozen before the first call, the same for every attempt
    Column("needs", Text),  # key of the action whose result this one takes
    Column("state", String(12), nullable=False),  # ready, running, waiting, done, dead, cancelled
    Column("not_before", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("unsure_since", Moment),
    Column("owner", Text),
    Column("lease_until", Moment),
    Column("result", Text),
    Column("reason", String(20)),  # of a dead one: rejected, exhausted, outcome_unknown
    Column("error", Text),
    Column("hint", Text),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
)
_ready = text("state = 'ready'")
LIVE: Final[ColumnElement[bool]] = literal_column("state IN ('ready', 'running')")
"""The same for actions that are to be delivered, or are being delivered."""
_timer = text("state = 'waiting' AND kind = 'wait'")
_postponed = text("state = 'waiting' AND kind <> 'wait' AND not_before > 0")
_held = text("state = 'waiting' AND needs IS NOT NULL")
Index(
    "actions_ready",
    actions.c.priority.desc(),
    actions.c.id,
    sqlite_where=_ready,
    postgresql_where=_ready,
)
Index("actions_live_lane", actions.c.lane, actions.c.id, sqlite_where=LIVE, postgresql_where=LIVE)
Index("actions_timers", actions.c.not_before, sqlite_where=_timer, postgresql_where=_timer)
Index("actions_postponed", actions.c.not_before, sqlite_where=_postponed, postgresql_where=_postponed)
Index("actions_held", actions.c.needs, sqlite_where=_held, postgresql_where=_held)
Index("actions_lane", actions.c.lane)
_braked = text("state = 'held'")
Index("actions_braked", actions.c.rule, sqlite_where=_braked, postgresql_where=_braked)
_dead = text("state = 'dead'")
Index("actions_dead", actions.c.id, sqlite_where=_dead, postgresql_where=_dead)
Index("actions_dead_reason", actions.c.reason, actions.c.id, sqlite_where=_dead, postgresql_where=_dead)

attempts = Table(
    "attempts",
    metadata,
    Column("action_id", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("outcome", String(20)),  # done, found, retryable, …; lost when its process died
    Column("error", Text),
    Column("calls", Text),  # JSON: what was sent and answered, redacted
    Column("owner", Text, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("remote_id", String(64), primary_key=True),
    Column("system", String(40), primary_key=True),
    Column("action_id", BigInteger, nullable=False, index=True),
    Column("at", Moment, nullable=False),
)

parts = Table(
    "parts",
    metadata,
    Column("channel", String(80), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("account", Text, primary_key=True),
    Column("access", Text, nullable=False),
    Column("refresh", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Moment, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("body", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

snapshot_identities = Table(
    "snapshot_identities",
    metadata,
    Column("system", String(40), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("id", String(64), primary_key=True),
)
Index("snapshot_identities_of", snapshot_identities.c.system, snapshot_identities.c.kind, snapshot_identities.c.id)

pace = Table(
    "pace",
    metadata,
    Column("account", Text, primary_key=True),
    Column("places", Text, nullable=False),  # JSON: the last places that were given away, in microseconds
    Column("held_until", Moment),
    Column("reason", Text),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("last", Text, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("action_key", Text, primary_key=True),
    Column("counter", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

brakes = Table(
    "brakes",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("stopped_at", Moment),  # since then its actions are held
    Column("why", Text, nullable=False),
)

touched = Table(
    "touched",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("lane", BigInteger, primary_key=True),
    Column("at", Moment, nullable=False),
)
Index("touched_at", touched.c.rule, touched.c.at)
violations = Table(
    "violations",
    metadata,
    Column("event_seq", BigInteger, primary_key=True),
    Column("guard", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("person", Text, nullable=False),  # a staff key or login; empty for nobody
    Column("lead", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
Index("violations_at", violations.c.at)

troubles = Table(
    "troubles",
    metadata,
    Column("name", Text, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("cure", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("times", Integer, nullable=False),
    Column("ended_at", Moment),
    Column("alerted", Integer, nullable=False, server_default="0"),
)

past_troubles = Table(
    "past_troubles",
    metadata,
    Column("name", Text, primary_key=True),
    Column("since", Moment, primary_key=True),
    Column("ended_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("cause", Text, nullable=False),
    Column("cure", Text, nullable=False),
    Column("times", Integer, nullable=False),
)
Index("past_troubles_ended", past_troubles.c.ended_at)

firings = Table(
    "firings",
    metadata,
    Column("rule", Text, primary_key=True),  # its slug, of a ladder with the rung
    Column("event_seq", BigInteger, primary_key=True),
    Column("lead", Text, nullable=False),  # the CRM's id; empty where the event is about no lead
    Column("lane", BigInteger, nullable=False),
    Column("once_until", Moment),  # the rule holds back for the same lead, or person, so long
    Column("counts_until", Moment),  # it counts for the rule's throttle so long
)
Index("firings_lane", firings.c.lane)

imports = Table(
    "imports",
    metadata,
    Column("id", String(16), primary_key=True),  # the ids of its events begin so
    Column("channel", String(80), nullable=False),
    Column("file", Text, nullable=False),  # its name; the bytes are a blob
    Column("sha256", String(64), nullable=False),
    Column("options", Text, nullable=False),  # JSON: how it is read and handed out
    Column("rows", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # running, stopped, done, undone
    Column("created_at", Moment, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _ROW_ID, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("login", String(80), nullable=False),
    Column("what", String(40), nullable=False),
    Column("about", Text, nullable=False),
    Column("told", Text, nullable=False),  # JSON
    Column("address", String(80), nullable=False),  # masked, with a tag that tells one from another
)
Index("audit_at", audit.c.at)
Index("audit_login", audit.c.login, audit.c.at)
Index("audit_what", audit.c.what, audit.c.at)
Index("audit_address", audit.c.address, audit.c.at)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
