"""Digests on the ticks of the clock: figures of a period, the board, everyone of the staff; each counted once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from provodka.crm import Board, StaffTask, StaffWork
from provodka.event import Event
from provodka.journal import queries
from provodka.payloads import LeadRef, Person
from rules.facts import RecordedFacts
from rules.schema import Rule
from rules.ticks import tick
from tests.rules.world import make_engine, make_rule
from tests.worker.office import Office
from worker.facts import digests

PLACES = (("Кровля", "Новый лид"), ("Кровля", "Смета"), ("Сервис", "Заявка"))


def digest(*texts: str, **more: Any) -> Rule:
    steps = [{"notify": {"to": "rop", "text": text}} for text in texts]
    return make_rule(*steps, on=None, name="Сводка", at="12:00", **more)


def ticks(office: Office, rule: Rule) -> Event:
    event = tick(rule.name, office.clock(), office.clock())
    office.journal.accept([event])
    office.work()
    return event


def lead(id_: str, stage: str, since: datetime | None, **more: Any) -> LeadRef:
    return LeadRef(id_, f"дело {id_}", pipeline="Кровля", stage=stage, stage_since=since, **more)


def test_figures_are_of_the_period_until_the_tick_and_on_record(office: Office) -> None:
    rule = digest("{{ figures.today.leads }} {{ figures.yesterday.leads }} {{ figures.today.conversion }}%")
    office.open(rule)
    office.clock.forward(days=-1)
    office.lead(id_="1")
    office.clock.forward(days=1)
    office.lead(id_="2")
    office.lead("lead.won", id_="2", state="won", price=100)
    office.work()
    office.clock.forward(seconds=1)
    event = ticks(office, rule)
    assert office.told(event) == ["1 1 100%"]
    recorded = office.traces(event)[0].facts
    assert recorded.keys() == {"figures.today", "figures.yesterday"}
    assert recorded["figures.today"]["revenue"] == "100"


def test_lists_of_figures_are_short_and_leads_lack_their_fields(office: Office) -> None:
    rule = digest("{{ figures.today.by_field.Город }} {{ figures.today.answer.waiting[0].fields }}")
    office.open(rule)
    for n in range(digests.MOST + 5):
        office.lead(id_=str(n), fields={"Город": "Уфа", "Код": str(n % 29), "Номер": str(n)})
    office.work()
    office.clock.forward(seconds=1)
    event = ticks(office, rule)
    found = office.traces(event)[0].facts["figures.today"]
    assert found["leads"] == digests.MOST + 5
    assert len(found["answer"]["waiting"]) == digests.MOST
    assert set(found["by_field"]) == {"Город", "Код"}
    assert all(not one.get("fields") for one in found["answer"]["waiting"])


def test_the_board_tells_what_stands_where_and_for_how_long(office: Office) -> None:
    now = office.clock()
    day = timedelta(days=1)
    leads = (
        lead("4", "Смета", None),
        lead("3", "Смета", now - 10 * day, price=Decimal(300)),
        lead("2", "Смета", now - 30 * day, price=Decimal(50)),
        lead("1", "Новый лид", now - 2 * day, responsible="anna@krovlya.ru"),
    )
    office.crm.whole = Board(leads, PLACES)
    stage = "{{ one.stage }} {{ one.leads }} {{ one.total }} {{ one.mean_days }}; "
    rule = digest(
        "{{ board.open_leads }} {{ board.leads[0].title }} {{ board.leads[-1].responsible }}",
        "{{ board.waiting | map(attribute='id') | join }}",
        "{% for one in board.by_stage %}" + stage + "{% endfor %}",
    )
    office.open(rule)
    event = ticks(office, rule)
    assert office.told(event) == [
        "4 дело 4 anna",
        "231",
        "Новый лид 1 0 2.0; Смета 3 350 20.0; Заявка 0 0 0.0; ",
    ]
    assert office.crm.names.count("board") == 1


def test_untouched_is_what_came_first_and_nobody_has_done_anything_about(office: Office) -> None:
    now = office.clock()
    hour = timedelta(hours=1)
    fresh = [lead(str(n), "Новый лид", now - n * hour) for n in range(1, 6)]
    office.crm.whole = Board((*fresh, lead("9", "Смета", now - hour)), PLACES)
    rule = digest("{{ board.untouched | map(attribute='id') | join }}")
    office.open(rule)
    office.happens("task.completed", Person(), lead={"id": "1"}, task={"id": "7"})
    talked = {"id": "c1", "direction": "out", "phone": "+79160001122"}
    office.happens("lead.updated", Person(phones=("+79160001122",)), lead={"id": "2"})
    office.happens("call.finished", Person(phones=("+79160001122",)), call={**talked, "talk_seconds": 60})
    office.happens("lead.updated", Person(phones=("+79160003344",)), lead={"id": "3"})
    missed = {**talked, "id": "c2", "phone": "+79160003344", "talk_seconds": 0}
    office.happens("call.finished", Person(phones=("+79160003344",)), call=missed)
    office.clock.forward(seconds=1)
    assert office.told(ticks(office, rule)) == ["543"]
    again = replace(office.crm.whole.leads[0], stage_since=office.clock() + hour)
    office.crm.whole = Board((again,), PLACES)
    office.clock.forward(days=1)
    assert office.told(ticks(office, rule)) == ["1"]


def test_everyone_of_the_staff_is_in_the_digest_and_all_are_read_at_once(office: Office) -> None:
    now = office.clock()
    late = (StaffTask("1", "Позвонить", due=now - timedelta(hours=1)),)
    office.crm.work["ivan@krovlya.ru"] = StaffWork(late, (LeadRef("7"),))
    line = "{{ one.name }} {{ one.to_do }} {{ one.overdue }} {{ one.open_leads }} {{ one.violations }}; "
    rule = digest("{% for one in board.people %}" + line + "{% endfor %}")
    office.open(rule)
    assert office.told(ticks(office, rule)) == ["anna 0 0 0 0; ivan 1 1 1 0; rop 0 0 0 0; "]
    assert len(office.crm.calls("staff_work")) == 1


def test_all_who_ask_at_the_same_tick_share_what_was_counted(office: Office) -> None:
    rule = digest("{{ board.open_leads }} {{ figures.month.leads }}", each="person")
    office.open(rule)
    ticks(office, rule)
    assert office.crm.names.count("board") == 1
    office.clock.forward(days=1)
    ticks(office, rule)
    assert office.crm.names.count("board") == 2


def test_while_the_mirror_is_being_filled_the_board_waits_and_figures_do_not(office: Office) -> None:
    office.crm.filled = False
    rule, numbers = (
        digest("{{ board.open_leads }}"),
        make_rule({"notify": {"to": "rop", "text": "{{ figures.today.leads }}"}}, on=None, name="Числа", at="12:00"),
    )
    office.open(rule, numbers)
    assert office.told(ticks(office, numbers)) == ["0"]
    event = ticks(office, rule)
    assert office.actions(event) == []
    office.crm.filled = True
    office.later(minutes=5)
    assert office.told(event) == ["0"]


def test_what_was_told_can_be_told_again_from_the_record_alone(office: Office) -> None:
    now = office.clock()
    office.crm.whole = Board((lead("3", "Смета", now - timedelta(days=10), price=Decimal("300.50")),), PLACES)
    task = StaffTask("1", "Позвонить", due=now, lead=lead("3", "Смета", None, responsible="ivan@krovlya.ru"))
    office.crm.work["ivan@krovlya.ru"] = StaffWork((task,), (LeadRef("7"),))
    text = (
        "{{ board.by_stage }} {{ board.people }} {{ board.waiting[0].stage_since | date }} {{ board.leads[0].price }} "
        "{{ figures.month.by_person }} {{ figures.month.by_field }} {{ figures.month.conversion }} {{ who.present }} "
        "{{ figures.month.revenue }} {{ work.tasks | map(attribute='lead') | map(attribute='responsible') | join }}"
    )
    rule = digest(text, each="person")
    office.open(rule)
    office.lead(id_="5", responsible="anna@krovlya.ru", fields={"Город": "Уфа"})
    office.lead("lead.won", id_="5", state="won", price="100.10")
    office.work()
    office.clock.forward(seconds=1)
    ticks(office, rule)
    checked = office.journal.read(lambda c: queries.list_events(c, kind="staff.checked"))
    assert len(checked) == 3, "one for each of the staff"
    for line in checked:
        event, engine = line.event.event, make_engine(rule)
        record = RecordedFacts(office.traces(event)[0].facts)
        plan = engine.evaluate(event, record, office.clock())
        assert [action.params["text"] for action in plan.actions] == office.told(event)
