"""How people see what `provodka plan` has found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.text import Text
from rich.tree import Tree

from cli.show import View, counted, one_line, short
from provodka.units import moment_in
from rules.differences import Changed, Difference, What
from support.whatif_tally import Told, ToldEvent, ToldRule, why_undecided

_SIGNS: Final = {
    What.ADDED: ("+", "green"),
    What.DROPPED: ("-", "red"),
    What.CHANGED: ("~", "yellow"),
    What.ORDER: ("↕", "yellow"),
    What.TIMER_ADDED: ("+", "green"),
    What.TIMER_DROPPED: ("-", "red"),
    What.TIMER_CHANGED: ("~", "yellow"),
    What.FAILS: ("✗", "bold red"),
}
_WORDS: Final = {
    What.ADDED: "added",
    What.DROPPED: "dropped",
    What.CHANGED: "changed",
    What.ORDER: "in another order",
    What.TIMER_ADDED: "wait added",
    What.TIMER_DROPPED: "wait dropped",
    What.TIMER_CHANGED: "wait changed",
    What.FAILS: "failing",
}


def draw(told: Told, view: View) -> None:
    """By rule, by event, and the totals at the end."""
    for rule in told.rules:
        view.print(_rule(rule, view))
    for event in told.events:
        view.print(_event(event, view))
    if told.left:
        view.print(f"{counted(told.left, 'more event')} like these; see --limit", "")
    totals = told.totals
    view.print(
        f"{view.at(told.span.since)} to {view.at(told.span.until)} ({view.clocks}): "
        f"{counted(totals.events, 'event')}, {totals.same} the same, {totals.otherwise} otherwise, "
        f"{totals.undecided} that cannot be told for sure" + (f", {totals.to_come} to come" if totals.to_come else "")
    )
    counts = ", ".join(f"{many} {_WORDS[What(what)]}" for what, many in totals.what.items())
    view.print(Text(counts or "nothing would be done otherwise", "bold" if counts else "green"))


def _rule(rule: ToldRule, view: View) -> Tree:
    tree = Tree(Text.assemble(("rule ", "bold"), (f"«{one_line(rule.rule)}»", "bold"), f": {_events(rule)}"))
    for what, counts in rule.what.items():
        sign, style = _SIGNS[What(what)]
        for kind, many in counts.items():
            of = f"{kind} " if kind and kind != "wait" else ""
            tree.add(Text.assemble((f"{sign} {of}{_WORDS[What(what)]}", style), f": {many}"))
    for change in rule.changes:
        example = _values(Changed(change.path, change.was, change.now), view)
        tree.add(Text.assemble(("~ ", "yellow"), f"{change.kind}.{change.path} of {change.actions}: {example}"))
    for why, many in rule.undecided.items():
        tree.add(Text.assemble(("? ", "magenta"), f"{counted(many, 'event')} cannot be told: {why}"))
    return tree


def _events(rule: ToldRule) -> str:
    if rule.now:
        return f"is called «{one_line(rule.now)}» now and does the same, {counted(rule.events, 'event')}"
    return f"{counted(rule.events, 'event')} otherwise"


def _event(event: ToldEvent, view: View) -> Tree:
    tree = Tree(Text.assemble(("event ", "bold"), (event.id, "bold"), f" {event.type}, {view.at(event.received_at)}"))
    for one in event.differences:
        for line in _lines(one, view):
            tree.add(line)
    for gap in event.undecided:
        tree.add(Text.assemble(("? ", "magenta"), f"rule «{one_line(gap.rule)}»: {why_undecided(gap)}"))
    return tree


def _lines(one: Difference, view: View) -> Iterator[Text]:
    sign, style = _SIGNS[one.what]
    kind = "" if one.kind == "wait" else one.kind
    line = Text.assemble((" ".join(filter(None, (sign, kind, _WORDS[one.what]))), style))
    line.append(f" by rule «{one_line(one.rule)}»")
    match one.what:
        case What.CHANGED:
            line.append(f": {'; '.join(f'{change.path} {_values(change, view)}' for change in one.changed)}")
        case What.TIMER_CHANGED | What.ORDER:
            line.append(f": {_values(Changed('', one.was, one.now), view)}")
        case What.ADDED | What.TIMER_ADDED:
            line.append(f": {short(one.now)}")
        case What.DROPPED | What.TIMER_DROPPED:
            line.append(f": {short(one.was)}")
    yield line.append(f" ({one_line(one.why)})" if one.why else "")


def _values(change: Changed, view: View) -> str:
    return f"was {_value(change.was, view)}, would be {_value(change.now, view)}"


def _value(value: object, view: View) -> str:
    if value is None or value == "":
        return "nothing"
    return view.at(at) if isinstance(value, str) and (at := moment_in(value)) else short(value)
