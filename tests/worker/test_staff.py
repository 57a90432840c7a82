"""What the outside tells of the staff: who is at work, and how many open leads each one has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import insert

from provodka.crm import Presence
from provodka.journal import ActionState, Journal
from provodka.journal.schema import actions
from provodka.payloads import LeadRef
from provodka.turns import Turn
from tests.rules.fake_web import FakeWeb
from tests.rules.world import CALENDAR, NOW, TEAM, FakeCrm
from worker.outside import Equipment, LiveStaff

PEOPLE = ["anna", "ivan", "rop"]


class Telling(FakeCrm):
    """A CRM that knows who is at work and counts leads."""

    at_work = Presence.AT_WORK

    def presence(self, logins: Sequence[str]) -> Mapping[str, Presence]:
        return {login: self.at_work if login.startswith("anna") else Presence.UNKNOWN for login in logins}

    def open_lead_counts(self, logins: Sequence[str]) -> dict[str, int] | None:
        return {login: 10 + n for n, login in enumerate(logins)}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path}/journal.sqlite", lambda: NOW)
    yield opened
    opened.close()


def staff(journal: Journal, crm: FakeCrm | None) -> LiveStaff:
    return LiveStaff(Equipment(crm, {}, TEAM, CALENDAR, FakeWeb()), journal)


def gave(journal: Journal, key: str, person: str, state: ActionState, lead: str = "") -> None:
    """A turn of this person, with its action."""
    journal.take_turns("c", [key], lambda _: Turn(person, "because"))
    row = {"key": key, "event_seq": 1, "rule": "r", "kind": "intake", "priority": 0, "params": "{}", "state": state}
    row |= {"not_before": NOW, "created_at": NOW, "result": f'{{"lead_id": "{lead}"}}' if lead else None}
    journal.write(lambda c: c.execute(insert(actions), [row]))


def test_only_a_crm_that_tells_says_who_is_at_work(journal: Journal) -> None:
    assert staff(journal, FakeCrm()).present() is None
    assert staff(journal, None).present() is None
    telling = Telling()
    assert staff(journal, telling).present() == {"anna"}
    telling.at_work = Presence.PAUSED
    assert staff(journal, telling).present() == frozenset()
    telling.at_work = Presence.UNKNOWN
    assert staff(journal, telling).present() is None


def test_without_a_counting_crm_the_open_ones_of_our_own_leads_count_for_whoever_has_them_now(journal: Journal) -> None:
    crm = FakeCrm()
    leads = [("1", "anna@krovlya.ru", "open"), ("2", "rop@krovlya.ru", "open"), ("3", "anna@krovlya.ru", "won")]
    crm.lead_cards = {id_: LeadRef(id_, responsible=login, state=state) for id_, login, state in leads}
    for id_ in ("1", "2", "3", "deleted"):
        gave(journal, f"k{id_}", "anna", ActionState.DONE, id_)
    gave(journal, "dead", "ivan", ActionState.DEAD)
    loads = staff(journal, crm).open_leads(PEOPLE)
    assert (loads.at, dict(loads.open)) == (NOW, {"anna": 1, "rop": 1})


def test_what_is_on_its_way_to_the_crm_counts_already(journal: Journal) -> None:
    for n, state in enumerate((ActionState.READY, ActionState.RUNNING, ActionState.WAITING)):
        gave(journal, f"{n}", "ivan", state)
    assert dict(staff(journal, FakeCrm()).open_leads(PEOPLE).open) == {"ivan": 3}
    assert dict(staff(journal, None).open_leads(PEOPLE).open) == {"ivan": 3}


def test_a_crm_that_counts_is_believed(journal: Journal) -> None:
    gave(journal, "a", "ivan", ActionState.READY)
    gave(journal, "b", "anna", ActionState.DONE, "17")
    assert dict(staff(journal, Telling()).open_leads(PEOPLE).open) == {"anna": 10, "ivan": 12, "rop": 12}


def test_a_crm_that_does_not_know_yet_leaves_it_to_what_we_gave(journal: Journal) -> None:
    crm = Telling()
    crm.open_lead_counts = lambda _: None  # type: ignore[method-assign]
    crm.lead_cards = {"17": LeadRef("17", responsible="anna@krovlya.ru", state="open")}
    gave(journal, "b", "anna", ActionState.DONE, "17")
    assert dict(staff(journal, crm).open_leads(PEOPLE).open) == {"anna": 1}
