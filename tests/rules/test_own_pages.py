"""What rules know of our pages: the personal link of a deal, the partner of a request, the deal that a form names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provodka.own_pages import Partner
from provodka.payloads import LeadRef
from rules.actions import REGISTRY
from rules.beside import Beside
from rules.check import check
from rules.facts import RecordedFacts, StaticFacts
from rules.plan import RuleOutcome
from tests.rules.test_intake import CARD, CLOSED, OPEN, OTHER_PIPELINE, done, step
from tests.rules.world import NOW, STAFF, World, deliver_step, make_engine, make_event, make_rule, plan_of

LINK = "https://we.example.ru/f/anketa/17-5000-x"
PAGES = Beside(public=True, pages=frozenset({"anketa"}))
WRITE = {"update": {"fields": {"Анкета": "{{ pages.anketa }}"}}}


def moved() -> Any:
    return make_event("lead.stage_changed", lead={"id": "17", "title": "Ромашка"})


def test_a_rule_writes_the_personal_link_of_the_deal_and_its_record_gives_the_same_plan() -> None:
    rule = make_rule(WRITE, on="lead.stage_changed")
    given = StaticFacts(others={"pages": {"anketa": LINK, "prv_lead": "17-5000-y"}})
    plan = make_engine(rule).evaluate(moved(), given, NOW)
    assert plan.actions[0].params["fields"] == {"Анкета": LINK}
    again = make_engine(rule).evaluate(moved(), RecordedFacts(plan.trace.facts), NOW)
    assert again.actions == plan.actions


def test_the_mark_goes_into_the_hidden_field_of_a_form_of_others() -> None:
    text = "https://krovlya.ru/nps?prv_lead={{ pages.prv_lead }}&d={{ pages['anketa'] }}"
    plan = plan_of(
        {"note": {"text": text}}, event=moved(), facts=StaticFacts(others={"pages": {"prv_lead": "m", "anketa": "a"}})
    )
    assert plan.actions[0].params["text"] == "https://krovlya.ru/nps?prv_lead=m&d=a"


def test_where_there_is_no_deal_the_rule_fails_in_words_and_may_ask_before() -> None:
    plan = plan_of(WRITE)
    assert plan.actions == ()
    assert "there is no «anketa» in the pages" in plan.trace.rules[0].error
    asked = plan_of(WRITE, when={"pages.anketa": {"known": True}})
    assert asked.trace.rules[0].outcome is RuleOutcome.NOT_MATCHED


@pytest.mark.parametrize(
    ("text", "when", "beside", "words"),
    [
        ("{{ pages.anketa }}", None, PAGES, ""),
        ("{{ pages.prv_lead }}", None, Beside(pages=frozenset()), ""),
        ("{{ pages.anketta }}", None, PAGES, "there is no page anketta"),
        ("{{ pages.anketa }}", None, Beside(pages=frozenset()), "there is no page anketa"),
        ("{{ pages.anketa }}", None, replace(PAGES, public=False), "nobody could open pages.anketa"),
        ("да", {"pages.zamer": {"known": True}}, PAGES, "there is no page zamer"),
    ],
)
def test_a_page_that_nobody_could_open_is_found_before_the_start(
    text: str, when: Any, beside: Beside, words: str
) -> None:
    rule = make_rule({"note": {"text": text}}, on="lead.created", **({"when": when} if when else {}))
    found = check([rule], REGISTRY, STAFF, {}, beside)
    assert [words in one.text for one in found] == ([True] if words else []), found


def test_a_link_where_there_may_be_no_deal_is_a_mistake_until_the_rule_asks() -> None:
    note = {"note": {"text": "{{ pages.anketa }}"}}
    assert check([make_rule(note)], REGISTRY, STAFF, {}, PAGES)
    assert not check([make_rule(note, when={"lead": {"known": True}})], REGISTRY, STAFF, {}, PAGES)


def test_one_rule_takes_requests_of_partners_from_pages_and_letters() -> None:
    rule = make_rule(
        step(title="{{ partner.title }}", fields={"Источник": "{{ partner.source }}"}, price=None),
        on=["form.submitted", "email.received"],
        when={"partner.key": ["romashka", "kc"]},
    )
    partner = Partner("romashka", "Ромашка", "агентство")
    assert check([rule], REGISTRY, STAFF, {}) == []
    told = make_event(partner={"key": "romashka", "title": "Ромашка", "source": "агентство"})
    for event, facts in (
        (told, StaticFacts()),
        (make_event("email.received"), StaticFacts(others={"partner": partner})),
    ):
        (action,) = make_engine(rule).evaluate(event, facts, NOW).actions
        assert (action.params["title"], action.params["fields"]) == ("Ромашка", {"Источник": "агентство"})
    assert make_engine(rule).evaluate(make_event(), StaticFacts(), NOW).actions == ()


def answered(lead: LeadRef, **params: Any) -> tuple[World, dict[str, str]]:
    """An intake of somebody who has an open lead, with a form that names another one."""
    world = World()
    world.crm.know(CARD, OPEN)
    world.crm.lead_cards[lead.id] = lead
    return world, done(deliver_step(world, step(**params), make_event(lead_id=lead.id)))


def test_an_intake_takes_the_lead_that_the_event_names_before_any_other_of_the_person() -> None:
    named = replace(OTHER_PIPELINE, contacts=("8",), responsible="anna@krovlya.ru")
    for reuse in ("any", "pipeline"):
        world, values = answered(named, reuse=reuse)
        assert (values["lead_id"], values["contact_id"], values["created"]) == ("18", "8", "no")
        assert values["responsible"] == "anna"
        assert values["reason"] == "open lead 18, which the event itself is about"
        assert world.crm.calls("add_to_contacts") == []  # whoever filled it in is not written into the client's card


def test_a_lead_that_is_closed_or_gone_leaves_the_choice_to_the_person() -> None:
    _, values = answered(replace(CLOSED, id="18"))
    assert values["lead_id"] == OPEN.id
    world = World()
    world.crm.know(CARD, OPEN)
    assert done(deliver_step(world, step(), make_event(lead_id="404")))["lead_id"] == OPEN.id


def test_a_rule_that_never_reuses_makes_its_own() -> None:
    _, values = answered(OTHER_PIPELINE, reuse="never")
    assert values["created"] == "yes"
