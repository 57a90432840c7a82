"""Processes of the product that are there at once, since they are forked out of one that has everything imported."""

from __future__ import annotations

import json
import os
import shutil
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
        self.lives = 0
        self._waiting: threading.Thread | None = None

    def start(self, world: World, *, roles: Sequence[str] = ("web", "worker", "scheduler"), **bomb: Any) -> None:
        """Start the product; `bomb` are `commit` and `moment`."""
        self._begin(world, port=world.port, roles=roles, **bomb)
        until(lambda: world.serves() or not self.alive, "the product serves")
        assert self.alive, self.log()

    def settle(self, world: World, journal: Path) -> Path:
        """A journal that has met its CRM and nothing else yet: what is counted later is the work alone."""
        world.reset()
        self.start(world)
        until(world.knows_the_crm, "the first reading of the CRM")
        world.close()  # the last one to let go of the journal brings all of it into its file
        self.stop()
        return Path(shutil.copy(world.journal, journal))

    def command(self, world: World, *words: str, **bomb: Any) -> int:
        """Carry out one of the product's commands, while the product is not there; its exit code."""
        self._begin(world, command=words, **bomb)
        assert self._waiting is not None
        self._waiting.join(60)
        assert self.exit_code is not None, self.log()
        return self.exit_code

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

    def _begin(self, world: World, **order: Any) -> None:
        common = {"config": str(world.config), "environ": world.environ, "log": str(self._log)}
        self._say(json.dumps({**common, **order}))
        self._pid, self.exit_code = self._hear(), None
        self.lives += 1
        self._waiting = threading.Thread(target=self._wait)
        self._waiting.start()

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
