"""`once_within` and `throttle`: what one rule may do for one person and in one time, on a real journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provodka.journal import Journal, firings
from provodka.payloads import Person
from rules.plan import RuleOutcome
from rules.schema import Rule
from tests.rules.world import make_engine, make_rule
from tests.worker.office import Office
from worker.planner import Planner

NOTICE = {"notify": {"to": "rop", "text": "пора"}}
MARIA, PETR = Person("Мария", ("+79160001122",)), Person("Пётр", ("+79160003344",))


def limited(**keys: Any) -> Rule:
    return make_rule(NOTICE, on=keys.pop("on", "form.submitted"), name="Ограниченное", **keys)


def test_the_rule_acts_once_for_a_person_until_the_time_is_over(office: Office) -> None:
    office.open(limited(once_within="7d"))
    first, again = (office.happens("form.submitted", MARIA, form={"comment": text}) for text in ("раз", "два"))
    other = office.happens("form.submitted", PETR)
    office.work()
    assert [office.told(event) for event in (first, again, other)] == [["пора"], [], ["пора"]]
    trace = office.last(again)
    assert (trace.outcome, trace.action_keys) == (RuleOutcome.HELD_BACK, ())
    assert "once_within" in trace.reason
    office.later(days=6, hours=23)
    soon = office.happens("form.submitted", MARIA)
    office.later(hours=2)
    late = office.happens("form.submitted", MARIA)
    office.work()
    assert (office.told(soon), office.told(late)) == ([], ["пора"])


def test_two_leads_of_one_person_are_two_and_the_same_lead_is_one(office: Office) -> None:
    office.open(limited(on="lead.stage_changed", once_within="ever"))
    events = [office.lead("lead.stage_changed", id_, contacts=("4",)) for id_ in ("17", "18", "17")]
    office.work()
    assert [office.told(event) for event in events] == [["пора"], ["пора"], []]
    office.later(days=3000)
    again = office.lead("lead.stage_changed", "17", contacts=("4",))
    office.work()
    assert office.told(again) == []


def test_people_who_turn_out_to_be_one_are_one(office: Office) -> None:
    office.open(limited(once_within="7d"))
    both = Person("Мария", MARIA.phones, ("maria@example.ru",))
    first = office.happens("form.submitted", Person("Мария", emails=("maria@example.ru",)))
    office.work()
    joined = office.happens("form.submitted", both)
    office.work()
    later = office.happens("form.submitted", MARIA)
    office.work()
    assert [office.told(event) for event in (first, joined, later)] == [["пора"], [], []]


def test_a_replay_of_the_event_that_acted_is_not_held_back_by_itself(office: Office) -> None:
    office.open(limited(once_within="7d", throttle={"most": 1, "per": "1h"}))
    event = office.happens("form.submitted", MARIA)
    (stored,) = office.journal.claim_events(1)
    for _ in range(2):
        office.journal.write_plans([office.planner.again(stored)])
    assert office.told(event) == ["пора"]
    assert office.last(event).outcome is RuleOutcome.MATCHED


def test_a_throttle_lets_so_many_through_in_the_time_and_tells_of_the_rest(office: Office) -> None:
    office.open(limited(throttle={"most": 3, "per": "1h"}))
    events = [office.happens("form.submitted", Person(str(n), (f"+7916000{n:04}",))) for n in range(5)]
    office.work()
    assert [len(office.told(event)) for event in events] == [1, 1, 1, 0, 0]
    assert office.last(events[4]).outcome is RuleOutcome.THROTTLED
    office.later(minutes=61)
    assert office.told(events[4]) == []
    more = office.happens("form.submitted", PETR)
    office.work()
    assert office.told(more) == ["пора"]


def test_a_rule_that_waits_is_held_back_when_its_time_has_come(office: Office) -> None:
    office.open(limited(wait="10m", once_within="7d"))
    events = [office.happens("form.submitted", MARIA, form={"comment": str(n)}) for n in range(3)]
    office.later(minutes=10)
    assert [len(office.told(event)) for event in events] == [1, 0, 0]


def test_every_rung_of_a_ladder_is_counted_for_itself(office: Office) -> None:
    rungs = [{"after": after, "do": [NOTICE]} for after in ("1h", "2h")]
    office.open(Rule.model_validate({"name": "x", "on": "form.submitted", "escalate": rungs, "once_within": "1d"}))
    first, again = (office.happens("form.submitted", MARIA, form={"comment": text}) for text in ("раз", "два"))
    office.later(hours=1)
    office.later(hours=1)
    assert (len(office.told(first)), len(office.told(again))) == (2, 0)


@pytest.mark.parametrize("keys", [{"once_within": "7d"}, {"throttle": {"most": 1, "per": "1h"}}])
def test_two_planners_that_evaluate_at_the_same_moment_let_only_one_pass(
    office: Office, open_journal: Callable[[], Journal], keys: dict[str, Any]
) -> None:
    """Both have evaluated before either has written: the writing decides."""
    rule = limited(**keys)
    office.open(rule)
    other = Planner(open_journal(), make_engine(rule), None, None)
    first, again = (office.happens("form.submitted", MARIA, form={"comment": text}) for text in ("раз", "два"))
    stored = office.journal.claim_events(2)
    records = [planner.again(one) for planner, one in zip((office.planner, other), stored, strict=True)]
    for record in records:
        office.journal.write_plans([record])
    assert (office.told(first), office.told(again)) == (["пора"], [])


def test_what_limits_nothing_any_more_is_forgotten(office: Office) -> None:
    office.open(limited(once_within="7d", throttle={"most": 3, "per": "1h"}))
    office.happens("form.submitted", MARIA)
    office.later(days=1)
    assert office.journal.write(lambda c: firings.clean(c, office.clock())) == 0
    office.later(days=7)
    assert office.journal.write(lambda c: firings.clean(c, office.clock())) == 1
