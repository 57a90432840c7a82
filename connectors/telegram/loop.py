"""One event loop in one thread: python-telegram-bot is asyncio throughout, and its connections belong to a loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

GLANCE: Final = 0.2  # seconds between two looks at whether to give up


class LoopThread:
    """Starts with its first coroutine and lives until `stop`; threads hand their coroutines in and wait."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, coroutine: Coroutine[Any, Any, T], seconds: float, stop: threading.Event | None = None) -> T:
        """The coroutine's result; TimeoutError when it takes longer, or when `stop` was set: then it is cancelled."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._started())
        until = time.monotonic() + seconds
        step = seconds if stop is None else GLANCE
        while True:
            try:
                return future.result(step)
            except TimeoutError:
                if future.done() or time.monotonic() >= until or (stop is not None and stop.is_set()):
                    future.cancel()
                    raise

    def stop(self) -> None:
        """End the thread; harmless when it never began."""
        with self._guard:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    @property
    def running(self) -> bool:
        return self._loop is not None

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
            return self._loop
