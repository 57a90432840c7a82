"""`provodka undo`: hundreds of cards that a rule has changed are as they were, and what is not is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cli.explain import explain
from cli.undo import Wish, moments, undo
from provodka.crm import Contact
from provodka.event import utc_now
from provodka.journal import ActionState, Journal, queries
from provodka.journal.undoing import Undone
from provodka.operation import Done
from provodka.payloads import LeadRef, Person
from rules.actions import DELIVERED, UNDO
from rules.actions.base import Delivery
from tests.cli.playing import Seen
from tests.rules.fake_web import FakeWeb
from tests.rules.living_crm import LivingCrm
from tests.rules.world import CALENDAR, NOW, TEAM, make_engine, make_event, make_rule
from worker.deliverer import Deliverer
from worker.outside import Equipment, JournalLinks, JournalOutside, JournalTurns
from worker.planner import Planner

CARDS = 300
ANNA, IVAN = "anna@krovlya.ru", "ivan@krovlya.ru"
MESS = make_rule(
    {"move": {"stage": "Переговоры"}},
    {"tag": {"add": ["ошибка"]}},
    {"assign": {"responsible": "ivan"}},
    {"update": {"price": 1, "contact": {"name": "Иванов"}}},
    on="lead.created",
    name="Ошибка",
)
OTHER = make_rule({"tag": {"add": ["другое"]}}, on="lead.created", name="Другое")
TELLING = make_rule({"note": {"text": "Заметка"}}, {"close": {"lost": "Дорого"}}, on="lead.updated", name="Письмо")
NOW_OR_NEVER = Wish(patience=0)


def id_of(lead: int) -> str:
    """The id of the event about this lead."""
    return f"{lead:032x}"


class Office:
    """The worker of a company with so many leads, in this thread."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.crm = LivingCrm()
        for n in range(CARDS):
            contact = Contact(f"c{n}", f"Гость {n}", responsible=ANNA)
            lead = LeadRef(str(n), f"Крыша {n}", pipeline="Кровля", stage="Новый лид", responsible=ANNA, tags=("сайт",))
            self.crm.know(contact, lead)
        equipment = Equipment(self.crm, {}, TEAM, CALENDAR, FakeWeb())  # type: ignore[arg-type]
        engine = make_engine(MESS, OTHER, TELLING)
        self.planner = Planner(journal, engine, self.crm, None)  # type: ignore[arg-type]
        self.deliverer = Deliverer(journal, DELIVERED, equipment, journal)  # type: ignore[arg-type]
        turns, links = JournalTurns(journal), JournalLinks(journal)
        self.outside = JournalOutside(equipment, journal, turns, links, NOW)

    def play(self, kind: str = "lead.created", leads: int = CARDS) -> None:
        """So many events, and all that follows."""
        people = [Person(f"Гость {n}", (f"+7916000{n:04}",)) for n in range(leads)]
        self.journal.accept([make_event(kind, who, id=id_of(n), lead={"id": str(n)}) for n, who in enumerate(people)])
        while self.planner.plan_once():
            pass
        self.deliver()

    def deliver(self) -> None:
        while self.deliverer.deliver_once():
            pass

    def preview(self, pairs):  # type: ignore[no-untyped-def]
        events = self.journal.events([action.event_seq for action, _ in pairs])
        items = [Delivery(action.key, params, (), events[action.event_seq].event) for action, params in pairs]
        return UNDO.decide(items, self.outside)

    def undo(self, seen: Seen, which: Undone, event: str = "", *, as_json: bool = False, dry_run: bool = False) -> int:
        """The command, the worker, and the command again, which tells how it ended."""
        if not dry_run:
            undo(self.journal, which, event, Seen().view(), preview=self.preview, wish=NOW_OR_NEVER)
            self.deliver()
        wish = Wish(dry_run, patience=0)
        return undo(self.journal, which, event, seen.view(as_json=as_json), preview=self.preview, wish=wish)

    @property
    def state(self) -> tuple[dict[str, LeadRef], dict[str, Contact]]:
        return dict(self.crm.lead_cards), dict(self.crm.contact_cards)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path}/journal.sqlite", utc_now)
    yield opened
    opened.close()


