"""Open feeds: all of them share one look at the journal, which is taken when something was written to it, and not more
often than once a second; each takes from it what its reader wants."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from provodka.journal import Journal, lately
from provodka.journal.movement import Movement
from support.feed import SPAN, Cursor, Line, Wanted, gaps, lines_of, page

KEPT: Final = 100
"""So many lines a reader has before them: they are looked at again, older ones have left the page."""
_EVERY: Final = 1.0  # seconds between two looks
_ASK: Final = 0.2  # and between two questions whether anything was written
_AT_ONCE: Final = 1000  # events that one look takes; a reader keeps fewer
_FOLLOWED: Final = 500  # events on their way that are looked at again for those who wait for how they end
_GIVEN_UP: Final = 600.0  # seconds after which a hole stays one: no transaction of ours lasts a tenth of it
_SLACK: Final = timedelta(minutes=1)  # between the clocks of the processes


@dataclass(frozen=True, slots=True)
class Move:
    """What a look has found: an event that is new (`before` is none), or that has come on."""

    number: int
    before: Line | None
    after: Line


@dataclass(frozen=True, slots=True)
class Look:
    """Where it stands, with the moves of the last looks, oldest first; `last` is the number of the newest."""

    cursor: Cursor
    moves: tuple[Move, ...]
    last: int

    @property
    def first(self) -> int:
        """The number of the oldest move that is still told."""
        return self.last - len(self.moves) + 1


@dataclass(frozen=True, slots=True)
class News:
    """What to tell a reader: lines to be added and lines that have changed, oldest first, and where they stand then."""

    added: tuple[Line, ...]
    changed: tuple[Line, ...]
    cursor: Cursor


class _Sight:
    """What was seen of the journal so far."""

    def __init__(self, journal: Journal, now: float) -> None:
        self._journal = journal
        self._number = 0
        self._moves: deque[Move] = deque(maxlen=_AT_ONCE)
        numbers = journal.read(lambda c: lately.newest_numbers(c, SPAN))
        self._last = numbers[0] if numbers else 0
        self._holes = dict.fromkeys(gaps(numbers), now)
        self._known: dict[int, Line] = {}
        self._open: dict[int, Line] = {}
        self._keep_open(journal.read(lambda c: lines_of(c, lately.numbered(c, numbers))))
        self.look = self._told()

    def keep(self, lines: Iterable[Line]) -> None:
        """These are shown, so that their next move can be told from an arrival."""
        for line in lines:
            self._known.setdefault(line.seq, line)

    def again(self, shown: Iterable[int], now: float) -> None:
        """Look for what is new, and at what is shown or on its way."""
        watched = {*self._open, *shown}
        fresh, seen = self._journal.read(lambda c: self._read(c, watched))
        self._mend_holes([line.seq for line in fresh], now)
        for line in [*fresh, *seen]:
            before = self._known.get(line.seq)
            if line != before:
                self._number += 1
                self._moves.append(Move(self._number, before, line))
        self._known = {line.seq: line for line in [*seen, *fresh]}
        self._keep_open([*fresh, *(line for line in seen if line.seq in self._open)])
        self.look = self._told()

    def _read(self, connection: Connection, watched: set[int]) -> tuple[list[Line], list[Line]]:
        """What is new, oldest first, and what is looked at again."""
        fresh = [*lately.after(connection, self._last, _AT_ONCE), *lately.numbered(connection, self._holes)]
        again = lately.numbered(connection, watched)
        return lines_of(connection, sorted(fresh, key=lambda one: one.seq)), lines_of(connection, again)

    def _mend_holes(self, fresh: Sequence[int], now: float) -> None:
        """What came out of a hole leaves none; between the last and what is new there may be others."""
        newer = [seq for seq in fresh if seq > self._last]
        since = self._last if len(newer) < _AT_ONCE else min(newer)
        kept = {hole: at for hole, at in self._holes.items() if hole not in fresh and now - at < _GIVEN_UP}
        kept |= dict.fromkeys(gaps([since, *newer]), now)
        self._holes = dict(sorted(kept.items())[-SPAN:])
        self._last = max([self._last, *newer])

    def _keep_open(self, lines: Iterable[Line]) -> None:
        """Of these the newest that are still on their way are looked at again."""
        self._open = dict(sorted((line.seq, line) for line in lines if line.is_open)[-_FOLLOWED:])
        self._known |= self._open

    def _told(self) -> Look:
        return Look(Cursor(self._last, self._journal.now(), tuple(self._holes)), tuple(self._moves), self._number)


class Watch:
    """Looks at the journal for all feeds of a process. While nobody follows it holds nothing and asks nothing."""

    def __init__(self, journal: Journal, timer: Callable[[], float] = time.monotonic) -> None:
        self.journal = journal
        self._timer = timer
        self._movement = Movement(journal.database)
        self._guard = threading.Lock()
        self._followers: list[Following] = []
        self._sight: _Sight | None = None
        self._mark = ""
        self._looked = self._asked = 0.0

    def join(self, follower: Following) -> None:
        """Somebody follows from now on."""
        with self._guard:
            self._followers.append(follower)

    def leave(self, follower: Following) -> None:
        """No longer."""
        with self._guard:
            self._followers.remove(follower)
            if not self._followers:
                self._movement.close()
                self._sight = None

    def keep(self, lines: Iterable[Line]) -> None:
        """A follower shows these."""
        with self._guard:
            if self._sight is not None:
                self._sight.keep(lines)

    def look(self) -> Look:
        """The last look; a new one where that was long enough ago and something was written since."""
        with self._guard:
            now = self._timer()
            if self._sight is None:
                self._mark = self._movement.mark()
                self._sight, self._looked = _Sight(self.journal, now), now
            elif now - self._looked >= _EVERY and now - self._asked >= _ASK:
                self._asked = now
                mark = self._movement.mark()  # before the look: what is written meanwhile is a reason for the next one
                if mark != self._mark:
                    self._sight.again((seq for one in self._followers for seq in one.shown), now)
                    self._looked, self._mark = now, mark
            return self._sight.look


class Following:
    """One open feed, that goes on from where its reader stands; `cursor` is where they stand once they were told the
    last news."""

    def __init__(self, watch: Watch, wanted: Wanted, cursor: Cursor | None) -> None:
        self._watch = watch
        self._wanted = wanted
        self._number: int | None = None
        self.cursor = cursor
        self.shown: dict[int, Line] = {}  # replaced, never changed: the watch reads it meanwhile
        watch.join(self)

    def close(self) -> None:
        """Nobody reads it any more."""
        self._watch.leave(self)

    def news(self) -> News | None:
        """What came since it was last asked, at first: since the cursor. None where nothing did. Raises
        JournalUnavailableError; then it is to be asked again."""
        look = self._watch.look()
        if self._number is None or look.first > self._number + 1:  # the reader was slower than what came
            return self._begin(look)
        if look.last == self._number:
            return None
        shown, added, changed = dict(self.shown), set[int](), set[int]()
        for move in (one for one in look.moves if one.number > self._number):
            line = move.after
            if line.seq in shown:
                changed |= {line.seq} if line != shown[line.seq] else set()
            elif self._wanted.matches(line) and not (move.before and self._wanted.matches(move.before)):
                added.add(line.seq)
            else:
                continue
            shown[line.seq] = line
        self._number, self.cursor = look.last, look.cursor
        self.shown = {seq: shown[seq] for seq in sorted(shown)[-KEPT:]}
        return News(
            added=tuple(self.shown[seq] for seq in sorted(added) if seq in self.shown),
            changed=tuple(self.shown[seq] for seq in sorted(changed - added) if seq in self.shown),
            cursor=look.cursor,
        )

    def _begin(self, look: Look) -> News:
        """What the reader has missed. Without a cursor: nothing, they begin now.

        The page is read after the look: what came between the two is on the page, and no news when the watch finds it.
        """
        found = page(self._watch.journal, self._wanted, limit=KEPT)
        self._watch.keep(found.lines)
        self._number = look.last
        self.shown = {line.seq: line for line in found.lines}
        stood, self.cursor = self.cursor, found.cursor
        if stood is None:
            return News((), (), found.cursor)
        since, lines = stood.at - _SLACK, found.lines[::-1]
        return News(
            added=tuple(line for line in lines if not stood.knows(line.seq)),
            changed=tuple(line for line in lines if stood.knows(line.seq) and line.may_have_moved(since)),
            cursor=found.cursor,
        )
