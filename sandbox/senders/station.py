"""Services on a port of their own, for tests: without the page and without the rest of the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.base import Emulator
from sandbox.senders.service import Service


class Station(Emulator):
    """Their APIs below their prefixes, with faults and counters as every emulator has them."""

    room = Path(__file__).parent

    def __init__(self, *services: Service) -> None:
        super().__init__("station")
        self.services = services
        self.api_prefixes = tuple(one.prefix for one in services if one.prefix) or ("/nothing",)
        for one in services:
            one.mount(self.app)

    def reset(self) -> None:
        for one in self.services:
            one.reset()

    def details(self) -> dict[str, Any]:
        return {one.name: one.stats() for one in self.services}
