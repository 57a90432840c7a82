"""A rule test out of a stored event: what came, what the outside answered, and what was planned, with other people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from provodka import taxpayer
from provodka.event import dump_payload
from provodka.made_up import MadeUp
from provodka.payloads import InvoiceEvent, Payload, Person
from rules.engine import Engine
from rules.fact import CONTACT
from rules.faults import RuleError
from rules.given import given_event
from rules.plan import RuleOutcome
from rules.schema import RuleTest
from rules.testing import Difference, RuleTestResult, run_tests
from rules.whatif import Past, PastPlan

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)")
_A_MOMENT_LATER: Final = timedelta(seconds=1)  # a test knows whole seconds only


class UnsettledError(RuleError):
    """There is nothing yet that a test could expect: the event was not planned, or `rule` waits still."""

    def __init__(self, text: str, rule: str = "") -> None:
        super().__init__(text)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Planned:
    """An action as it was planned; `key` tells which plan made it."""

    key: str
    rule: str
    kind: str
    params: Mapping[str, Any]


def saved_test(
    past: Past, planned: Sequence[Planned], name: str, engine: Engine, made: MadeUp
) -> tuple[dict[str, Any], RuleTestResult]:
    """The test as a config writes it, and what became of it when it was run against these rules.

    It passes where the rules still do what they did. Raises UnsettledError where the event has no plan to be held to.
    """
    first = next((plan for plan in past.plans if plan.cause == "event"), None)
    if first is None:
        raise UnsettledError("the event was not planned: there is nothing that a test could expect")
    over = {rule for plan in past.plans if plan.cause == "timer" for rule in plan.rules}
    for rule, trace in first.rules.items():
        if trace.get("outcome") == RuleOutcome.WAITING and rule not in over:
            raise UnsettledError(f"rule «{rule}» waits still, so that nobody knows what it will do", rule)
    zone = engine.calendar.timezone
    person = made.person(past.event.person)
    facts = _facts(past)
    made.know(*(str(contact["name"]) for contact in [facts.get(CONTACT)] if isinstance(contact, dict)))
    made.know(*_private_buyers(past.event.payload))
    given = {"type": past.event.type.value, "channel": past.event.channel, **_person(person)}
    test = {
        "name": name,
        "given": {**given, **_payload(past, made, given, zone)},
        "at": _local(first.at, zone),
        "facts": {name: _pruned(fact) or fact for name, fact in _known(made.value(facts)).items()},
        "expect": _expect(_in_order(planned, past, engine), made, zone),
    }
    test = {key: value for key, value in test.items() if value or key == "given"}
    return _settled(test, past, engine, zone)


def _private_buyers(payload: Payload) -> Iterator[str]:
    """Who buys, where that is no firm."""
    if isinstance(payload, InvoiceEvent) and len(payload.invoice.inn) != taxpayer.OF_A_FIRM:
        yield payload.invoice.buyer


def _facts(past: Past) -> dict[str, Any]:
    """What was read, of two answers the later one: a test is played with one set of facts."""
    found: dict[str, Any] = {}
    for plan in past.plans:
        found |= plan.facts
    return found


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    """That somebody is known to nobody has a word of its own."""
    if CONTACT in facts and facts[CONTACT] is None:
        return {"person.known": False, **{name: fact for name, fact in facts.items() if name != CONTACT}}
    return facts


def _person(person: Person) -> dict[str, Any]:
    one = {"phone": person.phones[:1], "email": person.emails[:1]}
    more = {"phones": list(person.phones[1:]), "emails": list(person.emails[1:])}
    texts = {name: values[0] for name, values in one.items() if values}
    given = {"name": person.name, **texts, **more, "messengers": list(person.messengers)}
    given = {name: value for name, value in given.items() if value}
    return {"person": given} if given else {}


def _payload(past: Past, made: MadeUp, given: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """What the payload says; what says nothing is left out, unless the payload would be another without it."""
    whole = made.value(json.loads(dump_payload(past.event.payload)))
    short: dict[str, Any] = _pruned(whole)
    try:
        same = _built({**given, **short}, zone) == _built({**given, **whole}, zone)
    except (RuleError, ValidationError):
        return dict(whole)
    return short if same else dict(whole)


def _built(given: dict[str, Any], zone: ZoneInfo) -> object:
    return given_event(RuleTest(name="test", given=given, expect="no_actions"), zone).payload


def _in_order(planned: Sequence[Planned], past: Past, engine: Engine) -> list[Planned]:
    """As a test plays them: first what was planned at once, then what followed a wait, both in the rules' order."""
    late = {key for plan in past.plans if plan.cause == "timer" for key in plan.keys}
    order = {rule.name: at for at, rule in enumerate(engine.rules)}
    return sorted(planned, key=lambda action: (action.key in late, order.get(action.rule, len(order))))


