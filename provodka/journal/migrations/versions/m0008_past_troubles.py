"""Past troubles: each time that one was opened and ended, so that it shows how often it comes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """One table, with what is known of the past so far: the last time of each."""
    op.create_table(
        "past_troubles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cure", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "since"),
    )
    op.create_index("past_troubles_ended", "past_troubles", ["ended_at"])
    columns = "name, since, ended_at, last_at, cause, cure, times"
    op.execute(f"INSERT INTO past_troubles ({columns}) SELECT {columns} FROM troubles WHERE ended_at IS NOT NULL")  # noqa: S608
