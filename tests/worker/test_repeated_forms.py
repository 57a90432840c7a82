"""A form that a person sends twice counts once, and what counts as a repeat says so."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provodka.errors import ConnectorError, Retryable
from provodka.event import Event
from provodka.journal import Journal
from provodka.payloads import Person
from rules.facts import RecordedFacts
from rules.plan import RuleOutcome
from tests.rules.world import make_engine, make_rule
from tests.worker.office import Office
from worker.planner import Planner

MARIA = Person("Мария", ("+79160001122",))
TOLD = make_rule({"notify": {"to": "rop", "text": "Заявка {{ form.comment }}"}}, on="form.submitted", name="Заявка")


def sent(office: Office, comment: str = "Окно", *, person: Person = MARIA, channel: str = "site", **more: Any) -> Event:
    fields = {"Город": "Тула", "extra.ip": "203.0.113.7", **more.pop("fields", {})}
    form = {"name": "Замер", "id": "f1", "comment": comment, "fields": fields, **more.pop("form", {})}
    return office.happens("form.submitted", person, channel=channel, form=form, **more)


@pytest.fixture
def site(office: Office) -> Office:
    office.open(TOLD)
    return office


def acted(office: Office, *events: Event) -> list[bool]:
    return [bool(office.actions(event)) for event in events]


def test_a_button_pressed_three_times_is_one_request_and_the_others_say_of_which_they_are_repeats(site: Office) -> None:
    first = sent(site)
    site.work()
    again = []
    for _ in range(2):
        site.clock.forward(seconds=3)
        again.append(sent(site))
        site.work()
    assert acted(site, first, *again) == [True, False, False]
    for one in again:
        trace = site.last(one)
        assert trace.outcome is RuleOutcome.STOPPED
        assert (
            trace.reason == f"the same person sent the same form just before: counted as a repeat of event {first.id}"
        )
        assert site.traces(one)[0].facts["form.told"]["event"] == first.id


def test_presses_that_are_planned_together_are_one_request(site: Office) -> None:
    presses = [sent(site) for _ in range(3)]
    site.work()
    assert acted(site, *presses) == [True, False, False]


@pytest.mark.parametrize(
    "other",
    [
        {"comment": "Дверь"},
        {"fields": {"Город": "Орёл"}},
        {"form": {"name": "Звонок"}},
        {"person": Person("Мария", ("+79160001122",), ("maria@example.ru",))},
        {"channel": "callback"},
        {"order": {"id": "2", "amount": 100}},
    ],
    ids=str,
)
def test_other_answers_another_form_or_another_channel_are_a_further_request(
    site: Office, other: dict[str, Any]
) -> None:
    both = sent(site), sent(site, **other)
    site.work()
    assert acted(site, *both) == [True, True]


@pytest.mark.parametrize(
    "other",
    [
        {"fields": {"extra.ip": "203.0.113.9"}},
        {"form": {"page": "https://example.ru/b"}},
        {"utm": {"source": "vk"}},
        {"fields": {"User Agent": "x", "created": "now"}},
    ],
    ids=str,
)
def test_what_is_of_the_moment_and_no_answer_makes_no_further_request(site: Office, other: dict[str, Any]) -> None:
    both = sent(site), sent(site, **other)
    site.work()
    assert acted(site, *both) == [True, False]


def test_the_date_that_elementor_adds_is_no_answer_but_a_date_that_was_asked_for_is(site: Office) -> None:
    plain = [sent(site, fields={"Дата": day}) for day in ("1 марта", "2 марта")]
    elementor = [sent(site, fields={"Время": time, "Powered by": "Elementor"}) for time in ("11:00", "11:01")]
    site.work()
    assert acted(site, *plain, *elementor) == [True, True, True, False]


def test_the_same_form_after_the_window_is_a_further_request(site: Office) -> None:
    first = sent(site)
    site.later(minutes=5, seconds=1)
    second = sent(site)
    site.work()
    assert acted(site, first, second) == [True, True]


def test_repeats_do_not_keep_the_window_open(site: Office) -> None:
    presses = []
    for _ in range(4):
        presses.append(sent(site))
        site.later(minutes=2)
    assert acted(site, *presses) == [True, False, False, True]


def test_a_channel_says_how_long_a_repeat_counts_once_and_nought_counts_each(office: Office) -> None:
    windows = {"site": timedelta(0), "quiz": timedelta(hours=1)}
    office.planner = Planner(office.journal, make_engine(TOLD), office.crm, None, double_within=windows)  # type: ignore[arg-type]
    presses = [sent(office, channel=channel) for channel in ("site", "quiz")]
    office.later(minutes=10)
    presses += [sent(office, channel=channel) for channel in ("site", "quiz")]
    office.work()
    assert acted(office, *presses) == [True, True, True, False]


def test_who_leaves_neither_phone_nor_email_is_nobody_to_compare(site: Office) -> None:
    both = sent(site, person=Person("Мария")), sent(site, person=Person("Мария"))
    site.work()
    assert acted(site, *both) == [True, True]


def test_two_planners_at_once_count_a_repeat_once(site: Office, open_journal: Callable[[], Journal]) -> None:
    offices = [site, Office(open_journal(), site.clock)]
    offices[1].open(TOLD)
    presses = [sent(site) for _ in range(6)]
    threads = [threading.Thread(target=one.work) for one in offices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.later(seconds=1)
    assert acted(site, *presses).count(True) == 1


@pytest.mark.parametrize("error", [Retryable("no answer"), RuntimeError("a mistake of ours")], ids=["away", "broken"])
def test_presses_planned_together_of_which_the_first_cannot_be_are_one_request(site: Office, error: Exception) -> None:
    answers = iter([error])

    def refuse(_: object) -> ConnectorError | None:
        refused = next(answers, None)
        if isinstance(refused, ConnectorError | None):
            return refused
        raise refused

    site.open(make_rule({"note": {"text": "x"}}, on="form.submitted", when={"lead": {"known": False}}))
    site.crm.refuse["find_people"] = refuse
    presses = [sent(site) for _ in range(3)]
    site.work()
    assert acted(site, *presses) == [False, True, False]
    site.later(hours=1)
    assert acted(site, *presses) == [False, True, False]


def test_a_planner_that_dies_before_it_writes_leaves_the_first_the_first(site: Office) -> None:
    first, second = sent(site), sent(site)
    assert site.journal.claim_events(10)  # and is killed
    site.clock.forward(minutes=30)
    site.journal.recover()
    site.work()
    assert acted(site, first, second) == [True, False]


def test_what_was_a_repeat_is_one_when_it_is_computed_from_the_record(site: Office) -> None:
    sent(site)
    second = sent(site)
    site.work()
    record = RecordedFacts(site.traces(second)[0].facts)
    plan = make_engine(TOLD).evaluate(second, record, site.clock())
    assert plan.trace.rules[0].outcome is RuleOutcome.STOPPED
    assert make_engine(TOLD).evaluate(replace(second, id="x"), RecordedFacts({}), site.clock()).actions


def test_the_history_of_a_person_counts_a_repeat_once(site: Office) -> None:
    site.open(make_rule({"notify": {"to": "rop", "text": "{{ history.forms }}"}}, on="form.submitted", name="Счёт"))
    for comment in ("Окно", "Окно", "Дверь"):
        last = sent(site, comment)
    site.work()
    assert site.told(last) == ["2"]


@given(pauses=st.lists(st.integers(0, 400), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_often_a_form_is_sent_requests_are_further_apart_than_the_window(
    site: Office, pauses: list[int]
) -> None:
    site.clock.forward(hours=2)
    presses = []
    for pause in pauses:
        site.clock.forward(seconds=pause)
        presses.append(sent(site))
        site.work()
    moments = [one.received_at for one, did in zip(presses, acted(site, *presses), strict=True) if did]
    assert moments[0] == presses[0].received_at
    assert all(later - earlier > timedelta(minutes=5) for earlier, later in itertools.pairwise(moments))
    for press in presses:
        assert any(timedelta(0) <= press.received_at - first <= timedelta(minutes=5) for first in moments)
