"""What the journal has seen that may tell the same as an event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from provodka.event import Event
from provodka.journal import Journal, inbox, seen
from tests.journal.conftest import Clock, steps_of

DAY = timedelta(days=1)


def test_forms_read_together_are_those_that_each_reads_by_itself(
    journal: Journal, form: Callable[..., Event], clock: Clock
) -> None:
    journal.accept([form("old", phone="+79160000001")])
    clock.forward(hours=30)
    sent = [("1", "+79160000001", "site"), ("2", "+79160000002", "site"), ("3", "+79160000002", "vip")]
    journal.accept([form(number, phone=phone, channel=channel) for number, phone, channel in sent])
    batch = journal.claim_events(10)
    together = journal.read(lambda c: seen.forms_together(c, batch, DAY))
    assert len(batch) >= 2
    for one in batch:
        alone = journal.read(lambda c, event=one.event: seen.forms(c, event, DAY))
        assert [inbox.stored(row) for row in together[one.event.id]] == alone
        assert one.event.id in {other.event.id for other in alone}


def test_a_form_whose_lane_was_joined_with_another_meanwhile_is_left_to_itself(
    journal: Journal, form: Callable[..., Event]
) -> None:
    journal.accept([form("1", phone="+79160000001")])
    (earlier,) = journal.claim_events(10)
    journal.accept([form("2", email="m@example.ru")])
    (claimed,) = journal.claim_events(10)
    assert claimed.lane != earlier.lane
    journal.accept([form("3", phone="+79160000001", email="m@example.ru")])
    journal.claim_events(10)
    assert claimed.event.id not in journal.read(lambda c: seen.forms_together(c, [claimed], DAY))
    assert journal.read(lambda c: seen.forms(c, claimed.event, DAY))[0].event.id == earlier.event.id


def test_forms_read_together_are_found_by_the_index_of_lanes(journal: Journal, form: Callable[..., Event]) -> None:
    journal.accept([form(f"{number}", phone=f"+7916000{number:04}") for number in range(100)])
    batch = journal.claim_events(100)
    steps = steps_of(journal, lambda c: seen.forms_together(c, batch, DAY), "events", 1)
    assert [step for step in steps if "events" in step and "events_lane" not in step] == []
