"""What an import has made goes while it is as it was made, and stays as soon as somebody has touched it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from provodka.crm import CardKind, CardRef, Contact, FeedEntry, FeedKind, NewContact, NewLead, Task
from provodka.operation import Done
from provodka.payloads import LeadRef, TaskRef
from rules.actions import UNDO
from rules.actions.base import Decided, Delivery
from rules.actions.desk import pack
from rules.actions.made import Cards, Made, fate
from rules.facts import StaticFacts
from rules.plan import Priority
from tests.rules.living_crm import LivingCrm
from tests.rules.world import NOW, World, make_engine, make_event, make_rule

ANNA = "anna@krovlya.ru"
NEW = NewLead(
    "База: Мария", "Кровля", "Новый лид", ANNA, Decimal(500), ("база",), {"Город": "Тверь"},
    contact=NewContact("Мария", ("+79160001122",), ("maria@example.ru",)),
)  # fmt: skip
LEAD = LeadRef(
    "17", "База: Мария", pipeline="Кровля", stage="Новый лид", responsible=ANNA, price=Decimal(500), tags=("база",),
    fields={"Город": "Тверь"}, contacts=("4",),
)  # fmt: skip
CARD = Contact("4", "Мария", ("+79160001122",), ("maria@example.ru",), ANNA, ("17",))
REF = CardRef(CardKind.LEAD, "17")


def made(**more: Any) -> Made:
    return Made(tag="импорт отменён", lead="17", contact="4", create=pack(NEW), tasks=("8",), **more)


def there(
    lead: LeadRef | None = LEAD,
    card: Contact = CARD,
    *,
    done: bool = False,
    other: bool = False,
    feed: dict[CardRef, list[FeedEntry]] | None = None,
) -> Cards:
    tasks = [Task("8", "Позвонить", NOW, REF), *([Task("9", "Замер", NOW, REF)] if other else [])]
    return Cards(
        {"17": lead} if lead else {}, {"4": card}, {"8": TaskRef("8", completed=done)}, {REF: tasks}, feed or {}
    )


def test_a_lead_goes_with_its_contact_and_its_tasks_are_over() -> None:
    found = fate(made(), there())
    assert [one.card.id for one in found.removals] == ["17", "4"]
    assert [one.task_id for one in found.completions] == ["8"]
    assert (found.back, found.left) == (("lead:17", "contact:4", "task:8"), ())


@pytest.mark.parametrize(
    ("cards", "why"),
    [
        (there(replace(LEAD, stage="Переговоры")), "stage"),
        (there(replace(LEAD, responsible="ivan@krovlya.ru")), "responsible"),
        (there(replace(LEAD, price=Decimal(900))), "price"),
        (there(replace(LEAD, fields={"Город": "Клин"})), "field «Город»"),
        (there(replace(LEAD, tags=())), "tag «база»"),
        (there(done=True), "a task of it has been completed"),
        (there(other=True), "a task that was not made by the import"),
        (there(feed={REF: [FeedEntry("5", FeedKind.NOTE)]}), "somebody has left a note in it (5)"),
        (there(feed={REF: [FeedEntry("5", FeedKind.CALL)]}), "somebody has left a call in it (5)"),
    ],
)
def test_a_lead_that_somebody_has_worked_with_stays_with_all_that_hangs_on_it(cards: Cards, why: str) -> None:
    found = fate(made(), cards)
    assert (found.removals, found.completions) == ((), ())
    [left] = found.left
    assert left.startswith("lead:17")
    assert why in left


def test_what_has_happened_since_in_the_lane_of_the_person_keeps_the_lead() -> None:
    assert fate(made(touched="call.finished 01a2"), there()).left == ("lead:17: call.finished 01a2",)


@pytest.mark.parametrize(
    "card",
    [replace(CARD, leads=("17", "18")), replace(CARD, name="Мария Иванова"), replace(CARD, phones=("+79160009999",))],
)
def test_a_contact_that_has_got_something_more_stays_though_its_lead_goes(card: Contact) -> None:
    found = fate(made(), there(card=card))
    assert [one.card.id for one in found.removals] == ["17"]
    assert found.left[0].startswith("contact:4")


def test_what_the_import_has_written_into_the_card_itself_is_nobodys_touch() -> None:
    feed = {REF: [FeedEntry("5", FeedKind.NOTE), FeedEntry("6", FeedKind.CALL)]}
    assert fate(made(feed=("note:5", "call:6")), there(feed=feed)).left == ()
    assert fate(made(feed=("call:5", "call:6")), there(feed=feed)).left != ()


def test_a_contact_with_a_note_in_its_own_feed_stays_though_its_lead_goes() -> None:
    feed = {CardRef(CardKind.CONTACT, "4"): [FeedEntry("5", FeedKind.NOTE)]}
    found = fate(made(), there(feed=feed))
    assert [one.card.id for one in found.removals] == ["17"]
    assert found.left == ("contact:4: somebody has left a note in it (5)",)


def test_what_later_rows_of_the_import_have_added_is_nobodys_touch() -> None:
    card = replace(CARD, emails=("maria@example.ru", "other@example.ru"))
    assert fate(made(added=("other@example.ru",)), there(card=card)).left == ()
    assert fate(made(), there(card=card)).left != ()


def test_a_lead_that_is_gone_already_leaves_nothing_to_do_but_its_tasks() -> None:
    found = fate(made(), there(None))
    assert (found.removals, found.left, found.back) == ((), (), ("task:8",))


def test_undoing_takes_the_cards_away_and_puts_values_back_in_one_go() -> None:
    crm = LivingCrm()
    crm.put(LEAD, CARD)
    world = World(crm=crm)
    event = make_event("table.row_added", row={"number": 2})
    given = made().model_dump(mode="json") | {"tasks": []}
    items = [Delivery("undo-1", {"replaced": {}, "made": given}, (), event)]
    [decision] = UNDO.decide(items, world)
    assert isinstance(decision, dict)
    [done] = UNDO.send([Decided(items[0], decision, None)], world)
    assert isinstance(done, Done)
    assert done.values["back"] == "lead:17; contact:4"
    assert (crm.lead_cards, crm.contact_cards) == ({}, {})


def test_what_follows_from_an_imported_row_is_bulk_even_where_its_rule_is_urgent() -> None:
    step = {"intake": {"title": "Л"}}
    row = make_event("table.row_added", row={"number": 2}, imported=True)
    live = make_event("table.row_added", row={"number": 2})
    rule = make_rule(step, on="table.row_added", urgent=True)
    planned = [make_engine(rule).evaluate(event, StaticFacts(), NOW).actions[0].priority for event in (row, live)]
    assert planned == [Priority.BULK, Priority.URGENT]
