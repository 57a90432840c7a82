"""What the journal knows of imports: their events by the ids of these, and what may be undone of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from provodka.event import Event
from provodka.journal import Journal, NewAction, PlanRecord, StoredEvent, imports, queries
from provodka.journal.imports import ImportJob, ImportState
from tests.journal.conftest import Clock, steps_of

Form = Callable[..., Event]


@pytest.fixture
def job(journal: Journal, clock: Clock) -> ImportJob:
    made = ImportJob(
        imports.new_import_id(clock()), "site", "База.csv", "0" * 64, "{}", 3, ImportState.RUNNING, clock()
    )
    journal.write(lambda c: imports.add(c, made))
    return made


def rows(journal: Journal, job: ImportJob, form: Form, numbers: range) -> None:
    """Events of these rows, each with a planned action."""
    made = [form(f"row:{n}", phone=f"+7916000000{n}") for n in numbers]
    journal.accept([replace(e, id=imports.event_id(job.id, n)) for n, e in zip(numbers, made, strict=True)])
    plan(journal)


def plan(journal: Journal) -> None:
    claimed = journal.claim_events(100)
    actions = [(one, NewAction(f"{one.event.id}:0", "П", "intake", "{}")) for one in claimed]
    journal.write_plans([PlanRecord(one.seq, one.lane or 0, "event", "{}", (action,)) for one, action in actions])


def test_an_import_is_found_by_a_piece_of_its_id_and_moves_only_from_where_it_is(
    journal: Journal, job: ImportJob
) -> None:
    for piece in (job.id, job.id[:6], job.id[-4:].upper(), ""):
        assert journal.read(lambda c, piece=piece: imports.alike(c, piece)) == [job]  # type: ignore[misc]
    assert journal.read(lambda c: imports.alike(c, "zz")) == []
    stopped, running = (ImportState.STOPPED,), (ImportState.RUNNING,)
    assert not journal.write(lambda c: imports.move(c, job.id, ImportState.RUNNING, stopped))
    assert journal.write(lambda c: imports.move(c, job.id, ImportState.STOPPED, running))
    assert journal.read(lambda c: imports.all_imports(c, ImportState.RUNNING)) == []


def test_its_events_are_counted_by_their_ids_and_no_others(journal: Journal, job: ImportJob, form: Form) -> None:
    rows(journal, job, form, range(2, 5))
    journal.accept([form("other", phone="+79990000001")])
    plan(journal)
    figures = journal.read(lambda c: imports.figures(c, job.id))
    assert (figures.handed_out, figures.planned, figures.of_state("ready")) == (3, 3, 3)
    assert journal.read(lambda c: imports.row_states(c, job.id)) == dict.fromkeys((2, 3, 4), "planned")
    assert journal.read(lambda c: imports.under_way(c, 0, 10)) == 4, "whose the actions are makes no difference"
    known = journal.read(lambda c: imports.taken_before(c, "site", ["row:2", "row:9", "other"]))
    assert set(known) == {"row:2", "other"}
    assert known["row:2"] == imports.event_id(job.id, 2)


def test_what_has_not_gone_out_is_cancelled_and_what_may_have_is_not(
    journal: Journal, job: ImportJob, form: Form, clock: Clock
) -> None:
    rows(journal, job, form, range(2, 5))
    [running] = journal.claim_actions(1)
    assert journal.write(lambda c: imports.cancel(c, job.id, clock())) == 2
    figures = journal.read(lambda c: imports.figures(c, job.id))
    assert figures.of_state("running") == 1
    left = journal.read(lambda c: imports.actions_of(c, job.id, "running"))
    assert [(row, action.id) for row, action in left] == [(2, running.id)]


def test_what_happens_in_the_lane_of_a_row_later_is_told(journal: Journal, job: ImportJob, form: Form) -> None:
    journal.accept([form("before", phone="+79160000002")])
    plan(journal)
    rows(journal, job, form, range(2, 5))
    assert journal.read(lambda c: imports.touched_since(c, job.id)) == {}
    journal.accept([form("after", phone="+79160000003")])
    plan(journal)
    [what] = journal.read(lambda c: imports.touched_since(c, job.id)).values()
    assert what.startswith("form.submitted")


def test_rows_of_which_nothing_is_left_may_come_again(journal: Journal, job: ImportJob, form: Form) -> None:
    rows(journal, job, form, range(2, 5))
    stays = next(e.seq for e in _events(journal, job) if e.event.external_id == "row:3")
    assert journal.write(lambda c: imports.let_in_again(c, job.id, {stays})) == 2
    assert journal.write(lambda c: imports.let_in_again(c, job.id, {stays})) == 0, "said again it does nothing"
    known = journal.read(lambda c: imports.taken_before(c, "site", ["row:2", "row:3", "row:4"]))
    assert set(known) == {"row:3"}


def _events(journal: Journal, job: ImportJob) -> list[StoredEvent]:
    lines = journal.read(lambda c: queries.list_events(c, limit=100))
    return [line.event for line in lines if line.event.event.id.startswith(job.id)]


def test_no_question_about_an_import_reads_all_events(journal: Journal, job: ImportJob, form: Form) -> None:
    rows(journal, job, form, range(2, 5))
    if journal.read(lambda c: c.dialect.name) == "sqlite":
        steps = steps_of(journal, lambda c: imports.figures(c, job.id), "events", 2)
        steps += steps_of(journal, lambda c: imports.under_way(c, -2, 200), "events", 1)
        assert not [step for step in steps if step.startswith("SCAN events")]
