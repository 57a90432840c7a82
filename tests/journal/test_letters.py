"""Which letters are one person's affair."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from provodka.event import Event, new_event_id
from provodka.journal import Finished, Journal, NewAction, PlanRecord
from provodka.journal.records import ActionState
from provodka.payloads import EmailReceived, EventType, Mail, MailKind, Person
from tests.journal.conftest import Clock

Letter = Callable[..., Event]


@pytest.fixture
def letter(clock: Clock) -> Letter:
    def make(message_id: str, writer: str, thread: tuple[str, ...] = (), *, about: str = "", **mail: object) -> Event:
        return Event(
            id=new_event_id(clock()),
            type=EventType.EMAIL_RECEIVED,
            channel="mail",
            external_id=message_id,
            occurred_at=clock(),
            received_at=clock(),
            person=Person(emails=(about or writer,)),
            payload=EmailReceived(Mail(message_id=message_id, thread=thread, from_=writer, **mail)),  # type: ignore[arg-type]
        )

    return make


def lanes(journal: Journal, clock: Clock, *events: Event, one_by_one: bool = True) -> list[int | None]:
    found = {}
    for some in [[e] for e in events] if one_by_one else [list(events)]:
        journal.accept(some)
        while claimed := journal.claim_events(10):
            journal.write_plans([PlanRecord(s.seq, s.lane or 0, "event", "{}") for s in claimed])
            found.update({s.event.external_id: s.lane for s in claimed})
            clock.forward(seconds=1)
    return [found[e.external_id] for e in events]


@pytest.mark.parametrize("one_by_one", [True, False])
def test_a_colleague_who_answers_in_the_thread_is_in_the_lane_of_its_first_writer(
    journal: Journal, clock: Clock, letter: Letter, one_by_one: bool
) -> None:
    first = letter("<1@client>", "petr@client.example")
    colleague = letter("<3@client>", "olga@client.example", ("<1@client>", "<2@ours>"))
    later = letter("<4@client>", "olga@client.example")
    one, two, three = lanes(journal, clock, first, colleague, later, one_by_one=one_by_one)
    assert one == two == three


def test_strangers_who_answer_one_mailing_of_ours_stay_strangers(
    journal: Journal, clock: Clock, letter: Letter
) -> None:
    answers = [letter(f"<{n}@clients>", f"client{n}@example.com", ("<mailing@ours>",)) for n in range(2)]
    one, two = lanes(journal, clock, *answers)
    assert one != two


def test_form_letters_that_a_robot_has_threaded_are_about_different_people(
    journal: Journal, clock: Clock, letter: Letter
) -> None:
    first = letter("<1@site>", "noreply@site.example", about="maria@example.ru")
    second = letter("<2@site>", "noreply@site.example", ("<1@site>",), about="olga@example.ru")
    one, two = lanes(journal, clock, first, second)
    assert one != two


def test_an_automatic_answer_joins_nothing(journal: Journal, clock: Clock, letter: Letter) -> None:
    first = letter("<1@client>", "petr@client.example")
    robot = letter("<2@client>", "office@client.example", ("<1@client>",), kind=MailKind.AUTOREPLY)
    one, two = lanes(journal, clock, first, robot)
    assert one != two


def test_a_letter_waits_for_the_lead_of_the_one_before_it_and_others_do_not(
    journal: Journal, clock: Clock, letter: Letter, form: Callable[..., Event]
) -> None:
    """Its rules ask for the lead that it belongs to."""
    first = letter("<1@client>", "petr@client.example")
    answer = letter("<2@client>", "olga@client.example", ("<1@client>",))
    stranger = letter("<3@other>", "maria@example.ru")
    journal.accept([first, answer, stranger, form("4", email="petr@client.example")])
    claimed = journal.claim_events(10)
    assert [one.event.external_id for one in claimed] == ["<1@client>", "<3@other>"]
    intake = NewAction(key="k", rule="Письмо", kind="intake", params="{}")
    plans = [PlanRecord(one.seq, one.lane or 0, "event", "{}", (intake,) * (not n)) for n, one in enumerate(claimed)]
    journal.write_plans(plans)
    clock.forward(seconds=1)
    assert journal.claim_events(10) == []
    (taken,) = journal.claim_actions(1)
    clock.forward(seconds=1)
    assert journal.claim_events(10) == []
    journal.finish([Finished(taken.id, 1, "done", ActionState.DONE, result='{"lead_id": "17"}')], "amocrm")
    clock.forward(seconds=1)
    assert [one.event.external_id for one in journal.claim_events(10)] == ["<2@client>", "4"]


def test_a_letter_does_not_pass_the_one_before_it_that_was_put_back(
    journal: Journal, clock: Clock, letter: Letter
) -> None:
    first = letter("<1@client>", "petr@client.example")
    journal.accept([first, letter("<2@client>", "olga@client.example", ("<1@client>",))])
    (claimed,) = journal.claim_events(10)
    journal.put_back(claimed.seq, timedelta(seconds=30), "the CRM did not answer")
    clock.forward(seconds=10)
    assert journal.claim_events(10) == []
    clock.forward(seconds=30)
    (again,) = journal.claim_events(10)
    assert again.event.external_id == "<1@client>"
    journal.write_plans([PlanRecord(again.seq, again.lane or 0, "event", "{}")])
    clock.forward(seconds=1)
    assert [one.event.external_id for one in journal.claim_events(10)] == ["<2@client>"]


def test_letters_that_wait_for_a_lead_do_not_hold_back_what_came_behind_them(
    journal: Journal, clock: Clock, letter: Letter
) -> None:
    journal.accept([letter(f"<{number}@client>", "petr@client.example") for number in range(600)])
    journal.accept([letter("<behind>", "olga@other.example")])
    first = journal.claim_events(100)
    assert [one.event.external_id for one in first] == ["<0@client>"]
    for _ in range(30):  # the planner looks again at once
        clock.forward(milliseconds=10)
        if claimed := journal.claim_events(100):
            break
    assert [one.event.external_id for one in claimed] == ["<behind>"]
