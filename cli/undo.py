"""`provodka undo`: put back what a rule has changed in the CRM, and say what could not be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from cli.made import Made, made_by
from cli.progress import Move, bar
from cli.show import Exit, View, counted, one_line, table
from provodka.journal import MAKERS, ActionState, DeadReason, Journal, StoredAction, imports, queries, undoing
from provodka.operation import Done, Postponed
from rules.actions.base import Decision
from rules.actions.undo import undoing as undoing_of
from rules.durations import parse_duration
from rules.faults import RuleError
from rules.given import moment
from rules.plan import Priority
from support.find import find_one

Preview = Callable[[Sequence[tuple[StoredAction, Mapping[str, Any]]]], Sequence[Decision]]
"""What undoing these actions with these parameters would decide now: it reads the CRM, and writes nothing."""

_SHOWN: Final = 50
_AT_ONCE: Final = 100
_LOOK: Final = 0.2  # seconds between looks at what the worker has done
_AT_REST: Final = (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED)
_IN_1C: Final = "documents of 1C are its accountants': unpost it there, or have a rule cancel_invoice"
_STAYS: Final = {
    **dict.fromkeys(("notify", "message", "reply"), "a message that was sent cannot be taken back"),
    "log_message": "what was said stays in the card",
    "counterparty": "a counterparty of 1C stays: mark it for deletion there",
    **dict.fromkeys(("issue_invoice", "place_order", "cancel_invoice"), _IN_1C),
    "payment_link": "a link that was given can be paid: cancel it in the cabinet of the service",
    "pay_invoice": "the CRM knows no way back from a paid invoice: change it there",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """How to go about it: only look, or do it and wait so many seconds for a worker that does nothing."""

    dry_run: bool = False
    patience: float = 10.0


@dataclass(frozen=True, slots=True)
class ShownException:
    """An action of which something could not be put back, and why."""

    action: int
    event: str
    kind: str
    why: str


@dataclass(slots=True)
class Work:
    """The actions of one `undo`, sorted by what can be done about them, and then by what became of them."""

    ready: list[StoredAction] = field(default_factory=list)
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: list[StoredAction] = field(default_factory=list)  # an earlier undo has seen to these
    unchanged: int = 0
    back: int = 0
    waiting: int = 0
    exceptions: list[tuple[StoredAction, str]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there was nothing to undo."""
        return not (self.ready or self.begun or self.exceptions or self.unchanged)


def moments(rule: str, since: str, until: str, now: datetime, zone: ZoneInfo) -> undoing.Undone | str:
    """What is asked for, or what is wrong about it."""
    found: list[datetime | None] = []
    for name, text in (("--since", since), ("--until", until)):
        try:
            found.append(_moment(text, now, zone))
        except (ValueError, RuleError):
            return f"{name}: «{text}» is no time: write 2d, 3h, or 2026-03-02 12:00"
    return undoing.Undone(rule, None, found[0], found[1])


