"""What partners have sent, and the lead that each of it ended in; on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable

from provodka.event import Event, new_event_id
from provodka.journal import Finished, Journal, NewAction, PlanRecord, queries
from provodka.journal.records import ActionState
from provodka.journal.requests import sent_in
from provodka.payloads import EmailReceived, EventType, Mail, MailKind, Person
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


def test_letters_of_a_partner_stand_among_the_requests_each_once(
    journal: Journal, clock: Clock, form: Callable[..., Event]
) -> None:
    def arrives(sender: str, number: str, phone: str, channel: str = "mail", kind: MailKind = MailKind.LETTER) -> None:
        clock.forward(minutes=1)
        mail = Mail(message_id=number, from_=sender, kind=kind)
        at = clock()
        journal.accept(
            [
                Event(
                    id=new_event_id(at),
                    type=EventType.EMAIL_RECEIVED,
                    channel=channel,
                    external_id=number,
                    occurred_at=at,
                    received_at=at,
                    person=Person(phones=(phone,)),
                    payload=EmailReceived(mail),
                )
            ]
        )

    arrives("orders@romashka.ru", "<1>", "+79160001121")
    arrives("orders@romashka.ru", "<1>", "+79160001121", "office")
    journal.accept([form("ro:1", phone="+79160001122", channel="partners")])
    arrives("olga@call.romashka.ru", "<2>", "+79160001123")
    arrives("olga@otvet.ru", "<3>", "+79160001124")
    arrives("orders@romashka.ru", "<4>", "+79160001125", kind=MailKind.AUTOREPLY)

    def phones(*senders: str, most: int = 50) -> list[str]:
        sent = journal.read(lambda c: sent_in(c, "partners", "ro:", most, senders))
        return [one.person.phone[-1] for one in sent]

    assert phones("orders@romashka.ru", "@otvet.ru") == ["4", "2", "1"]
    assert phones("orders@romashka.ru", "@otvet.ru", most=2) == ["4", "2"]
    assert phones("@romashka.ru") == ["2", "1"]
    assert phones() == ["2"]
