"""Shows the road of events in the terminal, as they go: received, planned, delivered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from rich.console import Console

from provodka.journal import MAKERS, ActionState, EventState, Journal, StoredAction, StoredEvent, imports, queries
from provodka.journal.imports import ImportState
from provodka.redact import Redactor

_REST: Final = (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED)
_LOOK_SECONDS: Final = 0.05
_QUIET_SECONDS: Final = 0.4


class Road:
    """Prints every event once and every action once, when it has come to rest. Personal data is masked."""

    def __init__(self, journal: Journal, redactor: Redactor, out: Console) -> None:
        self._journal = journal
        self._redactor = redactor
        self._out = out
        newest = journal.read(lambda c: queries.list_events(c, limit=1))
        self._seen = newest[0].event.seq if newest else 0
        self._goes_on = bool(newest)  # in the journal of an earlier run
        self._open: dict[int, StoredEvent] = {}
        self._came: set[str] = set()
        self._shown: set[int] = set()
        self._totals = journal.read(queries.totals)
        self._failed = self._totals.events.get(EventState.FAILED, 0)

    def follow(self, scene: Callable[[], None], kinds: Collection[str], patience: float, cursor: str = "") -> str:
        """Play it and show what comes of it, until events of these kinds have come and all is at rest, and has been
        for a moment; says what is still missing after so many seconds, else nothing.

        In the journal of an earlier run a kind that it holds need not come again. Where a poller has to look before it
        can be known that nothing comes, `cursor` is what it moves in the journal.
        """
        before, stood = self._seen, self._journal.cursor(cursor) if cursor else None
        self._came = set()
        scene()
        known = {kind for kind in kinds if self._goes_on and self._knows(kind)}
        end = time.monotonic() + patience
        quiet_since = time.monotonic()
        missing = "time"
        while missing and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
            if self.show_news():
                quiet_since = time.monotonic()
            missing = ", ".join(sorted(set(kinds) - known - self._came)) or self._unfinished()
            if not missing and cursor and self._came.isdisjoint(kinds) and self._journal.cursor(cursor) == stood:
                missing = f"a look at {cursor}"
            if not missing and time.monotonic() - quiet_since < _QUIET_SECONDS:
                missing = "rest"
        if not missing and self._seen == before:
            self._out.print("  nothing new: every delivery of this scene was known already", style="dim")
        return missing

    def show_news(self) -> bool:
        """Print what has happened since the last look; whether there was anything."""
        lines = self._journal.read(lambda c: queries.list_events(c, after_seq=self._seen, limit=200))
        for stored in sorted((line.event for line in lines), key=lambda stored: stored.seq):
            self._seen = stored.seq
            self._open[stored.seq] = stored
            self._came.add(stored.event.type.value)
            person = self._redactor.text(" ".join([stored.event.person.name, *stored.event.person.phones]).strip())
            self._say(
                stored.event.received_at, f"{stored.event.type.value:18}", f"{stored.event.channel}  {person}", "cyan"
            )
        before, self._totals = self._totals, self._journal.read(queries.totals)
        if not lines and _over(before) == _over(self._totals):
            return False
        return self._show_actions() or bool(lines)

    def _show_actions(self) -> bool:
        fresh = False
        for story in self._journal.read(lambda c: queries.stories(c, list(self._open.values()))):
            for action in story.actions:
                if action.state in _REST and action.id not in self._shown and action.kind != "wait":
                    self._shown.add(action.id)
                    self._show_action(story.event, action, story.turns.get(action.key, ""))
                    fresh = True
        return fresh

    def _show_action(self, stored: StoredEvent, action: StoredAction, turn: str) -> None:
        took = ""
        if action.finished_at is not None:
            took = f"{(action.finished_at - stored.event.received_at).total_seconds():.2f} s"
        result = json.loads(action.result) if action.result else {}
        words = [f"«{action.rule}»", _result(action, result), turn, action.error]
        style = "green" if action.state is ActionState.DONE else "red"
        self._say(action.finished_at, f"  {action.kind:16}", f"{took:>7}  {' · '.join(w for w in words if w)}", style)

    def _say(self, at: datetime | None, what: str, words: str, style: str) -> None:
        clock = f"{at.astimezone():%H:%M:%S}" if at else "        "
        self._out.print(f"{clock}  [{style}]{what}[/]  ", end="")
        self._out.print(self._redactor.text(words), markup=False, highlight=False, soft_wrap=True)

    def _knows(self, kind: str) -> bool:
        return bool(self._journal.read(lambda c: queries.list_events(c, kind=kind, limit=1)))

    def _unfinished(self) -> str:
        """What is still to be done, of an import too that hands its rows out; empty where all is at rest."""
        if self._totals.events.get(EventState.FAILED, 0) > self._failed:
            return "the plan of an event: it has failed"
        if self._journal.read(lambda c: imports.all_imports(c, ImportState.RUNNING)):
            return "rows of an import"
        left = self._journal.read(queries.unfinished)
        return f"{left} unfinished" if left else ""


def _over(totals: queries.Totals) -> int:
    return sum(totals.actions.get(state, 0) for state in _REST)


def _result(action: StoredAction, result: dict[str, str]) -> str:
    if action.kind in MAKERS and result.get("lead_id"):
        made = "lead made" if result.get("created") == "yes" else "lead found"
        return f"{made}: {result.get('url') or result.get('lead_id', '')}"
    return f"{action.kind} {result['remote_id']}" if result.get("remote_id") else ""
