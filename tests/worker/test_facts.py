"""The facts of one event, read from a CRM and a journal: the right card, in as few calls as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from provodka.crm import (
    Board,
    CardFile,
    CardRef,
    Company,
    Contact,
    FoundPerson,
    Invoice,
    InvoiceState,
    LeadState,
    Presence,
    ProductLine,
    StaffTask,
    StaffWork,
    Task,
    User,
    not_offered,
)
from provodka.errors import Rejected, Retryable
from provodka.event import Event
from provodka.journal import Journal
from provodka.payloads import ContactRef, LeadRef, Person, TaskRef
from rules.fact import FACTS, FilesFact, HistoryFact, InvoicesFact, KnownContact, ResponsibleFact, TasksFact
from rules.faults import RuleError
from rules.periods import PERIODS
from tests.rules.world import CALENDAR, CLIENT, NOW, TEAM, make_event
from worker.facts import LiveFacts

LEAD = LeadRef("17", "Крыша", responsible="anna@krovlya.ru", contacts=("4",), company="9")
CARD = Contact(
    "4", "Пётр Сидоров", CLIENT.phones, CLIENT.emails, leads=("17",), company_id="9", fields={"Канал": "почта"}
)
HOUR = timedelta(hours=1)


class Cards:
    """A CRM that is only read; `asked` lists what was asked."""

    name = "fake"

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.lead = LEAD
        self.opened: list[Task] = []
        self.told = Presence.UNKNOWN
        self.error: Exception | None = None
        self.filled = False
        self.states = {"30": LeadState.LOST, "20": LeadState.WON, "17": LeadState.OPEN, "5": LeadState.LOST}

    def _ask(self, name: str, what: object) -> None:
        self.asked.append((name, what))
        if self.error is not None:
            raise self.error

    def find_people(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        self._ask("find_people", len(people))
        return [FoundPerson(CARD) if set(person.phones) & set(CARD.phones) else None for person in people]

    def contacts(self, ids: Sequence[str]) -> dict[str, Contact]:
        self._ask("contacts", list(ids))
        return {"4": CARD} if "4" in ids else {}

    def companies(self, ids: Sequence[str]) -> dict[str, Company]:
        self._ask("companies", list(ids))
        return {"9": Company("9", "ООО «Ромашка»", inn="7707083893", kpp="770701001")} if "9" in ids else {}

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        self._ask("leads", list(ids))
        return {"17": self.lead} if "17" in ids else {}

    def open_leads(self, contact_ids: Sequence[str], pipeline: str = "") -> dict[str, list[LeadRef]]:
        self._ask("open_leads", list(contact_ids))
        return {one: [self.lead] if one == "4" else [] for one in contact_ids}

    def tasks(self, ids: Sequence[str]) -> dict[str, TaskRef]:
        self._ask("tasks", list(ids))
        return {one: TaskRef(one, "Позвонить", completed=True, responsible="ivan@krovlya.ru") for one in ids}

    def open_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]]:
        self._ask("open_tasks", [(card.kind.value, card.id) for card in cards])
        return dict.fromkeys(cards, self.opened)

    def mirrored_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]] | None:
        return dict.fromkeys(cards, self.opened) if self.filled else None

    def staff_work(self, logins: Sequence[str]) -> dict[str, StaffWork] | None:
        return dict.fromkeys(logins, StaffWork((StaffTask("1", due=NOW),), (self.lead,)))

    def board(self) -> Board | None:
        return Board((self.lead,), (("Кровля", "Новый лид"),))

    def lead_states(self, contact_ids: Sequence[str]) -> dict[str, dict[str, LeadState]] | None:
        return dict.fromkeys(contact_ids, self.states) if self.filled else None

    def lead_lines(self, ids: Sequence[str]) -> dict[str, list[ProductLine]]:
        self._ask("lead_lines", list(ids))
        lines = [ProductLine("Лист", Decimal(3), Decimal("10.5")), ProductLine("Саморез", Decimal(100), Decimal(2))]
        return dict.fromkeys(ids, lines)

    def files(self, card: CardRef) -> list[CardFile]:
        self._ask("files", card.id)
        return [CardFile("1", "Договор.pdf"), CardFile("2", "Смета.xlsx")]

    def invoices(self, ids: Sequence[str]) -> dict[str, list[Invoice]]:
        self._ask("invoices", list(ids))
        states = [(InvoiceState.PAID, 100), (InvoiceState.PARTLY_PAID, 40), (InvoiceState.ISSUED, 7)]
        return {one: [Invoice(s, f"Счёт {a}", s, Decimal(a)) for s, a in states] for one in ids}

    def users(self) -> Sequence[User]:
        return [User("1", "anna@krovlya.ru", "Анна Белова")]

    def presence(self, logins: Sequence[str]) -> dict[str, Presence]:
        self._ask("presence", list(logins))
        return dict.fromkeys(logins, self.told)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path}/journal.sqlite", lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def crm() -> Cards:
    return Cards()


def facts(event: Event, journal: Journal, crm: Cards | None, **more: Any) -> LiveFacts:
    return LiveFacts(event, journal, crm, TEAM, CALENDAR, **more)  # type: ignore[arg-type]


def moved(**lead: Any) -> Event:
    """A lead's own event."""
    given = {"id": "17", "contacts": ["4"], "company": "9", "responsible": "anna@krovlya.ru", **lead}
    return make_event("lead.stage_changed", lead=given)


