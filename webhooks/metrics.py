"""Counters for `/metrics`, in Prometheus' text format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


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

    def delivered(self, channel: str, outcome: str) -> None:
        """Count one delivery: `accepted`, `refused` or `unavailable`."""
        self._deliveries.labels(channel, outcome).inc()

    def text(self, events: dict[str, int], actions: dict[str, int], troubles: int, held: dict[str, int]) -> bytes:
        """The page, with these figures of the journal; `held` by rule."""
        for gauge, figures in ((self._events, events), (self._actions, actions), (self._held, held)):
            gauge.clear()
            for name, count in figures.items():
                gauge.labels(name).set(count)
        self._troubles.set(troubles)
        return generate_latest(self.registry)
