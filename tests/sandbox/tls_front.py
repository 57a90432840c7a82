"""A TLS door in front of a plain loopback port, and a name that leads to it: for clients that only speak https."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest


def make_certificate(folder: Path, host: str) -> Path:
    """A self-signed certificate for a host beside its key; gives the certificate's path."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    names = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem"


class TlsFront:
    """Takes TLS connections and passes their bytes on to a plain port, both ways."""

    def __init__(self, certificate: Path, target: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._run(self._accept)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for wire in self._open:
                with suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)

    def _run(self, work, *args) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            self._run(self._serve, wire)

    def _serve(self, wire: socket.socket) -> None:
        with suppress(OSError), wire, socket.create_connection(("127.0.0.1", self._target)) as plain:
            secure = self._context.wrap_socket(wire, server_side=True)
            with self._lock:
                self._open += [secure, plain]
            back = threading.Thread(target=_pass_on, args=(plain, secure), daemon=True)
            back.start()
            _pass_on(secure, plain)
            back.join(5)
            secure.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def map_host(monkeypatch, host: str, port: int) -> None:
    """What a line in a hosts file does, with the port as well."""
    known = socket.getaddrinfo

    def resolve(name, service, *args, **kwargs):
        return known("127.0.0.1", port, *args, **kwargs) if name == host else known(name, service, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
