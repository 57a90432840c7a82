"""TLS before a plain emulator, for clients that speak nothing but https."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading

import trustme


class TlsFront:
    """Listens on a free port of loopback and hands every connection on in plain text.

    `ca` signs its certificate for `host`.
    """

    def __init__(self, port: int, ca: trustme.CA, host: str = "localhost") -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(host).configure_cert(context)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with (
                    contextlib.suppress(OSError),
                    context.wrap_socket(self.request, server_side=True) as outside,
                    socket.create_connection(("127.0.0.1", port)) as inside,
                ):
                    back = threading.Thread(target=_pump, args=(inside, outside), daemon=True)
                    back.start()
                    _pump(outside, inside)
                    back.join(timeout=30)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.domain = f"{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> TlsFront:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=30)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def map_host(monkeypatch, host: str, port: int) -> None:
    """What a line in a hosts file does, with the port as well."""
    known = socket.getaddrinfo

    def resolve(name, service, *args, **kwargs):
        return known("127.0.0.1", port, *args, **kwargs) if name == host else known(name, service, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
