"""The product is killed at random moments under load, while the CRM answers nearly every third call with a fault."""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections.abc import Callable

import pytest
import requests

from tests.crash.world import Nursery, World, until

pytestmark = pytest.mark.crash

KILLS = int(os.environ.get("PROVODKA_KILLS", "8"))
PER_SECOND = 40
FAULTS = {
    "share": 0.3,
    "seed": 7,
    "kinds": [
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 500},
        {"kind": "cut_before"},
        {"kind": "cut_after"},
    ],
}
Form = tuple[str, str]


class Crowd:
    """People who fill in forms at a steady pace; a form that was not acknowledged is sent again, as senders do."""

    def __init__(self, hook: str) -> None:
        self.acknowledged: list[Form] = []
        self._hook = hook
        self._todo: queue.SimpleQueue[tuple[str, Form] | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._chance = random.Random(3)
        self._threads = [threading.Thread(target=self._come)]
        self._threads += [threading.Thread(target=self._send) for _ in range(8)]
        for thread in self._threads:
            thread.start()

    def leave(self) -> None:
        """Nobody new comes; whoever has come stays until acknowledged."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _come(self) -> None:
        people: list[str] = []
        number = 0
        while not self._stop.wait(1 / PER_SECOND):
            number += 1
            if not people or self._chance.random() < 0.8:
                people.append(f"+7916{number:07d}")
            self._todo.put((str(number), (self._chance.choice(people[-20:]), f"форма {number}")))
        for _ in self._threads[1:]:
            self._todo.put(None)

    def _send(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (one := self._todo.get()) is not None:
                number, form = one
                body = {"number": number, "phone": form[0], "comment": form[1]}
                while not _accepted(lambda body=body: session.post(self._hook, json=body, timeout=10)):
                    time.sleep(0.05)
                self.acknowledged.append(form)


def _accepted(post: Callable[[], requests.Response]) -> bool:
    try:
        return post().ok
    except requests.RequestException:
        return False


@pytest.mark.timeout(1800)
def test_every_acknowledged_form_is_in_one_lead_once_however_often_the_product_was_killed(
    world: World, nursery: Nursery
) -> None:
    chance = random.Random(11)
    world.reset()
    nursery.start(world)
    until(world.knows_the_crm, "the first reading of the CRM")
    world.control("POST", "faults", FAULTS)
    crowd = Crowd(world.hook)
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 1.0))
            nursery.kill()
            nursery.start(world)
    finally:
        world.control("DELETE", "faults")
        crowd.leave()
    forms = crowd.acknowledged
    people = len({phone for phone, _ in forms})
    until(lambda: world.at_rest(people), f"rest after {len(forms)} forms of {people} people", patience=300)
    nursery.stop()
    assert world.wrongs(forms) == []
    assert len(forms) > KILLS, "there was something to lose"
    print(f"{KILLS} kills, {len(forms)} acknowledged forms of {people} people: each in one lead, each once")
