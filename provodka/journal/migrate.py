"""Bringing a journal to the newest schema, by Alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from provodka.errors import JournalUnavailableError
from provodka.journal.database import throwaway

NEWEST = "0009"  # a test compares it with the migrations on disk


def upgrade(url: str, to: str = "head") -> None:
    """Migrate if needed, to this revision. Alembic is only imported then: it costs a fifth of the start-up time."""
    engine = throwaway(url)
    try:
        with engine.connect() as connection:
            if _revision(connection) == NEWEST:
                return
        with engine.connect() as connection:
            _migrate(connection, to)
    except OperationalError as error:
        raise JournalUnavailableError(f"cannot open the journal {engine.url!r}: {error.orig}") from error
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    value: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return value


def _migrate(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    # several processes may start together: one migrates, the others wait and find it done; all is done, or nothing
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(20260101)"))
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    command.upgrade(config, to)
    connection.commit()
