"""What every HTTP emulator of the sandbox has: a server, counters, injected faults, latency and a reset."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from cheroot import wsgi
from flask import Flask, Response, g, jsonify, request
from flask.json.provider import DefaultJSONProvider
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest

from sandbox import pages
from sandbox.faults import Fault, FaultKind, Faults

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

REFUSALS = (401, 403, 429)
CONNECTION = "sandbox.connection"


@dataclass(slots=True)
class Counts:
    """What happened since the last reset. `calls` were worked on; `refused` were answered 401, 403 or 429."""

    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {"calls": dict(self.calls), "refused": dict(self.refused), "faults": dict(self.faults)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer given at the door, before latency, faults and any work."""

    status: int
    body: str
    content_type: str


class _Gateway(wsgi.Gateway_10):
    def get_environ(self) -> Environ:  # type: ignore[override]  # the stub says None
        environ: Environ = super().get_environ()  # type: ignore[no-untyped-call]
        environ[CONNECTION] = self.req.conn.socket
        return environ


class Emulator:
    """One outside system on one port: a Flask app behind cheroot, with faults and counters around its API routes.

    A subclass adds routes to `app`, names the API by `api_prefixes` (other routes are never faulted, slowed, refused
    or counted) and overrides `reset`, `objects`, `doubles`, and where needed `details`, `admit` and `route`.
    """

    api_prefixes: tuple[str, ...] = ("/",)
    threads = 20
    room: Path | None = None
    """A folder with `templates/` of its own."""

    def __init__(self, name: str, app: Flask | None = None) -> None:
        self.name = name
        self.app = app or Flask(name, static_folder=None)
        self.places: dict[str, str] = {}
        if app is None:
            pages.furnish(self.app, self)
        if isinstance(self.app.json, DefaultJSONProvider):
            self.app.json.ensure_ascii = self.app.json.sort_keys = False
        self.faults = Faults()
        self.counts = Counts()
        self.latency = 0.0
        self.host, self.port = "127.0.0.1", 0
        self._server: wsgi.Server | None = None
        self._thread: threading.Thread | None = None
        self._count_lock = threading.Lock()
        self._add_control_routes()
        self.app.after_request(self._count)

    def reset(self) -> None:
        """Back to the seed; the counters, faults and latency are cleared by the caller."""

    def objects(self) -> dict[str, int]:
        """How many objects of each kind are stored."""
        return {}

    def doubles(self) -> dict[str, Any]:
        """Things stored more than once that a careful client stores once."""
        return {}

    def details(self) -> dict[str, Any]:
        """Further members of `GET /_sandbox/stats`."""
        return {}

    def admit(self, environ: Environ) -> Refusal | None:
        """Called the moment an API call arrives; a Refusal is answered at once."""
        del environ
        return None

    def route(self) -> str:
        """The name under which the current request is counted."""
        return request.url_rule.rule if request.url_rule else "unknown"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve in a background thread; returns when the port is open. Port 0 takes any free one."""
        app = self._around(self.app.wsgi_app)
        server = wsgi.Server((host, port), app, numthreads=self.threads, request_queue_size=128, timeout=60)
        server.gateway = _Gateway
        server.shutdown_timeout = 1
        server.expiration_interval = 0.02  # how long a stop waits at most: tests stop thousands of them
        server.prepare()
        self.host, self.port = host, server.bind_addr[1]
        self._server = server
        self._thread = threading.Thread(target=server.serve, name=f"sandbox-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port; harmless when not started."""
        if self._server is None or self._thread is None:
            return
        self._server.stop()
        self._thread.join(timeout=10)
        self._server = self._thread = None

    def __enter__(self) -> Self:
        if self._server is None:
            self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _around(self, inner: WsgiApp) -> WsgiApp:
        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            if path.startswith("/_sandbox") or not path.startswith(self.api_prefixes):
                return inner(environ, start_response)
            if refusal := self.admit(environ):
                with self._count_lock:
                    self.counts.refused[str(refusal.status)] += 1
                return _answer(start_response, refusal.status, refusal.body, {"Content-Type": refusal.content_type})
            if self.latency:
                time.sleep(self.latency)
            if fault := self.faults.draw(environ["REQUEST_METHOD"], path):
                return self._misbehave(fault, inner, environ, start_response)
            return inner(environ, start_response)

        return serve

    def _misbehave(
        self, fault: FaultKind, inner: WsgiApp, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        with self._count_lock:
            self.counts.faults[fault.kind] += 1
        if fault.kind == "status":
            body = f"injected {fault.status}" if fault.body is None else fault.body
            return _answer(start_response, fault.status, body, {"Content-Type": "text/html", **fault.headers})
        if fault.kind == "delay":
            time.sleep(fault.seconds)
            return inner(environ, start_response)
        if fault.kind == "cut_after":
            _swallow(inner(environ, lambda *_: None))
        # A shut socket gives the client a real end of stream; the error tells cheroot not to try and answer.
        environ[CONNECTION].shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError(errno.ECONNRESET, "cut by an injected fault")

    def _count(self, response: Response) -> Response:
        if request.path.startswith("/_sandbox") or not request.path.startswith(self.api_prefixes):
            return response
        with self._count_lock:
            self.counts.calls[f"{request.method} {g.get('route') or self.route()}"] += 1
            if response.status_code in REFUSALS:
                self.counts.refused[str(response.status_code)] += 1
        return response

    def _add_control_routes(self) -> None:
        self.app.add_url_rule("/_sandbox/reset", view_func=self._reset, methods=["POST"])
        self.app.add_url_rule("/_sandbox/stats", view_func=self._stats, methods=["GET"])
        self.app.add_url_rule("/_sandbox/faults", view_func=self._arm_fault, methods=["POST"])
        self.app.add_url_rule("/_sandbox/faults", view_func=self._clear_faults, methods=["DELETE"], endpoint="clear")
        self.app.add_url_rule("/_sandbox/latency", view_func=self._set_latency, methods=["POST"])

    def _reset(self) -> Response:
        self.faults.clear()
        self.latency = 0.0
        self.reset()
        self.counts = Counts()
        return jsonify({"reset": self.name})

    def _stats(self) -> Response:
        with self._count_lock:
            counts = self.counts.as_json()
        stored = {"objects": self.objects(), "doubles": self.doubles()}
        return jsonify({"name": self.name, **counts, **stored, **self.details()})

    def _arm_fault(self) -> tuple[Response, int]:
        try:
            self.faults.arm(Fault.model_validate(request.get_json(force=True)))
        except ValidationError as error:
            return jsonify({"error": str(error)}), HTTPStatus.BAD_REQUEST
        return jsonify({"armed": True}), HTTPStatus.CREATED

    def _clear_faults(self) -> tuple[str, int]:
        self.faults.clear()
        return "", HTTPStatus.NO_CONTENT

    def _set_latency(self) -> Response:
        seconds = request.get_json(force=True).get("seconds")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise BadRequest("seconds must be a number, 0 or more")
        self.latency = float(seconds)
        return jsonify({"seconds": self.latency})


def _answer(start_response: StartResponse, status: int, body: str, headers: dict[str, str]) -> Iterable[bytes]:
    raw = body.encode()
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Injected"
    start_response(f"{status} {phrase}", [*headers.items(), ("Content-Length", str(len(raw)))])
    return [raw]


def _swallow(chunks: Iterable[bytes]) -> None:
    for _ in chunks:
        pass
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
