"""Processes of the product that are there at once, since they are forked out of one that has everything imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.crash.world import World, until
from tests.end_to_end.product import ROOT


class Nursery:
    """Processes of the product out of `tests/crash/child.py`, one at a time."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "product.log"
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.child"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._pid = 0
        self.exit_code: int | None = None
        self._waiting: threading.Thread | None = None

    def start(self, world: World, *, roles: Sequence[str] = ("web", "worker", "scheduler"), **bomb: Any) -> None:
        """Start the product; `bomb` are `commit` and `moment`."""
        order = {"config": str(world.config), "environ": world.environ, "port": world.port, "log": str(self._log)}
        self._say(json.dumps({**order, "roles": roles, **bomb}))
        self._pid, self.exit_code = self._hear(), None
        self._waiting = threading.Thread(target=self._wait)
        self._waiting.start()
        until(lambda: world.serves() or not self.alive, "the product serves")
        assert self.alive, self.log()

    @property
    def alive(self) -> bool:
        return self._waiting is not None and self._waiting.is_alive()

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Gracefully."""
        self._end(signal.SIGTERM)
        assert self.exit_code == 0, self.log()

    def log(self) -> str:
        """The end of what the processes have said."""
        return self._log.read_text()[-3000:]

    def close(self) -> None:
        if self.alive:
            self.kill()
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.close()
        self._mother.wait(30)
        self._mother.stdout.close()

    def _end(self, number: signal.Signals) -> None:
        assert self._waiting is not None
        if self.alive:
            os.kill(self._pid, number)
        self._waiting.join(60)

    def _wait(self) -> None:
        self.exit_code = self._hear()

    def _say(self, line: str) -> None:
        assert self._mother.stdin is not None
        self._mother.stdin.write(f"{line}\n")

    def _hear(self) -> int:
        assert self._mother.stdout is not None
        return int(self._mother.stdout.readline())