@pytest.fixture
def office(journal: Journal) -> Office:
    return Office(journal)


def without(tag: str, state: tuple[dict[str, LeadRef], dict[str, Contact]]) -> dict[str, LeadRef]:
    return {one: replace(lead, tags=tuple(t for t in lead.tags if t != tag)) for one, lead in state[0].items()}


def test_hundreds_of_cards_are_as_they_were_but_for_what_another_rule_did(office: Office, seen: Seen) -> None:
    before = office.state
    office.play()
    assert all(lead.stage == "Переговоры" for lead in office.state[0].values())
    asked = len(office.crm.asked)
    assert office.undo(seen, Undone("Ошибка")) == 0
    seen.has("1200 actions undone")
    after = office.state
    assert without("другое", after) == before[0]
    assert all("другое" in lead.tags for lead in after[0].values())
    assert after[1] == before[1]
    # four steps of 300 cards, six batches of fifty each: a freeze, the leads and contacts read, one write for each kind
    assert len(office.crm.asked) - asked < 150


def test_what_people_did_meanwhile_stays_and_is_named(office: Office, seen: Seen) -> None:
    office.play()
    crm = office.crm
    crm.lead_cards["7"] = replace(crm.lead_cards["7"], stage="Счёт выставлен")
    crm.contact_cards["c8"] = replace(crm.contact_cards["c8"], name="Пётр Гость")
    del crm.lead_cards["9"]
    assert office.undo(seen, Undone("Ошибка"), as_json=True) == 1
    found = {(one["event"], one["kind"]): one["why"] for one in seen.json["exceptions"]}
    assert found.pop((id_of(7), "move")) == "lead:7 stage: it has been changed since"
    assert found.pop((id_of(8), "update")) == "contact:c8 name: it has been changed since"
    assert set(found) == {(id_of(9), kind) for kind in ("move", "tag", "assign", "update")}
    assert all("deleted" in why for why in found.values())
    assert (crm.lead_cards["7"].stage, crm.lead_cards["7"].responsible) == ("Счёт выставлен", ANNA)
    assert (crm.contact_cards["c8"].name, crm.lead_cards["8"].price) == ("Пётр Гость", 0)


def test_a_dry_run_looks_at_the_crm_and_writes_nothing(office: Office, seen: Seen) -> None:
    office.play(leads=5)
    office.crm.lead_cards["1"] = replace(office.crm.lead_cards["1"], stage="Счёт выставлен")
    before = office.state
    assert office.undo(seen, Undone("Ошибка"), dry_run=True) == 1
    seen.has("19 actions would be undone (dry run: nothing was done)", "1 exception", "lead:1 stage")
    office.deliver()
    assert office.state == before


def test_what_cannot_be_undone_is_listed_and_the_rest_of_the_rule_goes_back(office: Office, seen: Seen) -> None:
    office.play("lead.updated", leads=2)
    assert office.undo(seen, Undone("Письмо")) == 1
    seen.has("2 actions undone", "2 exceptions", "note", "what it made stays")
    assert office.crm.lead_cards["1"].state == "open"


def test_one_event_is_undone_alone_and_only_once(office: Office, journal: Journal, seen: Seen) -> None:
    office.play(leads=3)
    for _ in range(2):
        assert office.undo(Seen(), Undone(), id_of(1)) == 0
    assert [office.crm.lead_cards[one].stage for one in "012"] == ["Переговоры", "Новый лид", "Переговоры"]
    assert office.crm.lead_cards["1"].tags == ("сайт",)
    events = {line.event.event.id: line.event.seq for line in journal.read(queries.list_events)}
    actions = journal.read(lambda c: queries.actions_of(c, list(events.values())))
    undone = [one for some in actions.values() for one in some if one.kind == "undo"]
    assert len(undone) == 5
    assert {one.event_seq for one in undone} == {events[id_of(1)]}
    assert all(one.state is ActionState.DONE for one in undone)


