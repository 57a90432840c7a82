"""The first schema."""

from alembic import op

from provodka.journal.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """All tables as they stand; the second migration freezes this one's list."""
    metadata.create_all(op.get_bind())
