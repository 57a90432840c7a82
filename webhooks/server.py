"""The WSGI server that carries the application (chosen by measurement, see docs/decisions/wsgi-server.md)."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cheroot.workers.threadpool import WorkerThread
from cheroot.wsgi import Server
from flask import Flask

from webhooks.places import MOST, PLACES, Place, Places

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class WebServer:
    """Serves an application in a background thread. `port` 0 takes a free one. Beside what the `threads` answer, so
    many `lasting` answers may be open at most; the application takes its `PLACES` from the environment."""

    def __init__(self, app: Flask, host: str, port: int, threads: int, lasting: int = MOST) -> None:
        self._app = app
        self._server = Server(
            (host, port), self._answer, numthreads=threads, request_queue_size=256, server_name="provodka"
        )
        self._places = Places(self._server.requests, lasting)
        self._server.shutdown_timeout = 5
        self._server.keep_alive_conn_limit = 256  # the default of 10 would close most senders' connections
        self._server.expiration_interval = 0.1  # how long a stop waits at most
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind (an OSError names what is wrong with the address) and serve."""
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, name="web", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The real port."""
        return int(self._server.bind_addr[1])

    def stop(self) -> None:
        """Answer what is being answered, end what would not end, then close."""
        self._places.close()
        self._server.stop()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ[PLACES] = self._take
        return self._app(environ, start)

    def _take(self) -> Place | None:
        """For the request that this thread answers."""
        worker = threading.current_thread()
        return self._places.take(worker.conn.socket) if isinstance(worker, WorkerThread) and worker.conn else None
