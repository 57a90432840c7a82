"""Who goes first where calls wait for an account's limit."""

import threading

import pytest

from connectors.http import Limit
from connectors.line import Haste, Line, haste, hurry
from tests.end_to_end.company import until


@pytest.fixture
def line():
    return Line()


def queue(line, *hastes):
    """Threads that line up in this order while the first one waits for a place; gives who went when all have gone."""
    went, places = [], threading.Semaphore(0)

    def wait(name):
        with hurry(name):
            line.pass_through(places.acquire)
        went.append(name)
        places.release()

    threads = [threading.Thread(target=wait, args=(one,)) for one in hastes]
    for n, thread in enumerate(threads, start=1):
        thread.start()
        until(lambda n=n: len(line._waiting) == n, "the thread lines up")
    places.release()
    for thread in threads:
        thread.join()
    return went


def test_what_is_urgent_takes_the_place_that_others_wait_for_and_what_many_wait_for_comes_next(line):
    usual, shared, urgent = Haste.USUAL, Haste.SHARED, Haste.URGENT
    assert queue(line, usual, shared, usual, urgent) == [urgent, shared, usual, usual]


def test_a_place_that_cannot_be_had_is_told_to_the_one_who_waits_and_the_next_one_goes_on(line):
    def refused():
        raise ValueError

    with pytest.raises(ValueError):
        line.pass_through(refused)
    assert queue(line, Haste.USUAL) == [Haste.USUAL]


def test_haste_is_the_greatest_that_is_asked_for_and_ends_with_its_block():
    with hurry(Haste.URGENT), hurry(Haste.SHARED):
        assert haste() is Haste.URGENT
    assert haste() is Haste.USUAL


def test_a_full_bucket_has_room_for_what_is_urgent(store):
    limit = Limit("portal", 2.0, 10, leaky=True)
    assert [limit.take(store) for _ in range(9)] == pytest.approx([0] * 8 + [0.5], abs=0.1)
    with hurry(Haste.URGENT):
        assert limit.take(store) == 0
    assert limit.take(store) > 0.5
