"""How far a folder was read, as the journal keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class Position:
    """Where a folder was read up to. UIDs mean something only under their UIDVALIDITY (RFC 3501, 2.3.1.1)."""

    validity: int
    last: int

    @classmethod
    def parse(cls, cursor: str | None) -> Self | None:
        """None where nothing is kept."""
        if not cursor:
            return None
        validity, _, last = cursor.partition(":")
        return cls(int(validity), int(last))

    def __str__(self) -> str:
        return f"{self.validity}:{self.last}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A reading by date that is under way: the letters since a moment, done up to a UID; `last` was the folder's last
    when it began."""

    validity: int
    last: int
    done: int
    since: datetime

    @classmethod
    def parse(cls, cursor: str | None) -> Self | None:
        """None where none is under way."""
        if not cursor:
            return None
        validity, last, done, since = cursor.split(" ")
        return cls(int(validity), int(last), int(done), datetime.fromisoformat(since))

    def __str__(self) -> str:
        return f"{self.validity} {self.last} {self.done} {self.since.isoformat()}"


@dataclass(frozen=True, slots=True)
class Cursors:
    """The names of what is kept of a folder. `reading` is empty when none is under way; `home` is the mailbox that the
    position is of; `start` is the moment of the first start."""

    channel: str
    key: str

    @property
    def position(self) -> str:
        return f"imap:{self.channel}:{self.key}"

    @property
    def start(self) -> str:
        return f"{self.position}:start"

    @property
    def reading(self) -> str:
        return f"{self.position}:reading"

    @property
    def home(self) -> str:
        return f"{self.position}:home"

    def by_validity(self, validity: int) -> str:
        """Under this name a folder is found again that people have renamed: `position folder`."""
        return f"imap:{self.channel}:uidvalidity:{validity}"
