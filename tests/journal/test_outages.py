"""What backs off while the other side is away, and when it goes again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from provodka.event import Event
from provodka.journal import ActionState, Finished, Journal, NewAction, PlanRecord, StoredAction
from tests.journal.conftest import Clock

Form = Callable[..., Event]


@pytest.fixture
def failed(journal: Journal, form: Form, clock: Clock) -> StoredAction:
    """An action that has failed and backs off for an hour, and the trouble that it told of."""
    journal.accept([form("1", phone="+79160001122")])
    (event,) = journal.claim_events(1)
    action = NewAction("lead", "r", "intake", "{}")
    journal.write_plans([PlanRecord(event.seq, event.lane or 0, "event", "{}", (action,))])
    (claimed,) = journal.claim_actions(1)
    later = clock() + timedelta(hours=1)
    journal.finish([Finished(claimed.id, 1, "retryable", ActionState.READY, error="503", not_before=later)])
    journal.trouble("crm", "503", "Ждите")
    return claimed


def test_after_an_outage_what_backs_off_goes_at_once(journal: Journal, failed: StoredAction, clock: Clock) -> None:
    clock.forward(seconds=30)
    journal.back("crm")
    assert [a.key for a in journal.claim_actions(1)] == [failed.key]


def test_after_an_outage_an_event_that_was_put_back_is_planned_at_once(
    journal: Journal, form: Form, clock: Clock
) -> None:
    journal.accept([form("1")])
    (event,) = journal.claim_events(1)
    journal.put_back(event.seq, timedelta(minutes=5), "a fact could not be read")
    journal.trouble("crm", "503", "Ждите")
    clock.forward(seconds=30)
    journal.back("crm")
    assert [e.seq for e in journal.claim_events(1)] == [event.seq]


def test_after_a_blip_pauses_stay_as_they_are(journal: Journal, failed: StoredAction, clock: Clock) -> None:
    clock.forward(seconds=2)
    journal.back("crm")
    assert journal.claim_actions(1) == []
    clock.forward(hours=1)
    assert [a.key for a in journal.claim_actions(1)] == [failed.key]


def test_a_trouble_of_something_else_wakes_nothing(journal: Journal, failed: StoredAction, clock: Clock) -> None:
    journal.trouble("mail", "no login", "Проверьте пароль")
    clock.forward(seconds=30)
    journal.well("mail")
    assert journal.claim_actions(1) == []
