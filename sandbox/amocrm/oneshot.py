"""Posts that are made once and never again: a stage's hook of the digital pipeline, a chat channel's hook."""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass, field

import requests

TIMEOUT = 2.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Shot:
    """One post; `status` is its answer, 0 where none came, None while it waits."""

    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    status: int | None = None

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "body": self.body.decode(errors="replace")}


class OneShots:
    """Sends each post once, in order, from its own thread."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.log: deque[Shot] = deque(maxlen=200)
        self._queue: queue.Queue[Shot | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def post(self, shot: Shot) -> None:
        self._queue.put(shot)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="amocrm-oneshots", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what is queued."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout=TIMEOUT + 1)
            self._thread = None

    def forget(self) -> None:
        """Drop what waits, and the counts."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self.counts.clear()
        self.log.clear()

    def _run(self) -> None:
        while (shot := self._queue.get()) is not None:
            try:
                answer = requests.post(
                    shot.url, data=shot.body, headers=shot.headers, timeout=TIMEOUT, allow_redirects=False
                )
                shot.status = answer.status_code
            except requests.RequestException as error:
                log.debug("not delivered to %s: %s", shot.url, error)
                shot.status = 0
            self.counts["delivered" if 100 <= shot.status < 300 else "failed"] += 1
            self.log.append(shot)
