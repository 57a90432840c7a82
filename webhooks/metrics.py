"""Counters for `/metrics`, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


@dataclass(frozen=True, slots=True)
class Figures:
    """What the journal holds: events, actions and imports by state, open troubles, held actions by rule."""

    events: Mapping[str, int]
    actions: Mapping[str, int]
    troubles: int
    held: Mapping[str, int]
    imports: Mapping[str, int]


class Metrics:
    """One registry per application, so that two in one process do not share counters."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._deliveries = Counter(
            "provodka_deliveries",
            "Deliveries to /hooks/ by channel and outcome",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self._events = Gauge("provodka_events", "Events in the journal by state", ["state"], registry=self.registry)
        self._actions = Gauge("provodka_actions", "Actions in the journal by state", ["state"], registry=self.registry)
        self._troubles = Gauge("provodka_troubles", "Open troubles", registry=self.registry)
        self._held = Gauge(
            "provodka_held_actions", "Actions of rules that stopped themselves", ["rule"], registry=self.registry
        )

        self._imports = Gauge("provodka_imports", "Imports by state", ["state"], registry=self.registry)

    def delivered(self, channel: str, outcome: str) -> None:
        """Count one delivery: `accepted`, `refused` or `unavailable`."""
        self._deliveries.labels(channel, outcome).inc()

    def text(self, figures: Figures) -> bytes:
        """The page, with these figures of the journal."""
        for gauge, counted in (
            (self._events, figures.events),
            (self._actions, figures.actions),
            (self._held, figures.held),
            (self._imports, figures.imports),
        ):
            gauge.clear()
            for name, count in counted.items():
                gauge.labels(name).set(count)
        self._troubles.set(figures.troubles)
        return generate_latest(self.registry)