def _expect(planned: Iterable[Planned], made: MadeUp, zone: ZoneInfo) -> Any:  # noqa: ANN401 -- YAML
    actions = [{one.kind: _written(_pruned(made.value(dict(one.params))), f"{one.rule}: ", zone)} for one in planned]
    steps = [step if any(step.values()) else next(iter(step)) for step in actions]
    return {"actions": steps} if steps else "no_actions"


def _written(value: Any, prefix: str, zone: ZoneInfo) -> Any:  # noqa: ANN401 -- JSON
    """Moments on the client's clocks; without the counters that are named after their rule."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return _local(datetime.fromisoformat(value), zone)
    if isinstance(value, list):
        return [_written(item, prefix, zone) for item in value]
    if isinstance(value, dict):
        kept = ((k, v) for k, v in value.items() if not (k == "counter" and str(v).startswith(prefix)))
        return {name: _written(item, prefix, zone) for name, item in kept}
    return value


def _settled(test: dict[str, Any], past: Past, engine: Engine, zone: ZoneInfo) -> tuple[dict[str, Any], RuleTestResult]:
    """Run it. A rule that waited was evaluated a little after its time, and so was what it counted from then."""
    (result,) = run_tests([RuleTest.model_validate(test)], engine)
    late = _A_MOMENT_LATER + max((_lateness(plan, past) for plan in past.plans), default=timedelta())
    for action, difference in _moments(test, result):
        was, now = (_moment(value, zone) for value in (difference.expected, difference.actual))
        if was is not None and now is not None and abs(was - now) <= late:
            _put(action, difference.path.split(".")[1:], _local(now, zone, exact=True))
    (result,) = run_tests([RuleTest.model_validate(test)], engine)
    return test, result


def _moments(test: Mapping[str, Any], result: RuleTestResult) -> Iterator[tuple[Any, Difference]]:
    for at in result.compared:
        for difference in at.differences:
            yield test["expect"]["actions"][at.number - 1][at.expected], difference


def _lateness(plan: PastPlan, past: Past) -> timedelta:
    """How long after the end of its wait a rule was read."""
    if plan.cause != "timer":
        return timedelta()
    waits = [str(one.rules[rule].get("reason", "")) for one in past.plans for rule in plan.rules if rule in one.rules]
    ends = [datetime.fromisoformat(wait.removeprefix("until ")) for wait in waits if wait.startswith("until ")]
    return max((plan.at - end for end in ends), default=timedelta())


def _put(params: dict[str, Any], path: Sequence[str], value: str) -> None:
    for step in path[:-1]:
        params = params[step]
    params[path[-1]] = value


def _moment(value: object, zone: ZoneInfo) -> datetime | None:
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _local(moment: datetime, zone: ZoneInfo, *, exact: bool = False) -> str:
    """A moment as tests write it, to the minute where it is a whole one."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    if not exact:
        local = local.replace(microsecond=0)
    return local.isoformat(" ", "auto" if local.second or local.microsecond else "minutes")


def _pruned(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """Without members that say nothing, at any depth; a fact that is None says something."""
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    if not isinstance(value, dict):
        return value
    pruned = {name: _pruned(item) for name, item in value.items()}
    return {name: item for name, item in pruned.items() if item not in (None, "", [], {})}
