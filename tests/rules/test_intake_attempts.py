"""The intake in batches and in later attempts: each gets what is right for them, and nothing happens twice."""

from __future__ import annotations

from dataclasses import replace

from provodka.crm import Contact
from provodka.errors import Ambiguous, OutcomeUnknownError, RateLimited, Rejected, Retryable
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef, Person
from tests.rules.world import CLIENT, NOW, World, deliver_step, delivery, make_event, plan_of

STEP = {"intake": {"title": "Сайт: {{ person.name }}", "responsible": {"round_robin": ["anna", "ivan"]}}}
CARD = Contact("4", "Пётр", ("+79160001122",), ("petr@example.ru",), "ivan@krovlya.ru")
OPEN = LeadRef("17", "Старая", responsible="ivan@krovlya.ru")


def done(outcome: Outcome) -> dict[str, str]:
    assert isinstance(outcome, Done), outcome
    return outcome.values


# --- later attempts


def attempts(world: World, *, lost: bool) -> tuple[Outcome, Outcome]:
    """A first attempt whose answer got lost (after the lead was made, or before), and the second one."""
    event = make_event()
    action = plan_of(STEP, event=event).actions[0]
    if lost:
        world.crm.refuse["create_leads"] = Ambiguous("read timeout")
        (first,) = world.deliver_items([delivery(action, event)], "intake")
        del world.crm.refuse["create_leads"]
    else:
        (first,) = world.deliver_items([delivery(action, event)], "intake")
    frozen = world.frozen[action.key]
    world.crm.asked.clear()
    (second,) = world.deliver_items([delivery(action, event, frozen=frozen, unsure_since=NOW)], "intake")
    return first, second


def test_an_unsure_attempt_that_had_made_the_lead_finds_it_and_makes_no_other() -> None:
    world = World()
    first, second = attempts(world, lost=False)
    assert world.crm.names == ["look back"]
    assert done(second)["lead_id"] == done(first)["lead_id"]
    assert isinstance(second, Done)
    assert second.found
    assert done(second)["responsible"] == "anna"


def test_an_unsure_attempt_that_had_made_nothing_sends_the_very_same_request() -> None:
    world = World()
    first, second = attempts(world, lost=True)
    assert isinstance(first, Ambiguous)
    assert world.crm.names == ["look back", "create_leads"]
    assert done(second)["responsible"] == "anna"
    assert len(world.turns.taken) == 1


def test_a_frozen_decision_is_sent_as_it_is_even_if_the_person_is_known_by_now() -> None:
    world = World()
    event = make_event()
    action = plan_of(STEP, event=event).actions[0]
    world.crm.refuse["create_leads"] = Retryable("503")
    world.deliver_items([delivery(action, event)], "intake")
    world.crm.refuse.clear()
    world.crm.know(CARD, OPEN)
    (outcome,) = world.deliver_items([delivery(action, event, frozen=world.frozen[action.key])], "intake")
    assert done(outcome)["created"] == "yes"


def test_an_attempt_that_died_before_its_decision_was_frozen_has_sent_nothing_and_need_not_look_back() -> None:
    world = World()
    event = make_event()
    action = plan_of(STEP, event=event).actions[0]
    (outcome,) = world.deliver_items([delivery(action, event, unsure_since=NOW)], "intake")
    assert done(outcome)["created"] == "yes"
    assert "look back" not in world.crm.names


# --- batches


def batch(world: World, *people: Person) -> list[Outcome]:
    items = []
    for i, person in enumerate(people):
        event = make_event(person=person, id=f"e{i}")
        items.append((plan_of(STEP, event=event).actions[0], event))
    return world.deliver(*items)


def stranger(n: int) -> Person:
    return Person(f"Клиент {n}", (f"+7916000{n:04}",))


def test_a_batch_of_fifty_strangers_takes_one_search_and_one_creating_call() -> None:
    world = World()
    outcomes = batch(world, *(stranger(n) for n in range(50)))
    assert world.crm.names == ["find_people", "freeze", "create_leads"]
    assert [done(outcome)["responsible"] for outcome in outcomes] == ["anna", "ivan"] * 25
    assert len({done(outcome)["lead_id"] for outcome in outcomes}) == 50


def test_in_a_mixed_batch_each_gets_what_is_right_for_them_in_their_order() -> None:
    world = World()
    world.crm.know(CARD, OPEN)
    outcomes = batch(world, stranger(1), CLIENT, stranger(2))
    assert [done(outcome)["created"] for outcome in outcomes] == ["yes", "no", "yes"]
    assert done(outcomes[1])["lead_id"] == "17"


def test_two_of_a_batch_about_one_person_make_one_lead_and_the_other_waits() -> None:
    world = World()
    first, second = batch(world, stranger(1), replace(stranger(1), name="Тот же"))
    assert done(first)["created"] == "yes"
    assert isinstance(second, Retryable)
    assert len(world.crm.calls("create_leads")[0]) == 1


def test_one_refused_lead_does_not_take_the_others_with_it() -> None:
    world = World()
    world.crm.refuse["create_leads"] = lambda lead: Rejected("bad name") if "1" in lead.title else None
    first, second = batch(world, stranger(1), stranger(2))
    assert isinstance(first, Rejected)
    assert done(second)["created"] == "yes"


def test_one_person_whom_the_search_refuses_does_not_take_the_others_with_it() -> None:
    world = World()
    bad = replace(stranger(1), name="bad")
    world.crm.refuse["find_people"] = lambda people: Rejected("400") if any(p.name == "bad" for p in people) else None
    first, second = batch(world, bad, stranger(2))
    assert isinstance(first, Rejected)
    assert done(second)["created"] == "yes"


def test_a_search_that_fails_for_now_leaves_everything_for_later() -> None:
    world = World()
    world.crm.refuse["find_people"] = RateLimited("429", wait=1)
    outcomes = batch(world, stranger(1), stranger(2))
    assert all(isinstance(outcome, RateLimited) for outcome in outcomes)
    assert (world.frozen, world.crm.calls("create_leads")) == ({}, [])


def test_a_card_that_cannot_be_completed_now_holds_back_the_lead_so_that_a_retry_cannot_make_two() -> None:
    world = World()
    world.crm.know(replace(CARD, emails=()))
    world.crm.refuse["add_to_contacts"] = Retryable("503")
    assert isinstance(deliver_step(world, STEP), Retryable)
    assert world.crm.calls("create_leads") == []


def test_a_card_that_refuses_a_phone_does_not_cost_the_lead() -> None:
    world = World()
    world.crm.know(replace(CARD, emails=()))
    world.crm.refuse["add_to_contacts"] = Rejected("bad email")
    values = done(deliver_step(world, STEP))
    assert values["created"] == "yes"
    assert "bad email" in values["reason"]


def test_without_a_crm_the_action_is_refused_with_the_cure() -> None:
    outcome = deliver_step(World(crm=None), STEP)
    assert isinstance(outcome, Rejected)
    assert "crm" in outcome.hint


def test_an_unknown_outcome_that_needs_a_person_is_passed_on() -> None:
    world = World()
    world.crm.refuse["create_leads"] = OutcomeUnknownError("nobody knows")  # type: ignore[assignment]
    assert isinstance(deliver_step(world, STEP), OutcomeUnknownError)
