"""One channel of telephony, with what is around it, by a clock of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.calls.net import Net
from connectors.calls.settings import CallSettings
from provodka.channel import Around, Delivery, Receiver
from tests.connectors.calls.memory_intake import MemoryIntake, MemoryStatus
from tests.connectors.memory_store import MemoryStore
from tests.contract.case import MOSCOW

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class World:
    """`now` is the moment of everything in it; a service that the sandbox plays is given the same clock."""

    def __init__(
        self,
        settings: CallSettings,
        start: datetime = START,
        store: MemoryStore | None = None,
        hooks: str = "",
    ) -> None:
        self.settings = settings
        self.now = start
        self.store = store or MemoryStore()
        self.around = Around(self.store, MOSCOW, now=lambda: self.now, hooks=hooks)
        self.intake = MemoryIntake(start)
        self.status = MemoryStatus()

    def round(self, net: Net, **after: float) -> float:
        """The net looks, so much later."""
        self.now += timedelta(**after)
        self.intake.now = self.now
        return net.round(self.intake, self.status)

    def take(self, channel: Receiver, delivery: Delivery) -> None:
        """A notice comes in."""
        received = channel.receive(delivery, lambda key: self.intake.parts("phone", key))
        self.intake.now = self.now
        self.intake.accept(received.events, channel="phone", parts=received.parts)
