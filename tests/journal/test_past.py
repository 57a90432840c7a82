"""What the journal remembers of somebody: the newest first, whatever phone or address they came by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from provodka.event import Event, build_payload, new_event_id
from provodka.journal import Journal
from provodka.journal.past import happenings
from provodka.payloads import EventType, Person
from rules.fact import HistoryFact
from tests.journal.conftest import Clock
from worker.facts.history import summed_up

MARIA = Person("Мария", ("+79160001122",), ("maria@example.ru",))
LEAD = {"id": "17", "contacts": ["4"]}


class Diary:
    """Writes events into a journal, an hour apart."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def happened(self, kind: str, person: Person = MARIA, **payload: Any) -> datetime:
        self._clock.forward(hours=1)
        now = self._clock()
        event = Event(
            new_event_id(now), EventType(kind), "c", str(now), now, now, person, build_payload(EventType(kind), payload)
        )
        self._journal.accept([event])
        self._journal.claim_events(100)
        return now

    def called(self, seconds: int, direction: str = "out", kind: str = "call.finished") -> datetime:
        call = {"id": str(self._clock()), "direction": direction, "talk_seconds": seconds}
        return self.happened(kind, call=call)

    def past(self, *identities: str, most: int = 1000) -> HistoryFact:
        wanted = identities or MARIA.identities
        return summed_up(self._journal.read(lambda c: happenings(c, wanted, most)))


@pytest.fixture
def diary(journal: Journal, clock: Clock) -> Diary:
    return Diary(journal, clock)


def test_nothing_is_known_of_a_stranger(diary: Diary) -> None:
    diary.happened("form.submitted")
    assert diary.past("phone:+79990000000") == HistoryFact()


def test_the_last_contact_is_a_talk_a_letter_or_a_form_and_no_call_that_nobody_answered(diary: Diary) -> None:
    form = diary.happened("form.submitted")
    assert diary.past().last_contact == form
    call = diary.called(0)
    past = diary.past()
    assert (past.last_contact, past.last_call) == (form, call)
    talk = diary.called(30, "in")
    assert diary.past().last_contact == talk
    letter = diary.happened("email.received", message={"kind": "letter", "text": 'он писал "kind":"bulk"'})
    diary.happened("email.received", message={"kind": "bulk", "text": 'и "kind":"letter"'})
    diary.called(3, "in", "call.missed")
    past = diary.past()
    assert (past.last_contact, past.calls, past.letters, past.forms, past.missed_calls) == (letter, 1, 1, 1, 1)


def test_failed_calls_are_ours_in_a_row_since_the_last_talk(diary: Diary) -> None:
    diary.called(0)
    assert diary.past().failed_calls == 1
    diary.called(60)
    assert diary.past().failed_calls == 0
    diary.called(0)
    diary.called(0, "in", "call.missed")
    diary.called(0)
    diary.called(0)
    past = diary.past()
    assert (past.failed_calls, past.calls, past.missed_calls) == (3, 1, 1)


def test_all_that_one_person_came_by_is_one_past(diary: Diary) -> None:
    diary.happened("form.submitted", Person(phones=MARIA.phones))
    diary.happened("email.received", Person(emails=MARIA.emails), message={"kind": "letter"})
    assert (diary.past("phone:+79160001122").forms, diary.past("phone:+79160001122").letters) == (1, 0)
    diary.happened("lead.created", MARIA, lead=LEAD)
    past = diary.past("lead:17")
    assert (past.forms, past.letters) == (1, 1)


def test_a_closed_lead_that_stands_in_work_again_was_reopened(diary: Diary) -> None:
    for _ in range(2):
        diary.happened("lead.stage_changed", lead={**LEAD, "state": "lost"})
        diary.happened("lead.lost", lead={**LEAD, "state": "lost"})
        diary.happened("lead.stage_changed", lead={**LEAD, "state": "open"})
        diary.happened("lead.stage_changed", lead={**LEAD, "state": "open"})
    diary.happened("lead.stage_changed", lead={"id": "18", "state": "open"})
    assert diary.past().reopened == 2


def test_only_the_newest_are_looked_at(diary: Diary, clock: Clock) -> None:
    for _ in range(5):
        diary.happened("form.submitted")
    past = diary.past(most=3)
    assert (past.forms, past.last_contact) == (3, clock())
    assert past.last_contact == clock() != clock() - timedelta(hours=1)
