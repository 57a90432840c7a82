"""What partners have sent, and the lead that each of it ended in; on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable

from provodka.event import Event
from provodka.journal import Finished, Journal, NewAction, PlanRecord, queries
from provodka.journal.records import ActionState
from provodka.journal.requests import sent_in
from tests.contract.case import NOW
from tests.journal.conftest import Clock, steps_of


def test_the_requests_of_one_partner_come_the_newest_first_each_with_its_lead(
    journal: Journal, clock: Clock, form: Callable[..., Event]
) -> None:
    for key in ("ro_masha:1", "roxmasha:2", "ro_masha:3", "ro_masha2:4", "ro_masha:5"):
        clock.forward(minutes=1)
        journal.accept([form(key, phone=f"+7916000112{key[-1]}", channel="partners")])
    journal.accept([form("ro_masha:6", channel="others")])
    first = journal.claim_events(10)[0]
    assert first.lane is not None
    action = NewAction(key="k", rule="Партнёр", kind="intake", params="{}")
    journal.write_plans([PlanRecord(first.seq, first.lane, "event", "{}", (action,))])
    (taken,) = journal.claim_actions(1)
    result = json.dumps({"lead_id": "17", "created": "no"})
    journal.finish([Finished(taken.id, 1, "done", ActionState.DONE, result=result)], "amocrm")
    found = journal.read(lambda c: sent_in(c, "partners", "ro_masha:", 50))
    assert [(one.person.phone[-1], one.lead) for one in found] == [("5", ""), ("3", ""), ("1", "17")]
    assert len(journal.read(lambda c: sent_in(c, "partners", "ro_masha:", 2))) == 2
    assert journal.read(lambda c: sent_in(c, "partners", "nobody:", 50)) == []


def test_what_begins_in_some_way_is_found_by_an_index_and_nothing_else_is_looked_through(journal: Journal) -> None:
    steps = steps_of(journal, lambda c: sent_in(c, "partners", "ro_masha:", 50), "events", 1)
    steps += steps_of(journal, lambda c: queries.never_ended(c, "pay", "paid:", NOW), "parts", 1)
    if steps:  # of SQLite
        assert [step for step in steps if "external_id>" in step], steps
        assert [step for step in steps if "key>" in step], steps
    assert not [step for step in steps if step.startswith("SCAN events")]
