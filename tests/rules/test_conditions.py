"""Conditions answer with both values, and ask the outside only when it can still matter."""

from __future__ import annotations

from typing import Any

import pytest

from provodka.payloads import LeadRef
from rules.conditions import parse_when
from rules.facts import House, KnownContact, Scope, StaticFacts
from rules.plan import ConditionTrace
from rules.templates import Templates
from tests.rules.world import CALENDAR, MOSCOW, NOW, TEAM, make_event

TEMPLATES = Templates(MOSCOW)
HOUSE = House("Кровля", TEAM, CALENDAR)
FORM = {
    "form": {"name": "Расчёт кровли", "fields": {"Площадь": "120,5", "Этаж": "второй", "к.м": "7"}},
    "utm": {"source": "Yandex"},
}


class CountedFacts:
    """Facts that count how often they are asked."""

    def __init__(self, contact: KnownContact | None = None, lead: LeadRef | None = None) -> None:
        self.asked: list[str] = []
        self._known = StaticFacts(contact, lead)

    def fetch(self, name: str) -> Any:
        self.asked.append(name)
        return self._known.fetch(name)


def scope_of(facts: Any = None, kind: str = "form.submitted", resumed: bool = False, **payload: Any) -> Scope:
    event = make_event(kind, **(payload or FORM))
    return HOUSE.scope(event, facts or StaticFacts(), NOW, resumed=resumed)


def answer(when: Any, scope: Scope | None = None) -> ConditionTrace:
    problems: list[tuple[Any, str, str]] = []
    condition = parse_when(when, TEMPLATES, lambda *problem: problems.append(problem))
    assert not problems
    return condition.evaluate(scope or scope_of(), decided=False)


@pytest.mark.parametrize(
    ("when", "matched"),
    [
        ({"form.name": "расчет кровли"}, True),
        ({"form.name": ["Акция", "Расчёт Кровли"]}, True),
        ({"form.name": "Акция"}, False),
        ({"form.name": {"not": "Акция"}}, True),
        ({"form.name": {"not": ["Акция", "расчёт кровли"]}}, False),
        ({"form.name": {"in": ["Акция", "расчёт кровли"]}}, True),
        ({"form.name": {"contains": "КРОВЛ"}}, True),
        ({"form.name": {"contains": ["окна", "кровл"]}}, True),
        ({"form.name": {"starts_with": "расчет"}}, True),
        ({"form.name": {"starts_with": "кровли"}}, False),
        ({"form.name": {"matches": r"^расч[её]т\s"}}, True),
        ({"form.fields.Площадь": {"above": 120}}, True),
        ({"form.fields": {"filled": ["площадь", "этаж"]}}, True),
        ({"form.fields": {"filled": "Площадь"}}, True),
        ({"form.fields": {"filled": ["Площадь", "Балкон"]}}, False),
        ({"form.fields": {"not": {"filled": ["Площадь", "Балкон"]}}}, True),
        ({"form.name": {"filled": ["Площадь"]}}, False),
        ({"form.fields.Площадь": {"above": 120, "below": 120.5}}, False),
        ({"form.fields.Площадь": 120.5}, True),
        ({"form.fields.Площадь": "120,5"}, True),
        ({"form.fields.Этаж": {"above": 1}}, False),
        ({"form.fields.к.м": 7}, True),
        ({"form.fields.Нет": {"empty": True}}, True),
        ({"form.fields.Нет": {"known": False}}, True),
        ({"form.fields.Нет": None}, True),
        ({"form.fields.Нет": {"contains": "а"}}, False),
        ({"form.page": {"empty": True}}, True),
        ({"order.amount": {"above": 1}}, False),
        ({"order": {"known": False}}, True),
        ({"person.phones": "+79160001122"}, True),
        ({"person.phones": {"contains": "916"}}, True),
        ({"person.phones": {"starts_with": "+7495"}}, False),
        ({"person.phones": {"matches": "1122$"}}, True),
        ({"event.type": "form.submitted", "event.channel": "site"}, True),
        ({"now.hour": {"above": 11, "below": 13}}, True),
        ({"any": [{"form.name": "Акция"}, {"utm.source": "yandex"}]}, True),
        ({"any": [{"form.name": "Акция"}, {"utm.source": "vk", "form.name": "x"}]}, False),
        ({"all": [{"form.name": "расчёт кровли"}, "utm.source == 'Yandex'"]}, True),
        ({"not": {"form.name": "расчёт кровли", "utm.source": "vk"}}, True),
        ({"not": {"form.name": "расчёт кровли"}}, False),
        ({"form.name": {"matches": "^расчет кро"}}, True),
        ({"form.name": {"not": {"contains": ["фасад", "КРОВЛИ"]}}}, False),
        ({"form.name": {"not": {"starts_with": "фасад"}}}, True),
        ({"any": [{"not": {"all": [{"any": [{"utm.source": "yandex"}]}, {"form.name": "акция"}]}}]}, True),
        ("utm.source == 'Yandex' and not order", True),
        ("form.name is like('РАСЧЕТ кровли')", True),
        (None, True),
    ],
)
def test_a_condition_holds_as_a_person_would_say(when: Any, matched: bool) -> None:
    assert answer(when).matched is matched


