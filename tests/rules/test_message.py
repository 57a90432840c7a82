"""Messages to clients: by which channel, when, how often, and what the feed shows of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provodka.crm import Contact, NewNote
from provodka.errors import Ambiguous, OutcomeUnknownError, Rejected, Retryable
from provodka.event import Event
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Postponed
from provodka.payloads import Attachment, LeadRef, Person
from rules.actions import REGISTRY
from rules.check import check
from tests.rules.world import (
    CLIENT,
    NOW,
    STAFF,
    FakeMessenger,
    World,
    deliver_step,
    delivery,
    make_event,
    make_rule,
    plan_of,
)

NIGHT = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)  # 23:30 in Moscow
MORNING = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)  # 9:00 in Moscow
TALKER = replace(CLIENT, messengers=("telegram:77",))
NEEDED = {"lead_id": "17", "contact_id": "4", "responsible": "anna"}


def world_with(**more: Any) -> World:
    return World(correspondents={"bot": named("bot", "telegram"), "post": named("post", "email")}, **more)


def named(name: str, medium: str) -> FakeMessenger:
    channel = FakeMessenger(medium)
    channel.name = name
    return channel


def message(text: str = "Заказ готов", **more: Any) -> dict[str, Any]:
    return {"message": {"text": text, **more}}


def sent(world: World) -> dict[str, list[ClientMessage]]:
    return {name: channel.sent for name, channel in world.correspondents.items() if channel.sent}


def send(world: World, step: dict[str, Any] | None = None, event: Event | None = None, **more: Any) -> Outcome:
    return deliver_step(world, step or message(), event or make_event(person=TALKER), **{"needed": NEEDED, **more})


# by which channel


def test_the_first_channel_that_reaches_the_client_is_taken() -> None:
    world = world_with()
    outcome = send(world, message("Здравствуйте, {{ person.name }}!"))
    assert sent(world) == {"bot": [ClientMessage("77", "Здравствуйте, Пётр Сидоров!")]}
    assert isinstance(outcome, Done)
    assert (outcome.values["by"], outcome.values["to"], outcome.values["lead_id"]) == ("bot", "77", "17")


@pytest.mark.parametrize(
    ("more", "channel"),
    [
        ({"by": "email"}, "post"),
        ({"by": ["post", "telegram"]}, "post"),
        ({"by": ["telegram", "email"], "prefer": "{{ form.fields.channel }}"}, "post"),
        ({"by": ["telegram"], "prefer": "{{ form.fields.channel }}"}, "bot"),
        ({"prefer": "голубиная"}, "bot"),
    ],
)
def test_the_rule_and_the_client_say_in_which_order(more: dict[str, Any], channel: str) -> None:
    world = world_with()
    send(world, message(**more), make_event(person=TALKER, form={"fields": {"channel": "Почта"}}))
    assert list(sent(world)) == [channel]


def test_a_channel_without_an_address_of_this_person_is_passed_over() -> None:
    world = world_with()
    send(world, event=make_event())
    assert list(sent(world)) == ["post"]


def test_what_the_lane_knows_of_the_person_counts_too() -> None:
    world = world_with()
    event = make_event(person=Person("Пётр", ("+79160001122",)))
    (action,) = plan_of(message(), event=event).actions
    item = replace(delivery(action, event, needed=NEEDED), lane_identities=("phone:+79160001122", "telegram:88"))
    world.deliver_items([item], "message")
    assert sent(world)["bot"][0].to == "88"


def test_the_card_in_the_crm_is_asked_where_we_know_no_address_ourselves() -> None:
    world = world_with()
    world.crm.know(Contact("4", "Пётр", emails=("petr@work.ru",)), LeadRef("17"))
    send(world, message(by="email"), make_event(person=Person("Пётр")))
    assert sent(world)["post"][0].to == "petr@work.ru"


def test_the_crm_is_not_asked_where_we_know_the_address() -> None:
    world = world_with()
    send(world)
    assert world.crm.names == ["freeze"]


def test_a_crm_that_is_down_is_waited_for_only_where_no_channel_is_left() -> None:
    world = world_with()
    world.crm.refuse["contacts"] = Retryable("503")
    assert isinstance(send(world, event=make_event()), Done)
    assert isinstance(send(world, message(by="telegram"), make_event()), Retryable)


def test_a_channel_that_refuses_hands_on_to_the_next_one() -> None:
    world = world_with()
    world.correspondents["bot"].refuse = Rejected("bot was blocked by the user")
    outcome = send(world)
    assert isinstance(outcome, Done)
    assert (outcome.values["by"], outcome.values["reason"]) == ("post", "bot: bot was blocked by the user")


def test_a_channel_that_is_down_is_waited_for() -> None:
    world = world_with()
    world.correspondents["bot"].refuse = Retryable("no connection")
    outcome = send(world)
    assert isinstance(outcome, Retryable)
    assert outcome.system == "bot"
    assert sent(world) == {}


def test_a_message_that_may_have_arrived_is_for_a_person() -> None:
    world = world_with()
    event = make_event(person=TALKER)
    (action,) = plan_of(message(), event=event).actions
    world.correspondents["bot"].refuse = Ambiguous("no answer")
    assert isinstance(world.deliver((action, event), needed=NEEDED)[0], Ambiguous)
    world.correspondents["bot"].refuse = None
    again = delivery(action, event, needed=NEEDED, frozen=world.frozen[action.key], unsure_since=NOW)
    assert isinstance(world.deliver_items([again], "message")[0], OutcomeUnknownError)
    assert sent(world) == {}


def test_somebody_whom_no_channel_reaches_is_refused_with_the_cure() -> None:
    world = world_with()
    world.crm.know(Contact("4", "Пётр"), LeadRef("17"))
    outcome = send(world, event=make_event(person=Person("Пётр", ("+79160001122",))))
    assert isinstance(outcome, Rejected)
    assert "нет адреса" in outcome.hint


def test_of_two_bots_the_one_that_the_client_wrote_to_answers() -> None:
    world = world_with()
    world.correspondents["second"] = named("second", "telegram")
    send(world, event=make_event(person=TALKER, channel="second"))
    assert list(sent(world)) == ["second"]


# letters


def letter_event(**more: Any) -> Event:
    mail = {"subject": "Замер", "message_id": "<2@example.ru>", "thread": ("<1@example.ru>",), **more}
    return make_event("email.received", message=mail)


def test_an_answer_to_a_letter_stands_in_its_thread() -> None:
    world = world_with()
    send(world, message(by="email"), letter_event())
    (letter,) = sent(world)["post"]
    assert (letter.subject, letter.thread) == ("Re: Замер", ("<1@example.ru>", "<2@example.ru>"))


def test_a_subject_of_the_rule_wins() -> None:
    world = world_with()
    send(world, message(by="email", subject="Смета"), letter_event())
    assert sent(world)["post"][0].subject == "Смета"


def test_files_go_only_by_a_channel_that_carries_them() -> None:
    world = world_with()
    file = Attachment("план.pdf", "application/pdf", 4, "5a")
    event = replace(letter_event(attachments=(file,)), person=TALKER)
    send(world, message(attach=["Прайс.pdf", "letter"]), event)
    (letter,) = sent(world)["post"]
    assert (letter.attach, letter.files) == (("Прайс.pdf",), (file,))


# when, and how often


def test_in_the_quiet_hours_the_message_waits_for_their_end() -> None:
    world = world_with(now=NIGHT)
    step = message(quiet="21:00-09:00")
    assert send(world, step) == Postponed(MORNING, "the quiet hours 21:00-09:00")
    world.now = MORNING - timedelta(minutes=1)
    assert send(world, step) == Postponed(MORNING, "the quiet hours 21:00-09:00")
    world.now = MORNING
    assert isinstance(send(world, step), Done)


def test_quiet_hours_may_lie_within_a_day() -> None:
    world = world_with(now=NOW)  # noon
    assert send(world, message(quiet="11:00-13:00")) == Postponed(
        NOW + timedelta(hours=1), "the quiet hours 11:00-13:00"
    )


def test_once_in_a_while_means_not_again_before_it_is_over() -> None:
    world = world_with()
    step = message(once="7d")
    world.links.written["Заявка с сайта"] = NOW - timedelta(days=6)
    outcome = send(world, step)
    assert isinstance(outcome, Done)
    assert "by" not in outcome.values
    assert "24.02.2026" in outcome.values["reason"]
    world.now += timedelta(days=1)
    outcome = send(world, step)
    assert isinstance(outcome, Done)
    assert (outcome.values["by"], outcome.values["series"]) == ("bot", "Заявка с сайта")


def test_messages_of_one_series_count_together() -> None:
    world = world_with()
    world.links.written["рассылка"] = NOW
    assert "by" not in send(world, message(once="7d", series="рассылка")).values
    assert "by" in send(world, message(once="7d")).values


# the feed


def test_what_was_sent_is_noted_by_an_action_of_its_own() -> None:
    world = world_with()
    event = make_event(person=TALKER)
    first, note = plan_of(message(note=True), event=event).actions
    assert note.needs == first.key
    (outcome,) = world.deliver((first, event), needed=NEEDED)
    (noted,) = world.deliver((note, event), needed=outcome.values)
    assert isinstance(noted, Done)
    assert world.crm.calls("add_notes") == [[NewNote("Отправлено клиенту (bot, 77):\nЗаказ готов", "17")]]


def test_what_was_not_sent_is_not_noted() -> None:
    world = world_with()
    event = make_event(person=TALKER)
    _, note = plan_of(message(note=True), event=event).actions
    (noted,) = world.deliver((note, event), needed={"series": "x", "reason": "not again within 7d"})
    assert isinstance(noted, Done)
    assert world.crm.calls("add_notes") == []


# the check


def problems(step: dict[str, Any], **more: Any) -> list[str]:
    found = check([make_rule(step, **more)], REGISTRY, STAFF, {}, senders=["bot", "telegram", "post", "email"])
    return [f"{one.text} ({one.hint})" for one in found]


def test_a_channel_that_is_not_there_is_found_with_the_nearest_one() -> None:
    (problem,) = problems(message(by=["telegramm"]))
    assert problem == 'no channel telegramm can write to clients (did you mean "telegram"?)'
    assert problems(message(by=["post", "email"])) == []


def test_hours_that_are_none_are_found() -> None:
    (problem,) = problems(message(quiet="ночью"))
    assert "21:00-09:00" in problem


def test_an_event_about_nobody_has_nobody_to_write_to() -> None:
    (problem,) = problems(message(), on=[], every="1h")
    assert "about nobody" in problem


# messengers and their approved texts


def test_an_approved_text_goes_along_with_the_values_of_its_places() -> None:
    world = world_with()
    send(world, message("Заказ готов", template="order_ready", values=["{{ person.name }}", "17"]))
    (went,) = sent(world)["bot"]
    assert (went.text, went.template, went.values) == ("Заказ готов", "order_ready", ("Пётр Сидоров", "17"))


@pytest.mark.parametrize(("ago", "template"), [(timedelta(hours=1), ""), (timedelta(hours=23, minutes=45), "ready")])
def test_whoever_wrote_there_within_the_day_gets_the_free_text(ago: timedelta, template: str) -> None:
    world = world_with()
    world.links.heard["bot"] = NOW - ago
    send(world, message("Заказ готов", template="ready", values=["17"]))
    (went,) = sent(world)["bot"]
    assert (went.text, went.template, bool(went.values)) == ("Заказ готов", template, bool(template))


def test_values_without_the_text_they_belong_to_are_refused() -> None:
    (problem,) = check([make_rule(message(values=["x"]))], REGISTRY, STAFF, {})
    assert "name it" in problem.text


@pytest.mark.parametrize(
    ("word", "medium"),
    [
        ("Вотсап", "whatsapp"),
        ("WhatsApp", "whatsapp"),
        ("Вайбер", "viber"),
        ("ВКонтакте", "vk"),
        ("Макс", "max"),
        ("авито", "avito"),
        ("инста", "instagram"),
        ("СМС", "sms"),
    ],
)
def test_people_write_the_channel_they_like_in_their_own_words(word: str, medium: str) -> None:
    world = world_with()
    world.correspondents["liked"] = named("liked", medium)
    client = replace(TALKER, messengers=("telegram:77", f"{medium}:9"))
    send(world, message(prefer=word), make_event(person=client))
    assert list(sent(world)) == ["liked"]


def test_a_channel_reaches_whoever_it_knows_by_any_of_its_kinds() -> None:
    world = World(correspondents={"wa": named("wa", "whatsapp")})
    world.correspondents["wa"].reaches = ("whatsapp", "phone")
    send(world)
    assert [went.to for went in sent(world)["wa"]] == [CLIENT.phone]
    send(world, event=make_event(person=replace(CLIENT, messengers=("whatsapp:79160009988",))))
    assert [went.to for went in sent(world)["wa"]] == [CLIENT.phone, "79160009988"]
