"""Files and folders that go with their process: each is locked by whoever made it, so that whoever tidies up can tell
what is being written at this moment from what a killed process has left. The lock ends with the process, in whatever
container it runs; where a disk knows no locks, nothing is tidied up."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


def held(make: Callable[[], Path]) -> tuple[Path, int]:
    """What `make` has made, a file or a folder under a name of its own, and the descriptor that holds it until it is
    closed, at the latest when the process ends. What a sweep has met before it was held is made anew."""
    while True:
        path = make()
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY)
            with suppress(OSError):  # a disk without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            os.close(lock)


def sweep(found: Iterable[Path]) -> None:
    """Throw away those of them that nobody holds."""
    for path in found:
        with suppress(OSError):  # gone meanwhile, held, or not ours
            _throw_away(path)


def _throw_away(path: Path) -> None:
    lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if os.fstat(lock).st_uid != os.getuid():
            return
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    finally:
        os.close(lock)
