"""A letter to the client: the stamp by which its answer is found, the thread it stands in, and whom no rule answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from provodka.errors import Retryable
from provodka.event import Event
from provodka.mail import Mail
from provodka.mail_thread import PastLetter, stamp_of
from provodka.messages import ClientMessage, LetterKind
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef, Person
from tests.rules.world import NOW, FakeMessenger, World, deliver_step, make_event, plan_of

NEEDED = {"lead_id": "17", "contact_id": "4", "responsible": "anna"}
EMAIL = "petr@example.ru"


@pytest.fixture
def post() -> FakeMessenger:
    post = FakeMessenger("email")
    post.name = "post"
    return post


@pytest.fixture
def world(post: FakeMessenger) -> World:
    return World(correspondents={"post": post})


def came(**message: Any) -> Event:
    given = {"subject": "Замер", "message_id": "<2@example.ru>", "from_": EMAIL, **message}
    return make_event("email.received", message=given)


def write(world: World, event: Event | None = None, step: Any = None, **more: Any) -> Outcome:
    step = {"message": {"text": "Готово", **(step or {})}}
    return deliver_step(world, step, event or make_event(), **{"needed": NEEDED, **more})


def test_the_stamp_names_the_lead_that_the_letter_is_about_and_the_journal_is_told(world, post):
    event = make_event()
    action = plan_of({"message": {"text": "Готово"}}, event=event).actions[0]
    outcome = write(world, event)
    (letter,) = post.sent
    assert letter.stamp == stamp_of("17", action.key)
    assert isinstance(outcome, Done)
    assert (outcome.values["letter"], outcome.values["lead_id"]) == (letter.stamp, "17")


def test_without_an_intake_before_it_the_lead_is_that_of_the_letters_thread(world, post):
    assert world.crm is not None
    world.crm.lead_cards["5"] = LeadRef("5", contacts=("4",))
    world.links.ended = {"<1@example.ru>": ("5",)}
    write(world, came(thread=["<1@example.ru>"]), needed=None)
    assert post.sent[0].stamp.startswith("prv.5.")


def test_a_crm_that_cannot_be_read_holds_no_letter_back(world, post):
    assert world.crm is not None
    world.crm.refuse["leads"] = world.crm.refuse["find_people"] = Retryable("away")
    outcome = write(world, came(), needed=None)
    assert isinstance(outcome, Done)
    assert post.sent[0].stamp.startswith("prv.0.")


def test_a_message_of_another_network_has_no_stamp(world):
    bot = FakeMessenger("telegram")
    world.correspondents = {"telegram": bot}
    outcome = deliver_step(
        world,
        {"message": {"text": "Готово"}},
        make_event(person=Person("Пётр", messengers=("telegram:7",))),
        needed=NEEDED,
    )
    assert isinstance(outcome, Done)
    assert (bot.sent[0].stamp, "letter" in outcome.values) == ("", False)


def past(message_id: str, lead: str, **mail: Any) -> PastLetter:
    given: dict[str, Any] = {"subject": "Счёт", "from_": EMAIL, "thread": ("<0@example.ru>",), **mail}
    return PastLetter("e0", NOW, Mail(message_id=message_id, **given), (lead,))


def test_a_letter_that_nobody_asked_for_stands_in_the_newest_thread_with_this_person_about_this_lead(world, post):
    world.links.past = [
        past("<9@example.ru>", "18"),
        past("<8@example.ru>", "17", from_="oleg@zavod.ru"),
        past("<7@example.ru>", "17", from_="anna@krovlya.ru", to=(EMAIL,)),
        past("<6@example.ru>", "17"),
    ]
    write(world)
    (letter,) = post.sent
    assert (letter.subject, letter.thread) == ("Re: Счёт", ("<0@example.ru>", "<7@example.ru>"))
    assert letter.kind is LetterKind.NOTICE
    write(world, step={"subject": "Оплата"})
    assert (post.sent[1].subject, post.sent[1].thread) == ("Оплата", ("<0@example.ru>", "<7@example.ru>"))


def test_a_mailing_stands_in_no_thread_and_says_that_it_is_one(world, post):
    world.links.past = [past("<7@example.ru>", "17")]
    write(world, step={"mailing": True, "subject": "Скидки"})
    assert (post.sent[0].kind, post.sent[0].thread, post.sent[0].subject) == (LetterKind.MAILING, (), "Скидки")


def test_an_answer_to_a_letter_is_one_and_the_journal_remembers_whom_it_answered(world, post):
    outcome = write(world, came())
    assert post.sent[0].kind is LetterKind.ANSWER
    assert isinstance(outcome, Done)
    assert outcome.values["replied"] == EMAIL


@pytest.mark.parametrize("kind", ["autoreply", "bounce", "bulk"])
def test_what_no_person_wrote_gets_no_answer(world, post, kind):
    outcome = write(world, came(kind=kind))
    assert isinstance(outcome, Done)
    assert "RFC 3834" in outcome.values["reason"]
    assert ("by" in outcome.values, post.sent) == (False, [])


@pytest.mark.parametrize(("ago", "times"), [(timedelta(hours=23), 0), (timedelta(hours=25), 1)])
def test_an_address_gets_one_automatic_answer_a_day(world, post, ago, times):
    world.links.replied = {EMAIL: NOW - ago}
    outcome = write(world, came())
    assert isinstance(outcome, Done)
    assert len(post.sent) == times
    assert times or "not again within a day" in outcome.values["reason"]
    write(world)  # what answers no letter is no answer
    assert len(post.sent) == times + 1


def test_who_gets_no_letter_may_get_a_message_of_another_network(world, post):
    bot = FakeMessenger("telegram")
    world.correspondents["telegram"] = bot
    world.links.replied = {EMAIL: NOW}
    event = make_event(
        "email.received",
        Person("Пётр", emails=(EMAIL,), messengers=("telegram:7",)),
        message={"subject": "Замер", "message_id": "<2@example.ru>"},
    )
    outcome = write(world, event)
    assert isinstance(outcome, Done)
    assert (outcome.values["by"], post.sent, len(bot.sent)) == ("telegram", [], 1)


def test_a_frozen_letter_of_before_stamps_goes_out_as_it_was(world, post):
    frozen = {
        "ways": [{"by": "post", "request": {"to": EMAIL, "text": "Готово"}}],
        "told": {"series": "x", "by": "post", "to": EMAIL},
    }
    outcome = write(world, frozen=frozen)
    assert isinstance(outcome, Done)
    assert post.sent == [ClientMessage(EMAIL, "Готово")]
