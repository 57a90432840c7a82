"""Rows of an import are handed out in portions, behind what others do, and never twice, whoever goes on with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click import Abort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from cli.imports.job import follow, start
from cli.imports.report import told_rows
from cli.imports.undo import undo_import
from cli.undo import Wish
from connectors.google_sheets.channel import receiver
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.tables.importing import ImportOptions, ImportSettings, ReadRow
from provodka.brake import Brake
from provodka.channel import Around, Delivery
from provodka.event import Event
from provodka.journal import Journal, NewAction, PlanRecord, brakes, imports, queries, troubles
from provodka.journal.imports import ImportJob, ImportState
from provodka.journal.schema import events
from provodka.payloads import Person, RowAdded
from rules.plan import Priority
from tests.cli.playing import Seen
from tests.rules.world import CALENDAR, MOSCOW, NOW, make_engine, make_event, make_rule
from worker.importing import Importer, kept_rows, place_of
from worker.planner import Planner

ROWS = "ФИО;Телефон\n" + "".join(f"Гость {n};8916{n:07}\n" for n in range(25))
CHANNELS: dict[str, Any] = {"list": ImportSettings()}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path}/journal.sqlite", clock)
    yield opened
    opened.close()


def begun(journal: Journal, text: str = ROWS, channel: str = "list", **options: Any) -> ImportJob:
    return start(journal, text.encode(), "База.csv", channel, text.count("\n") - 1, ImportOptions(**options))


def importer(journal: Journal, channels: dict[str, Any] = CHANNELS) -> Importer:
    def read(job: ImportJob) -> Iterator[ReadRow]:
        return kept_rows(job, journal, channels, MOSCOW)

    return Importer(journal, read, CALENDAR)


def taken(journal: Journal) -> list[Event]:
    lines = journal.read(lambda c: queries.list_events(c, limit=1000))
    return [line.event.event for line in reversed(lines)]


def plan_all(journal: Journal, priority: int = -int(Priority.BULK)) -> None:
    """Each event is one action that is still to be delivered."""
    while claimed := journal.claim_events(100):
        plans = [
            PlanRecord(one.seq, one.lane or 0, "event", "{}", (NewAction(f"{one.seq}", "П", "note", "{}", priority),))
            for one in claimed
        ]
        journal.write_plans(plans)


def state(journal: Journal, job: ImportJob) -> ImportState:
    return journal.read(lambda c: imports.alike(c, job.id))[0].state


def test_a_portion_is_handed_out_each_working_day(journal: Journal, clock: Clock) -> None:
    job, hands = begun(journal, portion=10, every="1d working"), importer(journal)
    hands.go_on(journal, journal)
    assert len(taken(journal)) == 10
    clock.now += timedelta(hours=23)
    assert not hands.go_on(journal, journal), "it is not the next day yet"
    clock.now = NOW + timedelta(days=1)
    hands.go_on(journal, journal)
    assert len(taken(journal)) == 20
    assert place_of(job.id, journal.cursor).next == NOW + timedelta(days=2)
    clock.now = NOW + timedelta(days=2)
    hands.go_on(journal, journal)
    assert (len(taken(journal)), state(journal, job)) == (25, ImportState.DONE)
    assert {event.received_at for event in taken(journal)} == {NOW + timedelta(days=n) for n in range(3)}


def test_the_portion_after_friday_is_mondays(journal: Journal, clock: Clock) -> None:
    clock.now = NOW + timedelta(days=4)
    job = begun(journal, portion=10, every="1d working")
    importer(journal).go_on(journal, journal)
    following = place_of(job.id, journal.cursor).next
    assert following is not None
    assert following.strftime("%a") == "Tue", "the ninth of March is a day off in 2026"


def test_another_process_goes_on_where_the_first_one_died(journal: Journal) -> None:
    job = begun(journal, portion=10)
    for _ in range(3):
        importer(journal).go_on(journal, journal)  # each one has read nothing before
    events = taken(journal)
    assert [event.person.phone for event in events] == [f"+7916{n:07}" for n in range(25)]
    assert [imports.row_number(event.id) for event in events] == list(range(2, 27))
    assert all(isinstance(event.payload, RowAdded) and event.payload.imported for event in events)
    assert state(journal, job) is ImportState.DONE


def test_rows_wait_while_many_of_them_are_under_way(journal: Journal) -> None:
    text = "ФИО;Телефон\n" + "".join(f"Гость {n};8916{n:07}\n" for n in range(500))
    begun(journal, text)
    hands = importer(journal)
    for _ in range(8):
        hands.go_on(journal, journal)
    assert len(taken(journal)) == 200, "a form that comes now stands behind two hundred rows at most"
    plan_all(journal)
    for _ in range(8):
        assert hands.go_on(journal, journal)
    assert len(taken(journal)) == 200, "their actions are not delivered yet"


def test_what_others_have_to_do_holds_no_import_back(journal: Journal) -> None:
    text = "ФИО;Телефон\n" + "".join(f"Гость {n};8916{n:07}\n" for n in range(300))
    begun(journal, text)
    hands = importer(journal)
    hands.go_on(journal, journal)
    hands.go_on(journal, journal)
    plan_all(journal, -int(Priority.USUAL))
    hands.go_on(journal, journal)
    assert len(taken(journal)) == 300


def test_a_second_import_of_the_same_rows_takes_nothing_and_portions_do_not_count_them(journal: Journal) -> None:
    begun(journal, portion=100)
    importer(journal).go_on(journal, journal)
    longer = ROWS + "Новая;89990001122\n"
    job = begun(journal, longer, portion=1, every="1d")
    importer(journal).go_on(journal, journal)
    importer(journal).go_on(journal, journal)
    importer(journal).go_on(journal, journal)
    assert len(taken(journal)) == 26
    assert imports.row_number(taken(journal)[-1].id) == 27
    told = [row.outcome for row in told_rows(journal, job, kept_rows(job, journal, CHANNELS, MOSCOW))]
    assert told == ["taken before"] * 25 + ["waiting"]
    assert taken(journal)[-1].id.startswith(job.id)


def test_later_rows_of_a_person_are_taken_or_skipped_as_the_options_say(journal: Journal) -> None:
    text = "ФИО;Телефон;Товар\nМария;89160000001;Окна\nМария;8 916 000-00-01;Двери\nМария;89160000001;Окна\n"
    begun(journal, text, doubles="skip")
    importer(journal).go_on(journal, journal)
    assert [imports.row_number(event.id) for event in taken(journal)] == [2]
    begun(journal, text, doubles="merge")
    importer(journal).go_on(journal, journal)
    assert [imports.row_number(event.id) for event in taken(journal)] == [2, 3], "the fourth says what the second says"


def test_an_import_whose_channel_is_gone_stops_and_says_so(journal: Journal) -> None:
    job = begun(journal)
    assert not importer(journal, {}).go_on(journal, journal)
    assert state(journal, job) is ImportState.STOPPED
    [trouble] = journal.read(lambda c: troubles.all_troubles(c, opened=True))
    assert "channel «list»" in trouble.cause
    assert f"provodka import resume {job.id}" in trouble.cure


def test_a_stopped_import_hands_out_nothing_until_it_is_resumed(journal: Journal) -> None:
    job = begun(journal, portion=10)
    hands = importer(journal)
    hands.go_on(journal, journal)
    journal.write(lambda c: imports.move(c, job.id, ImportState.STOPPED, (ImportState.RUNNING,)))
    hands.go_on(journal, journal)
    assert len(taken(journal)) == 10
    journal.write(lambda c: imports.move(c, job.id, ImportState.RUNNING, (ImportState.STOPPED,)))
    hands.go_on(journal, journal)
    assert len(taken(journal)) == 20


def test_the_exported_answers_of_a_form_and_its_script_are_the_same_rows(journal: Journal) -> None:
    sheets = GoogleSheetsSettings.model_validate({"secret": "script-secret"})
    text = "Отметка времени;Имя;Телефон\n01.12.2025 11:00:00;Мария;8 (916) 111-22-33\n"
    begun(journal, text, channel="answers")
    importer(journal, {"answers": sheets}).go_on(journal, journal)
    told = {"Отметка времени": ["01.12.2025 11:00:00"], "Имя": ["Мария"], "Телефон": ["89161112233"]}
    answer = {
        "spreadsheetId": "1AbCexample",
        "sheet": "Ответы",
        "row": 17,
        "secret": "script-secret",
        "namedValues": told,
    }
    door = receiver("answers", sheets, Around(journal.store, MOSCOW))
    assert door is not None
    delivery = Delivery("POST", "", {}, {}, json.dumps(answer).encode(), NOW)
    journal.accept(door.receive(delivery, lambda _: []).events)
    [event] = taken(journal)
    assert isinstance(event.payload, RowAdded)
    assert event.payload.imported


def test_the_brake_lets_an_agreed_import_go_and_stops_the_same_rows_of_a_live_table(journal: Journal) -> None:
    rule = make_rule({"note": {"text": "Строка"}}, on="table.row_added", name="Заметка")
    planner = Planner(journal, make_engine(rule), None, None, {"Заметка": Brake(2, timedelta(minutes=10))})
    job = begun(journal)
    importer(journal).go_on(journal, journal)
    assert planner.plan_once() == 25
    assert journal.read(lambda c: imports.figures(c, job.id)).of_state("held") == 0
    live = [
        make_event("table.row_added", channel="live", id=f"{n:024x}", person=Person(phones=(f"+7926{n:07}",)))
        for n in range(4)
    ]
    journal.accept(live)
    planner.plan_once()
    assert journal.read(brakes.stopped)[0].held == 2


def test_whoever_interrupts_the_command_is_asked_whether_the_import_is_to_stop(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, seen, asked = begun(journal, portion=10, every="1h"), Seen(), []

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.imports.job.time.sleep", interrupted)
    assert follow(journal, job, seen.view(), lambda text: bool(asked.append(text))).state == "running"
    assert follow(journal, job, seen.view(), None).state == "running"
    assert follow(journal, job, seen.view(), lambda _: True).state == "stopped"
    assert "it goes on without this command" in asked[0]


def test_a_second_interruption_is_no_answer_and_the_import_goes_on(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, seen = begun(journal), Seen()

    def interrupted(_: object) -> bool:
        raise KeyboardInterrupt

    def aborted(_: str) -> bool:
        raise Abort

    monkeypatch.setattr("cli.imports.job.time.sleep", interrupted)
    assert follow(journal, job, seen.view(), interrupted).state == "running"
    assert follow(journal, job, seen.view(), aborted).state == "running"


def test_an_undo_that_is_interrupted_says_what_stands_and_can_be_said_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, seen = begun(journal, portion=10, every="1h"), Seen()
    importer(journal).go_on(journal, journal)

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.imports.undo.time.sleep", interrupted)
    assert undo_import(journal, job, seen.view(), preview=lambda _: [], wish=Wish()) == 1
    assert "nothing of it has been undone yet, but it is stopped" in seen.error
    assert f"provodka import undo {job.id}" in seen.error
    assert state(journal, job) is ImportState.STOPPED
    plan_all(journal)
    assert undo_import(journal, job, seen.view(), preview=lambda _: [], wish=Wish()) == 0
    assert state(journal, job) is ImportState.UNDONE


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(st.integers(0, 9), max_size=15),
    portion=st.integers(2, 9),
    dies=st.lists(st.booleans(), max_size=6),
    skip=st.booleans(),
)
def test_every_row_is_taken_once_and_in_its_order_whoever_dies_when(
    journal: Journal, people: list[int], portion: int, dies: list[bool], skip: bool
) -> None:
    channel = uuid4().hex  # of each example its own, in one journal
    channels = {channel: ImportSettings()}
    text = "ФИО;Телефон;Заказ\n" + "".join(f"Гость;8916000000{n};{i % 3}\n" for i, n in enumerate(people))
    doubles = "skip" if skip else "merge"
    job = begun(journal, text, channel, portion=portion, doubles=doubles)
    hands = importer(journal, channels)
    for died in [*dies, *[False] * (len(people) // portion + 2)]:
        hands = importer(journal, channels) if died else hands
        hands.go_on(journal, journal)
        journal.write(lambda c: c.execute(update(events).values(state="planned")))  # out of the way of the next
    rows = [event for event in taken(journal) if event.channel == channel]
    expected = dict.fromkeys(people if skip else [(n, i % 3) for i, n in enumerate(people)])
    assert len(rows) == len(expected)
    assert [event.id for event in rows] == sorted(event.id for event in rows)
    assert {event.person.phone for event in rows} == {f"+7916000000{n}" for n in people}
    assert state(journal, job) is ImportState.DONE


def test_what_is_stopped_while_its_file_is_opened_hands_out_nothing_more(journal: Journal) -> None:
    job = begun(journal)

    def read(one: ImportJob) -> Iterator[ReadRow]:
        stopped = (ImportState.RUNNING,)
        journal.write(lambda c: imports.move(c, job.id, ImportState.STOPPED, stopped))
        return kept_rows(one, journal, CHANNELS, MOSCOW)

    Importer(journal, read, CALENDAR).go_on(journal, journal)
    assert taken(journal) == []
    assert (state(journal, job), place_of(job.id, journal.cursor).row) == (ImportState.STOPPED, 0)
    journal.write(lambda c: imports.move(c, job.id, ImportState.RUNNING, (ImportState.STOPPED,)))
    importer(journal).go_on(journal, journal)
    assert (len(taken(journal)), state(journal, job)) == (25, ImportState.DONE)
