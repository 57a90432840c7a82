"""`provodka run`: the doors of the house, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import ctypes
import gc
import signal
import sys
import threading
from collections.abc import Collection
from contextlib import ExitStack
from enum import StrEnum

import structlog

from cli.config import Config
from cli.house import House
from provodka import logs

log = structlog.get_logger("run")

_M_ARENA_MAX = -8  # of malloc.h


class RunRole(StrEnum):
    """What a process does; one that is told nothing does all."""

    WEB = "web"
    WORKER = "worker"
    SCHEDULER = "scheduler"


class Running:
    """A started house. `stop` ends it gracefully: first nothing new comes in, then what is being done is finished."""

    def __init__(self, house: House, roles: Collection[RunRole], host: str | None, port: int | None) -> None:
        self.house = house
        self.port: int | None = None
        self._parts = ExitStack()
        self._parts.callback(house.close)
        try:
            self._start(roles, host, port)
        except BaseException:
            self.stop()
            raise

    def _start(self, roles: Collection[RunRole], host: str | None, port: int | None) -> None:
        if RunRole.WORKER in roles:
            worker = self.house.worker()
            worker.start()
            self._parts.callback(worker.stop)
        if RunRole.SCHEDULER in roles:
            scheduler = self.house.scheduler()
            scheduler.start()
            self._parts.callback(scheduler.stop)
        if RunRole.WEB in roles:
            web = self.house.web(host, port)
            web.start()
            self.port = web.port
            self._parts.callback(web.stop)

    def stop(self) -> None:
        """In the reverse order of the start; safe to call twice."""
        self._parts.close()


def _one_arena() -> None:
    """glibc keeps an arena per thread, which with our thirty threads is a third of the idle memory."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)


def _give_back_memory() -> None:
    """What the imports and the config needed only once goes back to the system; the rest is not looked at by gc."""
    gc.collect()
    gc.freeze()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def run(config: Config, roles: Collection[RunRole], *, host: str | None, port: int | None, json: bool) -> int:
    """Run until told to stop; 1 when the address or the journal cannot be had."""
    _one_arena()
    house = House(config)
    logs.configure(house.redactor, json=json)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        running = Running(house, roles, host, port)
    except OSError as error:
        place = f"{host or config.server.host}:{config.server.port if port is None else port}"
        sys.stderr.write(f"cannot serve on {place}: {error}. Is another Provodka running there? Choose --port.\n")
        return 1
    log.info(
        "house.started", roles=sorted(r.value for r in roles), port=running.port, journal=house.journal.database.place
    )
    _give_back_memory()
    stop.wait()
    log.info("house.stopping")
    running.stop()
    return 0
