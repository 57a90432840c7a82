"""Room for answers that last for as long as somebody reads them.

The server answers with a fixed number of threads, and an answer that does not end keeps one of them. So each of those
has a place, of which there are only so many, and for the places that are taken the server has so many threads more:
what is free for webhooks stays as it was, whoever reads. Such a thread is made when first needed, and kept.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from typing import Final, Protocol

PLACES: Final = "provodka.places"
"""Under this name an application finds in the environment of a request how to take one: a `Take`."""
MOST: Final = 20


class Pool(Protocol):
    """The threads of a server."""

    def grow(self, amount: int) -> None:
        """So many more."""


class Place:
    """One that is taken by the reader at the other end of `peer`; give it back in the end, twice does no harm."""

    def __init__(self, places: Places, peer: socket.socket) -> None:
        self._places = places
        self._peer = peer
        self._heard = selectors.DefaultSelector()
        self._heard.register(peer, selectors.EVENT_READ)
        self._is_over = False

    def wait(self, seconds: float) -> bool:
        """Pause for so long; True where the server wants to stop, or the reader has gone."""
        return self._places.stopping.wait(seconds) or self._has_gone()

    def give_back(self) -> None:
        """Somebody else may have it."""
        if not self._is_over:
            self._is_over = True
            self._heard.close()
            self._places.give_back()

    def _has_gone(self) -> bool:
        """A reader who waits for an answer says nothing more, so that what can be read is the end of the connection. To
        write and see would tell it too late: who turns pages quickly would soon have taken every place."""
        try:
            return bool(self._heard.select(0)) and not self._peer.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


class Places:
    """`most` of them over one pool."""

    def __init__(self, pool: Pool, most: int = MOST) -> None:
        self.stopping = threading.Event()
        self._pool = pool
        self._most = most
        self._taken = self._threads = 0
        self._guard = threading.Lock()

    def take(self, peer: socket.socket) -> Place | None:
        """A place for whoever is at the other end, with a thread in place of the one that it keeps; None where all are
        taken, or the server stops."""
        with self._guard:
            if self._taken == self._most or self.stopping.is_set():
                return None
            place = Place(self, peer)  # counted last: what fails has taken nothing
            if self._threads == self._taken:
                self._pool.grow(1)
                self._threads += 1
            self._taken += 1
        return place

    def give_back(self) -> None:
        """One of them is free."""
        with self._guard:
            self._taken -= 1

    def close(self) -> None:
        """Whoever waits in one is told to end. No thread is made any more: the server joins those that it has."""
        with self._guard:
            self.stopping.set()


Take = Callable[[], Place | None]
