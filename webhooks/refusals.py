"""Deliveries that were refused, as a trouble in the journal: with a wrong secret nothing else is seen of a channel."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock, Timer
from typing import Final

import structlog

from provodka.channel import Received
from provodka.errors import JournalUnavailableError
from provodka.journal import Journal, troubles
from provodka.payloads import EventType

log = structlog.get_logger("webhooks")

_NAME: Final = "door of «"
_EVERY: Final = timedelta(minutes=1)
_STRANGERS: Final = timedelta(hours=1)
_QUIET: Final = timedelta(days=1)
_CURE: Final = (
    "Сверьте секрет (ключ, подпись) «{channel}» в .env с кабинетом сервиса и адрес, по которому он шлёт; проверьте "
    "новой отправкой. Если всё доходит и стучится чужой, ничего не делайте: неполадка закроется сама"
)


def trouble_of(channel: str) -> str:
    """The name of the trouble."""
    return f"{_NAME}{channel}»"


@dataclass(slots=True)
class _Seen:
    """What was refused of one channel and is not told yet, and when to tell it."""

    pending: int = 0
    cause: str = ""
    cure: str = ""
    opened: bool = False
    not_before: datetime | None = None
    looked_at: datetime | None = None
    timer: Timer | None = None


@dataclass(slots=True)
class Refusals:
    """Hears every delivery. A refusal is told at once, those after it once `every` minute, with their number: whoever
    sends rubbish costs the journal one row and one write a minute. The next good delivery ends the trouble; refusals
    among good deliveries are strangers', so that they are then told of only once in `strangers`."""

    journal: Journal
    every: timedelta = _EVERY
    strangers: timedelta = _STRANGERS
    _by_channel: dict[str, _Seen] = field(default_factory=lambda: defaultdict(_Seen))
    _lock: Lock = field(default_factory=Lock)

    def heard(self, channel: str, received: Received) -> None:
        """A delivery to a channel of the config, before it is answered. Never raises: no answer hangs on it."""
        try:
            if received.refused:
                self._refused(channel, received)
            elif _is_good(received):
                self._well(channel)
        except JournalUnavailableError as error:
            log.warning("refusals.not_told", channel=channel, error=str(error))

    def close(self) -> None:
        """Tell what is not told yet."""
        for channel in list(self._by_channel):
            with self._lock:
                timer = self._by_channel[channel].timer
            if timer is not None:
                timer.cancel()
                timer.join()
            self._due(channel)

    def _refused(self, channel: str, received: Received) -> None:
        now = self.journal.now()
        with self._lock:
            seen = self._by_channel[channel]
            seen.pending += 1
            seen.cause = f"deliveries are refused: {received.refused}"
            seen.cure = received.cure or _CURE.format(channel=channel)
            if seen.timer is not None:
                return
            if seen.not_before is not None and now < seen.not_before:
                seen.timer = Timer((seen.not_before - now).total_seconds(), self._due, (channel,))
                seen.timer.daemon = True
                seen.timer.start()
                return
        self._tell(channel)

    def _due(self, channel: str) -> None:
        with self._lock:
            self._by_channel[channel].timer = None
        try:
            self._tell(channel)
        except JournalUnavailableError as error:
            log.warning("refusals.not_told", channel=channel, error=str(error))

    def _tell(self, channel: str) -> None:
        with self._lock:
            seen = self._by_channel[channel]
            count, seen.pending = seen.pending, 0
            if not count:
                return
            seen.opened, seen.not_before = True, self.journal.now() + self.every
        try:
            self.journal.trouble(trouble_of(channel), seen.cause, seen.cure, count)
        except JournalUnavailableError:
            with self._lock:
                seen.pending += count
            raise

    def _well(self, channel: str) -> None:
        """Another process may have opened it, or this one before it was started anew: so look once a minute."""
        now = self.journal.now()
        with self._lock:
            seen = self._by_channel[channel]
            seen.pending = 0
            if seen.timer is not None:
                seen.timer.cancel()
                seen.timer = None
            opened, seen.opened = seen.opened, False
            if not opened and seen.looked_at is not None and now - seen.looked_at < self.every:
                return
            seen.looked_at = now
        if self.journal.well(trouble_of(channel)):
            with self._lock:
                seen.not_before = now + self.strangers


def _is_good(received: Received) -> bool:
    """Whether it proves that the sender knows the secret: what brings nothing, or cannot be read, may be anybody's."""
    read = [event for event in received.events if event.type is not EventType.UNREADABLE]
    return bool(read or received.parts)


def forget_refusals(journal: Journal) -> None:
    """End what nobody has met for a day: a stranger may have knocked at the door of a channel that is seldom used."""
    before = journal.now() - _QUIET
    for trouble in journal.read(lambda c: troubles.all_troubles(c, opened=True)):
        if trouble.name.startswith(_NAME) and trouble.last_at < before:
            journal.well(trouble.name)
