"""Places for answers that last: each that was taken can be given back, whatever goes wrong meanwhile."""

from __future__ import annotations

import socket

import pytest

from webhooks.places import Places


class Threads:
    """Of a server that has no more of them the first time."""

    def __init__(self, *, able: bool) -> None:
        self.able = able
        self.made = 0

    def grow(self, amount: int) -> None:
        if not self.able:
            self.able = True
            raise RuntimeError("can't start new thread")
        self.made += amount


def test_a_place_for_which_there_is_no_thread_is_not_taken() -> None:
    threads = Threads(able=False)
    places = Places(threads, most=1)
    here, there = socket.socketpair()
    with here, there:
        with pytest.raises(RuntimeError):
            places.take(here)
        place = places.take(here)
        assert place is not None
        place.give_back()
    assert threads.made == 1


def test_a_place_whose_reader_has_gone_already_is_not_taken() -> None:
    places = Places(Threads(able=True), most=1)
    gone = socket.socket()
    gone.close()
    with pytest.raises(ValueError, match="file descriptor"):
        places.take(gone)
    here, there = socket.socketpair()
    with here, there:
        place = places.take(here)
        assert place is not None
        place.give_back()
