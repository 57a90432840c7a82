"""What is refused at the doors is seen by `provodka status`, and strangers' rubbish costs little."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from provodka.errors import JournalUnavailableError
from provodka.journal import Journal, Trouble, troubles
from tests.webhooks.site import Site
from webhooks.app import create_app
from webhooks.metrics import Metrics
from webhooks.receive import Door
from webhooks.refusals import Refusals, forget_refusals, trouble_of
from webhooks.server import WebServer

HOUR = timedelta(hours=1)


class House:
    """The door of one channel over HTTP, with a clock that only a test moves."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.at = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
        self.journal = Journal(f"sqlite:///{folder}/journal.sqlite", now=lambda: self.at)
        stack.callback(self.journal.close)
        self._stack = stack
        self.refusals, self.address = self.door()

    def door(self, every: timedelta = timedelta(minutes=1)) -> tuple[Refusals, str]:
        """One more process that receives for the same journal."""
        refusals = Refusals(self.journal, every)
        self._stack.callback(refusals.close)
        door = Door({"site": Site()}, self.journal, lambda: self.at, 1000, Metrics(), refusals.heard)
        server = WebServer(create_app(door, self.journal), "127.0.0.1", 0, 2)
        server.start()
        self._stack.callback(server.stop)
        return refusals, f"http://127.0.0.1:{server.port}"

    def post(self, body: bytes, times: int = 1, address: str = "") -> int:
        answers = [requests.post(f"{address or self.address}/hooks/site", data=body, timeout=30) for _ in range(times)]
        return answers[-1].status_code

    def pass_by(self, span: timedelta) -> None:
        self.at += span

    @property
    def open(self) -> list[Trouble]:
        return list(self.journal.read(lambda c: troubles.all_troubles(c, opened=True)))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, stack)


def eventually(held: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not held():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_refusal_is_told_at_once_with_its_reason_and_what_to_do(house: House) -> None:
    assert house.post(b"forged") == 403
    (one,) = house.open
    assert (one.name, one.cause, one.times) == (trouble_of("site"), "deliveries are refused: wrong signature", 1)
    assert "Сверьте секрет" in one.cure
    assert "«site»" in one.cure


def test_a_flood_of_refusals_is_two_writes_in_two_minutes_and_loses_no_count(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    tell = house.journal.trouble

    def counted(name: str, cause: str, cure: str, times: int = 1) -> None:
        told.append(times)
        tell(name, cause, cure, times)

    monkeypatch.setattr(house.journal, "trouble", counted)
    house.post(b"forged", times=12)
    assert told == [1]
    house.refusals.close()
    assert told == [1, 11]
    assert [one.times for one in house.open] == [12]


def test_the_rest_of_a_flood_is_told_though_nothing_more_comes(house: House) -> None:
    _, address = house.door(timedelta(seconds=0.05))
    house.post(b"forged", times=3, address=address)
    eventually(lambda: [one.times for one in house.open] == [3])


def test_the_next_good_delivery_ends_the_trouble_in_whatever_process_it_was_seen(house: House) -> None:
    house.post(b"forged")
    _, other = house.door()
    assert house.post(b"good", address=other) == 200
    assert house.open == []


@pytest.mark.parametrize("body", [b"bug", b"who"], ids=["unreadable", "a probe"])
def test_what_anybody_could_send_does_not_prove_that_the_secret_is_right(house: House, body: bytes) -> None:
    house.post(b"forged")
    house.post(body)
    assert len(house.open) == 1


def test_strangers_among_good_deliveries_are_told_of_once_an_hour(house: House) -> None:
    house.post(b"forged")
    house.post(b"good")
    house.pass_by(timedelta(minutes=5))
    house.post(b"forged", times=3)
    assert house.open == []
    house.post(b"good again")
    house.pass_by(HOUR)
    house.post(b"forged")
    assert [one.times for one in house.open] == [1]


def test_a_refusal_that_nobody_repeats_for_a_day_is_over(house: House) -> None:
    house.post(b"forged")
    house.pass_by(timedelta(hours=23))
    forget_refusals(house.journal)
    assert len(house.open) == 1
    house.pass_by(2 * HOUR)
    house.journal.trouble("crm", "401", "Выпустите новый токен")
    house.pass_by(30 * HOUR)
    forget_refusals(house.journal)
    assert [one.name for one in house.open] == ["crm"]


def test_the_answer_does_not_hang_on_telling_of_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise JournalUnavailableError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(house.journal, "trouble", full)
        assert house.post(b"forged") == 403
        broken.setattr(house.journal, "well", full)
        assert house.post(b"good") == 200
    house.pass_by(2 * HOUR)
    house.post(b"forged")
    assert [one.times for one in house.open] == [1]
