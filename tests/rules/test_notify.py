"""Telling the staff: by Telegram, else by a task."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from provodka.crm import Contact, NewTask, StaffMessage
from provodka.errors import Rejected, Retryable
from provodka.operation import Done
from provodka.payloads import LeadRef
from rules.team import Staff, Team
from tests.rules.world import STAFF, FakeMessenger, World, deliver_step, delivery, make_event, plan_of

URL = "https://crm/leads/100"
NEEDED = {"lead_id": "100", "contact_id": "c100", "responsible": "anna", "url": URL}


def with_telegram(**more: Any) -> tuple[World, FakeMessenger]:
    messenger = FakeMessenger()
    return World(messengers={"telegram": messenger}, **more), messenger


def notify(to: Any, text: str = "Новая заявка", **more: Any) -> dict[str, Any]:
    return {"notify": {"to": to, "text": text, **more}}


def test_whoever_has_telegram_is_told_there_with_the_address_of_the_lead() -> None:
    world, messenger = with_telegram()
    outcome = deliver_step(world, notify("rop"), needed=NEEDED)
    assert messenger.sent == [StaffMessage("1234567", f"Новая заявка\n{URL}")]
    assert isinstance(outcome, Done)
    assert outcome.values["to"] == "rop"


def test_the_address_is_not_repeated_nor_added_where_it_is_not_wanted() -> None:
    world, messenger = with_telegram()
    event = make_event("lead.created", lead={"id": "17", "url": URL})
    deliver_step(world, notify("rop", "Лид: {{ lead.url }}"), event)
    deliver_step(world, notify("rop", "Лид", link=False), event)
    assert [message.text for message in messenger.sent] == [f"Лид: {URL}", "Лид"]


def test_whoever_has_no_telegram_gets_a_task_on_the_lead() -> None:
    world, messenger = with_telegram()
    outcome = deliver_step(world, notify("anna"), needed=NEEDED)
    due = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    assert world.crm.calls("create_tasks") == [[NewTask("Новая заявка", due, "100", responsible="anna@krovlya.ru")]]
    assert messenger.sent == []
    assert isinstance(outcome, Done)
    assert "a task instead" in outcome.values["reason"]


def test_without_a_messenger_telegram_in_the_staff_does_not_help() -> None:
    world = World()
    deliver_step(world, notify("rop"), needed=NEEDED)
    assert world.crm.calls("create_tasks")[0][0].responsible == "rop@krovlya.ru"


def test_without_telegram_and_without_a_lead_the_message_is_refused_with_the_cure() -> None:
    outcome = deliver_step(World(), notify("anna"))
    assert isinstance(outcome, Rejected)
    assert "telegram" in outcome.hint


def test_the_responsible_of_the_lead_may_be_told_whoever_it_is() -> None:
    team = Team({**STAFF, "anna": Staff(crm="anna@krovlya.ru", telegram=77)})
    world, messenger = with_telegram(team=team)
    deliver_step(world, notify("responsible"), needed=NEEDED)
    world.crm.know(Contact("4", "Пётр"), LeadRef("17", responsible="anna@krovlya.ru"))
    deliver_step(world, notify("responsible"), make_event("lead.created", lead={"id": "17", "responsible": "ivan"}))
    assert [message.to for message in messenger.sent] == ["77", "77"]


def test_a_lead_without_a_responsible_has_nobody_to_tell() -> None:
    world, _ = with_telegram()
    outcome = deliver_step(world, notify("responsible"), needed={"lead_id": "100"})
    assert isinstance(outcome, Rejected)


def test_in_one_batch_each_is_reached_by_their_own_way() -> None:
    world, messenger = with_telegram()
    event = make_event()
    actions = plan_of(notify(["anna", "rop", "ivan"]), event=event).actions
    outcomes = world.deliver(*((action, event) for action in actions), needed=NEEDED)
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert [message.to for message in messenger.sent] == ["1234567"]
    assert [task.responsible for task in world.crm.calls("create_tasks")[0]] == ["anna@krovlya.ru", "ivan@krovlya.ru"]


def test_a_crm_that_does_not_answer_does_not_keep_telegram_back() -> None:
    world, messenger = with_telegram()
    event = make_event()
    world.crm.refuse["create_tasks"] = Retryable("503")
    actions = plan_of(notify(["anna", "rop"]), event=event).actions
    anna, rop = world.deliver(*((action, event) for action in actions), needed=NEEDED)
    assert isinstance(anna, Retryable)
    assert isinstance(rop, Done)
    assert len(messenger.sent) == 1


def test_a_crm_that_cannot_be_searched_now_does_not_keep_telegram_back() -> None:
    world, messenger = with_telegram()
    event = make_event()
    world.crm.refuse["find_people"] = Retryable("503")
    actions = plan_of(notify(["anna", "rop"]), event=event).actions
    anna, rop = world.deliver(*((action, event) for action in actions))
    assert isinstance(anna, Retryable)
    assert isinstance(rop, Done)
    assert len(messenger.sent) == 1


def test_a_way_that_was_decided_and_is_gone_is_refused_and_the_other_way_still_goes() -> None:
    world, _ = with_telegram()
    event = make_event()
    actions = plan_of(notify(["rop", "anna"]), event=event).actions
    world.deliver(*((action, event) for action in actions), needed=NEEDED)
    world.messengers.clear()
    again = [delivery(action, event, frozen=world.frozen[action.key]) for action in actions]
    rop, anna = world.deliver_items(again, "notify")
    assert isinstance(rop, Rejected)
    assert isinstance(anna, Done)
