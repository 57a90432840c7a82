"""What was made, found by its kind and id, whichever system has it: before, everything that we ever made was read."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Another order of the primary key: no index is added, so that nothing more is written for what is made."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE links DROP CONSTRAINT links_pkey, ADD PRIMARY KEY (kind, remote_id, system)")
        return
    op.rename_table("links", "links_before")  # SQLite gives a table its primary key for good
    op.create_table(
        "links",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("remote_id", sa.String(64), nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "remote_id", "system"),
    )
    columns = "kind, remote_id, system, action_id, at"
    op.execute(f"INSERT INTO links ({columns}) SELECT {columns} FROM links_before")  # noqa: S608
    op.drop_table("links_before")
    op.create_index("ix_links_action_id", "links", ["action_id"])
