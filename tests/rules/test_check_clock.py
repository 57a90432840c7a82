"""The static check of rules that wait, climb ladders, or are started by the clock."""

from __future__ import annotations

from typing import Any

import pytest

from rules.schema import Rule
from tests.rules.test_check import TASK, found, only


def rung(after: str, **step: Any) -> dict[str, Any]:
    return {"after": after, "do": [step or {"notify": {"to": "rop", "text": after}}]}


def test_a_mistake_in_a_rung_is_found_at_its_place() -> None:
    rungs = [rung("1h"), rung("1d", notify={"to": "boss", "text": "{{ lead.titel }}"})]
    places = {p.path: p.hint for p in found(escalate=rungs, on="lead.created")}
    assert places[("rules", 0, "escalate", 1, "do", 0, "notify", "text")] == 'did you mean "lead.title"?'
    assert ("rules", 0, "escalate", 1, "do", 0, "notify", "to", 0) in places


@pytest.mark.parametrize("rungs", [("1h", "1h"), ("1d", "1h"), ("2h working", "1h working")])
def test_rungs_lead_upwards(rungs: tuple[str, str]) -> None:
    problem = only(escalate=[rung(after) for after in rungs], on="lead.created")
    assert problem.path == ("rules", 0, "escalate", 1, "after")
    assert found(escalate=[rung("18:00"), rung("1h"), rung("8h working"), rung("1d")], on="lead.created") == []


def test_an_unknown_event_that_drops_is_found() -> None:
    problem = only(TASK, on="call.missed", wait="1h", unless=["call.finished", "call.finish"])
    assert (problem.path, problem.hint) == (("rules", 0, "unless", 1), 'did you mean "call.finished"?')


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"do": [TASK], "escalate": [rung("1h")]}, "one of both"),
        ({}, "one of both"),
        ({"escalate": [rung("1h")], "wait": "1h"}, "without wait"),
        ({"do": [TASK], "unless": "call.finished"}, "goes with wait or escalate"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Rule.model_validate({"name": "x", "on": "call.missed", **more})


@pytest.mark.parametrize(
    ("date", "text", "hint"),
    [
        ("leed.fields.Срок", "no field of a card", 'did you mean "lead"?'),
        ("lead.created", "lead has no created", 'did you mean "lead.created_at"?'),
        ("lead.title", "never a date", "name a field of the CRM: lead.fields.Дата поставки"),
        ("task.text", "never a date", "name a field of the CRM: lead.fields.Дата поставки"),
    ],
)
def test_a_date_that_can_be_none_is_found(date: str, text: str, hint: str) -> None:
    problem = only({"notify": {"to": "rop", "text": "x"}}, on=None, date=date)
    assert (problem.path, text in problem.text, problem.hint) == (("rules", 0, "date"), True, hint)


def test_a_rule_by_cards_may_name_what_its_card_has_and_nothing_of_a_change() -> None:
    notice = {"notify": {"to": "responsible", "text": "{{ lead.title }} {{ now }}"}}
    assert found(notice, TASK, on=None, date="lead.fields.Срок", shift="1d working") == []
    assert found({"notify": {"to": "rop", "text": "{{ task.text }}"}}, on=None, date="task.due", at="09:00") == []
    assert "has no change.field" in only(notice, on=None, every="1h", each="lead", when={"change.field": "x"}).text


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"date": "lead.fields.Срок", "each": "lead"}, "each goes with every or at, not with date"),
        ({"date": "lead.fields.Срок", "at": ["09:00", "10:00"]}, "one time of day"),
        ({"date": "lead.fields.Срок", "shift": "18:00"}, "no shift of whole days"),
        ({"date": "lead.fields.Срок", "shift": "скоро"}, "is no shift"),
        ({"on": "call.missed", "shift": "1d"}, "shift goes with date"),
        ({"on": "call.missed", "each": "lead"}, "each goes with every or at"),
    ],
)
def test_keys_of_cards_that_do_not_go_together_are_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Rule.model_validate({"name": "x", "do": [TASK], **keys})


@pytest.mark.parametrize(("card", "text"), [("lead", "{{ lead.title }}"), ("contact", "{{ contact.name }}")])
def test_a_rule_that_looks_at_every_card_need_not_ask_whether_there_is_one(card: str, text: str) -> None:
    notify = {"notify": {"to": "rop", "text": text}}
    assert found(notify, on=None, every="1h", each=card) == []
