"""`provodka events tail`: events as they come, and their actions as they end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from rich.text import Text
from sqlalchemy import Connection

from cli.show import Exit, View, one_line, shown_line, state
from cli.tree import result_line
from cli.waiting import next_commands
from provodka.journal import ActionState, EventState, Journal, StoredAction, StoredEvent, queries
from provodka.journal.queries import EventLine
from support.masking import Mask
from support.waiting import mends

_EVERY: Final = 0.5
_MOST_AT_ONCE: Final = 1000
_MOST_FOLLOWED: Final = 2000
_OVER: Final = (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED)

_Look = tuple[list[EventLine], Mapping[int, StoredEvent], Mapping[int, list[StoredAction]]]


@dataclass(frozen=True, slots=True)
class ShownEnd:
    """How an action ended; in JSON it comes with `what: action`, an event with `what: event` or `what: failed`."""

    at: datetime | None
    event: str
    action: int
    kind: str
    rule: str
    state: str
    result: Any
    reason: str
    error: str
    hint: str
    next: tuple[str, ...]


def tail(
    journal: Journal, view: View, *, seconds: float | None = None, pause: Callable[[float], None] = time.sleep
) -> int:
    """Print what is new for so many seconds, or until Ctrl-C. With JSON every line is a document of its own."""
    until = None if seconds is None else time.monotonic() + seconds
    try:
        news = _News(journal, view)
        while until is None or time.monotonic() < until:
            news.tell()
            pause(_EVERY)
        news.tell()
    except KeyboardInterrupt:
        return Exit.FINE
    return Exit.FINE


class _News:
    """What has not been told yet. An event is followed until all of its actions are over."""

    def __init__(self, journal: Journal, view: View) -> None:
        newest = journal.read(lambda c: queries.list_events(c, limit=1))
        self._last = newest[0].event.seq if newest else 0
        self._journal = journal
        self._view = view
        self._followed: dict[int, Mask] = {}
        self._told: set[int] = set()

    def tell(self) -> None:
        """Look once and tell what has changed."""
        fresh, events, actions = self._journal.read(self._look)
        for line in fresh:
            self._last = line.event.seq
            self._followed[line.event.seq] = self._view.mask(self._journal, [line.event.event.person])
            self._arrived(line)
        for seq, stored in events.items():
            self._follow(stored, actions.get(seq, []))
        for seq in list(self._followed)[:-_MOST_FOLLOWED]:
            del self._followed[seq]

    def _look(self, connection: Connection) -> _Look:
        found = queries.list_events(connection, after_seq=self._last, limit=_MOST_AT_ONCE)
        fresh = sorted(found, key=lambda line: line.event.seq)
        seqs = [*self._followed, *(line.event.seq for line in fresh)]
        return fresh, queries.events_by_seq(connection, seqs), queries.actions_of(connection, seqs)

    def _follow(self, stored: StoredEvent, actions: list[StoredAction]) -> None:
        mask = self._followed[stored.seq]
        for action in actions:
            if action.state in _OVER and action.id not in self._told:
                self._told.add(action.id)
                self._ended(stored, action, mask)
        if stored.state is EventState.FAILED:
            self._failed(stored, mask)
        if stored.state in (EventState.PLANNED, EventState.FAILED) and all(a.state in _OVER for a in actions):
            self._told -= {action.id for action in actions}
            del self._followed[stored.seq]

    def _arrived(self, line: EventLine) -> None:
        shown = shown_line(line, self._followed[line.event.seq])
        if self._view.as_json:
            self._view.json({"what": "event", **asdict(shown)}, one_line=True)
            return
        text = f"{self._view.at(shown.received_at)} event {shown.id} {shown.type} by {shown.channel}: {shown.person}"
        self._view.out.print(Text(one_line(text)), soft_wrap=True)

    def _failed(self, stored: StoredEvent, mask: Mask) -> None:
        error = mask.text(stored.error)
        if self._view.as_json:
            self._view.json({"what": "failed", "event": stored.event.id, "error": error}, one_line=True)
            return
        id_ = stored.event.id
        text = f"{self._view.at(self._journal.now())} event {id_} failed: {error}; next: provodka replay {id_}"
        self._view.out.print(Text(one_line(text), "bold red"), soft_wrap=True)

    def _ended(self, stored: StoredEvent, action: StoredAction, mask: Mask) -> None:
        end = _end(stored, action, mask)
        if self._view.as_json:
            self._view.json({"what": "action", **asdict(end)}, one_line=True)
            return
        text = Text(f"{self._view.at(end.at)} event {end.event} action {end.action} {end.kind} ").append(
            state(end.state)
        )
        if end.reason:
            text.append(f" {end.reason}: {one_line(end.error)}; next: {' or '.join(end.next)}")
        elif end.result:
            text.append(f": {one_line(result_line(end.result))}")
        self._view.out.print(text, soft_wrap=True)


def _end(stored: StoredEvent, action: StoredAction, mask: Mask) -> ShownEnd:
    return ShownEnd(
        at=action.finished_at,
        event=stored.event.id,
        action=action.id,
        kind=action.kind,
        rule=action.rule,
        state=action.state.value,
        result=None if action.result is None else mask.value(json.loads(action.result)),
        reason=action.reason or "",
        error=mask.text(action.error),
        hint=mask.text(action.hint),
        next=next_commands(action.id, action.kind, action.rule, mends(action)),
    )
