"""`provodka replay`: evaluate events again with today's rules, and do what is new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.text import Text
from rich.tree import Tree

from cli.show import Exit, View, counted, one_line, short, state
from provodka.journal import EventState, Journal, StoredEvent, queries
from support import replaying
from support.find import find_one
from support.replaying import Difference, Evaluate, Outcome, Refusal, Replayed

_ALL: Final = 100_000
_AT_ONCE: Final = 100
_SIGNS: Final = {
    "new": ("+", "green"), "same": ("=", "dim"), "differs": ("~", "yellow"), "remade": ("↻", "green"),
    "gone": ("-", "yellow"),
}  # fmt: skip
_MEANING: Final = {
    "new": "new",
    "same": "exists already and is not made again",
    "differs": "exists already with other parameters; it is not made again",
    "remade": "had done nothing; it goes out again with today's parameters",
    "gone": "exists, though today's rules would not make it; it stays as it is",
}
_WHY: Final = {
    Refusal.NOT_PLANNED_YET: "it is not planned yet and will be, with today's rules",
    Refusal.REPLY_WAS_SENT: "an answer from the card is never sent twice; a dead one: provodka resend",
    Refusal.HINT_WAS_FOLLOWED: "a hint has been followed already, and rules never see hints",
    Refusal.RULES_FAILED: "the rules could not be evaluated: {error}",
    Refusal.SYSTEM_AWAY: "what the rules ask could not be read: {error}",
}


@dataclass(frozen=True, slots=True)
class Told:
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
    `{dry_run, events: [Told]}`.
    """
    if bool(wanted) == failed:
        view.problem("say what to replay in one way: ids of events, or --failed")
        return Exit.USAGE
    chosen, told = _gather(journal, wanted)
    for start in range(0, len(chosen), _AT_ONCE):
        batch = chosen[start : start + _AT_ONCE]
        told += map(_told, replaying.replay(journal, batch, evaluate, view.masks(journal), dry_run=dry_run))
    if view.as_json:
        view.json({"dry_run": dry_run, "events": told})
    else:
        _draw(told, view, dry_run=dry_run)
    return Exit.PROBLEM if any(one.outcome == "refused" for one in told) else Exit.FINE


def _gather(journal: Journal, wanted: Sequence[str]) -> tuple[list[StoredEvent], list[Told]]:
    if not wanted:
        lines = journal.read(lambda c: queries.list_events(c, state=EventState.FAILED, limit=_ALL))
        return [line.event for line in reversed(lines)], []
    found = {text: find_one(journal, text) for text in dict.fromkeys(wanted)}
    lost = [
        Told(text, "refused", f"several events are like it: {', '.join(one.alike)}" if one.alike else "no such event")
        for text, one in found.items()
        if one.one is None
    ]
    events = {one.one.seq: one.one for one in found.values() if one.one is not None}
    return [events[seq] for seq in sorted(events)], lost


def _told(one: Replayed) -> Told:
    if one.outcome is Outcome.BACK_IN_INBOX:
        return Told(one.event, one.outcome, "the running worker follows it again")
    why = _WHY[one.refusal].format(error=one.error) if one.refusal else ""
    return Told(one.event, one.outcome, why, one.differences)


def _draw(told: Sequence[Told], view: View, *, dry_run: bool) -> None:
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
    remade = sum(d.what == "remade" for one in told for d in one.differences)
    more = f", {counted(remade, 'action')} sent again with today's parameters" if remade else ""
    view.print(f"{counted(events_told, 'event')} {done}, {counted(new, 'new action')}{more}")


def _line(difference: Difference) -> Text:
    sign, style = _SIGNS[difference.what]
    line = Text.assemble((f"{sign} {difference.kind}", style), f" of rule «{one_line(difference.rule)}»: ")
    line.append(_MEANING[difference.what])
    if difference.id is not None:
        line.append(f" (action {difference.id}, ").append(state(difference.state)).append(")")
    if difference.what == "new":
        line.append(f": {short(difference.params)}")
    if difference.what in ("differs", "remade"):
        line.append(f": {one_line('; '.join(_changes(difference.was, difference.params)))}")
    return line


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*was, *now)):
        if was.get(name) != now.get(name):
            yield f"{name} was {short(was.get(name))}, would be {short(now.get(name))}"
