"""Whether anything was written to the journal, by whatever process, told without reading a table."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from provodka.errors import JournalUnavailableError
from provodka.journal.database import Database, unavailable

# Of SQLite, a number that is another one when a connection other than the asking one has committed. Of PostgreSQL,
# which transactions were under way: every one that writes is given a number, so that none ends without a trace.
_SQLITE: Final = "PRAGMA data_version"
_POSTGRESQL: Final = "SELECT pg_current_snapshot()::text"


class Movement:
    """Keeps a connection of its own from the first question on, since SQLite's number means nothing to another one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def mark(self) -> str:
        """Another text after every commit than before it. Raises JournalUnavailableError."""
        try:
            if self._connection is None:
                self._connection = self._database.reading.connect()
            asked = _SQLITE if self._database.is_sqlite else _POSTGRESQL
            mark = str(self._connection.exec_driver_sql(asked).scalar_one())
            self._connection.rollback()  # an open transaction would go on seeing what was when it began
        except SQLAlchemyError as error:
            self.close()
            raise unavailable(error) or JournalUnavailableError(str(error)) from error
        return mark

    def close(self) -> None:
        """Give the connection back; the next mark is not to be compared with those before."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
