"""Services that the sandbox plays, as fixtures of the modules that test one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.senders.service import Service
from sandbox.senders.station import Station


def played(make: Callable[[], Service]) -> tuple[Any, Any]:
    """`running, service = played(Meta)`: the running station, and its only service, as new for every test."""

    @pytest.fixture(scope="module")
    def running() -> Iterator[Station]:
        with Station(make()) as station:
            yield station

    @pytest.fixture
    def service(running: Station) -> Service:
        running.reset()
        running.faults.clear()
        return running.services[0]

    return running, service
