"""A bot of Telegram as our threads call it: its loop, its connections, the trace of every call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from connectors.base import CallTrace, collecting, report, summarize
from connectors.telegram.loop import LoopThread
from connectors.telegram.settings import TelegramSettings
from provodka.errors import Ambiguous, ConnectorError

if TYPE_CHECKING:
    from connectors.telegram.wire import Answer, Exchange, Wire

T = TypeVar("T")

SPARE: Final = 5.0  # seconds beyond the library's own timeouts


class BotAccount:
    """The library is loaded by the first call."""

    def __init__(self, settings: TelegramSettings, name: str) -> None:
        self.settings = settings
        self._loop = LoopThread(f"{name}-loop")
        self._guard = threading.Lock()
        self._wire: Wire | None = None

    def call(
        self,
        method: str,
        shown: bytes,
        work: Callable[[Wire], Coroutine[Any, Any, Exchange[T]]],
        *,
        more: float = 0.0,
        stop: threading.Event | None = None,
    ) -> T:
        """Run in the loop's thread and report in the caller's; raises ConnectorError.

        `shown` is what a trace may show of the request; `more` are seconds that it may take beyond the usual; once
        `stop` is set it is given up.
        """
        wire = self._ready()
        started = time.perf_counter()
        settings = self.settings
        seconds = settings.connect_timeout * 2 + settings.read_timeout * 2 + SPARE + more
        answer: Answer | None = None
        error: ConnectorError | None = None
        result: T | None = None
        try:
            exchange = self._loop.run(work(wire), seconds, stop)
            result, error, answer = exchange.result, exchange.error, exchange.answer
        except TimeoutError:
            error = Ambiguous("no answer in time")
        if collecting():
            report(
                CallTrace(
                    method="POST",
                    path=f"/{method}",
                    status=answer.status if answer else None,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                    request_summary=summarize(shown),
                    answer_summary=summarize(answer.body) if answer else "",
                    error_kind=error.kind if error else "",
                    system="telegram",
                )
            )
        if error is not None:
            raise error
        assert result is not None  # noqa: S101 -- an exchange has the one or the other
        return result

    def close(self) -> None:
        """Close the connections and end the thread; the object can be used again."""
        with self._guard:
            wire, self._wire = self._wire, None
        if wire is not None:
            self._loop.run(wire.close(), SPARE)
        self._loop.stop()

    def _ready(self) -> Wire:
        from connectors.telegram.wire import Wire

        with self._guard:
            if self._wire is None:
                self._wire = Wire(self.settings)
            return self._wire
