"""Files that are made for one reader: in a folder that nobody else may read, and that goes with this process."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Final

from provodka.leftovers import held, sweep

_PREFIX: Final = "provodka-files-"


class PrivateFiles:
    """The folder of this process, made when it is first needed. Whoever asked for a file throws it away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None

    def place(self, name: str) -> Path:
        """Where to make a file, so that it can be told from others of this name; `called` gives the name back."""
        with self._lock:
            if self._folder is None:
                self._folder = self._home()
            return self._folder / f"{secrets.token_hex(8)}-{name}"

    def _home(self) -> Path:
        sweep(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"))
        folder, lock = held(lambda: Path(tempfile.mkdtemp(prefix=_PREFIX)))
        weakref.finalize(self, _throw_away, folder, lock)  # also when the process ends
        return folder


def called(path: Path) -> str:
    """The name that a file was asked for under."""
    return path.name.partition("-")[2]


def _throw_away(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)
