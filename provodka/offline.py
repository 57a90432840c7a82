"""A guard for what must ask nothing of the outside: any attempt to connect is an error, for the whole process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from provodka.errors import ProvodkaError

_WAYS: Final = ("connect", "connect_ex", "sendto", "sendmsg")


class OfflineError(ProvodkaError):
    """Something tried to reach the outside where nothing may."""


@contextmanager
def offline() -> Iterator[None]:
    """Within it no socket of Python connects or sends to an address; connections that are open already go on.

    A PostgreSQL journal is not touched by this: its driver has sockets of its own.
    """
    for way in _WAYS:
        setattr(socket.socket, way, _refuse)  # over what it inherits from the C class
    try:
        yield
    finally:
        for way in _WAYS:
            delattr(socket.socket, way)


def _refuse(_socket: socket.socket, *address: Any, **_named: Any) -> NoReturn:  # noqa: ANN401 -- as those of socket
    raise OfflineError(f"something tried to reach {address[-1] if address else 'the outside'} where nothing may")
