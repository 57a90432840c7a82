"""The product as a process of its own, started by its command, stopped or killed."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

COMMAND = (sys.executable, "-c", "from cli import main; main()", "run")
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def free_port() -> int:
    """A port below those that the system hands out, so that it is still free after a restart."""
    for _ in range(100):
        port = random.randrange(12000, 19000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port")


class Product:
    """`provodka run` with this config; its log goes to `log`."""

    def __init__(self, config: Path, environ: Mapping[str, str], log: Path, roles: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.log = log
        chosen = [part for role in roles for part in ("--role", role)]
        self._command = [*COMMAND, "--config", str(config), "--port", str(self.port), "--json-logs", *chosen]
        self.environ = {**os.environ, **environ, "PYTHONUNBUFFERED": "1"}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process; does not wait until it serves."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)

    def ready(self) -> None:
        """Wait until it serves."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                requests.get(f"{self.url}/healthz", timeout=30).raise_for_status()
                return
            except requests.RequestException:
                assert self.alive, f"the product has ended: {self.log.read_text()[-2000:]}"
                assert time.monotonic() < end, "the product does not serve"
                time.sleep(0.05)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and wait until the system has cleaned up."""
        self._end(signal.SIGKILL)

    def stop(self, patience: float = PATIENCE) -> int:
        """SIGTERM; gives the exit code."""
        return self._end(signal.SIGTERM, patience)

    def _end(self, number: signal.Signals, patience: float = PATIENCE) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
