"""The engine: an event and the rules give a plan. It touches nothing outside but the facts it is handed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from provodka.event import Event
from provodka.fence import OutOfTimeError
from provodka.payloads import EmailReceived, EmailSent, EventType, addressed_to, is_bulk, is_echo_of_import, lead_of
from rules.actions.base import Action, Part
from rules.actions.chain import follow
from rules.beside import ALONE, Beside
from rules.calendar import WorkingCalendar
from rules.compiled import CompiledRule, compile_rule
from rules.conditions import refuse
from rules.fact import CONTACT, LEAD
from rules.facts import Facts, House, Scope
from rules.faults import RULE_FAULTS, NotOnRecordError
from rules.guard import violation
from rules.plan import (
    ConditionTrace,
    Plan,
    PlannedAction,
    PlannedLimit,
    PlannedTimer,
    PlanTrace,
    Priority,
    RuleOutcome,
    RuleTrace,
    action_key,
    rung_slug,
    timer_key,
)
from rules.schema import Rule
from rules.sight import Sight
from rules.team import Team
from rules.templates import Templates
from rules.told import MAY_REPEAT, ToldBefore

_IMPORTED: Final = (
    "an import has made this card, and thousands like it: rules are not told of each; one that asks for "
    "change.imported sees it"
)
_STRANGER: Final = (
    "nobody knows this person, and strangers' letters to a mailbox of role {role} are not for rules; one that asks for "
    "message.role sees them"
)
_AT_RULE: Final = "at the rule "


def rule_at(limit: BaseException) -> str:
    """The rule at which the engine was left by a MemoryError or an OutOfTimeError; empty where it was at none."""
    notes = getattr(limit, "__notes__", ())
    return next((note.removeprefix(_AT_RULE) for note in notes if note.startswith(_AT_RULE)), "")


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
        self._house = House(client, team, calendar, beside.plans)
        self._rules = [compile_rule(rule, registry, templates, refuse) for rule in rules]
        self._by_name = {compiled.rule.name: compiled for compiled in self._rules}
        self._by_type = {kind: self._index(kind) for kind in EventType}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in their order."""
        return tuple(compiled.rule for compiled in self._rules)

    def evaluate(
        self,
        event: Event,
        facts: Facts,
        now: datetime,
        only_rule: str | None = None,
        resumed: bool = False,
        rung: int | None = None,
    ) -> Plan:
        """The plan for this event. The same event, facts and moment always give the same plan.

        A rule that fails is recorded as such and disturbs no other. An error of `facts` (a ConnectorError) passes
        through: nothing is planned then. When a timer is due, name its rule in `only_rule`, and its `rung`, and set
        `resumed`: then its conditions are read, with the lead as it is now.
        """
        run = _Run(event, self._house.scope(event, facts, now, resumed=resumed), now, self)
        only_rule = only_rule or addressed_to(event.payload)
        if only_rule:
            traces = [self._alone(only_rule, run, rung, resumed=resumed)]
        else:
            run.look_for_first(resumed=resumed)
            blank, considered = self._by_type[event.type]
            traces = list(blank)
            for at, compiled in considered:
                traces[at] = run.consider(compiled, None, resumed=resumed)
            traces += run.follow_chain()
        trace = PlanTrace(now, tuple(traces), run.scope.facts.record)
        return Plan(event.id, tuple(run.actions), tuple(run.timers), trace, tuple(run.limits))

    def droppers(self, rule: str) -> tuple[EventType, ...]:
        """The event types that drop what waits of this rule (`unless`); none where there is no such rule any more."""
        compiled = self.rule(rule)
        return compiled.rule.droppers if compiled else ()

    def rule(self, name: str) -> CompiledRule | None:
        """The rule of this name, made ready; None where there is none any more."""
        return self._by_name.get(name)

    def sight(self, rule: str, moment: datetime, now: datetime) -> Sight | None:
        """The look of a rule at the cards of the CRM, at the tick of `moment`; None for one that looks at none."""
        compiled = self.rule(rule)
        if compiled is None or not compiled.rule.kind:
            return None
        return Sight(compiled, compiled.rule.kind, self._house, moment, now)

    @property
    def names(self) -> list[str]:
        """The names of all rules."""
        return list(self._by_name)

    def dropped(self, rule: str, event: Event, by: Event, now: datetime) -> Plan:
        """The plan of a timer that another event has dropped: nothing, and the reason."""
        at = self.calendar.local(by.occurred_at).isoformat(timespec="seconds")
        trace = RuleTrace(rule, RuleOutcome.DROPPED, reason=f"unless: {by.type} of {at} came meanwhile (event {by.id})")
        return Plan(event.id, (), (), PlanTrace(now, (trace,)))

    def _alone(self, name: str, run: _Run, rung: int | None, *, resumed: bool) -> RuleTrace:
        compiled = self.rule(name)
        if compiled is None:
            return RuleTrace(name, RuleOutcome.ERROR, error="there is no rule of this name any more")
        if run.event.type not in compiled.rule.triggers:
            return _other_trigger(compiled)
        if resumed and ((rung is not None and rung >= len(compiled.rungs)) or (rung is None and compiled.rungs)):
            return RuleTrace(name, RuleOutcome.ERROR, error="the rule has no such rung any more")
        return run.consider(compiled, rung, resumed=resumed)

    def _index(self, kind: EventType) -> tuple[list[RuleTrace], list[tuple[int, CompiledRule]]]:
        """For one event type: the traces of all rules as if none started, and those that may start, by position."""
        blank = [_other_trigger(compiled) for compiled in self._rules]
        return blank, [(at, compiled) for at, compiled in enumerate(self._rules) if kind in compiled.rule.triggers]


