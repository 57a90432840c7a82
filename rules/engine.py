"""The engine: an event and the rules give a plan. It touches nothing outside but the facts it is handed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from provodka.event import Event
from provodka.payloads import EventType
from rules.actions.base import Action
from rules.beside import ALONE, Beside
from rules.calendar import WorkingCalendar
from rules.compiled import CompiledRule, compile_rule
from rules.conditions import refuse
from rules.facts import Facts, House, Scope
from rules.faults import RULE_FAULTS
from rules.plan import (
    ConditionTrace,
    Plan,
    PlannedAction,
    PlannedTimer,
    PlanTrace,
    Priority,
    RuleOutcome,
    RuleTrace,
    action_key,
    timer_key,
)
from rules.schema import Rule
from rules.team import Team
from rules.templates import Templates


class Engine:
    """Built once from checked rules (a wrong one raises RuleError); then immutable, so that threads may share it."""

    def __init__(
        self,
        rules: Sequence[Rule],
        registry: Mapping[str, Action[Any]],
        team: Team,
        calendar: WorkingCalendar,
        client: str = "",
        beside: Beside = ALONE,
    ) -> None:
        templates = Templates(calendar.timezone, beside.dictionaries)
        self.calendar = calendar
        self.team = team
        self.veil = beside.veil
        self._house = House(client, team, calendar)
        self._rules = [compile_rule(rule, registry, templates, refuse) for rule in rules]
        self._by_name = {compiled.rule.name: compiled for compiled in self._rules}
        self._by_type = {kind: self._index(kind) for kind in EventType}

    def evaluate(
        self, event: Event, facts: Facts, now: datetime, only_rule: str | None = None, resumed: bool = False
    ) -> Plan:
        """The plan for this event. The same event, facts and moment always give the same plan.

        A rule that fails is recorded as such and disturbs no other. An error of `facts` (a ConnectorError) passes
        through: nothing is planned then. When a timer is due, name its rule in `only_rule` and set `resumed`: then its
        conditions are read, with the lead as it is now.
        """
        run = _Run(event, self._house.scope(event, facts, now, resumed=resumed), now, self)
        if only_rule is not None:
            traces = [self._alone(only_rule, run, resumed=resumed)]
        else:
            blank, considered = self._by_type[event.type]
            traces = list(blank)
            for at, compiled in considered:
                traces[at] = run.consider(compiled, resumed=resumed)
        trace = PlanTrace(now, tuple(traces), run.scope.facts.record)
        return Plan(event.id, tuple(run.actions), tuple(run.timers), trace)

    def _alone(self, name: str, run: _Run, *, resumed: bool) -> RuleTrace:
        compiled = self._by_name.get(name)
        if compiled is None:
            return RuleTrace(name, RuleOutcome.ERROR, error="there is no rule of this name any more")
        if run.event.type not in compiled.rule.triggers:
            return _other_trigger(compiled)
        return run.consider(compiled, resumed=resumed)

    def _index(self, kind: EventType) -> tuple[list[RuleTrace], list[tuple[int, CompiledRule]]]:
        """For one event type: the traces of all rules as if none started, and those that may start, by position."""
        blank = [_other_trigger(compiled) for compiled in self._rules]
        return blank, [(at, compiled) for at, compiled in enumerate(self._rules) if kind in compiled.rule.triggers]


class _Run:
    """One evaluation on its way through the rules."""

    __slots__ = ("_engine", "_now", "_stopped_by", "actions", "event", "scope", "timers")

    def __init__(self, event: Event, scope: Scope, now: datetime, engine: Engine) -> None:
        self.event = event
        self.scope = scope
        self.actions: list[PlannedAction] = []
        self.timers: list[PlannedTimer] = []
        self._now = now
        self._engine = engine
        self._stopped_by = ""

    def consider(self, compiled: CompiledRule, *, resumed: bool) -> RuleTrace:
        rule = compiled.rule
        if rule.channel and self.event.channel not in rule.channel:
            reason = f"listens to {', '.join(rule.channel)}, not to {self.event.channel}"
            return RuleTrace(rule.name, RuleOutcome.OTHER_TRIGGER, reason=reason)
        if self._stopped_by:
            reason = f"rule «{self._stopped_by}» lets no later rule see the event"
            return RuleTrace(rule.name, RuleOutcome.STOPPED, reason=reason)
        if rule.wait is not None and not resumed:
            due = self._engine.calendar.add(rule.wait, self._now)
            self.timers.append(PlannedTimer(timer_key(self.event.id, compiled.slug), rule.name, due))
            return RuleTrace(rule.name, RuleOutcome.WAITING, reason=f"until {due.isoformat()}")
        return self._match(compiled)

    def _match(self, compiled: CompiledRule) -> RuleTrace:
        name = compiled.rule.name
        conditions: tuple[ConditionTrace, ...] = ()
        try:
            answer = compiled.condition.evaluate(self.scope, decided=False)
            conditions = answer.parts
            if not answer.matched:
                return RuleTrace(name, RuleOutcome.NOT_MATCHED, conditions)
            actions = self._plan(compiled)
        except RULE_FAULTS as fault:
            return RuleTrace(name, RuleOutcome.ERROR, conditions, error=f"{type(fault).__name__}: {fault}")
        self.actions.extend(actions)
        if compiled.rule.stop:
            self._stopped_by = name
        return RuleTrace(name, RuleOutcome.MATCHED, conditions, tuple(action.key for action in actions))

    def _plan(self, compiled: CompiledRule) -> list[PlannedAction]:
        actions: list[PlannedAction] = []
        for step in compiled.steps:
            needs = None if step.needs is None else action_key(self.event.id, compiled.slug, step.needs)
            engine = self._engine
            parts = step.plan(self.scope.names, compiled.rule.name, self._now, engine.calendar, engine.veil)
            for part, params in parts.items():
                key = action_key(self.event.id, compiled.slug, step.index, part)
                action = step.action
                priority = Priority.URGENT if compiled.rule.urgent else action.priority
                actions.append(PlannedAction(key, action.name, compiled.rule.name, step.index, params, needs, priority))
        return actions


def _other_trigger(compiled: CompiledRule) -> RuleTrace:
    return RuleTrace(compiled.rule.name, RuleOutcome.OTHER_TRIGGER)
