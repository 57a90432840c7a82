"""`provodka replay`: evaluate events again with today's rules, and do what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from rich.text import Text
from rich.tree import Tree
from sqlalchemy import Connection, update

from cli.show import Exit, View, counted, one_line, short, state
from provodka.errors import ProvodkaError
from provodka.journal import EventState, Journal, NewAction, PlanRecord, StoredAction, StoredEvent, planning, queries
from provodka.journal.records import WAIT
from provodka.journal.schema import events
from provodka.payloads import EventType
from rules.names import NEVER_SEEN
from support.find import find_one
from support.masking import Mask

Evaluate = Callable[[StoredEvent], PlanRecord]
_ALL: Final = 100_000
_AT_ONCE: Final = 100
_SIGNS: Final = {"new": ("+", "green"), "same": ("=", "dim"), "differs": ("~", "yellow"), "gone": ("-", "yellow")}
_MEANING: Final = {
    "new": "new",
    "same": "exists already and is not made again",
    "differs": "exists already with other parameters; it is not made again",
    "gone": "exists, though today's rules would not make it; it stays as it is",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """An action of today's plan or of before. `what` is `new`, `same`, `differs` or `gone`; `id`, `state` and `was`
    (the parameters) belong to those that exist."""

    what: str
    key: str
    kind: str
    rule: str
    params: Any
    id: int | None = None
    state: str = ""
    was: Any = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What `--json` prints of each event. `outcome`: `replayed`, `back_in_inbox` (a hint of the CRM) or `refused`."""

    event: str
    outcome: str
    why: str = ""
    differences: tuple[Difference, ...] = ()


def replay(
    journal: Journal,
    wanted: Sequence[str],
    view: View,
    *,
    evaluate: Evaluate,
    failed: bool = False,
    dry_run: bool = False,
) -> int:
    """Replay these events, or all that the rules could not plan (`failed`).

    Ends with 1 where an event could not be replayed, with 2 where it is not said which. With `--json` it prints
    `{dry_run, events: [Replayed]}`.
    """
    if bool(wanted) == failed:
        view.problem("say what to replay in one way: ids of events, or --failed")
        return Exit.USAGE
    chosen, told = _gather(journal, wanted)
    for start in range(0, len(chosen), _AT_ONCE):
        told += _replay(journal, chosen[start : start + _AT_ONCE], view, evaluate, dry_run=dry_run)
    if view.as_json:
        view.json({"dry_run": dry_run, "events": told})
    else:
        _draw(told, view, dry_run=dry_run)
    return Exit.PROBLEM if any(one.outcome == "refused" for one in told) else Exit.FINE


def _gather(journal: Journal, wanted: Sequence[str]) -> tuple[list[StoredEvent], list[Replayed]]:
    if not wanted:
        lines = journal.read(lambda c: queries.list_events(c, state=EventState.FAILED, limit=_ALL))
        return [line.event for line in reversed(lines)], []
    found = {text: find_one(journal, text) for text in dict.fromkeys(wanted)}
    lost = [
        Replayed(
            text, "refused", f"several events are like it: {', '.join(one.alike)}" if one.alike else "no such event"
        )
        for text, one in found.items()
        if one.one is None
    ]
    events = {one.one.seq: one.one for one in found.values() if one.one is not None}
    return [events[seq] for seq in sorted(events)], lost


def _replay(
    journal: Journal, chosen: Sequence[StoredEvent], view: View, evaluate: Evaluate, *, dry_run: bool
) -> list[Replayed]:
    """A batch: evaluated one by one, written in one transaction."""
    told: list[Replayed] = []
    records: list[PlanRecord] = []
    hints: list[StoredEvent] = []
    existing = journal.read(lambda c: queries.actions_of(c, [stored.seq for stored in chosen]))
    for stored in chosen:
        id_ = stored.event.id
        if why := _refusal(stored):
            told.append(Replayed(id_, "refused", why))
        elif stored.event.type in NEVER_SEEN:
            hints.append(stored)
            told.append(Replayed(id_, "back_in_inbox", "the running worker follows it again"))
        else:
            try:
                record = replace(evaluate(stored), cause="replay")
            except ProvodkaError as error:
                told.append(Replayed(id_, "refused", f"the rules could not be evaluated: {error}"))
                continue
            records.append(record)
            mask = view.mask(journal, [stored.event.person])
            told.append(Replayed(id_, "replayed", differences=_compare(record, existing.get(stored.seq, []), mask)))
    if not dry_run:
        _write(journal, records, hints)
    return told


