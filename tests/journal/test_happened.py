"""What happened in a stretch of time, and where leads came from; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from provodka.event import Event
from provodka.journal import Finished, Journal, NewAction, PlanRecord, happened
from provodka.journal.records import ActionState
from provodka.payloads import EventType, FormSubmitted, Utm
from tests.journal.conftest import Clock

FORMS = (EventType.FORM_SUBMITTED,)


def test_the_events_of_a_stretch_come_in_the_order_in_which_they_happened(
    journal: Journal, clock: Clock, form: Callable[..., Event]
) -> None:
    begin = clock()
    early, late = form("1"), form("2")
    journal.accept([replace(late, occurred_at=begin + timedelta(minutes=2)), early])
    clock.forward(hours=1)
    journal.accept([form("3")])
    found = journal.read(lambda c: list(happened.between(c, begin, clock(), FORMS)))
    assert [one.at for one in found] == [begin, begin + timedelta(minutes=2)]
    assert found[0].payload == early.payload
    assert journal.read(lambda c: list(happened.between(c, begin, clock(), (EventType.CALL_MISSED,)))) == []


def test_the_origin_of_a_lead_is_the_event_that_made_it(
    journal: Journal, clock: Clock, form: Callable[..., Event]
) -> None:
    event = replace(form("1", phone="+79160001122"), payload=FormSubmitted(utm=Utm(source="yandex")))
    journal.accept([event])
    (stored,) = journal.claim_events(10)
    assert stored.lane is not None
    action = NewAction(key="k", rule="Заявка", kind="intake", params="{}")
    journal.write_plans([PlanRecord(stored.seq, stored.lane, "event", "{}", (action,))])
    (taken,) = journal.claim_actions(1)
    journal.finish([Finished(taken.id, 1, "done", ActionState.DONE, made=(("lead", "17"),))], "amocrm")
    assert journal.read(lambda c: happened.origins(c, ["17", "18"])) == {"17": happened.Origin("site", "yandex")}