def test_every_fact_can_be_fetched_and_fits_its_model(journal: Journal, crm: Cards) -> None:
    task = make_event("task.completed", task={"id": "5"}, lead={"id": "17", "contacts": ["4"]})
    staff = make_event("staff.checked", who={"key": "anna"})
    for event in (make_event(), moved(), task, staff):
        source = facts(event, journal, crm)
        for name, fact in FACTS.items():
            value = source.fetch(name)
            assert fact.adapter.validate_python(fact.adapter.dump_python(value, mode="json")) == value


def test_without_a_crm_every_fact_is_empty_but_the_responsible_of_the_event(journal: Journal) -> None:
    source = facts(make_event(), journal, None)
    empty = {name: fact.empty for name, fact in FACTS.items() if fact.root != "figures" and name != "board.people"}
    assert {name: source.fetch(name) for name in empty} == empty
    assert {source.fetch(f"figures.{period}").leads for period in PERIODS} == {0}
    assert [(one.key, one.to_do) for one in source.fetch("board.people")] == [("anna", 0), ("ivan", 0), ("rop", 0)]


def test_a_leads_own_event_names_its_cards_so_that_each_fact_is_one_call(journal: Journal, crm: Cards) -> None:
    for name, calls in {
        "contact": ["contacts"],
        "company": ["companies"],
        "tasks": ["open_tasks"],
        "products": ["lead_lines"],
        "files": ["files"],
        "invoices": ["invoices"],
        "responsible": [],
        "responsible.present": ["presence"],
        "history": [],
        "lead": ["leads"],
    }.items():
        crm.asked.clear()
        facts(moved(), journal, crm).fetch(name)
        assert crm.names == calls, name


def test_for_a_persons_event_the_lead_is_read_once_for_all_facts_that_hang_on_it(journal: Journal, crm: Cards) -> None:
    source = facts(make_event(), journal, crm)
    for name in ("tasks", "products", "contact", "company", "responsible"):
        source.fetch(name)
    assert crm.names == ["find_people", "open_leads", "open_tasks", "lead_lines", "contacts", "companies"]


def test_the_contact_and_company_are_those_of_the_lead(journal: Journal, crm: Cards) -> None:
    source = facts(moved(), journal, crm)
    found = ContactRef("4", "Пётр Сидоров", "", CLIENT.phones, CLIENT.emails, fields={"Канал": "почта"})
    assert source.fetch("contact") == found
    company = source.fetch("company")
    assert (company.name, company.inn, company.kpp) == ("ООО «Ромашка»", "7707083893", "770701001")


def test_a_lead_without_a_company_has_that_of_its_contact(journal: Journal, crm: Cards) -> None:
    assert facts(moved(company=""), journal, crm).fetch("company").id == "9"


def test_an_event_of_a_card_itself_tells_of_that_card(journal: Journal, crm: Cards) -> None:
    facts(make_event("contact.updated", contact={"id": "4"}), journal, crm).fetch("contact")
    facts(make_event("company.updated", company={"id": "9"}), journal, crm).fetch("company")
    task = make_event("task.created", Person(), task={"id": "5", "contact": "4", "company": "9"})
    facts(task, journal, crm).fetch("contact")
    facts(task, journal, crm).fetch("company")
    assert crm.asked == [("contacts", ["4"]), ("companies", ["9"]), ("contacts", ["4"]), ("companies", ["9"])]