def test_what_was_undone_is_explained_with_its_event(office: Office, seen: Seen) -> None:
    office.play(leads=1)
    office.undo(Seen(), Undone("Ошибка"))
    assert explain(office.journal, id_of(0), seen.view()) == 0
    seen.has("move", "undo", "lead:0 stage")


def test_only_what_was_done_in_that_time_is_undone(office: Office, seen: Seen) -> None:
    office.play(leads=1)
    future = moments("Ошибка", "", "1h", utc_now(), ZoneInfo("Europe/Moscow"))
    assert isinstance(future, Undone)
    assert office.undo(seen, future) == 2
    assert "nothing to undo" in seen.error
    assert office.crm.lead_cards["0"].stage == "Переговоры"
    assert office.undo(seen, Undone("Ошибка", since=utc_now() - timedelta(hours=1))) == 0


def test_without_a_worker_it_says_that_the_work_waits(office: Office, seen: Seen) -> None:
    office.play(leads=2)
    which = Undone("Ошибка")
    assert undo(office.journal, which, "", seen.view(), preview=office.preview, wish=NOW_OR_NEVER) == 0
    seen.has("0 actions undone", "8 wait for a worker")


def test_who_interrupts_the_waiting_is_told_that_the_work_goes_on(
    office: Office, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.play(leads=3)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.undo.time.sleep", interrupted)
    assert undo(office.journal, Undone("Ошибка"), "", seen.view(), preview=office.preview, wish=Wish(patience=60)) == 0
    seen.has("12 wait for a worker: say the same again")


def test_what_is_still_on_its_way_is_an_exception(office: Office, seen: Seen) -> None:
    office.journal.accept([make_event("lead.created", lead={"id": "1"})])
    office.planner.plan_once()
    which = Undone("Ошибка")
    assert undo(office.journal, which, "", seen.view(), preview=office.preview, wish=NOW_OR_NEVER) == 1
    seen.has("still on its way")


def test_the_crm_that_cannot_be_asked_spoils_a_dry_run_and_nothing_else(office: Office, seen: Seen) -> None:
    office.play(leads=1)

    def down(pairs):  # type: ignore[no-untyped-def]
        return [ConnectionError("down")] * len(pairs)

    def settled(pairs):  # type: ignore[no-untyped-def]
        return [Done(values={"left": "lead:0 stage: it has been changed since"})] * len(pairs)

    for preview, words in ((down, "could not be asked"), (settled, "changed since")):
        told = Seen()
        assert undo(office.journal, Undone("Ошибка"), "", told.view(), preview=preview, wish=Wish(dry_run=True)) == 1
        told.has(words)


@pytest.mark.parametrize("text", ["gestern", "18:00", "2d working"])
def test_a_time_that_is_none_is_a_mistake(text: str) -> None:
    assert isinstance(moments("x", text, "", NOW, ZoneInfo("UTC")), str)


def test_moments_are_told_on_the_clients_clocks() -> None:
    found = moments("x", "2d", "2026-03-02 12:00", NOW, ZoneInfo("Europe/Moscow"))
    assert found == Undone("x", None, NOW - timedelta(days=2), NOW)


@pytest.mark.parametrize(("which", "event"), [(Undone(), ""), (Undone(), "nosuch"), (Undone("Нет такого"), "")])
def test_nothing_to_undo_is_said(office: Office, seen: Seen, which: Undone, event: str) -> None:
    assert undo(office.journal, which, event, seen.view(), preview=office.preview, wish=NOW_OR_NEVER) == 2
    assert seen.error
