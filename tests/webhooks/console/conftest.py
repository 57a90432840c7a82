"""A journal, a clock and a house that plays its part, as the command's tests have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import clock, house, journal
from tests.webhooks.console.month import serve, standing

__all__ = ["clock", "house", "journal", "serve", "standing"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    made = tmp_path / "tmp"
    made.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made))
    return made
