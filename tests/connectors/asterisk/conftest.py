"""An Asterisk in this process, and a watcher of it with a journal of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from connectors.asterisk.channel import watcher
from connectors.asterisk.settings import AsteriskSettings
from provodka.channel import Around
from provodka.event import Event, utc_now
from provodka.journal import Journal, queries
from provodka.payloads import Call, CallEvent
from sandbox.senders.asterisk import Pbx
from tests.connectors.memory_store import MemoryStore
from tests.contract.case import MOSCOW

T = TypeVar("T")
LOGIN = {"host": "127.0.0.1", "user": "provodka", "secret": "sandbox"}


def until(look: Callable[[], T], what: str, patience: float = 20.0) -> T:
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"in vain for {patience:.0f} s: {what}"
        time.sleep(0.005)
    return found


@dataclass
class Troubles:
    """`provodka.channel.Status` that writes down what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)
    fine: int = 0

    def trouble(self, name: str, cause: str, cure: str) -> None:
        del name
        self.told.append((cause, cure))

    def well(self, name: str) -> bool:
        del name
        self.fine += 1
        return True


class Following:
    """The watcher at work in a thread."""

    def __init__(self, pbx: Pbx, journal: Journal) -> None:
        self.pbx, self.journal, self.status = pbx, journal, Troubles()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, **more: Any) -> None:
        settings = AsteriskSettings.model_validate({**LOGIN, "port": self.pbx.port, **more})
        made = watcher("phone", settings, Around(MemoryStore(), MOSCOW))
        made._looking.first_retry = 0.01
        self._stop = threading.Event()
        args = (self._stop, self.journal, self.status)
        self._thread = threading.Thread(target=made.watch, args=args, name="watcher", daemon=True)
        self._thread.start()

    def connected(self, times: int = 1) -> None:
        until(lambda: self.pbx.logins >= times and self.status.fine and self.pbx.listeners, "a login")

    def stop(self) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join(10)
            assert not self._thread.is_alive()
            self._thread = None

    def events(self, kind: str = "") -> list[Event]:
        lines = self.journal.read(lambda c: queries.list_events(c, kind=kind, limit=1000))
        return [line.event.event for line in reversed(lines)]

    def calls(self, kind: str, times: int = 1) -> list[Call]:
        """Wait for so many events of a kind; their calls."""
        found = until(lambda: len(seen := self.events(kind)) >= times and seen, f"{times} × {kind}")
        assert isinstance(found, list)
        payloads = [event.payload for event in found]
        return [payload.call for payload in payloads if isinstance(payload, CallEvent)]

    def call(self, kind: str = "call.finished") -> Call:
        (only,) = self.calls(kind)
        return only


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.asterisk.watch.GLANCE", 0.01)


@pytest.fixture
def pbx() -> Iterator[Pbx]:
    made = Pbx(now=utc_now)
    made.listen()
    yield made
    made.stop()


@pytest.fixture
def idle(pbx: Pbx, tmp_path: Path) -> Iterator[Following]:
    """Not started yet."""
    journal = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    made = Following(pbx, journal)
    yield made
    made.stop()
    journal.close()


@pytest.fixture
def following(idle: Following) -> Following:
    idle.start()
    idle.connected()
    return idle
