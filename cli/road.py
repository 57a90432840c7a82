"""Shows the road of events in the terminal, as they go: received, planned, delivered."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from datetime import datetime

from rich.console import Console

from provodka.journal import MAKERS, ActionState, EventState, Journal, StoredAction, StoredEvent, queries
from provodka.redact import Redactor

_REST = (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED)


class Road:
    """Prints every event once and every action once, when it has come to rest. Personal data is masked."""

    def __init__(self, journal: Journal, redactor: Redactor, out: Console) -> None:
        self._journal = journal
        self._redactor = redactor
        self._out = out
        self._open: dict[int, StoredEvent] = {}
        self._shown: set[int] = set()
        self.seen = self._newest()

    def _newest(self) -> int:
        lines = self._journal.read(lambda c: queries.list_events(c, limit=1))
        return lines[0].event.seq if lines else 0

    def follow(self, kinds: Collection[str], before: int, patience: float) -> bool:
        """Show what happens until events of these kinds have come (or were known already) and all is at rest.

        A repeated scene brings nothing new: then a quiet second ends it.
        """
        end = time.monotonic() + patience
        quiet_since = time.monotonic()
        while time.monotonic() < end:
            if self.show_news():
                quiet_since = time.monotonic()
            came = self.seen > before
            quiet = time.monotonic() - quiet_since
            if self._at_rest() and quiet > (0.4 if came and self._have(kinds, before) else 3.0):
                if not came:
                    self._out.print("  nothing new: every delivery of this scene was known already", style="dim")
                return True
            time.sleep(0.05)
        return False

    def show_news(self) -> bool:
        """Print what has happened since the last look; whether there was anything."""
        news = False
        for line in self._journal.read(lambda c: queries.list_events(c, after_seq=self.seen, limit=200)):
            stored = line.event
            self.seen = stored.seq
            self._open[stored.seq] = stored
            news = True
            person = self._redactor.text(" ".join([stored.event.person.name, *stored.event.person.phones]).strip())
            self._say(
                stored.event.received_at, f"{stored.event.type.value:18}", f"{stored.event.channel}  {person}", "cyan"
            )
        for seq in list(self._open):
            news = self._show_actions(seq) or news
        return news

    def _show_actions(self, seq: int) -> bool:
        stored = self._open[seq]
        story = self._journal.read(lambda c: queries.story(c, stored))
        fresh = [a for a in story.actions if a.state in _REST and a.id not in self._shown and a.kind != "wait"]
        for action in fresh:
            self._shown.add(action.id)
            self._show_action(stored, action, story.turns.get(action.key, ""))
        return bool(fresh)

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

    def _have(self, kinds: Collection[str], before: int) -> bool:
        came = {s.event.type.value for seq, s in self._open.items() if seq > before}
        return set(kinds) <= came

    def _at_rest(self) -> bool:
        unfinished = self._journal.read(queries.unfinished)
        failed = [s for s in self._open.values() if s.state is EventState.FAILED]
        return unfinished == 0 and not failed


def _result(action: StoredAction, result: dict[str, str]) -> str:
    if action.kind in MAKERS and result.get("lead_id"):
        made = "lead made" if result.get("created") == "yes" else "lead found"
        return f"{made}: {result.get('url') or result.get('lead_id', '')}"
    return f"{action.kind} {result['remote_id']}" if result.get("remote_id") else ""
