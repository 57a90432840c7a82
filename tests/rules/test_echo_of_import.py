"""Rules for new cards are not started by each of thousands that an import has made, unless they ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from rules.plan import Plan, Priority, RuleOutcome
from tests.rules.world import NOW, StaticFacts, make_engine, make_event, make_rule

LEAD = {"id": "17", "title": "Импорт: Анна", "stage": "Новый лид"}
ALARM = {"notify": {"to": "rop", "text": "Лид ждёт"}}


def plan(event: Any, **rule: Any) -> Plan:
    steps = rule.pop("do", [ALARM])
    return make_engine(make_rule(*steps, on=event.type.value, **rule)).evaluate(event, StaticFacts(), NOW)


def created(*, imported: bool = True, kind: str = "lead.created") -> Any:
    return make_event(kind, channel="amocrm", lead=LEAD, change={"imported": imported})


@pytest.mark.parametrize("more", [{}, {"wait": "1m"}, {"when": {"lead.stage": "Новый лид"}}])
def test_an_imported_lead_raises_no_alarm_and_starts_no_timer(more: dict[str, Any]) -> None:
    made = plan(created(), **more)
    assert (made.actions, made.timers) == ((), ())
    [trace] = made.trace.rules
    assert trace.outcome is RuleOutcome.NOT_MATCHED
    assert "change.imported" in trace.reason


def test_a_lead_that_came_one_by_one_raises_it() -> None:
    assert [action.kind for action in plan(created(imported=False)).actions] == ["notify"]
    assert len(plan(created(imported=False), wait="1m").timers) == 1


@pytest.mark.parametrize("when", [{"change.imported": True}, "change.imported and lead.stage == 'Новый лид'"])
def test_a_rule_that_asks_for_imported_leads_sees_them_behind_everything_else(when: Any) -> None:
    made = plan(created(), when=when, urgent=True)
    assert [action.priority for action in made.actions] == [Priority.BULK]
    assert plan(created(imported=False), when=when).actions == ()


def test_what_happens_to_an_imported_lead_later_is_for_all_rules() -> None:
    moved = make_event("lead.stage_changed", channel="amocrm", lead=LEAD, change={"field": "stage", "new": "Думает"})
    assert [action.kind for action in plan(moved).actions] == ["notify"]