def _refusal(stored: StoredEvent) -> str:
    if stored.state in (EventState.RECEIVED, EventState.PLANNING):
        return "it is not planned yet and will be, with today's rules"
    if stored.event.type in NEVER_SEEN and stored.state is EventState.PLANNED:
        if stored.event.type is EventType.REPLY_WRITTEN:
            return "an answer from the card is never sent twice; a dead one: provodka resend"
        return "a hint has been followed already, and rules never see hints"
    return ""


def _write(journal: Journal, records: Sequence[PlanRecord], hints: Sequence[StoredEvent]) -> None:
    """The plans, and that those which had failed are planned now: in one transaction."""
    now = journal.now()
    failed = update(events).where(events.c.seq.in_([r.seq for r in records]), events.c.state == EventState.FAILED)

    def work(connection: Connection) -> None:
        planning.write_plans(connection, records, None, now)
        connection.execute(failed.values(state=EventState.PLANNED, planned_at=now, error=None))

    if records:
        journal.write(work)
    for stored in hints:
        journal.put_back(stored.seq, timedelta(), "")


def _compare(record: PlanRecord, existing: Sequence[StoredAction], mask: Mask) -> tuple[Difference, ...]:
    by_key = {action.key: action for action in existing}
    planned = [_planned(action, by_key.get(action.key), mask) for action in record.actions]
    return (*planned, *_gone(record, existing, mask))


def _planned(action: NewAction, before: StoredAction | None, mask: Mask) -> Difference:
    params = json.loads(action.params)
    if before is None:
        return Difference("new", action.key, action.kind, action.rule, mask.value(params))
    was = json.loads(before.params)
    what = "same" if was == params else "differs"
    shown, old = mask.value(params), mask.value(was)
    return Difference(what, action.key, action.kind, action.rule, shown, before.id, before.state.value, old)


def _gone(record: PlanRecord, existing: Sequence[StoredAction], mask: Mask) -> Iterator[Difference]:
    """What a rule that waits has made after its time is not to be expected of a plan that begins with the wait."""
    keys = {action.key for action in record.actions}
    waiting = {action.rule for action in record.actions if action.kind == WAIT}
    for old in existing:
        if old.key not in keys and old.rule not in waiting:
            was = mask.value(json.loads(old.params))
            yield Difference("gone", old.key, old.kind, old.rule, None, old.id, old.state.value, was)


def _draw(told: Sequence[Replayed], view: View, *, dry_run: bool) -> None:
    for one in told:
        if one.outcome == "refused":
            view.problem(f"event {one.event} is not replayed: {one.why}")
            continue
        tree = Tree(Text.assemble(("event ", "bold"), (one.event, "bold"), f" {one.why}".rstrip()))
        for difference in one.differences:
            tree.add(_line(difference))
        if not one.differences and one.outcome == "replayed":
            tree.add("today's rules make nothing of it")
        view.print(tree)
    new = sum(d.what == "new" for one in told for d in one.differences)
    events_told = sum(one.outcome != "refused" for one in told)
    done = "would be replayed (dry run: nothing was done)" if dry_run else "replayed"
    view.print(f"{counted(events_told, 'event')} {done}, {counted(new, 'new action')}")


def _line(difference: Difference) -> Text:
    sign, style = _SIGNS[difference.what]
    line = Text.assemble((f"{sign} {difference.kind}", style), f" of rule «{one_line(difference.rule)}»: ")
    line.append(_MEANING[difference.what])
    if difference.id is not None:
        line.append(f" (action {difference.id}, ").append(state(difference.state)).append(")")
    if difference.what == "new":
        line.append(f": {short(difference.params)}")
    if difference.what == "differs":
        line.append(f": {one_line('; '.join(_changes(difference.was, difference.params)))}")
    return line


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*was, *now)):
        if was.get(name) != now.get(name):
            yield f"{name} was {short(was.get(name))}, would be {short(now.get(name))}"
