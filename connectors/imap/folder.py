"""One folder of a mailbox: what is new in it since the cursor, handed to the journal in small portions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from imapclient import IMAPClient

from connectors.imap.fetch import Fetched, Fetcher, Listed, Memory
from connectors.imap.parse import is_our_own, parse_letter, unreadable
from connectors.imap.places import Place
from connectors.imap.position import Cursors, Position, Reading
from connectors.imap.settings import ImapSettings
from connectors.imap.skim import Files
from connectors.imap.told import Teller
from provodka.channel import Intake
from provodka.event import Event

RESCAN: Final = timedelta(days=30)
SKEW: Final = timedelta(minutes=5)  # the first start is by our clock, INTERNALDATE by the server's, in whole seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Folder:
    """Reads one folder through an open client. Nothing is ever marked as read: it is opened read-only, and peeked."""

    client: IMAPClient
    place: Place
    channel: str
    settings: ImapSettings
    teller: Teller
    intake: Intake
    memory: Memory
    now: Callable[[], datetime]
    there: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self.place.name

    def look(self) -> None:
        """Take all that is new. The last answer of the server then says that nothing is, so IDLE can begin at once."""
        while self._take_new():
            pass

    def has_news(self) -> bool:
        """Whether it is worth a look, asked while another folder is selected."""
        state: Mapping[bytes, int] = self.client.folder_status(self.name, ["UIDVALIDITY", "UIDNEXT"])
        known = Position.parse(self.intake.cursor(self._cursors.position))
        here = _position(state)
        return known is None or here.last < 0 or (here.validity, here.last) != (known.validity, known.last)

    @property
    def _cursors(self) -> Cursors:
        return Cursors(self.channel, self.place.key)

    @property
    def _home(self) -> str:
        return f"{self.settings.user.lower()} {self.settings.host}"

    def _take_new(self) -> bool:
        """Whether there was something; afterwards there may be more."""
        here = _position(self.client.select_folder(self.name, readonly=True))
        known = self._known(here)
        if known is None:
            start = self.now() - timedelta(days=self.settings.first_sync_days)
            self._catch_up(here, start if self.settings.first_sync_days else None)
            return True
        if why := self._why_anew(known, here):
            log.warning("%s, recent mail is read again: channel=%s folder=%s", why, self.channel, self.name)
            self._catch_up(here, self._rescan_from())
            return True
        # a server without UIDNEXT has to be searched
        return (here.last < 0 or here.last > known.last) and self._take_after(known)

    def _known(self, here: Position) -> Position | None:
        """How far it was read; of a folder that had another name the day before, under that one."""
        known = Position.parse(self.intake.cursor(self._cursors.position))
        if known is not None:
            return known
        kept = self.intake.cursor(self._cursors.by_validity(here.validity)) or ""
        position, _, folder = kept.partition(" ")
        if not position or folder in self.there or self.intake.cursor(self._cursors.reading):
            return None
        log.info("folder was renamed: channel=%s from=%s to=%s", self.channel, folder, self.name)
        return Position.parse(position)

    def _why_anew(self, known: Position, here: Position) -> str:
        """Why the known position means nothing any more; empty where it does."""
        if known.validity != here.validity:
            return "UIDVALIDITY changed"
        home = self.intake.cursor(self._cursors.home)
        if home and home != self._home:
            return "the mailbox has moved"
        mark = (self.name, here.validity)
        if 0 <= here.last < known.last and mark not in self.memory.rewound:
            self.memory.rewound.add(mark)  # some servers tell a stale UIDNEXT: once is enough
            return "UIDs went backwards"
        return ""

    def _take_after(self, known: Position) -> bool:
        uids = [uid for uid in self._search(["UID", f"{known.last + 1}:*"]) if uid > known.last]  # n:* always finds one
        fetcher = self._fetcher(known.validity)
        for portion in fetcher.portions(uids):
            self._deliver(fetcher, portion, self._stand(Position(known.validity, portion[-1].uid)))
        return bool(uids)

    def _catch_up(self, here: Position, since: datetime | None) -> None:
        """Read by date. What was done is kept with each portion, so that a stop on the way does not begin anew."""
        begun = Reading.parse(self.intake.cursor(self._cursors.reading))
        if begun is None or begun.validity != here.validity:
            last = here.last if here.last >= 0 else max(self._search(["ALL"]), default=0)
            begun = Reading(here.validity, last, 0, since or self.now())
            found = self._search_since(begun.since) if since else []
        else:
            found = self._search_since(begun.since)
        fetcher, end = self._fetcher(here.validity), max([begun.last, *found])
        for portion in fetcher.portions([uid for uid in found if uid > begun.done]):
            reading = Reading(here.validity, begun.last, portion[-1].uid, begun.since)
            wanted = [each for each in portion if _arrived_after(each, begun.since)]
            self._deliver(fetcher, wanted, {self._cursors.reading: str(reading)})
        cursors = self._stand(Position(here.validity, end)) | {self._cursors.reading: ""}
        if not self.intake.cursor(self._cursors.start):
            cursors[self._cursors.start] = begun.since.isoformat()
        self.intake.accept([], channel=self.channel, cursors=cursors)

    def _stand(self, position: Position) -> dict[str, str]:
        """The cursors of a position."""
        names = self._cursors
        return {
            names.position: str(position),
            names.home: self._home,
            names.by_validity(position.validity): f"{position} {self.name}",
        }

    def _rescan_from(self) -> datetime:
        """Not before the first start: what lay in the mailbox then was never meant to be taken."""
        stored = self.intake.cursor(self._cursors.start)
        earliest = self.now() - RESCAN
        return max(earliest, datetime.fromisoformat(stored)) if stored else earliest

    def _search(self, criteria: Sequence[Any]) -> list[int]:
        return sorted(self.client.search(criteria))

    def _search_since(self, since: datetime) -> list[int]:
        return self._search(["SINCE", (since - timedelta(days=1)).date()])

    def _fetcher(self, validity: int) -> Fetcher:
        files = Files(self.settings.max_size, self._keep, self.teller.wants_files)
        return Fetcher(self.client, self.settings, self.name, validity, self.memory, files)

    def _keep(self, file: bytes) -> None:
        """A file goes before its letter; where that does not follow, it will once the letter is read again."""
        self.intake.accept([], channel=self.channel, blobs=[file])

    def _deliver(self, fetcher: Fetcher, portion: Sequence[Listed], cursors: Mapping[str, str]) -> None:
        events: list[Event] = []
        blobs: list[bytes] = []
        for fetched in fetcher.fetch(portion):
            event, files = self._event(fetched, fetcher.validity)
            if not is_our_own(event):
                told = self.teller.tell(event, in_sent=self.place.is_sent)
                events.append(told)
                blobs += files if told.raw or not event.raw else []  # of a letter that is not ours to keep: nothing
        self.intake.accept(events, channel=self.channel, cursors=cursors, blobs=blobs)
        log.info("letters taken: channel=%s folder=%s count=%d", self.channel, self.name, len(events))

    def _event(self, fetched: Fetched, validity: int) -> tuple[Event, list[bytes]]:
        letter = fetched.letter
        if fetched.raw is not None:
            return parse_letter(
                fetched.raw,
                channel=self.channel,
                folder=self.name,
                received_at=self.now(),
                internal_date=letter.arrived,
                settings=self.settings,
                kept=fetched.kept,
            )
        why = f"the server does not hand out letter {letter.uid} of folder {self.name}"
        key, now = f"imap:{self.name}:{validity}:{letter.uid}", self.now()
        return unreadable(b"", why, self.channel, now, letter.arrived or now, key), []


def _position(state: Mapping[bytes, int]) -> Position:
    """What a server says of a folder; `last` is -1 where it tells no UIDNEXT."""
    return Position(state.get(b"UIDVALIDITY", 0), state.get(b"UIDNEXT", 0) - 1)


def _arrived_after(letter: Listed, since: datetime) -> bool:
    return letter.arrived is None or letter.arrived >= since - SKEW
