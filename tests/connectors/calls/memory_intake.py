"""An Intake in memory: parts and events as the journal keeps them, what is known being left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from provodka.channel import Part
from provodka.errors import JournalUnavailableError
from provodka.event import Event
from provodka.payloads import Call, CallEvent


class MemoryIntake:
    """`now` is the moment of what is accepted next. `down` makes it refuse everything."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.down = False
        self.events: dict[tuple[str, str], Event] = {}
        self.cursors: dict[str, str] = {}
        self._parts: dict[tuple[str, str, str], tuple[Part, datetime]] = {}

    def accept(
        self,
        events: Sequence[Event],
        *,
        channel: str = "",
        parts: Sequence[Part] = (),
        cursors: Mapping[str, str] | None = None,
        blobs: Sequence[bytes] = (),
    ) -> None:
        if self.down:
            raise JournalUnavailableError("the disk is full")
        for event in events:
            self.events.setdefault((event.channel, event.external_id), event)
        for part in parts:
            self._parts.setdefault((channel, part.key, part.id), (part, self.now))
        self.cursors |= cursors or {}

    def cursor(self, name: str) -> str | None:
        return self.cursors.get(name)

    def parts(self, channel: str, key: str) -> Sequence[Part]:
        return [part for (owner, _, _), (part, _) in self._parts.items() if owner == channel and part.key == key]

    def unfinished(self, channel: str, prefix: str, before: datetime) -> Sequence[str]:
        last: dict[str, datetime] = {}
        for (owner, key, _), (_, at) in self._parts.items():
            if owner == channel and key.startswith(prefix):
                last[key] = max(at, last.get(key, at))
        silent = [key for key, at in last.items() if at < before and (channel, key) not in self.events]
        return sorted(silent, key=last.__getitem__)

    def calls(self) -> dict[str, Call]:
        """The calls of its events, by external_id."""
        return {
            key: event.payload.call for (_, key), event in self.events.items() if isinstance(event.payload, CallEvent)
        }

    def types(self) -> dict[str, str]:
        """The types of its events, by external_id."""
        return {key: event.type.value for (_, key), event in self.events.items()}


class MemoryStatus:
    """What a channel told of how it fares: the troubles of now, and all there have been."""

    def __init__(self) -> None:
        self.troubles: dict[str, tuple[str, str]] = {}
        self.told: list[str] = []

    def trouble(self, name: str, cause: str, cure: str) -> None:
        self.troubles[name] = (cause, cure)
        self.told.append(cause)

    def well(self, name: str) -> bool:
        return self.troubles.pop(name, None) is not None
