"""The static check of rules: everything that can be known to be wrong without an event. All of it, not the first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from provodka.own_pages import LEAD_FIELD
from provodka.payloads import CHECKED, EventType
from provodka.wording import did_you_mean
from rules.actions.base import Action, LeadUse
from rules.beside import ALONE, Beside
from rules.compiled import CompiledRule, Step, compile_rule
from rules.conditions import Compare, Formula, leaves
from rules.logic import cases, clash, impossible
from rules.maybe import MAYBE, never_lacks
from rules.names import BY_CLOCK, WITHOUT_PERSON, Node, UnknownName, find, is_list
from rules.ranges import unmeasurable
from rules.schema import EVENT_TYPES, Rule, Staff
from rules.team import RESERVED, WHO
from rules.template_check import misread
from rules.templates import Templates, Text
from rules.text import same

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One mistake: its place in the config (`rules`, 0, `do`, 1, …), what is wrong, and the cure."""

    path: Path
    text: str
    hint: str = ""


Channels = Mapping[str, frozenset[EventType] | None]
"""The channels of the config, each with the event types that its kind yields, or None where that is not known."""

Report = Callable[[Path, str, str], None]


def check(
    rules: Sequence[Rule],
    registry: Mapping[str, Action[Any]],
    staff: Mapping[str, Staff],
    channels: Channels,
    beside: Beside = ALONE,
    *,
    teams: Collection[str] = (),
    senders: Collection[str] | None = None,
) -> list[RuleProblem]:
    """All mistakes, in the order of the config. `senders` are the channels that can write to clients, and their media;
    None where those are not known."""
    problems: list[RuleProblem] = list(_staff(staff))
    templates = Templates(ZoneInfo("UTC"), beside.dictionaries)
    names: dict[str, int] = {}
    for i, rule in enumerate(rules):

        def report(place: Path, text: str, hint: str = "", at: int = i) -> None:
            problems.append(RuleProblem(("rules", at, *place), text, hint))

        first = names.setdefault(rule.name, i)
        if first != i:
            report(
                ("name",), f"rule {first + 1} has this name already", "names must differ: they name the rule in traces"
            )
        one = _RuleCheck(compile_rule(rule, registry, templates, report), staff, channels, report, templates, beside)
        one.teams, one.senders = teams, senders
        one.run()
    return problems


def _staff(staff: Mapping[str, Staff]) -> Iterator[RuleProblem]:
    for member in ("crm", "extension", "telegram", "email"):
        seen: dict[str, str] = {}
        for key, one in staff.items():
            value = getattr(one, member) or ()
            for name in value if isinstance(value, tuple) else (value,):
                if seen.setdefault(str(name).casefold(), key) != key:
                    yield RuleProblem(("staff", key, member), f"{seen[str(name).casefold()]} has the same {member}")
    for key in sorted(RESERVED & staff.keys()):
        yield RuleProblem(("staff", key), f"{key} has a meaning of its own in rules", "choose another key")


def _ladder(rule: Rule, report: Report) -> None:
    """Rungs that do not lead upwards. Working and other time cannot be compared."""
    for i, (lower, upper) in enumerate(pairwise(rung.after for rung in rule.escalate), 1):
        alike = lower.working is upper.working and lower.clock is None and upper.clock is None
        if lower.text == upper.text or (alike and (upper.days, upper.seconds) <= (lower.days, lower.seconds)):
            text = f"rung {i + 1} comes after {upper.text}, rung {i} after {lower.text} already"
            report(("escalate", i, "after"), text, "all rungs count from the event: put the shorter time first")


_OF_STAFF: Final = frozenset(
    {
        "lead.responsible",
        "contact.responsible",
        "company.responsible",
        "task.responsible",
        "responsible.key",
        "who.key",
        "change.by",
    }
)
"""The names whose values are staff keys."""


