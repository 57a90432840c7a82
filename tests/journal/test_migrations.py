from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from provodka.journal import Journal
from provodka.journal.migrate import NEWEST, upgrade
from provodka.journal.schema import metadata


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")  # SQLite's
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrations_lead_to_the_schema_that_the_code_uses(journal: Journal) -> None:
    with journal.database.reading.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_migration_that_was_cut_off_in_the_middle_is_made_anew_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    upgrade(url, "0006")
    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", _cut_off)
        with pytest.raises(RuntimeError, match="out of power"):
            upgrade(url)
    upgrade(url)
    with closing(sqlite3.connect(tmp_path / "old.sqlite")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]


def _cut_off(*_: object, **__: object) -> None:
    raise RuntimeError("out of power")
