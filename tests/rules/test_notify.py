"""Telling the staff: by Telegram, else by a task."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from provodka.crm import CardKind, CardRef, Contact, NewTask, NoticeForm, StaffMessage, StaffNotice, Task
from provodka.errors import Rejected, Retryable
from provodka.operation import Done, Outcome, Postponed
from provodka.payloads import LeadRef
from rules.facts import StaticFacts
from rules.team import Staff, Team
from tests.rules.world import (
    NOW,
    STAFF,
    FakeMessenger,
    World,
    deliver_step,
    delivery,
    make_engine,
    make_event,
    make_rule,
    plan_of,
)

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
    assert outcome.values["reason"] == "anna has no telegram; told by task"


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


EVENING = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # 20:30 in Moscow
MORNING = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)


def test_a_letter_goes_to_the_login_unless_another_address_is_named() -> None:
    team = Team({**STAFF, "ivan": Staff(crm="ivan@krovlya.ru", email="ivan@home.ru"), "bot": Staff(crm="robot")})
    post = FakeMessenger("email")
    world = World(messengers={"email": post}, team=team)
    deliver_step(world, notify(["anna"], by="email"), needed=NEEDED)
    deliver_step(world, notify(["ivan"], by=["telegram", "email"]), needed=NEEDED)
    assert [message.to for message in post.sent] == ["anna@krovlya.ru", "ivan@home.ru"]
    assert isinstance(deliver_step(world, notify(["bot"], by="email"), needed=NEEDED), Rejected)


def test_a_notice_goes_into_the_crm_in_the_form_that_is_wanted() -> None:
    world, messenger = with_telegram()
    outcome = deliver_step(world, notify("rop", by=["crm", "telegram"], form="note"), needed=NEEDED)
    due = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    card = CardRef(CardKind.LEAD, "100")
    notice = StaffNotice("rop@krovlya.ru", "Новая заявка", card, due, NoticeForm.NOTE)
    assert world.crm.calls("notify_staff") == [[notice]]
    assert messenger.sent == []
    assert isinstance(outcome, Done)
    assert (outcome.values["by"], outcome.values["system"]) == ("crm", "fake")


def test_where_telegram_refuses_the_next_way_is_taken_and_the_result_says_why() -> None:
    world, messenger = with_telegram()
    messenger.refuse = Rejected("bot was blocked by the user")
    outcome = deliver_step(world, notify("rop"), needed=NEEDED)
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "telegram: bot was blocked by the user; told by task"
    assert world.crm.calls("create_tasks")[0][0].responsible == "rop@krovlya.ru"


def test_where_telegram_refuses_and_nothing_else_is_left_its_words_are_told() -> None:
    world, messenger = with_telegram()
    messenger.refuse = Rejected("bot was blocked by the user", hint="Пусть нажмёт «Запустить»")
    outcome = deliver_step(world, notify("rop", by="telegram"), needed=NEEDED)
    assert isinstance(outcome, Rejected)
    assert (outcome.hint, outcome.system) == ("Пусть нажмёт «Запустить»", "telegram")


def test_a_messenger_that_is_down_is_waited_for_and_no_other_way_is_taken() -> None:
    world, messenger = with_telegram()
    messenger.refuse = Retryable("no connection")
    assert isinstance(deliver_step(world, notify("rop"), needed=NEEDED), Retryable)
    assert world.crm.calls("create_tasks") == []


def test_a_team_is_told_one_by_one_and_nobody_twice() -> None:
    team = Team(STAFF, {"продажи": ["anna", "ivan"]})
    engine = make_engine(make_rule(notify(["продажи", "anna", "rop"])), team=team)
    actions = engine.evaluate(make_event(), StaticFacts(), NOW).actions
    assert [action.params["to"] for action in actions] == ["anna", "ivan", "rop"]


def test_who_is_to_be_told_at_work_is_told_in_the_morning() -> None:
    world, messenger = with_telegram(now=EVENING)
    outcome = deliver_step(world, notify("rop", when_working=True), needed=NEEDED)
    assert outcome == Postponed(MORNING, "outside of working time")
    assert messenger.sent == []
    world.now = MORNING
    assert isinstance(deliver_step(world, notify("rop", when_working=True), needed=NEEDED), Done)


def test_the_working_time_is_that_of_the_person() -> None:
    team = Team({"rop": Staff(crm="rop@krovlya.ru", telegram=7, hours="пн-пт 12:00-21:00")})
    world, _ = with_telegram(now=EVENING, team=team)
    assert isinstance(deliver_step(world, notify("rop", when_working=True), needed=NEEDED), Done)


def reminder(world: World, **more: Any) -> Outcome:
    event = make_event()
    (action,) = plan_of(notify("rop"), event=event).actions
    item = delivery(action, event, needed={"lead_id": "100", "remote_id": "t1"})
    item = replace(item, params={**action.params, **more})
    return world.deliver_items([item], "notify")[0]


def test_a_reminder_comes_at_its_moment_and_only_while_the_task_is_open() -> None:
    world, messenger = with_telegram(now=EVENING)
    at = MORNING.isoformat()
    assert reminder(world, at=at, while_open=True) == Postponed(MORNING, "its time has not come yet")
    world.now = MORNING
    world.crm.has(Task("t1", "Принять", NOW, CardRef(CardKind.LEAD, "100")))
    assert isinstance(reminder(world, at=at, while_open=True), Done)
    assert len(messenger.sent) == 1
    world.crm.has(Task("t1", "Принять", NOW, CardRef(CardKind.LEAD, "100"), completed=True))
    outcome = reminder(world, at=at, while_open=True)
    assert isinstance(outcome, Done)
    assert "not open any more" in outcome.values["reason"]
    assert len(messenger.sent) == 1
