"""People by the words of their names, and the events that failed without reading all others."""

import json

import sqlalchemy as sa
from alembic import op

from provodka.journal.naming import put_names

revision = "0005"
down_revision = "0004"

_AT_ONCE = 5000


def upgrade() -> None:
    """A table of words with the names of all events so far, and an index of what failed."""
    op.create_table(
        "named",
        sa.Column("lane", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "word"),
    )
    _fill()
    op.create_index("named_begins", "named", ["word", "lane"], postgresql_ops={"word": "text_pattern_ops"})
    failed = sa.text("state = 'failed'")
    op.create_index("events_failed", "events", ["seq"], sqlite_where=failed, postgresql_where=failed)


def _fill() -> None:
    """By portions: a large journal does not fit into memory."""
    connection, after = op.get_bind(), 0
    portion = sa.text(
        "SELECT seq, lane, person FROM events WHERE seq > :after AND lane IS NOT NULL ORDER BY seq LIMIT :most"
    )
    while rows := connection.execute(portion, {"after": after, "most": _AT_ONCE}).all():
        put_names(connection, ((row.lane, json.loads(row.person).get("name", "")) for row in rows))
        after = rows[-1].seq
