"""A community of the sandbox."""

from __future__ import annotations

import pytest

from sandbox.senders.station import Station
from sandbox.senders.vk import Vk


@pytest.fixture(scope="module")
def station():
    vk = Vk()
    with Station(vk) as running:
        vk.community.base = running.url
        running.vk = vk
        yield running


@pytest.fixture
def vk(station):
    station.reset()
    station.faults.clear()
    station.vk.deliver = False
    return station.vk
