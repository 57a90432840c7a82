"""Whichever call of an operation loses its answer: repeated as it was declared, it ends as if nothing had happened."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from provodka.crm import (
    CardKind,
    CardLink,
    CardRef,
    CompanyChange,
    ContactChange,
    InvoicePayment,
    LeadChange,
    LeadClosing,
    LeadLines,
    LeadReopening,
    NewCompany,
    NewFile,
    NewInvoice,
    NewNote,
    NewTask,
    ProductLine,
    StaffNotice,
    TaskChange,
    TaskCompletion,
)
from provodka.errors import Ambiguous, RateLimited, Retryable
from provodka.operation import Done, Request
from provodka.payloads import Attachment

DUE = datetime(2096, 12, 1, 9, 0, tzinfo=UTC)
MOST_TRIES = 4
FILE = b"%PDF-1.4 words"
ATTACHMENT = Attachment("Смета.pdf", "application/pdf", len(FILE), hashlib.sha256(FILE).hexdigest())
TILE = ProductLine("Черепица", Decimal(10), Decimal(500), "A-17", "шт")
FIRM = NewCompany("Ромашка", "7700000000", "770001001", ("+74951234567",), tags=("опт",))


class Scene:
    """Cards to work on, as every operation finds them."""

    def __init__(self, crm, desk):
        self.deal = desk.lead(2)
        self.lost = desk.lead(2, stageId="LOSE")
        self.contact = desk.contact("Мария", "+79160001122")
        self.firm = str(desk.rest("crm.company.add", fields={"TITLE": "Роза"}))
        self.card = CardRef(CardKind.LEAD, self.deal)
        self.task = self.made(crm.create_tasks, NewTask("Позвонить", DUE, self.deal))
        self.invoice = self.made(crm.create_invoices, NewInvoice("Счёт 1", self.deal))
        self.made(crm.create_companies, NewCompany("Раньше", "7712345678", tags=("опт",)))

    @staticmethod
    def made(write, params):
        [done] = write([Request("before", params)])
        return done.remote_id


OPERATIONS = {
    "update_contacts": lambda s: ContactChange(s.contact, "Мария Иванова", add_tags=("VIP",)),
    "create_companies": lambda _: FIRM,
    "update_companies": lambda s: CompanyChange(s.firm, inn="7700000000", phones=("+74951234567",)),
    "link_cards": lambda s: CardLink(s.card, CardRef(CardKind.CONTACT, s.contact)),
    "unlink_cards": lambda s: CardLink(s.card, CardRef(CardKind.CONTACT, s.contact)),
    "update_leads": lambda s: LeadChange(s.deal, stage="Переговоры", add_tags=("опт",)),
    "close_leads": lambda s: LeadClosing(s.deal, won=True),
    "reopen_leads": lambda s: LeadReopening(s.lost),
    "create_tasks": lambda s: NewTask("Замер", DUE, s.deal),
    "change_tasks": lambda s: TaskChange(s.task, due=DUE + timedelta(days=1)),
    "complete_tasks": lambda s: TaskCompletion(s.task),
    "add_notes": lambda s: NewNote("Замер", s.deal),
    "attach_files": lambda s: NewFile(ATTACHMENT, s.card),
    "set_lead_lines": lambda s: LeadLines(s.deal, (TILE,)),
    "create_invoices": lambda s: NewInvoice("Счёт 238", s.deal, (TILE,)),
    "pay_invoices": lambda s: InvoicePayment(s.invoice, DUE),
    "notify_staff": lambda s: StaffNotice("anna@krovlya.ru", "Ждёт", s.card, DUE),
}


def carry_out(crm, name, params):
    """As the worker repeats: at once, and where the outcome is unsure with the moment of the first such attempt."""
    since, began = None, datetime.now(UTC)
    for _ in range(MOST_TRIES):
        [outcome] = getattr(crm, name)([Request("one", params, since)])
        if isinstance(outcome, Done):
            return outcome
        assert isinstance(outcome, Ambiguous | Retryable | RateLimited), outcome
        since = began if isinstance(outcome, Ambiguous) else since
    raise AssertionError(f"{name} does not end")


def left_behind(desk):
    """What there is on the portal, by kinds, with what stands in the cards."""
    store = desk.portal.store
    tables = ("requisites", "rows", "comments", "files", "tasks", "notifications", "item3", "item4", "item2", "item31")
    counts = {name: len(store.table(name)) for name in tables}
    people = [row for name in ("item3", "item4") for row in store.table(name).values()]
    phones = sorted(one["VALUE"] for row in people for one in row.get("FM", ()))
    deals = [(row["STAGE_ID"], row["OPPORTUNITY"], len(row.get("LINKS", ()))) for row in store.table("item2").values()]
    invoices = [(row["STAGE_ID"], row["OPPORTUNITY"]) for row in store.table("item31").values()]
    return {**counts, "phones": phones, "deals": deals, "invoices": invoices}


@pytest.fixture
def stage(make_crm, desk, store):
    """Begin anew, with the names known, and give the operation's request."""
    store.blobs[ATTACHMENT.sha256] = FILE
    crm = make_crm(entity="deal")

    def begin(name):
        desk.control("reset")
        desk.control("inbound", {"user_id": 7, "secret": "chief"})
        return crm, OPERATIONS[name](Scene(crm, desk))

    return begin


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_call_is_cut_the_work_is_done_once(stage, desk, name, kind):
    crm, params = stage(name)
    before = desk.requests()
    assert isinstance(carry_out(crm, name, params), Done)
    calls, expected = desk.requests() - before, left_behind(desk)
    assert calls
    for cut in range(calls):
        crm, params = stage(name)
        for _ in range(cut):
            desk.fault("delay", seconds=0)
        desk.fault(kind)
        carry_out(crm, name, params)
        assert left_behind(desk) == expected, f"call {cut} of {calls} was cut"
