"""Rules that wait: `wait`, the rungs of `escalate`, and what drops them, on a real journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from provodka.errors import Retryable
from provodka.journal import Journal
from provodka.payloads import LeadRef, Person
from rules.plan import RuleOutcome
from rules.schema import Rule
from tests.rules.world import make_rule
from tests.worker.office import Office

PETR = Person("Пётр", ("+79160001122",))


def notice(text: str) -> dict[str, Any]:
    return {"notify": {"to": "rop", "text": text}}


def ladder(**more: Any) -> Rule:
    rungs = [{"after": "1h", "do": [notice("час")]}, {"after": "1d", "do": [notice("сутки")]}]
    values = {"name": "Не взят", "on": "lead.created", "when": {"lead.stage": "Новый лид"}, "escalate": rungs}
    return Rule.model_validate({**values, **more})


def waiting(**more: Any) -> Rule:
    return make_rule(notice("пора"), on="lead.created", name="Не взят", wait="1h", **more)


def test_each_rung_is_climbed_at_its_own_time_counted_from_the_event(office: Office) -> None:
    office.open(ladder())
    event = office.lead(stage="Новый лид")
    office.work()
    assert (office.told(event), office.waiting(event)) == ([], 2)
    office.later(minutes=59, seconds=59)
    assert office.told(event) == []
    office.later(seconds=1)
    assert office.told(event) == ["час"]
    office.later(hours=23)
    assert office.told(event) == ["час", "сутки"]
    assert office.waiting(event) == 0


def test_at_each_rung_the_lead_is_read_anew(office: Office) -> None:
    office.open(ladder())
    event = office.lead(stage="Новый лид")
    office.later(hours=1)
    office.crm.lead_cards["17"] = LeadRef("17", stage="В работе")
    office.later(days=1)
    assert office.told(event) == ["час"]
    assert office.last(event).outcome is RuleOutcome.NOT_MATCHED


def test_a_timer_is_exact_after_a_restart(office: Office, open_journal: Callable[[], Journal]) -> None:
    office.open(waiting())
    event = office.lead()
    office.work()
    office.journal.close()
    office.journal = open_journal()
    office.open(waiting())
    office.later(minutes=59, seconds=59)
    assert office.told(event) == []
    office.later(seconds=1)
    assert office.told(event) == ["пора"]


def test_a_call_of_the_same_person_drops_what_waits_and_is_named_in_the_trace(office: Office) -> None:
    office.open(
        make_rule(notice("не перезвонили"), on="call.missed", name="Перезвон", wait="1h", unless="call.finished")
    )
    missed = office.happens("call.missed", PETR, call={"id": "1", "direction": "in"})
    office.later(minutes=10)
    talked = office.happens("call.finished", PETR, call={"id": "2", "direction": "out"})
    office.later(minutes=50)
    assert office.told(missed) == []
    trace = office.last(missed)
    assert trace.outcome is RuleOutcome.DROPPED
    assert talked.id in trace.reason
    assert "call.finished" in trace.reason


def test_an_event_that_has_come_and_is_not_planned_yet_drops_as_well(office: Office) -> None:
    office.open(
        make_rule(notice("не перезвонили"), on="call.missed", name="Перезвон", wait="1h", unless="call.finished")
    )
    missed = office.happens("call.missed", PETR, call={"id": "1", "direction": "in"})
    office.work()
    office.clock.forward(hours=1)
    office.happens("call.finished", PETR, call={"id": "2", "direction": "out"})
    office.planner.run_timers()
    assert office.last(missed).outcome is RuleOutcome.DROPPED


def test_what_happens_to_others_or_came_before_drops_nothing(office: Office) -> None:
    office.open(waiting(unless=["lead.stage_changed", "call.finished"]))
    office.lead("lead.stage_changed", "17", stage="Новый лид")
    office.clock.forward(seconds=1)
    event = office.lead(id_="17")
    office.work()
    office.clock.forward(minutes=5)
    office.lead("lead.stage_changed", "18")
    office.happens("call.finished", PETR, call={"id": "2", "direction": "out"})
    office.later(hours=1)
    assert office.told(event) == ["пора"]


def test_another_lead_of_the_same_person_drops_nothing_and_the_own_one_does(office: Office) -> None:
    office.open(waiting(unless="lead.stage_changed"))
    one, other = (office.lead(id_=id_, contacts=("4",)) for id_ in ("17", "18"))
    office.later(minutes=5)
    office.lead("lead.stage_changed", "18", contacts=("4",))
    office.later(hours=1)
    assert office.told(one) == ["пора"]
    assert (office.told(other), office.last(other).outcome) == ([], RuleOutcome.DROPPED)


def test_a_whole_ladder_is_dropped(office: Office) -> None:
    office.open(ladder(unless="lead.assigned"))
    event = office.lead(stage="Новый лид")
    office.later(hours=1)
    office.lead("lead.assigned", stage="Новый лид")
    office.later(days=1)
    assert office.told(event) == ["час"]
    assert office.last(event).outcome is RuleOutcome.DROPPED


def test_a_rung_that_the_rule_has_lost_is_an_error_of_the_rule(office: Office) -> None:
    office.open(ladder())
    event = office.lead(stage="Новый лид")
    office.work()
    office.open(ladder(escalate=[{"after": "1h", "do": [notice("час")]}]))
    office.later(days=1)
    assert office.told(event) == ["час"]
    assert (office.last(event).outcome, "rung" in office.last(event).error) == (RuleOutcome.ERROR, True)


def test_the_leads_of_many_timers_are_read_in_one_call(office: Office) -> None:
    office.open(waiting(when={"lead.stage": "Новый лид"}))
    events = [office.lead(id_=str(n), stage="Новый лид" if n % 2 else "Взят") for n in range(40)]
    office.work()
    office.crm.asked.clear()
    office.later(hours=1)
    assert office.crm.names == ["leads"]
    assert [len(office.told(event)) for event in events] == [n % 2 for n in range(40)]


def test_a_crm_that_does_not_answer_puts_the_timers_off_and_is_asked_once_for_all(office: Office) -> None:
    office.open(waiting(when={"lead.stage": "Новый лид"}))
    events = [office.lead(id_=str(n), stage="Новый лид") for n in range(5)]
    office.work()
    office.clock.forward(hours=1)
    office.crm.asked.clear()
    office.crm.refuse["leads"] = Retryable("no answer")
    assert office.planner.run_timers() == 5
    assert office.crm.names == ["leads"]
    office.crm.refuse.clear()
    assert office.planner.run_timers() == 0
    office.later(seconds=2)
    assert [office.told(event) for event in events] == [["пора"]] * 5


def test_timers_of_a_killed_planner_are_run_by_the_next_one_and_none_twice(
    office: Office, open_journal: Callable[[], Journal]
) -> None:
    office.open(waiting())
    event = office.lead()
    office.work()
    office.clock.forward(hours=1)
    taken = office.journal.due_timers(10)
    assert len(taken) == 1
    first, office.journal = office.journal, open_journal()
    office.open(waiting())
    office.clock.forward(seconds=timedelta(minutes=2).total_seconds())
    office.journal.recover()
    office.work()
    assert office.told(event) == ["пора"]
    assert len(office.traces(event)) == 2
    first.close()