def test_tasks_are_counted_by_their_time(journal: Journal, crm: Cards) -> None:
    crm.opened = [Task("1", "Позвонить", NOW - HOUR, type="Звонок"), Task("2", "Встреча", NOW + HOUR, type="Звонок")]
    found = facts(moved(), journal, crm).fetch("tasks")
    assert found == TasksFact(open=2, overdue=1, next_due=NOW - HOUR, types=("Звонок",))


def test_of_a_filled_mirror_tasks_and_counts_of_leads_cost_no_call(journal: Journal, crm: Cards) -> None:
    crm.filled = True
    crm.opened = [Task("1", "Позвонить", NOW - HOUR)]
    source = facts(make_event("lead.created", lead={"id": "17"}), journal, crm)
    assert source.fetch("tasks").overdue == 1
    assert crm.asked == []
    assert (source.fetch("person.won_leads"), source.fetch("person.lost_leads")) == (1, 2)
    assert crm.names == ["find_people"]
    assert source.fetch("person.last_lead") is None  # it is gone
    assert crm.asked[-1] == ("leads", ["30"])


def test_while_the_mirror_is_filled_the_leads_of_a_person_are_read(journal: Journal, crm: Cards) -> None:
    crm.lead = replace(LEAD, state="won")
    source = facts(make_event(), journal, crm)
    assert (source.fetch("person.won_leads"), source.fetch("person.lost_leads")) == (1, 0)
    assert source.fetch("person.last_lead") == crm.lead
    assert crm.names == ["find_people", "contacts", "leads", "leads"]


def test_without_a_lead_the_tasks_are_those_of_the_contact(journal: Journal, crm: Cards) -> None:
    crm.opened = []
    facts(make_event("contact.updated", Person(), contact={"id": "8"}), journal, crm).fetch("tasks")
    assert crm.asked[-1] == ("open_tasks", [("contact", "8")])


def test_what_is_sold_is_summed_up(journal: Journal, crm: Cards) -> None:
    source = facts(moved(), journal, crm)
    products = source.fetch("products")
    assert (products.count, products.total, products.lines[0].name) == (2, Decimal("231.5"), "Лист")
    assert source.fetch("files") == FilesFact(2, ("Договор.pdf", "Смета.xlsx"))
    invoices = source.fetch("invoices")
    assert (invoices.count, invoices.paid, invoices.unpaid) == (3, 1, 2)
    assert (invoices.paid_total, invoices.unpaid_total) == (100, 47)


def test_the_responsible_has_a_name_and_is_at_work_as_the_crm_says_else_as_scheduled(
    journal: Journal, crm: Cards
) -> None:
    assert facts(moved(), journal, crm).fetch("responsible") == ResponsibleFact("anna@krovlya.ru", "Анна Белова")
    assert facts(moved(), journal, crm).fetch("responsible.present") is True  # a Monday noon
    crm.told = Presence.AWAY
    assert facts(moved(), journal, crm).fetch("responsible.present") is False
    assert facts(moved(responsible=""), journal, crm).fetch("responsible") is None


def test_after_a_wait_nothing_is_taken_from_the_events_own_cards(journal: Journal, crm: Cards) -> None:
    crm.lead = LeadRef("17", responsible="ivan@krovlya.ru", contacts=("4",))
    source = facts(moved(), journal, crm, resumed=True)
    assert source.fetch("responsible").key == "ivan@krovlya.ru"
    task = make_event("task.created", task={"id": "5"})
    assert facts(task, journal, crm, resumed=True).fetch("task").completed


def test_what_the_crm_refuses_for_good_is_the_fault_of_the_rule_and_an_outage_is_not(
    journal: Journal, crm: Cards
) -> None:
    crm.error = Rejected("no invoices here")
    with pytest.raises(RuleError, match="invoices cannot be read: no invoices here"):
        facts(moved(), journal, crm).fetch("invoices")
    crm.error = Retryable("no connection")
    with pytest.raises(Retryable):
        facts(moved(), journal, crm).fetch("invoices")


def test_of_what_a_crm_does_not_have_there_is_none(journal: Journal, crm: Cards) -> None:
    crm.error = not_offered("Битрикс24", "счетов на лидах")
    assert facts(moved(), journal, crm).fetch("invoices") == InvoicesFact()


def test_an_unknown_person_has_no_card_and_no_past(journal: Journal, crm: Cards) -> None:
    source = facts(make_event(person=Person(phones=("+79990000000",))), journal, crm)
    assert source.fetch("contact") is None
    assert source.fetch("history") == HistoryFact()
    assert facts(make_event(), journal, crm).fetch("person.contact") == KnownContact("4", "Пётр Сидоров")