def test_every_condition_of_a_mapping_is_answered_with_both_values() -> None:
    trace = answer({"form.name": "Акция", "utm.source": "yandex", "form.fields.Этаж": {"above": 1}})
    assert [(part.path, part.op, part.expected, part.actual, part.matched) for part in trace.parts] == [
        ("form.name", "is", "Акция", "Расчёт кровли", False),
        ("utm.source", "is", "yandex", "Yandex", True),
        ("form.fields.Этаж", "above", 1, "второй", False),
    ]
    assert trace.parts[0].reason == "form.name is «Акция»: no, it is «Расчёт кровли»"
    assert trace.parts[2].reason == "form.fields.Этаж above 1: no, it is «второй» (not a number)"


def test_a_long_text_is_cut_in_the_trace() -> None:
    scope = scope_of(kind="email.received", message={"text": "а" * 5000})
    (part,) = answer({"message.text": {"contains": "б"}}, scope).parts
    assert len(part.actual) < 300


def test_nothing_is_fetched_once_a_condition_has_failed_wherever_it_stands() -> None:
    facts = CountedFacts()
    trace = answer({"person.known": True, "form.name": "Акция"}, scope_of(facts))
    assert facts.asked == []
    assert trace.matched is False
    assert [part.matched for part in trace.parts] == [None, False]
    assert "not evaluated" in trace.parts[0].reason


def test_a_fact_is_fetched_once_however_many_conditions_ask() -> None:
    facts = CountedFacts(KnownContact("4", "Пётр"))
    scope = scope_of(facts)
    assert answer({"person.known": True, "person.contact.name": "Пётр"}, scope).matched
    assert answer("person.known", scope).matched
    assert facts.asked == ["person.contact"]
    assert scope.facts.record == {"person.contact": {"id": "4", "name": "Пётр"}}


def test_a_group_of_alternatives_fetches_nothing_when_one_of_them_holds_already() -> None:
    facts = CountedFacts()
    when = {"any": [{"person.known": True}, {"utm.source": "yandex"}]}
    assert answer(when, scope_of(facts)).matched
    assert facts.asked == []


def test_a_fact_that_decides_a_group_is_fetched_inside_it() -> None:
    facts = CountedFacts()
    when = {
        "not": {"person.known": True},
        "any": [{"utm.source": "vk"}, "lead.stage == 'Новый лид'"],
        "form.name": {"contains": "кровл"},
    }
    scope = scope_of(CountedFacts(None, LeadRef("1", stage="Новый лид")))
    assert answer(when, scope).matched
    assert answer({"not": {"person.known": True}}, scope_of(facts)).matched
    assert facts.asked == ["person.contact"]