class _Run:
    """One evaluation on its way through the rules."""

    __slots__ = ("_engine", "_now", "_stopped", "_told", "actions", "event", "limits", "scope", "timers")

    def __init__(self, event: Event, scope: Scope, now: datetime, engine: Engine) -> None:
        self.event = event
        self.scope = scope
        self.actions: list[PlannedAction] = []
        self.timers: list[PlannedTimer] = []
        self.limits: list[PlannedLimit] = []
        self._now = now
        self._engine = engine
        self._stopped = ""  # why no rule may see the event any more
        self._told: ToldBefore | None = None

    def consider(self, compiled: CompiledRule, rung: int | None, *, resumed: bool) -> RuleTrace:
        rule = compiled.rule
        if rule.channel and self.event.channel not in rule.channel:
            reason = f"listens to {', '.join(rule.channel)}, not to {self.event.channel}"
            return RuleTrace(rule.name, RuleOutcome.OTHER_TRIGGER, reason=reason)
        if self._stopped:
            return RuleTrace(rule.name, RuleOutcome.STOPPED, reason=self._stopped)
        if self._told is not None and (why := self._told.stops(rule.name)):
            return RuleTrace(rule.name, RuleOutcome.STOPPED, reason=why)
        if is_echo_of_import(self.event.payload) and not compiled.asks("change", "imported"):
            return RuleTrace(rule.name, RuleOutcome.NOT_MATCHED, reason=_IMPORTED)
        if rule.waits and not resumed:
            return self._wait(compiled)
        return self._match(compiled, rung, resumed=resumed)

    def look_for_first(self, *, resumed: bool) -> None:
        """What is told again acts on no rule a second time; a letter on none that has acted on its copy before."""
        if not resumed and self.event.type in MAY_REPEAT:
            self._told = self.scope.facts.told()

    def follow_chain(self) -> list[RuleTrace]:
        """The next task of a chain, where the event is the completion of one that we made."""
        link = self.scope.facts.chain() if self.event.type is EventType.TASK_COMPLETED else None
        if link is None:
            return []
        trace, actions = follow(link, self.event, self._now, self._engine.calendar)
        self.actions.extend(actions)
        return [trace]

    def _wait(self, compiled: CompiledRule) -> RuleTrace:
        """A timer for the rule, or one for each rung, all from this moment on."""
        rule = compiled.rule
        waits = [(None, rule.wait)] if rule.wait else [(i, rung.after) for i, rung in enumerate(rule.escalate)]
        due = [self._engine.calendar.add(duration, self._now) for _, duration in waits]
        for (rung, _), moment in zip(waits, due, strict=True):
            key = timer_key(self.event.id, rung_slug(compiled.slug, rung))
            self.timers.append(PlannedTimer(key, rule.name, moment, rung))
        return RuleTrace(rule.name, RuleOutcome.WAITING, reason=f"until {', '.join(d.isoformat() for d in due)}")

    def _match(self, compiled: CompiledRule, rung: int | None, *, resumed: bool) -> RuleTrace:
        name = compiled.rule.name
        conditions: tuple[ConditionTrace, ...] = ()
        try:
            matched, conditions = compiled.condition.answer(self.scope, decided=False)
            if not matched:
                return RuleTrace(name, RuleOutcome.NOT_MATCHED, conditions)
            if why := self._of_a_stranger(compiled):
                return RuleTrace(name, RuleOutcome.NOT_MATCHED, conditions, reason=why)
            actions = self._plan(compiled, rung)
            guard = compiled.rule.guard
            broken = violation(guard, self.event, self.scope, resumed=resumed) if guard is not None else None
        except RULE_FAULTS as fault:
            missing = fault.fact if isinstance(fault, NotOnRecordError) else ""
            error = f"{type(fault).__name__}: {fault}"
            return RuleTrace(name, RuleOutcome.ERROR, conditions, error=error, missing=missing)
        except (MemoryError, OutOfTimeError) as limit:
            limit.add_note(f"{_AT_RULE}{name}")
            raise
        self.actions.extend(actions)
        keys = tuple([action.key for action in actions])
        self._limit(compiled, rung, keys)
        if compiled.rule.stop:
            self._stopped = f"rule «{name}» lets no later rule see the event"
        return RuleTrace(name, RuleOutcome.MATCHED, conditions, keys, violation=broken)

    def _of_a_stranger(self, compiled: CompiledRule) -> str:
        """Why the letter is nobody's business: its mailbox is no source of requests, and we know no such person."""
        payload = self.event.payload
        if (
            not isinstance(payload, EmailReceived | EmailSent)
            or not payload.message.seeks_known
            or compiled.asks("message", "role")
        ):
            return ""
        facts = self.scope.facts
        is_known = facts.get(CONTACT) is not None or facts.get(LEAD) is not None
        return "" if is_known else _STRANGER.format(role=payload.message.role)

    def _limit(self, compiled: CompiledRule, rung: int | None, keys: tuple[str, ...]) -> None:
        """What the journal is to ask before it lets the rule act."""
        once, throttle = compiled.rule.once_within, compiled.rule.throttle
        if once is None and throttle is None:
            return
        lead = lead_of(self.event.payload)
        self.limits.append(
            PlannedLimit(
                rule=compiled.rule.name,
                slug=rung_slug(compiled.slug, rung),
                keys=keys,
                lead=lead.id if lead else "",
                once_until=self._engine.calendar.add(once, self._now) if once else None,
                most=throttle.most if throttle else 0,
                counts_until=self._engine.calendar.add(throttle.per, self._now) if throttle else None,
            )
        )

    def _plan(self, compiled: CompiledRule, rung: int | None) -> list[PlannedAction]:
        actions: list[PlannedAction] = []
        event_id, names, engine = self.event.id, self.scope.names, self._engine
        name, slug = compiled.rule.name, rung_slug(compiled.slug, rung)
        for step in compiled.steps if rung is None else compiled.rungs[rung]:
            needs = None if step.needs is None else action_key(event_id, slug, step.needs)
            priority = self._urgency(compiled.rule, step.action)
            parts = step.plan(names, name, self._now, engine.calendar, engine.team, engine.veil)
            for suffix, made in parts.items():
                part = made if isinstance(made, Part) else Part(made)
                after = needs if part.after is None else action_key(event_id, slug, step.index, part.after)
                key, kind = action_key(event_id, slug, step.index, suffix), part.kind or step.action.name
                actions.append(PlannedAction(key, kind, name, step.index, part.params, after, priority))
        return actions

    def _urgency(self, rule: Rule, action: Action[Any]) -> Priority:
        """For what was imported nobody waits one by one, whatever the rule says of itself."""
        if is_bulk(self.event.payload):
            return Priority.BULK
        return Priority.URGENT if rule.urgent else action.priority


def _other_trigger(compiled: CompiledRule) -> RuleTrace:
    return RuleTrace(compiled.rule.name, RuleOutcome.OTHER_TRIGGER)
