"""Rules of the clock that look at everyone of the staff: an event each, with what there is to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provodka.crm import StaffTask, StaffWork
from provodka.event import Event
from provodka.journal import discipline, queries
from provodka.payloads import LeadRef
from rules.plan import RuleOutcome
from rules.schema import Rule
from rules.ticks import tick
from tests.rules.world import STAFF, make_rule
from tests.worker.office import Office

HELLO = {"notify": {"to": "who", "text": "{{ who.key }} {{ who.name }}"}}
TODAY = {"notify": {"to": "who", "text": "{{ work.to_do }}/{{ work.due_today }}/{{ work.overdue }}"}}


def daily(*do: Any, name: str = "Утро", **more: Any) -> Rule:
    return make_rule(*do or [HELLO], on=None, name=name, at="12:00", each="person", **more)


def ticks(office: Office, rule: Rule) -> Event:
    """The rule comes due now, and all that follows is planned."""
    event = tick(rule.name, office.clock(), office.clock())
    office.journal.accept([event])
    office.work()
    return event


def checked(office: Office) -> list[Event]:
    lines = office.journal.read(lambda c: queries.list_events(c, kind="staff.checked", limit=1000))
    return [line.event.event for line in reversed(lines)]


def whose(event: Event) -> str:
    key: str = event.payload.who.key  # type: ignore[union-attr]
    return key


def told(office: Office) -> dict[str, str]:
    """The text to each of the staff; who was told twice has the newest."""
    return {whose(event): text for event in checked(office) for text in office.told(event)}


def test_everyone_of_the_staff_is_an_event_of_their_own_which_only_that_rule_sees(office: Office) -> None:
    rule = daily()
    office.open(rule, daily(name="Другое"))
    first = ticks(office, rule)
    assert told(office) == {"anna": "anna anna", "ivan": "ivan ivan", "rop": "rop rop"}
    assert office.last(first).outcome is RuleOutcome.CHECKED
    for event in checked(office):
        assert event.identities == (f"staff:{whose(event)}",)
        assert [trace.rule for trace in office.traces(event)[0].rules] == ["Утро"]
        assert [f'"to": "{whose(event)}"' in action.params for action in office.actions(event)] == [True]


def test_the_same_tick_finds_everyone_once_and_the_next_one_again_in_the_same_lane(office: Office) -> None:
    rule = daily()
    office.open(rule)
    first = ticks(office, rule)
    office.journal.accept([replace(first, id="again", external_id="again")])
    office.work()
    assert len(checked(office)) == len(STAFF)
    office.clock.forward(hours=24)
    ticks(office, rule)
    lines = office.journal.read(lambda c: queries.list_events(c, kind="staff.checked", limit=1000))
    assert len(lines) == 2 * len(STAFF)
    assert len({(whose(line.event.event), line.event.lane) for line in lines}) == len(STAFF)


def test_who_is_switched_off_in_the_crm_or_not_there_any_more_is_not_active(office: Office) -> None:
    office.crm.staff = [replace(user, active=user.name != "ivan") for user in office.crm.staff if user.name != "rop"]
    rule = daily({"notify": {"to": "rop", "text": "{{ who.key }}"}}, when={"who.active": False})
    office.open(rule)
    ticks(office, rule)
    assert told(office) == {"ivan": "ivan", "rop": "rop"}


def test_what_there_is_to_do_is_counted_by_the_days_of_the_client(office: Office) -> None:
    now = office.clock()  # noon in Moscow
    due = {"вчера": now - timedelta(days=1), "утром": now - timedelta(hours=3), "вечером": now + timedelta(hours=9)}
    tasks = [StaffTask(str(i), text, due=at) for i, (text, at) in enumerate(due.items())]
    later = [StaffTask("8", "после полуночи", due=now + timedelta(hours=12)), StaffTask("9", "когда-нибудь")]
    leads = (LeadRef("7", responsible="anna@krovlya.ru"),)
    office.crm.work["anna@krovlya.ru"] = StaffWork((*tasks, *later), leads)
    numbers = "{{ work.to_do }} {{ work.due_today }} {{ work.overdue }} {{ work.open_leads }}"
    rule = daily(
        {"notify": {"to": "who", "text": numbers}},
        {"notify": {"to": "who", "text": "{{ work.tasks | map(attribute='text') | join(' ') }}"}},
        {"notify": {"to": "who", "text": "{{ work.leads[0].responsible }}"}},
        when={"who.key": "anna"},
    )
    office.open(rule)
    ticks(office, rule)
    event = checked(office)[0]
    assert office.told(event) == ["3 2 2 1", "вчера утром вечером", "anna"]
    assert office.traces(event)[0].facts["work.to_do"] == 3
    assert office.crm.calls("staff_work") == [["anna@krovlya.ru"]]


def test_violations_are_counted_for_whom_the_event_is_about_and_for_seven_days(office: Office) -> None:
    guard = daily(name="Проверка", guard="Опоздал", when={"who.key": "anna"})
    text = "{{ work.violations }} {{ work.broken[0].guard }}"
    rule = daily({"notify": {"to": "who", "text": text}}, when="work.violations")
    office.open(guard, rule)
    ticks(office, guard)
    start = office.clock() - timedelta(days=1)
    found = office.journal.read(lambda c: discipline.tallies(c, start))
    assert [(one.person, one.guard, one.times) for one in found] == [("anna", "Опоздал", 1)]
    ticks(office, rule)
    assert told(office) == {"anna": "1 Опоздал"}
    office.clock.forward(days=8)
    ticks(office, rule)
    assert [office.told(event) for event in checked(office)[-3:]] == [[], [], []]


def test_while_the_mirror_is_being_filled_the_digest_waits(office: Office) -> None:
    office.crm.filled = False
    rule = daily(TODAY, when={"who.key": "anna"})
    office.open(rule)
    ticks(office, rule)
    assert told(office) == {}
    office.crm.filled = True
    office.later(minutes=5)
    assert told(office) == {"anna": "0/0/0"}


@pytest.mark.parametrize(("hours", "present"), [(0, "True"), (12, "False")])
def test_who_is_at_work_is_told_by_the_schedule_where_the_crm_does_not(
    office: Office, hours: int, present: str
) -> None:
    rule = daily({"notify": {"to": "who", "text": "{{ who.present }}"}}, when={"who.key": "anna"})
    office.open(rule)
    office.clock.forward(hours=hours)
    ticks(office, rule)
    assert told(office) == {"anna": present}
