"""A guard for what must ask nothing of the outside: any attempt of its thread to connect is an error."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from provodka.errors import ProvodkaError

_WAYS: Final = ("connect", "connect_ex", "sendto", "sendmsg")
_inside: Final[Counter[int]] = Counter()
_lock: Final = threading.Lock()


class OfflineError(ProvodkaError):
    """Something tried to reach the outside where nothing may."""


@contextmanager
def offline() -> Iterator[None]:
    """Within it no socket of Python connects or sends to an address from this thread; connections that are open
    already go on, and so do all other threads.

    A PostgreSQL journal is not touched by this: its driver has sockets of its own.
    """
    me = threading.get_ident()
    with _lock:
        if not _inside:
            for way in _WAYS:
                setattr(socket.socket, way, _guarded(way))  # over what it inherits from the C class
        _inside[me] += 1
    try:
        yield
    finally:
        with _lock:
            _inside[me] -= 1
            if not _inside[me]:
                del _inside[me]
            if not _inside:
                for way in _WAYS:
                    delattr(socket.socket, way)


def _guarded(way: str) -> Callable[..., Any]:
    usual = getattr(socket.socket, way)

    def ask(one: socket.socket, *address: Any, **named: Any) -> Any:  # noqa: ANN401 -- as those of socket
        if threading.get_ident() in _inside:
            raise OfflineError(
                f"something tried to reach {address[-1] if address else 'the outside'} where nothing may"
            )
        return usual(one, *address, **named)

    return ask
