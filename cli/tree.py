"""A story drawn as a tree for a support engineer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.text import Text
from rich.tree import Tree

from cli.show import View, counted, one_line, short, span, state
from cli.waiting import next_commands, why_not_yet
from provodka.journal.records import WAIT, EventState
from rules.plan import RuleOutcome
from support.story import ShownAction, ShownAttempt, ShownCondition, ShownEvent, ShownPlan, ShownRule, ShownStory
from support.waiting import Mend

_VERDICTS: Final = {True: Text("✓ ", "green"), False: Text("✗ ", "red"), None: Text("· ", "dim")}


def story_tree(story: ShownStory, view: View) -> Tree:
    """The event, what the rules made of it, and what became of that."""
    tree = Tree(_headline(story.event))
    _event(tree, story.event, view)
    for plan in story.plans:
        _plan(tree, plan, view)
    for action in story.actions:
        _action(tree, action, view)
    if not story.actions and any(plan.rules for plan in story.plans):
        tree.add("no actions follow from it")
    return tree


def _headline(event: ShownEvent) -> Text:
    head = Text.assemble(("event ", "bold"), (event.id, "bold"), f" {event.type} by {one_line(event.channel)}, ")
    return head.append(state(event.state))


def _event(tree: Tree, event: ShownEvent, view: View) -> None:
    tree.add(_plain(f"happened {view.at(event.occurred_at)}{_after(event.occurred_at, event.received_at, 'received')}"))
    if event.planned_at is None:
        why = "the rules could not plan it" if event.state == EventState.FAILED else "not planned yet"
        tree.add(_plain(f"received {view.at(event.received_at)}, {why} ({view.clocks})"))
    else:
        tail = _after(event.received_at, event.planned_at, "planned")
        tree.add(_plain(f"received {view.at(event.received_at)}{tail} ({view.clocks})"))
    if event.again:
        times = counted(len(event.again), "time")
        tree.add(
            _plain(f"the same delivery came {times} more, last {view.at(event.again[-1])}: a repeat, nothing follows")
        )
    if str(event.person):
        tree.add(_plain(f"person: {event.person}"))
    if event.says:
        tree.add(Text(one_line(event.says, 600), "yellow"))
    if event.error:
        tree.add(Text(one_line(f"error: {event.error}"), "red"))
    _commands(tree, event_commands(event))


def event_commands(event: ShownEvent) -> tuple[str, ...]:
    """What a person can type to move this event on."""
    return (f"provodka replay {event.id}",) if Mend.REPLAY in event.mends else ()


def action_commands(action: ShownAction) -> tuple[str, ...]:
    """The same of an action."""
    return next_commands(action.id, action.kind, action.rule, action.mends)


def _after(begin: datetime, end: datetime, word: str) -> str:
    return f", {word} {span(end - begin)} later"


def _plan(tree: Tree, plan: ShownPlan, view: View) -> None:
    branch = tree.add(Text.assemble((f"plan {plan.number}", "bold"), f", cause {plan.cause}, at {view.at(plan.at)}"))
    if plan.note:
        branch.add(_plain(plan.note))
    if plan.hint:
        branch.add(_plain(f"a hint that these changed: {', '.join(plan.hint)}"))
        found = [f"{item['type']} (event {item['id']})" for item in plan.found]
        branch.add(_plain(f"found by comparing: {', '.join(found) or 'nothing new, as after our own writing'}"))
    others = [rule.rule for rule in plan.rules if _is_aside(rule)]
    for rule in plan.rules:
        if not _is_aside(rule):
            _rule(branch, rule)
    if others:
        names = ", ".join(f"«{name}»" for name in others)
        branch.add(Text(one_line(f"{counted(len(others), 'rule')} for other events: {names}", 600), "dim"))
    for name, value in (plan.facts or {}).items():
        branch.add(_plain(f"read from outside: {name} = {'nobody knows of one' if value is None else short(value)}"))


def _is_aside(rule: ShownRule) -> bool:
    """A rule for quite other events; one that only listens to another channel is worth its own line."""
    return rule.outcome == RuleOutcome.OTHER_TRIGGER and not rule.reason


def _rule(branch: Tree, rule: ShownRule) -> None:
    line = Text.assemble("rule ", (f"«{one_line(rule.rule)}»", "bold"), ": ", state(rule.outcome))
    if rule.actions:
        line.append(f", actions {', '.join(map(str, rule.actions))}")
    if rule.reason:
        line.append(f", {one_line(rule.reason)}")
    below = branch.add(line)
    if rule.violation:
        below.add(_plain(rule.violation))
    if rule.error:
        below.add(Text(one_line(rule.error), "red"))
    for condition in rule.conditions:
        _condition(below, condition)


def _condition(branch: Tree, condition: ShownCondition) -> None:
    below = branch.add(_VERDICTS[condition.matched] + Text(one_line(condition.reason)))
    for part in condition.parts:
        _condition(below, part)


def _action(tree: Tree, action: ShownAction, view: View) -> None:
    what = "timer" if action.kind == WAIT else action.kind
    line = Text.assemble((f"action {action.id} {what}", "bold"), f" of rule «{one_line(action.rule)}», ")
    branch = tree.add(line.append(state(action.state)))
    if action.kind != WAIT:
        branch.add(_plain(f"parameters: {_pairs(action.params)}"))
    if action.choice:
        branch.add(_plain(f"chosen by {action.choice}"))
    if action.needs is not None and not action.waits:
        branch.add(_plain(f"took the result of action {action.needs}"))
    if action.waits:
        branch.add(Text(one_line(why_not_yet(action.waits, view.at)), "yellow"))
    if action.result is not None and action.kind != WAIT:
        branch.add(Text(one_line(f"result: {result_line(action.result)}"), "green"))
    for attempt in action.attempts:
        _attempt(branch, attempt, view)
    _death(branch, action, view)


def result_line(result: Any) -> str:  # noqa: ANN401 -- JSON
    """A result on one line, the lead and its address first: that is what was asked for."""
    if not isinstance(result, dict):
        return short(result)
    made = {"yes": " (new)", "no": " (taken over)"}.get(str(result.get("created", "")), "")
    first = [f"lead {result['lead_id']}{made}"] if result.get("lead_id") else []
    first += [str(result["url"])] if result.get("url") else []
    told = {"lead_id", "url", "created", *(("remote_id",) if first else ())}
    rest = {name: value for name, value in result.items() if name not in told and value not in ("", None)}
    return ", ".join([*first, *([_pairs(rest)] if rest else [])]) or "nothing to tell"


def _pairs(values: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(values, Mapping):
        return short(values)
    shown = [f"{name}: {short(value)}" for name, value in values.items() if value not in ("", None, [], {})]
    return "; ".join(shown) or "none"


def _attempt(branch: Tree, attempt: ShownAttempt, view: View) -> None:
    took = "" if attempt.milliseconds is None else f", {span(attempt.milliseconds / 1000)}"
    line = Text.assemble(f"attempt {attempt.number} at {view.at(attempt.started_at)}{took}: ", state(attempt.outcome))
    if attempt.error:
        line.append(f", {one_line(attempt.error)}")
    below = branch.add(line)
    for call in attempt.calls:
        _call(below, call)


def _call(branch: Tree, call: Mapping[str, Any]) -> None:
    status = "no answer" if call.get("status") is None else str(call["status"])
    bad = f" {call['error_kind']}" if call.get("error_kind") else ""
    line = f"{call.get('method', '')} {call.get('path', '')} → {status}{bad}, {call.get('milliseconds', 0)} ms"
    below = branch.add(Text(one_line(line), "red" if bad else ""))
    if bad and call.get("answer_summary"):
        below.add(_plain(f"answered: {short(call['answer_summary'])}"))


def _death(branch: Tree, action: ShownAction, view: View) -> None:
    """Why it is dead, in the other side's words, and what to do about it."""
    if action.reason:
        branch.add(Text(one_line(f"{action.reason}: {action.error or 'no words'}"), "bold red"))
    if action.unsure_since is not None:
        branch.add(_plain(f"may have been carried out at {view.at(action.unsure_since)} or later"))
    if action.hint:
        branch.add(_plain(f"hint: {action.hint}"))
    _commands(branch, action_commands(action))


def _commands(branch: Tree, commands: Sequence[str]) -> None:
    for command in commands:
        branch.add(Text.assemble("next: ", (command, "bold")))


def _plain(text: str) -> Text:
    return Text(one_line(text))
