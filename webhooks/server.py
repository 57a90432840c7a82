"""The WSGI server that carries the application (chosen by measurement, see docs/decisions/wsgi-server.md)."""

from __future__ import annotations

import threading

from cheroot.wsgi import Server
from flask import Flask


class WebServer:
    """Serves an application in a background thread. `port` 0 takes a free one."""

    def __init__(self, app: Flask, host: str, port: int, threads: int) -> None:
        self._server = Server((host, port), app, numthreads=threads, request_queue_size=256, server_name="provodka")
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
        """Answer what is being answered, then close."""
        self._server.stop()
        if self._thread is not None:
            self._thread.join(timeout=10)
