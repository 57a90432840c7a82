"""A receiver of MANGO on the loopback that keeps what it hears, as the journal would."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Self

from cheroot import wsgi

from connectors.mango.channel import MangoChannel
from connectors.mango.settings import MangoSettings
from provodka.channel import Delivery, Part
from provodka.event import Event
from provodka.payloads import EventType

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Hearing:
    """`given` is what the buttons of the sandbox are given to send here."""

    def __init__(self, settings: MangoSettings) -> None:
        self.forget()
        self._channel = MangoChannel("phone", settings, lambda: NOON)
        self._server = wsgi.Server(("127.0.0.1", 0), self._hear, numthreads=2)
        self._server.shutdown_timeout = 1
        self._server.prepare()
        url = f"http://127.0.0.1:{self._server.bind_addr[1]}"
        self.given = {"url": url, "key": "sandbox", "salt": "sandbox", "extension": "101"}
        self._thread = threading.Thread(target=self._server.serve, daemon=True)

    def forget(self) -> None:
        self.events: dict[str, Event] = {}
        self.parts: dict[tuple[str, str], Part] = {}

    def of(self, kind: EventType) -> list[Event]:
        return [event for event in self.events.values() if event.type is kind]

    def _hear(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        received = self._channel.receive(
            Delivery("POST", environ["PATH_INFO"].strip("/"), {}, {}, body, NOON),
            lambda key: [part for part in self.parts.values() if part.key == key],
        )
        for event in received.events:
            self.events.setdefault(event.external_id, event)
        for part in received.parts:
            self.parts.setdefault((part.key, part.id), part)
        start_response(f"{received.reply.status} so", [("Content-Length", "0")])
        return [b""]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join()
