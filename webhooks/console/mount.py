"""`/console` before it is loaded: what it needs costs memory and time that a process without readers need not spend."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/console"
BACK = f"{PREFIX}/openid/back"  # where a provider sends people back to


class Mounted:
    """Passes what is below `/console` to the application that `make` gives when it is first asked for."""

    def __init__(self, rest: WSGIApplication, make: Callable[[], WSGIApplication]) -> None:
        self._rest = rest
        self._make = make
        self._lock = threading.Lock()
        self._made: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return self._rest(environ, start)
        with self._lock:
            if self._made is None:
                self._made = self._make()
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + PREFIX
        environ["PATH_INFO"] = path.removeprefix(PREFIX)
        return self._made(environ, start)
