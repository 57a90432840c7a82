"""The order of a person's events, where several planners share the work."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """To find at once what stands before an event in its lane, however long the backlog is."""
    of = sa.text("planned_at IS NULL AND lane IS NOT NULL")
    op.create_index("events_ahead", "events", ["lane", "seq"], sqlite_where=of, postgresql_where=of)