def test_a_group_that_spared_a_call_in_one_rule_still_makes_it_in_another_that_needs_it() -> None:
    facts = CountedFacts(KnownContact("4"))
    scope = scope_of(facts)
    group = {"any": [{"utm.source": "vk"}, {"person.known": True}]}
    decided = answer({"form.name": "Акция", **group}, scope)
    assert [part.matched for part in decided.parts] == [False, None]
    assert facts.asked == []
    assert answer({"form.name": {"contains": "кровл"}, **group}, scope).matched
    assert facts.asked == ["person.contact"]


def test_groups_of_the_same_conditions_answer_each_for_itself() -> None:
    members = [{"form.name": "Акция"}, {"utm.source": "yandex"}]
    scope = scope_of()
    for _ in range(2):
        assert answer({"any": members}, scope).matched is True
        assert answer({"all": members}, scope).matched is False
        assert answer({"not": {"any": members}}, scope).matched is False
        assert answer({"not": {"all": members}}, scope).matched is True


def test_the_lead_of_its_own_event_needs_no_call_until_the_rule_has_waited() -> None:
    facts = CountedFacts(lead=LeadRef("17", stage="В работе", responsible="Anna@krovlya.ru"))
    lead = {"id": "17", "stage": "Новый лид", "responsible": "ivan@krovlya.ru"}
    at_once = scope_of(facts, kind="lead.created", lead=lead)
    assert answer({"lead.stage": "Новый лид", "lead.responsible": "ivan"}, at_once).matched
    assert facts.asked == []
    later = scope_of(facts, kind="lead.created", resumed=True, lead=lead)
    assert answer({"lead.stage": "В работе", "lead.responsible": "anna"}, later).matched
    assert facts.asked == ["lead"]


def test_no_lead_is_not_known_and_matches_no_value() -> None:
    scope = scope_of()
    assert answer({"lead": {"known": False}}, scope).matched
    assert answer({"lead.stage": "Новый лид"}, scope).matched is False
    assert answer({"lead.tags": {"empty": True}}, scope).matched


@pytest.mark.parametrize(
    ("when", "place", "words"),
    [
        ({"form.name": {"contain": "x"}}, ("form.name", "contain"), "contains"),
        ({"form.name": {}}, ("form.name",), "nothing is said"),
        ({"form.name": []}, ("form.name",), "empty list"),
        ({"form.name": {"contains": ""}}, ("form.name", "contains"), "no text"),
        ({"form.name": {"matches": "("}}, ("form.name", "matches"), "pattern"),
        ({"lead.price": {"above": "много"}}, ("lead.price", "above"), "not a number"),
        ({"form.name": {"known": "да"}}, ("form.name", "known"), "neither true nor false"),
        ({"form.name": {"is": {"a": 1}}}, ("form.name", "is"), "cannot be compared"),
        ({"any": {"form.name": "x"}}, ("any",), "list"),
        ({"any": []}, ("any",), "list"),
        ({"not": 5}, ("not",), "mapping"),
        ({"all": [{"form.name": {"contain": 1}}, "x =="]}, ("all", 1), "expression"),
        ({5: "x"}, (5,), "no name"),
        ({"form..name": "x"}, ("form..name",), "no name"),
        ({"form.__class__": "x"}, ("form.__class__",), "no name"),
        ("utm.source =", (), "expression"),
    ],
)
def test_a_condition_that_cannot_be_read_is_reported_at_its_place(
    when: Any, place: tuple[Any, ...], words: str
) -> None:
    problems: list[tuple[Any, str, str]] = []
    parse_when(when, TEMPLATES, lambda *problem: problems.append(problem))
    assert any(found == place and words in f"{text} {hint}" for found, text, hint in problems), problems
