"""What rules ask of the outside about events that are planned together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provodka.crm import Contact
from provodka.errors import Retryable
from provodka.journal import Journal
from provodka.payloads import Change, LeadRef, Person
from tests.rules.world import NOW, FakeCrm, make_event
from worker.facts import Together

PHONES = [f"+7916000000{n}" for n in range(3)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path}/journal.sqlite", lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def crm() -> FakeCrm:
    crm = FakeCrm()
    for n, phone in enumerate(PHONES[:2]):
        crm.know(Contact(str(n), f"Гость {n}", (phone,)), LeadRef(f"lead{n}", stage="Новый лид"))
    return crm


def test_what_is_asked_of_one_event_is_read_for_all_of_its_type(journal: Journal, crm: FakeCrm) -> None:
    people = [make_event(id=f"form{n}", person=Person("", (phone,))) for n, phone in enumerate(PHONES)]
    other = make_event("lead.updated", person=Person("", (PHONES[0],)), lead=LeadRef("lead0"), change=Change("price"))
    facts = Together([*people, other], journal, crm)
    found = [facts.of(event) for event in people]
    assert [fact.lead() and fact.lead().id for fact in found] == ["lead0", "lead1", None]  # type: ignore[union-attr]
    assert [fact.contact() and fact.contact().id for fact in found] == ["0", "1", None]  # type: ignore[union-attr]
    assert crm.names == ["find_people", "open_leads"]
    assert crm.calls("find_people") == [[event.person for event in people]]


def test_an_events_own_lead_is_read_as_it_is_now(journal: Journal, crm: FakeCrm) -> None:
    changes = [
        make_event(
            "lead.updated", id=f"e{n}", lead=LeadRef(f"lead{n}", stage="Старый"), change=Change("price", "1", "2")
        )
        for n in range(3)
    ]
    facts = Together(changes, journal, crm)
    assert [(one := facts.of(event).lead()) and one.stage for event in changes] == ["Новый лид", "Новый лид", None]
    assert crm.asked == [("leads", ("lead0", "lead1", "lead2"))]


def test_what_could_not_be_read_is_asked_anew_by_the_next_event(journal: Journal, crm: FakeCrm) -> None:
    events = [make_event(id=f"form{n}", person=Person("", (PHONES[n],))) for n in range(2)]
    facts = Together(events, journal, crm)
    crm.refuse["find_people"] = Retryable("not now")
    with pytest.raises(Retryable):
        facts.of(events[0]).contact()
    crm.refuse.clear()
    assert facts.of(events[1]).contact()


def test_without_a_crm_nobody_is_known(journal: Journal) -> None:
    event = make_event(person=Person("", (PHONES[0],)))
    facts = Together([event], journal, None).of(event)
    assert facts.contact() is None
    assert facts.lead() is None