def _moment(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        ago = parse_duration(text)
    except ValueError:
        return moment(text, zone)
    if ago.working or ago.clock:
        raise ValueError(text)
    return now - timedelta(days=ago.days, seconds=ago.seconds)


def undo(journal: Journal, which: undoing.Undone, event: str, view: View, *, preview: Preview, wish: Wish) -> int:
    """Undo the actions of a rule, or of an event, or both.

    Ends with 1 where something could not be put back, with 2 where it is not said what to undo. With `--json` it prints
    `{dry_run, back, waiting, unchanged, exceptions: [ShownException]}`: `back` counts actions that were undone, be it
    in part, `unchanged` those that had changed nothing, `waiting` those whose undoing no worker has taken up yet.
    """
    if not which.rule and not event:
        view.problem("say what to undo: --rule NAME, or --event ID")
        return Exit.USAGE
    if event:
        found = find_one(journal, event).one
        if found is None:
            view.problem(f"there is no event «{event}», or several are like it")
            return Exit.USAGE
        which = undoing.Undone(which.rule, found.seq, which.since, which.until)
    work = carried_out(journal, which, preview, wish, view)
    if work.empty:
        view.problem(_nothing(which))
        return Exit.USAGE
    tell(journal, work, view, dry_run=wish.dry_run)
    return Exit.PROBLEM if work.exceptions else Exit.FINE


def carried_out(journal: Journal, which: undoing.Undone, preview: Preview, wish: Wish, view: View) -> Work:
    """Undo these actions, or with a dry run ask only what that would come to."""
    work = _sorted(journal, which)
    with bar(view, "undo", len(work.ready) + len(work.begun), "actions") as move:
        if wish.dry_run:
            _look(work, preview, move)
        else:
            _carry_out(journal, work, wish, move)
    return work


def _nothing(which: undoing.Undone) -> str:
    what = f"rule «{which.rule}»" if which.rule else "that event"
    return f"nothing was done for {what} in that time, so there is nothing to undo"


def _sorted(journal: Journal, which: undoing.Undone) -> Work:
    work = Work()
    actions = journal.read(lambda c: undoing.chosen(c, which))
    begun = journal.read(lambda c: undoing.undoings(c, [action.key for action in actions]))
    made = made_by(actions, journal.read(lambda c: imports.touched_since(c, which.job))) if which.job else Made()
    for action in actions:
        params = undoing_of(json.loads(action.request)) if action.request else None
        if action.key in begun:
            work.begun.append(action)
        elif action.key in made.params:
            work.ready.append(action)
            work.params[action.key] = {**(params or {}), "made": made.params[action.key]}
        elif action.key in made.along:
            work.unchanged += 1
        elif deal := _deal(action):
            work.exceptions.append((action, f"the lead has become deal {deal}, which cannot be undone"))
        elif action.state not in _AT_REST:
            work.exceptions.append((action, "it is still on its way to the CRM: undo it when it is done"))
        elif params is not None and params["replaced"]:
            work.ready.append(action)
            work.params[action.key] = params
        elif params is not None or _left_nothing(action):
            work.unchanged += 1
        else:
            work.exceptions.append((action, _cannot(action)))
    return work


def _deal(action: StoredAction) -> str:
    """The deal that a converted lead has become; empty where it has only moved on."""
    result = json.loads(action.result or "{}") if action.kind == "convert" else {}
    made: str = result.get("remote_id", "")
    return "" if made == result.get("lead_id", "") else made


def _left_nothing(action: StoredAction) -> bool:
    """Whether it has left nothing outside: it never went out, or it found nothing to do."""
    if action.state is not ActionState.DONE:
        return action.reason != DeadReason.OUTCOME_UNKNOWN
    result = json.loads(action.result or "{}")
    return action.kind == "find" or bool(result.get("skipped")) or action.request is None


def _cannot(action: StoredAction) -> str:
    result = json.loads(action.result or "{}")
    if action.kind in MAKERS:
        return f"lead {result.get('lead_id', '')} that it made stays: close or delete it in the CRM if it is in the way"
    if action.reason == DeadReason.OUTCOME_UNKNOWN:
        return "whether it was carried out is not known: settle that with provodka resolve"
    if action.kind in ("update", "move", "assign", "tag", "close", "reopen", "convert"):
        return "the card could not be read before it was changed, so that its old values are not known"
    return _STAYS.get(action.kind, "what it made stays: delete it in the CRM if it is in the way")


def _look(work: Work, preview: Preview, move: Move) -> None:
    pairs = [(action, work.params[action.key]) for action in work.ready]
    for start in range(0, len(pairs), _AT_ONCE):
        move(start)
        part = pairs[start : start + _AT_ONCE]
        for (action, _), decided in zip(part, preview(part), strict=True):
            if isinstance(decided, Exception | Postponed):
                work.exceptions.append((action, f"the CRM could not be asked: {decided}"))
                continue
            told = decided.values if isinstance(decided, Done) else decided["told"]
            _count(work, action, told)


def _count(work: Work, action: StoredAction, told: Mapping[str, str]) -> None:
    back, left = told.get("back"), told.get("left")
    if action.state is not ActionState.DONE and not back:
        work.unchanged += 1  # it was given up before it had changed anything
        return
    work.back += bool(back)
    if left:
        work.exceptions.append((action, left))


def _carry_out(journal: Journal, work: Work, wish: Wish, move: Move) -> None:
    params = {key: json.dumps(one, ensure_ascii=False) for key, one in work.params.items()}
    now = journal.now()
    journal.write(lambda c: undoing.undo(c, work.ready, params, -int(Priority.BULK), now))
    journal.new_actions.set()
    wanted = [*work.ready, *work.begun]
    for action, how in _settled(journal, wanted, wish.patience, move):
        if how.state not in _AT_REST:
            work.waiting += 1
        elif how.state is ActionState.DONE:
            _count(work, action, json.loads(how.result or "{}"))
        else:
            work.exceptions.append((action, f"{how.hint or how.error} (action {how.id})"))


def _settled(
    journal: Journal, wanted: Sequence[StoredAction], patience: float, move: Move
) -> Iterator[tuple[StoredAction, StoredAction]]:
    """Each action with what undoes it, once nothing moves any more for so many seconds, or nobody waits any longer."""
    with suppress(KeyboardInterrupt):  # it goes on without us, and is told as waiting
        _wait(journal, len(wanted), patience, move)
    how = journal.read(lambda c: undoing.undoings(c, [action.key for action in wanted]))
    yield from ((action, how[action.key]) for action in wanted if action.key in how)


def _wait(journal: Journal, total: int, patience: float, move: Move) -> None:
    left, end = -1, 0.0
    while now := journal.read(undoing.on_their_way):
        if now != left:
            left, end = now, time.monotonic() + patience
            move(max(0, total - now))
        if time.monotonic() >= end:
            return
        time.sleep(_LOOK)


def tell(journal: Journal, work: Work, view: View, *, dry_run: bool) -> None:
    events = journal.read(lambda c: queries.events_by_seq(c, [action.event_seq for action, _ in work.exceptions]))
    shown = [
        ShownException(action.id, events[action.event_seq].event.id, action.kind, why)
        for action, why in work.exceptions
    ]
    if view.as_json:
        view.json(
            {
                "dry_run": dry_run,
                "back": work.back,
                "waiting": work.waiting,
                "unchanged": work.unchanged,
                "exceptions": shown,
            }
        )
        return
    would = " would be" if dry_run else ""
    view.print(f"{counted(work.back, 'action')}{would} undone" + (" (dry run: nothing was done)" if dry_run else ""))
    if work.unchanged:
        view.print(f"{counted(work.unchanged, 'action')} had changed nothing")
    if work.waiting:
        view.print(f"{work.waiting} wait for a worker: say the same again to see how they ended")
    if shown:
        view.print(f"{counted(len(shown), 'exception')}:")
        rows = [(str(one.action), one.kind, one_line(one.why, 200), one.event) for one in shown[:_SHOWN]]
        view.print(table(("action", "kind", "what stays and why", "event"), rows))
    if len(shown) > _SHOWN:
        view.print(f"… and {len(shown) - _SHOWN} more: --json lists them all")
