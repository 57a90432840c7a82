"""The watcher: one connection to AMI, opened again after every fault, and the CDR behind it."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from connectors.asterisk.calls import Calls
from connectors.asterisk.cdr import Record, Records, by_call, told
from connectors.asterisk.numbers import Numbers
from connectors.asterisk.settings import AsteriskSettings
from connectors.asterisk.wire import Ami
from connectors.calls.book import CallBook
from connectors.calls.notice import CALL, CallNotice, Told, stored_notice
from connectors.looking import Looking
from provodka.channel import Intake, Status
from provodka.errors import ConnectorError, JournalUnavailableError, Retryable

log = logging.getLogger(__name__)

GLANCE: Final = 0.5  # seconds between two looks at whether to stop
LAST_RETRY: Final = 60.0
REFUSED: Final = 300.0
OVERLAP: Final = timedelta(minutes=15)  # Asterisk may write its records in batches
SETTLED: Final = timedelta(seconds=5)  # after its last moment the records of a call are complete
_WAIT: Final = "Provodka подключается снова сама. Проверьте, что АТС работает и доступна с этой машины."


class AsteriskWatcher:
    """`provodka.channel.Watcher` of an Asterisk.

    Notices that the journal cannot take now wait in memory, the connection stays. What happened while there was none is
    found in the CDR, if the settings name one; else calls that ended meanwhile are ended with that reason.
    """

    def __init__(
        self,
        book: CallBook,
        settings: AsteriskSettings,
        records: Records | None,
        now: Callable[[], datetime],
        *,
        first_retry: float = 1.0,
    ) -> None:
        self.name = book.name
        self._book, self._settings, self._records, self._now = book, settings, records, now
        self._numbers = Numbers(settings)
        self._calls = Calls(self._numbers, now)
        self._pending: list[CallNotice] = []
        self._read: dict[str, datetime] = {}  # calls whose records are settled, by their last moment
        self._looking = Looking(book.name, first_retry, LAST_RETRY, REFUSED, _WAIT)
        self._cdr_trouble = ""

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Run until `stop`, and return within about a second of it."""
        self._looking.forever(partial(self._session, stop, intake, status), stop, status)
        self._flush(intake)
        self.close()

    def check(self) -> list[str]:
        """Log in, and read the CDR."""
        said = []
        try:
            Ami(self._settings, events="off").close()
        except ConnectorError as error:
            said.append(error.sentence("AMI"))
        try:
            if self._records is not None:
                self._records.since(self._now() - timedelta(minutes=5))
        except ConnectorError as error:
            said.append(error.sentence("CDR"))
        return said

    def close(self) -> None:
        """Let go of the CDR."""
        if self._records is not None:
            self._records.close()

    def _session(self, stop: threading.Event, intake: Intake, status: Status) -> float:
        with Ami(self._settings, events="call,cdr,agent") as ami:
            channels = ami.listed("CoreShowChannels", "CoreShowChannel")
            self._pending += self._calls.resume(channels, tell=self._records is None)
            self._looking.well(status)
            self._cdr_trouble = ""
            self._follow(ami, stop, intake, status)
        return 0.0

    def _follow(self, ami: Ami, stop: threading.Event, intake: Intake, status: Status) -> None:
        quiet = self._settings.ping.total_seconds()
        every = self._settings.cdr.poll.total_seconds() if self._settings.cdr else 60.0
        look, asked = time.monotonic(), 0.0
        while not stop.is_set():
            self._flush(intake)
            if time.monotonic() >= look:
                look = time.monotonic() + self._reconcile(intake, status, every)
            event = ami.next(min(GLANCE, quiet / 2))
            if event is not None:
                self._pending += self._calls.take(event)
                if event.get("Event") == "Hangup":
                    look = min(look, time.monotonic() + SETTLED.total_seconds() + 1)  # its recording is known then
                continue
            silent = time.monotonic() - ami.last_heard
            if silent > quiet * 2:
                raise Retryable(f"AMI has been silent for {silent:.0f} s")
            if silent > quiet and time.monotonic() - asked > quiet:
                ami.ping()
                asked = time.monotonic()

    def _flush(self, intake: Intake) -> None:
        """Give the journal what there is. One call's notices in their order; nothing is lost while it is locked."""
        if not self._pending:
            return
        try:
            for notice in list(self._pending):
                self._book.accept([notice], intake, self._now())
                self._pending.pop(0)
        except JournalUnavailableError as error:
            log.warning("calls wait for the journal: channel=%s: %d: %s", self.name, len(self._pending), error)

    def _reconcile(self, intake: Intake, status: Status, every: float) -> float:
        """Read the CDR and end what was never ended; the seconds until the next time."""
        try:
            if self._records is not None:
                self._read_records(intake)
            self._book.close_lost(intake, self._now())
        except (ConnectorError, JournalUnavailableError) as error:
            words = error.reason if isinstance(error, ConnectorError) else str(error)
            log.warning("CDR not read: channel=%s: %s", self.name, words)
            if isinstance(error, ConnectorError) and words != self._cdr_trouble:
                self._cdr_trouble, self._looking.in_trouble = words, True
                status.trouble(self.name, words, error.hint or _WAIT)
            return every
        self._cdr_trouble = ""
        self._looking.well(status)
        return every * random.uniform(0.9, 1.0)  # noqa: S311  # jitter

    def _read_records(self, intake: Intake) -> None:
        """What the CDR knows of calls that are over, beside what is known already. At the very first start the past is
        left alone."""
        assert self._records is not None  # noqa: S101 -- asked for by the caller
        now, name = self._now(), f"asterisk:{self.name}:cdr"
        since, start = (_read_moment(intake.cursor(one)) or now for one in (name, f"{name}:start"))
        since = max(since - OVERLAP, start)
        found: list[CallNotice] = []
        read = dict(self._read)
        for call, legs in by_call(self._records.since(since - self._book.settings.lost_after)):
            last = max(leg.ended for leg in legs)
            if last < since or last > now - SETTLED or call in self._calls.live or self._read.get(call) == last:
                continue
            found += self._news(call, legs, intake)
            read[call] = last
        self._book.accept(found, intake, now, {name: now.isoformat(), f"{name}:start": start.isoformat()})
        self._read = {call: last for call, last in read.items() if last >= since}

    def _news(self, call: str, legs: Sequence[Record], intake: Intake) -> list[CallNotice]:
        """What the records tell beside what is known: of a call whose end was told, only the recording."""
        known = {part.id: stored_notice(part) for part in intake.parts(self.name, f"{CALL}{call}")}
        ended = any(one.told is Told.ENDED for one in known.values())
        return [one for one in told(call, legs, self._numbers, ended=ended) if one.id not in known]


def _read_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
