"""The bytes of letters, in portions that fit into memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from connectors.imap.attachments import Kept
from connectors.imap.skim import Files, VanishedError, skim_letter
from connectors.mail.connection import words
from connectors.mail.refusals import held_back
from connectors.mail.settings import MailAccount
from provodka.errors import JournalUnavailableError

PORTION_LETTERS: Final = 20
PORTION_BYTES: Final = 4 * 1024 * 1024
WHOLE_BYTES: Final = 1024 * 1024  # the files of a larger letter are fetched one by one
LISTED_AT_ONCE: Final = 200
PATIENCE: Final = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listed:
    """A letter before its bytes are fetched."""

    uid: int
    size: int
    arrived: datetime | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A letter's bytes, None where the server cannot hand them out; `kept` are its files that the journal has already,
    by their marks."""

    letter: Listed
    raw: bytes | None
    kept: Mapping[str, Kept] = field(default_factory=dict)


@dataclass(slots=True)
class Memory:
    """What outlives a connection, by folder and UIDVALIDITY: how often the server failed to hand out a letter (and its
    UID), and which folders were read again since their UIDs went backwards."""

    failures: dict[tuple[str, int, int], int] = field(default_factory=dict)
    rewound: set[tuple[str, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches letters of the selected folder `name`."""

    client: IMAPClient
    account: MailAccount
    name: str
    validity: int
    memory: Memory
    files: Files

    def portions(self, uids: Sequence[int]) -> Iterator[list[Listed]]:
        """Small enough to be held in memory; a letter that failed before comes alone."""
        portion: list[Listed] = []
        for each in self._list(uids):
            alone = self._key(each) in self.memory.failures
            full = (
                len(portion) >= PORTION_LETTERS or sum(map(self._weight, portion)) + self._weight(each) > PORTION_BYTES
            )
            if portion and (alone or full):
                yield portion
                portion = []
            portion.append(each)
            if alone:
                yield portion
                portion = []
        if portion:
            yield portion

    def fetch(self, portion: Sequence[Listed]) -> list[Fetched]:
        """The letters, without those that vanished.

        Exchange, for one, refuses single letters for ever; they must not hold up those behind them.
        """
        keys = [self._key(each) for each in portion]
        if len(keys) == 1 and self.memory.failures.get(keys[0], 0) >= PATIENCE:
            return [Fetched(portion[0], None)]
        try:
            fetched = list(self._fetched(portion))
        except IMAPClientError as error:
            if held := held_back(self.account, words(error)):  # no fault of these letters
                raise held from error
            self._failed(keys, error)
            raise
        except JournalUnavailableError:  # nor is this
            raise
        except Exception as error:
            self._failed(keys, error)
            raise
        for key in keys:
            self.memory.failures.pop(key, None)
        return fetched

    def _failed(self, keys: Sequence[tuple[str, int, int]], error: Exception) -> None:
        for key in keys:
            self.memory.failures[key] = self.memory.failures.get(key, 0) + 1
        log.warning("letters not handed out: folder=%s: %s", self.name, words(error))

    def _key(self, letter: Listed) -> tuple[str, int, int]:
        return self.name, self.validity, letter.uid

    @property
    def _whole(self) -> int:
        return min(WHOLE_BYTES, self.files.most)

    def _weight(self, letter: Listed) -> int:
        """What it takes of the memory: the files of a large letter go by one by one."""
        return min(letter.size, self._whole)

    def _list(self, uids: Sequence[int]) -> Iterator[Listed]:
        for begin in range(0, len(uids), LISTED_AT_ONCE):
            some = uids[begin : begin + LISTED_AT_ONCE]
            found: Mapping[int, Mapping[bytes, Any]] = self.client.fetch(some, ["INTERNALDATE", "RFC822.SIZE"])
            for uid in some:
                if uid in found:  # else it vanished since the search
                    facts = found[uid]
                    yield Listed(uid, facts.get(b"RFC822.SIZE", 0), _aware(facts.get(b"INTERNALDATE")))

    def _fetched(self, portion: Sequence[Listed]) -> Iterator[Fetched]:
        small = [each.uid for each in portion if each.size <= self._whole]
        found = self.client.fetch(small, ["BODY.PEEK[]"])
        for each in portion:
            if each.size > self._whole:
                try:
                    skimmed = skim_letter(self.client, each.uid, self.files)
                except VanishedError:
                    continue
                yield Fetched(each, skimmed.raw, skimmed.kept)
            elif each.uid in found:
                yield Fetched(each, found[each.uid].get(b"BODY[]"))


def _aware(moment: datetime | None) -> datetime | None:
    """In UTC; a server's INTERNALDATE always has a zone."""
    return moment.astimezone(UTC) if moment else None
