"""People by the numbers of invoices, orders and payments; the last event of a channel, ids by their end and the dead by
their reason, without reading all others."""

import json

import sqlalchemy as sa
from alembic import op
from pydantic import ValidationError

from provodka.event import load_payload
from provodka.journal import numbering
from provodka.payloads import EventType

revision = "0007"
down_revision = "0006"

_AT_ONCE = 5000


def upgrade() -> None:
    """A table of numbers with those of all events and actions so far, and three indexes."""
    op.create_table(
        "numbered",
        sa.Column("tail", sa.Text(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tail", "whole", "kind", "lane"),
        sqlite_with_rowid=False,
    )
    _fill_of_events()
    _fill_of_actions()
    op.create_index("events_channel", "events", ["channel", "seq"])
    op.create_index("events_id_end", "events", [sa.text("substr(id, length(id) - 3)")])
    dead = sa.text("state = 'dead'")
    op.create_index("actions_dead_reason", "actions", ["reason", "id"], sqlite_where=dead, postgresql_where=dead)


def _fill_of_events() -> None:
    """By portions: a large journal does not fit into memory."""
    connection, after = op.get_bind(), 0
    portion = sa.text(
        "SELECT seq, lane, type, external_id, payload FROM events "
        "WHERE seq > :after AND lane IS NOT NULL AND type IN :kinds ORDER BY seq LIMIT :most"
    ).bindparams(sa.bindparam("kinds", [kind.value for kind in numbering.CARRIERS], expanding=True))
    while rows := connection.execute(portion, {"after": after, "most": _AT_ONCE}).all():
        numbering.put_numbers(connection, (found for row in rows for found in _of_event(row)))
        after = rows[-1].seq


def _of_event(row: sa.Row[tuple[int, int, str, str, str]]) -> list[tuple[int, str, str]]:
    try:
        payload = load_payload(EventType(row.type), row.payload)
    except ValidationError:  # of a version long ago; it can still be found by its person
        return []
    return [(row.lane, *one) for one in numbering.numbers_of(payload, row.external_id)]


def _fill_of_actions() -> None:
    connection, after = op.get_bind(), 0
    portion = sa.text(
        "SELECT id, lane, kind, result FROM actions WHERE id > :after AND lane IS NOT NULL AND state = 'done' "
        "AND result IS NOT NULL AND kind IN :kinds ORDER BY id LIMIT :most"
    ).bindparams(sa.bindparam("kinds", numbering.MAKERS, expanding=True))
    while rows := connection.execute(portion, {"after": after, "most": _AT_ONCE}).all():
        found = [
            (row.lane, *one) for row in rows for one in numbering.numbers_of_result(row.kind, json.loads(row.result))
        ]
        numbering.put_numbers(connection, found)
        after = rows[-1].id
