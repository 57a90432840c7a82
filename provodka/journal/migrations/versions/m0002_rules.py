"""What rules need besides their plans: brakes, postponed actions, what guards have found, how often rules acted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Four tables, and the indexes of held and postponed actions."""
    _actions_indexes()
    op.create_table(
        "brakes",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("rule"),
    )
    op.create_table(
        "touched",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "lane"),
    )
    op.create_index("touched_at", "touched", ["rule", "at"])
    op.create_table(
        "violations",
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("guard", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_seq", "guard"),
    )
    op.create_index("violations_at", "violations", ["at"])
    op.create_table(
        "firings",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False),
        sa.Column("once_until", sa.BigInteger(), nullable=True),
        sa.Column("counts_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("rule", "event_seq"),
    )
    op.create_index("firings_lane", "firings", ["lane"], unique=False)


def _actions_indexes() -> None:
    indexes = {
        "actions_braked": ("rule", "state = 'held'"),
        "actions_postponed": ("not_before", "state = 'waiting' AND kind <> 'wait' AND not_before > 0"),
    }
    for name, (column, of) in indexes.items():
        op.create_index(name, "actions", [column], unique=False, sqlite_where=sa.text(of), postgresql_where=sa.text(of))
