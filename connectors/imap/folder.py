"""One folder of a mailbox: what is new in it since the cursor, handed to the journal in small portions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from imapclient import IMAPClient

from connectors.imap.connection import words
from connectors.imap.parse import is_our_own, parse_letter, unreadable
from connectors.imap.settings import ImapSettings
from connectors.imap.skim import skim_letter
from provodka.channel import Intake
from provodka.event import Event

RESCAN: Final = timedelta(days=30)
SKEW: Final = timedelta(minutes=5)  # the first start is by our clock, INTERNALDATE by the server's, in whole seconds
PORTION_LETTERS: Final = 20
PORTION_BYTES: Final = 4 * 1024 * 1024
LISTED_AT_ONCE: Final = 200
PATIENCE: Final = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a folder was read up to. UIDs mean something only under their UIDVALIDITY (RFC 3501, 2.3.1.1)."""

    validity: int
    last: int

    @classmethod
    def parse(cls, cursor: str) -> Self:
        validity, _, last = cursor.partition(":")
        return cls(int(validity), int(last))

    def __str__(self) -> str:
        return f"{self.validity}:{self.last}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A letter before its bytes are fetched."""

    uid: int
    size: int
    arrived: datetime | None


@dataclass(slots=True)
class Memory:
    """What outlives a connection: how often the server failed to hand out a letter, by folder, UIDVALIDITY and UID."""

    failures: dict[tuple[str, int, int], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Folder:
    """Reads one folder through an open client. Nothing is ever marked as read: it is opened read-only, and peeked."""

    client: IMAPClient
    name: str
    channel: str
    settings: ImapSettings
    intake: Intake
    memory: Memory
    now: Callable[[], datetime]

    def look(self) -> None:
        """Take all that is new. The last answer of the server then says that nothing is, so IDLE can begin at once."""
        while self._take_new():
            pass

    @property
    def cursor(self) -> str:
        return f"imap:{self.channel}:{self.name}"

    @property
    def _start_cursor(self) -> str:
        return f"{self.cursor}:start"

    def _take_new(self) -> bool:
        """Whether there was something; afterwards there may be more."""
        state: Mapping[bytes, int] = self.client.select_folder(self.name, readonly=True)
        here = Position(state.get(b"UIDVALIDITY", 0), state.get(b"UIDNEXT", 0) - 1)
        stored = self.intake.cursor(self.cursor)
        known = Position.parse(stored) if stored else None
        if known is None:
            reach_back = timedelta(days=self.settings.first_sync_days)
            start = self.now() - reach_back
            self._catch_up(here, start if reach_back else None, {self._start_cursor: start.isoformat()})
        elif known.validity != here.validity:
            log.warning("UIDVALIDITY changed, recent mail is read again: channel=%s folder=%s", self.channel, self.name)
            self._catch_up(here, self._rescan_from(), {})
        elif here.last < 0 or here.last > known.last:  # a server without UIDNEXT has to be searched
            return self._take_after(known)
        return known is None or known.validity != here.validity

    def _take_after(self, known: Position) -> bool:
        uids = [uid for uid in self._search(["UID", f"{known.last + 1}:*"]) if uid > known.last]  # n:* always finds one
        for portion in self._portions(uids, known.validity):
            self._deliver(portion, known.validity, {self.cursor: str(Position(known.validity, portion[-1].uid))})
        return bool(uids)

    def _catch_up(self, here: Position, since: datetime | None, more_cursors: Mapping[str, str]) -> None:
        """Read by date. The cursor moves at the end only: a stop on the way begins anew, repeats are dropped."""
        last = here.last if here.last >= 0 else max(self._search(["ALL"]), default=0)
        uids = self._search(["SINCE", (since - timedelta(days=1)).date()]) if since else []
        for portion in self._portions(uids, here.validity):
            self._deliver([each for each in portion if since and _arrived_after(each, since)], here.validity, {})
        position = Position(here.validity, max([last, *uids]))
        self.intake.accept([], channel=self.channel, cursors={self.cursor: str(position), **more_cursors})

    def _rescan_from(self) -> datetime:
        """Not before the first start: what lay in the mailbox then was never meant to be taken."""
        stored = self.intake.cursor(self._start_cursor)
        earliest = self.now() - RESCAN
        return max(earliest, datetime.fromisoformat(stored)) if stored else earliest

    def _search(self, criteria: Sequence[Any]) -> list[int]:
        return sorted(self.client.search(criteria))

    def _portions(self, uids: Sequence[int], validity: int) -> Iterator[list[Listed]]:
        """Small enough to be held in memory; a letter that failed before comes alone."""
        portion: list[Listed] = []
        for each in self._list(uids):
            alone = (self.name, validity, each.uid) in self.memory.failures
            full = len(portion) >= PORTION_LETTERS or sum(p.size for p in portion) + each.size > PORTION_BYTES
            if portion and (alone or full):
                yield portion
                portion = []
            portion.append(each)
            if alone:
                yield portion
                portion = []
        if portion:
            yield portion

    def _list(self, uids: Sequence[int]) -> Iterator[Listed]:
        for begin in range(0, len(uids), LISTED_AT_ONCE):
            some = uids[begin : begin + LISTED_AT_ONCE]
            found = self.client.fetch(some, ["INTERNALDATE", "RFC822.SIZE"])
            for uid in some:
                if uid in found:  # else it vanished since the search
                    facts = found[uid]
                    yield Listed(uid, facts.get(b"RFC822.SIZE", 0), _aware(facts.get(b"INTERNALDATE")))

    def _deliver(self, portion: Sequence[Listed], validity: int, cursors: Mapping[str, str]) -> None:
        events: list[Event] = []
        blobs: list[bytes] = []
        for each, raw in self._fetch(portion, validity):
            event, files = self._event(each, raw, validity)
            if not is_our_own(event):
                events.append(event)
                blobs += files
        self.intake.accept(events, channel=self.channel, cursors=cursors, blobs=blobs)
        log.info("letters taken: channel=%s folder=%s count=%d", self.channel, self.name, len(events))

    def _event(self, letter: Listed, raw: bytes | None, validity: int) -> tuple[Event, list[bytes]]:
        if raw is not None:
            return parse_letter(
                raw,
                channel=self.channel,
                folder=self.name,
                received_at=self.now(),
                internal_date=letter.arrived,
                settings=self.settings,
            )
        why = f"the server does not hand out letter {letter.uid} of folder {self.name}"
        key, now = f"imap:{self.name}:{validity}:{letter.uid}", self.now()
        return unreadable(b"", why, self.channel, now, letter.arrived or now, key), []

    def _fetch(self, portion: Sequence[Listed], validity: int) -> list[tuple[Listed, bytes | None]]:
        """The bytes of each letter, without those that vanished; None for one that the server cannot hand out.

        Exchange, for one, refuses single letters for ever; they must not hold up those behind them.
        """
        keys = [(self.name, validity, each.uid) for each in portion]
        if len(keys) == 1 and self.memory.failures.get(keys[0], 0) >= PATIENCE:
            return [(portion[0], None)]
        try:
            fetched = self._bytes(portion)
        except Exception as error:
            for key in keys:
                self.memory.failures[key] = self.memory.failures.get(key, 0) + 1
            log.warning("letters not handed out: channel=%s folder=%s: %s", self.channel, self.name, words(error))
            raise
        for key in keys:
            self.memory.failures.pop(key, None)
        return [(each, fetched[each.uid]) for each in portion if each.uid in fetched]

    def _bytes(self, portion: Sequence[Listed]) -> dict[int, bytes | None]:
        limit = self.settings.max_size
        found = self.client.fetch([each.uid for each in portion if each.size <= limit], ["BODY.PEEK[]"])
        letters: dict[int, bytes | None] = {uid: parts.get(b"BODY[]") for uid, parts in found.items()}
        return letters | {each.uid: skim_letter(self.client, each.uid) for each in portion if each.size > limit}


def _arrived_after(letter: Listed, since: datetime) -> bool:
    return letter.arrived is None or letter.arrived >= since - SKEW


def _aware(moment: datetime | None) -> datetime | None:
    """In UTC; a server's INTERNALDATE always has a zone."""
    return moment.astimezone(UTC) if moment else None