class _RuleCheck:
    """The check of one rule that could be compiled, at least in part."""

    teams: Collection[str] = ()
    senders: Collection[str] | None = None

    def __init__(
        self,
        compiled: CompiledRule,
        staff: Mapping[str, Staff],
        channels: Channels,
        report: Report,
        templates: Templates,
        beside: Beside = ALONE,
    ) -> None:
        self._beside = beside
        self._templates = templates
        self._compiled = compiled
        self._rule = compiled.rule
        self._staff = staff
        self._channels = channels
        self._report = report

    def run(self) -> None:
        self._trigger()
        self._guard()
        for leaf in leaves(self._compiled.condition):
            if isinstance(leaf, Compare):
                self._comparison(leaf)
            elif isinstance(leaf, Formula):
                self._template(("when", *leaf.where), "{{ " + leaf.expression.source + " }}")
                self._plans(("when", *leaf.where), leaf.expression.names)
        self._contradictions()
        for place, text in self._compiled.texts:
            self._text(place, text)
        for step in self._compiled.steps:
            self._step(step)

    def _contradictions(self) -> None:
        ways = cases(self._compiled.condition)
        if ways is None or not impossible(ways, self._is_list):
            return
        for place, pair in dict.fromkeys(found for way in ways if (found := clash(way, self._is_list))):
            self._report(("when", *place), pair, "the rule can never match")

    def _trigger(self) -> None:
        rule = self._rule
        if rule.waits and rule.stop:
            self._report(
                ("stop",), "a rule that waits cannot stop the others: they go on at once", "remove stop or wait"
            )
        for key, kinds in (("on", rule.on), ("unless", rule.unless)):
            for i, kind in enumerate(kinds):
                if kind in BY_CLOCK:
                    self._report((key, i), f"{kind} is no event of {key}", "write every or at instead of on")
                elif not isinstance(kind, EventType):
                    self._report((key, i), f"unknown event type {kind}", did_you_mean(kind, EVENT_TYPES))
        _ladder(rule, self._report)
        self._date()
        for i, channel in enumerate(rule.channel):
            place: Path = ("channel", i)
            if channel not in self._channels:
                self._report(place, f"unknown channel {channel}", did_you_mean(channel, self._channels))
                continue
            yields = self._channels[channel]
            if yields is not None and rule.triggers and not yields & set(rule.triggers):
                wanted = ", ".join(rule.triggers)
                self._report(
                    place, f"channel {channel} never yields {wanted}", f"it yields {', '.join(sorted(yields))}"
                )

    def _guard(self) -> None:
        """Only events of cards tell who did it."""
        guard = self._rule.guard
        if guard is None or guard.who != "author":
            return
        without = next((k for k in self._rule.triggers if isinstance(find("change.by", k), UnknownName)), None)
        if without is not None:
            self._report(("guard", "who"), f"{without} does not tell who did it", "count it for the responsible")

    def _date(self) -> None:
        """A path that leads to no date of a card."""
        path, kind = self._rule.date, self._rule.kind
        if not path:
            return
        if kind not in CHECKED:
            hint = did_you_mean(kind, CHECKED)
            self._report(("date",), f"{path} is no field of a card", hint or "write lead.fields.Дата поставки")
            return
        found = find(path, CHECKED[kind])
        if isinstance(found, UnknownName):
            hint = f'did you mean "{found.nearest}"?' if found.nearest else ""
            self._report(("date",), f"{kind} has no {path.partition('.')[2] or 'such field'}", hint)
        elif found.kind is not datetime and not path.startswith(f"{kind}.fields."):
            self._report(("date",), f"{path} is never a date", "name a field of the CRM: lead.fields.Дата поставки")

    def _name(self, place: Path, name: str) -> Node | None:
        """Report a name that one of the event types does not have; the node where all have it."""
        node: Node | None = None
        for kind in self._rule.triggers:
            found = find(name, kind)
            if isinstance(found, UnknownName):
                hint = f'did you mean "{found.nearest}"?' if found.nearest else ""
                self._report(place, f"{kind} has no {name}", hint)
                return None
            node = found
        return node

    def _plans(self, place: Path, names: Iterable[str]) -> None:
        """A plan, or a page, that the config does not have."""
        known = self._beside.plans
        for name in names:
            root, _, plan = name.partition(".")
            if root == "plans" and plan and plan not in known:
                hint = did_you_mean(plan, known) if known else "write it under plans:"
                self._report(place, f"there is no plan {plan}", hint)
            if root == "pages" and plan and self._beside.pages is not None:
                self._personal_link(place, plan, self._beside.pages)

    def _personal_link(self, place: Path, page: str, known: Set[str]) -> None:
        """A page that the config does not have, or that nobody outside could open."""
        if page != LEAD_FIELD and page not in known:
            hint = did_you_mean(page, known) if known else "add a channel of type page"
            self._report(place, f"there is no page {page}", hint)
        elif page != LEAD_FIELD and not self._beside.public:
            self._report(place, f"nobody could open pages.{page}", "set server.public_url, the address of the proxy")

    def _is_list(self, path: str) -> bool:
        return is_list(path, self._rule.triggers)

    def _comparison(self, leaf: Compare) -> None:
        place: Path = ("when", *leaf.where)
        self._plans(place, [leaf.path])
        node = self._name(place, leaf.path)
        if node is not None and (kind := unmeasurable(leaf, node.kind)):
            self._report(place, f"{leaf.path} is {kind}", f"{leaf.operator.name} {leaf.expected} never holds for it")
        if node is not None and leaf.operator.name == "filled" and not node.open:
            self._report(place, f"{leaf.path} holds no fields", "ask for them so: lead.fields: {filled: [Площадь]}")
        if node is None or leaf.operator.name not in ("is", "in", "not"):
            return
        values = leaf.expected if isinstance(leaf.expected, list) else [leaf.expected]
        for value in values:
            if node.choices and not any(same(value, choice) for choice in node.choices):
                self._report(place, f"{leaf.path} is never «{value}»", did_you_mean(str(value), node.choices))
            elif leaf.path == "event.channel" and value not in self._channels:
                self._report(place, f"unknown channel {value}", did_you_mean(str(value), self._channels))
            elif leaf.path in _OF_STAFF and value and "@" not in str(value):
                self._person(place, str(value))
        if leaf.path == "event.type" and leaf.operator.name != "not" and not set(values) & set(self._rule.triggers):
            self._report(place, f"the rule starts on {', '.join(self._rule.triggers)}", "the rule can never match")

    def _person(self, place: Path, key: str, teams: Collection[str] = ()) -> None:
        if key not in self._staff and key not in teams:
            self._report(place, f"unknown staff key {key}", did_you_mean(key, [*self._staff, *teams]))

    def _who(self, place: Path) -> None:
        other = next((kind for kind in self._rule.triggers if isinstance(find("who", kind), UnknownName)), None)
        if other is not None:
            self._report(place, f"{other} is about none of the staff", "name a staff key, or look at each: person")

    def _sender(self, place: Path, way: str) -> None:
        if self.senders is not None and way not in self.senders:
            hint = did_you_mean(way, self.senders) if self.senders else "add a channel that can: telegram, smtp"
            self._report(place, f"no channel {way} can write to clients", hint)

    def _step(self, step: Step) -> None:
        at = step.place
        for place, key in step.action.people(step.params):
            if key == WHO and place[0] in step.action.takes_who:
                self._who((*at, *place))
                continue
            self._person((*at, *place), key, self.teams if place[0] in step.action.takes_teams else ())
        for place, way in step.action.ways(step.params):
            self._sender((*at, *place), way)
        for operation in sorted(step.action.operations & self._beside.lacks.keys()):
            what = self._beside.lacks[operation]
            self._report(at, f"{self._beside.crm} has no {what}, so that this can never be done", "leave the step out")
        for place, text, hint in step.action.beside(step.params, self._beside):
            self._report((*at, *place), text, hint)
        nobody = [kind for kind in self._rule.triggers if kind in WITHOUT_PERSON]
        for name in sorted(step.action.reading(step.params)):
            without = next((kind for kind in self._rule.triggers if isinstance(find(name, kind), UnknownName)), None)
            if without is not None:
                self._report(at, f"{without} has no {name} for {step.action.name}", "leave the step or the event out")
        if step.action.lead in (LeadUse.NEEDS, LeadUse.ADDS) and step.needs is None and nobody:
            self._report(at, f"{nobody[0]} is about nobody, so that there is no lead to act on", "put intake before it")
        for kind in sorted(step.action.brings & set(self._rule.triggers)) if self._rule.when is None else ():
            text = f"{step.action.name} brings about {kind}, which starts this rule again, without an end"
            self._report(at, text, "add a condition (when) that does not hold for what the step makes")
        for place in step.action.leads(step.params) if step.needs is None and nobody else ():
            text = f"{nobody[0]} is about nobody, so that nobody is responsible"
            self._report((*at, *place), text, "put intake before it, or name a staff key")

    def _template(self, place: Path, source: str) -> None:
        """Report every name that one of the event types does not have, once."""
        tree = self._templates.parse(source)
        told: set[str] = set()
        for kind in self._rule.triggers:
            for wrong in misread(tree, kind):
                if wrong.path in told:
                    continue
                told.add(wrong.path)
                line = f" (line {wrong.line} of the text)" if "\n" in source.strip() else ""
                hint = f'did you mean "{wrong.nearest}"?' if wrong.nearest else ""
                self._report(place, f"{kind} has no {wrong.path}{line}", hint)

    def _text(self, place: Path, text: Text) -> None:
        self._template(place, text.source)
        self._plans(place, sorted(text.names))
        for part, askers in MAYBE.items():
            if part not in text.names and self._reads_missing(part, askers, text.names):
                hint = f"ask for it: when: {{{part}: {{known: true}}}}, or in the text {{% if {part} %}}…{{% endif %}}"
                what = part.split(".")[-1]
                self._report(place, f"there may be no {what} when this text is made, and the rule would fail", hint)

    def _reads_missing(self, part: str, askers: tuple[str, ...], names: frozenset[str]) -> bool:
        """Whether a text reads below a part that the event may lack, and no condition asks for it."""
        if not any(name.startswith(f"{part}.") for name in names):
            return False
        if all(part in never_lacks(kind) for kind in self._rule.triggers):
            return False
        if not all(isinstance(find(part, kind), Node) for kind in self._rule.triggers):
            return False
        return not any(f"{name}.".startswith(f"{asker}.") for name in self._asked() for asker in askers)

    def _asked(self) -> Iterator[str]:
        """The names that the conditions read."""
        for leaf in leaves(self._compiled.condition):
            if isinstance(leaf, Compare):
                yield leaf.path
            elif isinstance(leaf, Formula):
                yield from leaf.expression.names
