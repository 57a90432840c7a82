"""Rules and 1C within the house: actions hint, hints become events, events are heard. In one thread, a real journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.undo import Wish, undo
from connectors.onec.account import OneC
from connectors.onec.settings import BooksSettings
from provodka.crm import Company, Contact
from provodka.errors import Ambiguous, Retryable
from provodka.event import utc_now
from provodka.journal import Journal, troubles
from provodka.journal.undoing import Undone
from provodka.payloads import LeadRef
from rules.actions import DELIVERED
from tests.cli.playing import Seen
from tests.connectors.onec.base import MemoryRoad
from tests.rules.around_crm import AroundCrm
from tests.rules.fake_web import FakeWeb
from tests.rules.living_crm import LivingCrm
from tests.rules.onec import INN, KPP, SCREW, TILE
from tests.rules.world import CALENDAR, TEAM, make_engine, make_event, make_rule
from worker.deliverer import Deliverer
from worker.outside import Equipment
from worker.planner import Planner

ASKED = make_rule({"issue_invoice": {}}, on="lead.stage_changed", name="Просят счёт")
ISSUED = make_rule({"print": {"name": "Счёт {{ invoice.short }}"}}, on="invoice.issued", name="Счёт есть")
PAID = make_rule({"place_order": {}}, on="invoice.paid", name="Оплачено")


class FullCrm(AroundCrm, LivingCrm):
    """Cards that change, with firms, products and files."""


class Shop:
    """A company that sells through 1C. Lead 17 is of «Ромашка»."""

    def __init__(self, url: str) -> None:
        self.clock = utc_now()
        self.journal, self.crm, self.road = Journal(url, lambda: self.clock), FullCrm(), MemoryRoad()
        journal = self.journal
        self.crm.firms["9"] = Company("9", "ООО «Ромашка»", INN, KPP)
        self.crm.know(Contact("c1", "Пётр"), LeadRef("17", "Крыша", company="9"))
        self.crm.products["17"] = [TILE, SCREW]
        settings = BooksSettings.model_validate({"organization": {"inn": "7801999002"}, "settle_seconds": 0})
        self.books = OneC(settings, journal.store, self.road, lambda: self.clock)
        equipment: Any = Equipment(self.crm, {}, TEAM, CALENDAR, FakeWeb(), accounting=self.books)  # type: ignore[arg-type]
        engine, crm = make_engine(ASKED, ISSUED, PAID), self.crm
        self.planner = Planner(journal, engine, crm, None, accounting=self.books)  # type: ignore[arg-type]
        self.deliverer = Deliverer(journal, DELIVERED, equipment, journal)

    def ask(self, id: str = "1") -> None:
        lead = self.crm.lead_cards["17"]
        self.journal.accept(
            [make_event("lead.stage_changed", id=f"{id:0>32}", lead={"id": lead.id, "title": lead.title})]
        )
        self.play()

    def play(self) -> None:
        """All that follows, until nothing does."""
        while self.planner.plan_once() + self.deliverer.deliver_once():
            pass

    def later(self, **time: int) -> None:
        """So much time passes, and what waited for it goes on."""
        self.clock += timedelta(**time)
        self.play()

    def poll(self) -> None:
        events, snapshots, cursors = self.books.reconcile(self.clock)
        self.journal.accept_derived(
            events, {(self.books.name, kind): rows for kind, rows in snapshots.items()}, cursors
        )
        self.play()

    @property
    def events(self) -> list[str]:
        found = self.journal.events(list(range(1, 30)))
        return [found[seq].event.type.value for seq in sorted(found)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(f"sqlite:///{tmp_path}/journal.sqlite")
    yield shop
    shop.journal.close()


@pytest.mark.shows("S3-33", "S3-34")
def test_from_the_stage_to_the_order_everything_happens_once(shop: Shop) -> None:
    shop.ask()
    asked = ["lead.stage_changed", "accounting.hint", "invoice.requested", "counterparty.ready", "invoice.issued"]
    assert shop.events == asked
    assert [file.name for (new,) in shop.crm.calls("attach_files") for file in (new.file,)] == ["Счёт 1.pdf"]
    (invoice,) = shop.books.sales(["17"])["17"]
    shop.road.pay("p1", invoice.ref, "5005.80")
    shop.poll()
    shop.poll()
    assert shop.events[len(asked) :] == ["invoice.paid", "accounting.hint", "order.created"]
    shop.ask("2")
    assert shop.events[len(asked) + 3 :] == ["lead.stage_changed"]
    assert {paper.kind.value for paper in shop.road.papers.values()} == {"invoice", "payment", "order"}
    assert len(shop.road.papers) == 3


def test_a_printed_form_lies_in_the_journal_for_whoever_uploads_it(shop: Shop) -> None:
    shop.ask()
    ((new,),) = shop.crm.calls("attach_files")
    assert shop.journal.store.blob(new.file.sha256) == b"%PDF-"


def test_an_outage_of_1c_is_told_as_its_own(shop: Shop) -> None:
    shop.road.breaks = [Retryable("no free session")]
    shop.ask()
    opened = shop.journal.read(lambda c: troubles.all_troubles(c, opened=True))
    assert [(one.name, one.cause) for one in opened] == [("1c", "no free session")]
    shop.later(minutes=1)
    assert shop.journal.read(lambda c: troubles.all_troubles(c, opened=True)) == []
    assert shop.events[-1] == "invoice.issued"


def test_a_lost_answer_of_1c_is_no_second_document(shop: Shop) -> None:
    shop.road.breaks, shop.road.late = [Ambiguous("cut off"), Ambiguous("cut off")], True
    shop.ask()
    shop.later(minutes=1)
    shop.later(minutes=5)
    assert (len(shop.road.parties), len(shop.road.papers)) == (1, 1)
    assert shop.events.count("invoice.issued") == 1


def test_undo_says_what_stays_in_1c(shop: Shop) -> None:
    shop.ask()
    seen = Seen()
    code = undo(shop.journal, Undone("Просят счёт"), "", seen.view(), preview=lambda _: [], wish=Wish(patience=0))
    assert code == 1
    seen.has("issue_invoice", "documents of 1C are its accountants'")
