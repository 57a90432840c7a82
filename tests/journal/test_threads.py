"""In which leads letters ended, as the journal tells it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from provodka.event import Event, new_event_id
from provodka.journal import ActionState, Finished, Journal, NewAction, PlanRecord, outbox, threads
from provodka.payloads import EmailReceived, EmailSent, EventType, Mail, Person
from tests.journal.conftest import Clock

MARIA = Person(emails=("maria@zavod.ru",))
Letter = Callable[..., Event]


@pytest.fixture
def letter(clock: Clock) -> Letter:
    def make(message_id: str, *, channel: str = "mail", person: Person = MARIA, sent: bool = False) -> Event:
        mail = Mail(message_id=message_id, subject=f"Тема {message_id}", from_=person.email)
        payload = EmailSent(mail) if sent else EmailReceived(mail)
        kind = EventType.EMAIL_SENT if sent else EventType.EMAIL_RECEIVED
        return Event(new_event_id(clock()), kind, channel, message_id, clock(), clock(), person, payload)

    return make


def act(journal: Journal, event: Event, *results: dict[str, str], kind: str = "log_letter") -> None:
    """The event comes and is planned; one action for each result, which ends with it (one without ends badly)."""
    journal.accept([event])
    (stored,) = journal.claim_events(10)
    actions = tuple(NewAction(f"{event.id}:{n}", "Письмо", kind, "{}") for n in range(len(results)))
    journal.write_plans([PlanRecord(stored.seq, stored.lane or 0, "event", "{}", actions)])
    for result in results:
        (claimed,) = journal.claim_actions(1)
        made, identities = outbox.left_behind(kind, result)
        state = ActionState.DONE if result else ActionState.DEAD
        told = json.dumps(result) if result else None
        ending = Finished(claimed.id, claimed.attempt, "done", state, result=told, made=made, identities=identities)
        journal.finish([ending], "amocrm")


def leads(journal: Journal, *ids: str) -> dict[str, tuple[str, ...]]:
    return journal.read(lambda c: threads.leads_of(c, ids))


def test_a_letter_ended_in_the_leads_of_its_actions_the_last_one_first(journal: Journal, letter: Letter) -> None:
    act(journal, letter("<1@z>"), {"lead_id": "17"}, {"lead_id": "18"}, {"lead_id": "17"}, {}, {"reason": "nothing"})
    assert leads(journal, "<1@z>", "<2@z>") == {"<1@z>": ("17", "18")}


def test_it_is_found_whichever_mailbox_it_came_to_and_whoever_sent_it(journal: Journal, letter: Letter) -> None:
    act(journal, letter("<1@z>", channel="anna"), {"lead_id": "17"})
    act(journal, letter("<2@z>", channel="mail", sent=True), {"lead_id": "18"})
    act(journal, letter("<3@z>", channel="partner"), {})
    assert leads(journal, "<1@z>", "<2@z>", "<3@z>") == {"<1@z>": ("17",), "<2@z>": ("18",)}


def test_a_thousand_ids_are_asked_for_in_portions(journal: Journal, letter: Letter) -> None:
    act(journal, letter("<1@z>"), {"lead_id": "17"})
    assert leads(journal, *(f"<{n}@z>" for n in range(1000))) == {"<1@z>": ("17",)}


def test_only_letters_that_we_have_sent_are_ours(journal: Journal, letter: Letter) -> None:
    act(
        journal, letter("<1@z>"), {"lead_id": "17", "letter": "prv.17.aa", "remote_id": "<prv.17.aa@k>"}, kind="message"
    )
    found = journal.read(lambda c: threads.leads_of_ours(c, ["prv.17.aa", "prv.18.bb"]))
    assert found == {"prv.17.aa": "17"}


def test_the_letters_of_a_person_are_those_of_both_sides_with_their_leads_newest_first(
    journal: Journal, letter: Letter
) -> None:
    act(journal, letter("<1@z>"), {"lead_id": "17"})
    act(journal, letter("<2@z>", sent=True), {"lead_id": "18"})
    act(journal, letter("<3@z>", person=Person(emails=("oleg@zavod.ru",))), {"lead_id": "19"})
    found: Sequence[threads.PastLetter] = journal.read(lambda c: threads.letters(c, ["email:maria@zavod.ru"]))
    assert [(one.mail.message_id, one.leads) for one in found] == [("<2@z>", ("18",)), ("<1@z>", ("17",))]
    assert journal.read(lambda c: threads.letters(c, ["email:nobody@zavod.ru"])) == []
