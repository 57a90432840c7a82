"""A MANGO OFFICE of one's own, and the parts of a channel that speaks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from connectors.mango.settings import MangoSettings
from provodka.channel import Around
from sandbox.senders.mango_service import Mango
from sandbox.senders.station import Station
from tests.connectors.mango.hearing import NOON, Hearing
from tests.connectors.memory_store import MemoryStore
from tests.contract.case import around

__all__ = ["NOON", "Office"]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class PatientStore(MemoryStore):
    """Nobody has to wait for a place; what is held back is held back."""

    def reserve(self, account: str, per_second: float, burst: int) -> float:
        wait = super().reserve(account, per_second, burst)
        return wait if any(one == account for one, _, _ in self.holds) else 0.0


class Office:
    """The service, its clock, the settings that lead to it, and what a part is given of the house."""

    def __init__(self, mango: Mango, station: Station, clock: Clock) -> None:
        self.mango, self.station, self.clock = mango, station, clock
        self.store = PatientStore()

    def settings(self, **more: Any) -> MangoSettings:
        given = {"api_key": "sandbox", "salt": "sandbox", "api_url": f"{self.station.url}/vpbx", "sms_from": "101"}
        return MangoSettings.model_validate({**given, **more})

    def part(self, make: Callable[[str, MangoSettings, Around], Any], **more: Any) -> Any:
        return make("phone", self.settings(**more), replace(around(self.store), now=self.clock))


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Mango, Station, Clock]]:
    clock = Clock()
    mango = Mango(now=clock)
    with Station(mango) as station:
        yield mango, station, clock


@pytest.fixture
def office(running: tuple[Mango, Station, Clock]) -> Office:
    mango, station, clock = running
    clock.now = NOON
    station.reset()
    station.faults.clear()
    mango.report_after = 0
    return Office(mango, station, clock)


@pytest.fixture(scope="module")
def listening() -> Iterator[Hearing]:
    keys = MangoSettings.model_validate({"api_key": "sandbox", "salt": "sandbox"})
    with Hearing(keys) as running:
        yield running


@pytest.fixture
def heard(listening: Hearing) -> Hearing:
    listening.forget()
    return listening
