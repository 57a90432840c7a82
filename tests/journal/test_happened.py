"""What happened in a stretch of time, and where leads came from; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from provodka.event import Event
from provodka.journal import Finished, Journal, NewAction, PlanRecord, happened
from provodka.journal.records import ActionState
from provodka.payloads import EventType, FormSubmitted, RowAdded, Utm
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


def test_of_too_many_events_it_is_told_since_when_the_newest_came(
    journal: Journal, clock: Clock, form: Callable[..., Event]
) -> None:
    begin = clock()
    for number in range(5):
        journal.accept([form(str(number))])
        clock.forward(minutes=1)

    def since(most: int) -> tuple[timedelta, int]:
        found = journal.read(lambda c: happened.newest_since(c, begin, clock(), most))
        return found - begin, len(journal.read(lambda c: list(happened.between(c, found, clock(), FORMS))))

    assert since(5) == (timedelta(), 5)
    assert since(9) == (timedelta(), 5)
    assert since(2) == (timedelta(minutes=2, microseconds=1), 2)


def test_more_events_than_are_read_at_once_keep_their_order(
    journal: Journal, clock: Clock, form: Callable[..., Event]
) -> None:
    begin = clock()
    moments = [begin + timedelta(seconds=number * 37 % 900) for number in range(900)]
    journal.accept([replace(form(str(n)), occurred_at=moment) for n, moment in enumerate(moments)])
    clock.forward(hours=1)
    found = journal.read(lambda c: [one.at for one in happened.between(c, begin, clock(), FORMS)])
    assert found == sorted(moments)


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


def test_a_lead_of_an_import_is_known_as_such(journal: Journal, form: Callable[..., Event]) -> None:
    for id_, imported in (("17", True), ("18", False)):
        row = RowAdded(imported=imported)
        journal.accept([replace(form(id_), type=EventType.TABLE_ROW_ADDED, channel="base", payload=row)])
        (stored,) = journal.claim_events(10)
        action = NewAction(key=id_, rule="База", kind="intake", params="{}")
        journal.write_plans([PlanRecord(stored.seq, stored.lane or 0, "event", "{}", (action,))])
        (taken,) = journal.claim_actions(1)
        journal.finish([Finished(taken.id, 1, "done", ActionState.DONE, made=(("lead", id_),))], "amocrm")
    found = journal.read(lambda c: happened.origins(c, ["17", "18"]))
    assert found == {"17": happened.Origin("base", imported=True), "18": happened.Origin("base")}
