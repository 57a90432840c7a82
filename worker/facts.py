"""The facts that rules ask of the outside, read from the CRM and the journal when first asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from provodka.accounting import Accounting, newest
from provodka.crm import NOT_OFFERED, CardKind, CardRef, Crm, Invoice, InvoiceState, LeadState, Presence
from provodka.errors import Rejected
from provodka.event import Event
from provodka.invoices import InvoiceRef
from provodka.journal import Journal, queries, said
from provodka.journal.past import Happening, happenings
from provodka.own_pages import OwnPages, Partner
from provodka.payloads import (
    CompanyRef,
    ContactRef,
    EmailReceived,
    InvoiceEvent,
    LeadRef,
    StaffChecked,
    TaskEvent,
    TaskRef,
    Utm,
)
from rules.actions.chain import TASK, ChainLink
from rules.assignment.presence import away_by_schedule
from rules.calendar import WorkingCalendar
from rules.fact import (
    FACTS,
    FilesFact,
    HistoryFact,
    InvoicesFact,
    KnownContact,
    ProductsFact,
    ResponsibleFact,
    TalkFact,
    TasksFact,
    ThreadFact,
)
from rules.faults import RuleError
from rules.periods import PERIODS
from rules.team import Team
from rules.told import ToldBefore
from worker import payments
from worker.digests import Digest, Digests
from worker.history import summed_up
from worker.leads import CurrentLead, LeadsTogether
from worker.repeats import Repeats, tracked
from worker.staff_work import WorkFacts, work_of
from worker.subject import Subject
from worker.talk import talk_of


@dataclass
class LiveFacts:
    """`rules.facts.Facts` for one event. A ConnectorError passes through: the event is planned later.

    `leads`: the leads of the batch that the event belongs to; `digests` are those of the planner. With `resumed` the
    event may be long past, so that its own cards are read anew.
    Of what the CRM does not have there is none (a lead of Bitrix24 has no invoices); what it refuses us for good is the
    fault of the rule that asks.
    """

    event: Event
    journal: Journal
    crm: Crm | None
    team: Team
    calendar: WorkingCalendar
    resumed: bool = False
    leads: LeadsTogether | None = None
    digests: Digests | None = None
    accounting: Accounting | None = None
    repeats: Repeats = field(default_factory=Repeats)
    own_pages: OwnPages | None = None
    _read: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def subject(self) -> Subject:
        return Subject(self.event, self.journal, self.crm, self.resumed, self.fetch)

    def fetch(self, name: str) -> Any:  # noqa: ANN401 -- of the type that rules.fact.FACTS names
        """The value of a fact; one that others need too is read once."""
        if name not in self._read:
            try:
                self._read[name] = _FETCH[name](self)
            except Rejected as error:
                if error.code == NOT_OFFERED:
                    return FACTS[name].empty
                raise RuleError(f"{name} cannot be read: {error.reason}") from error
        return self._read[name]

    # people and firms

    def known_contact(self) -> KnownContact | None:
        """The card of the person, by our own links first: a card that we made may not be searchable yet."""
        if self.crm is None:
            return None
        (found,) = self.crm.find_people([self.event.person])
        if found is not None:
            return KnownContact(found.contact.id, found.contact.name)
        own = self.subject.linked("contact")
        return KnownContact(own[0]) if own else None

    def contact(self) -> ContactRef | None:
        """The event's own contact as it is now, else the lead's main one, else the card of the event's person."""
        one = self.subject.contact_id()
        found = self.crm.contacts([one]).get(one) if self.crm is not None and one else None
        if found is None:
            return None
        return ContactRef(
            id=found.id,
            name=found.name,
            url=found.url,
            phones=found.phones,
            emails=found.emails,
            responsible=found.responsible,
            tags=found.tags,
            fields=found.fields,
        )

    def company(self) -> CompanyRef | None:
        """The event's own firm as it is now, else that of its lead, else that of its contact."""
        one = self.subject.company_id()
        found = self.crm.companies([one]).get(one) if self.crm is not None and one else None
        if found is None:
            return None
        return CompanyRef(
            id=found.id,
            name=found.name,
            url=found.url,
            phones=found.phones,
            emails=found.emails,
            responsible=found.responsible,
            tags=found.tags,
            fields=found.fields,
            inn=found.inn,
            kpp=found.kpp,
        )

    def won_leads(self) -> int:
        return sum(state == LeadState.WON for state in self._their_leads.values())

    def lost_leads(self) -> int:
        return sum(state == LeadState.LOST for state in self._their_leads.values())

    def last_lead(self) -> LeadRef | None:
        """The newest lead of the person, of any state, as it is now."""
        newest = next(iter(self._their_leads), "")
        return self.crm.leads([newest]).get(newest) if self.crm is not None and newest else None

    @cached_property
    def _their_leads(self) -> Mapping[str, str]:
        """How the leads of the known person stand, by id, newest first; read of the CRM while the mirror is filled."""
        known = self.fetch("person.contact")
        if self.crm is None or known is None:
            return {}
        mirrored = self.crm.lead_states([known.id])
        if mirrored is not None:
            return mirrored[known.id]
        contact = self.crm.contacts([known.id]).get(known.id)
        read = self.crm.leads(contact.leads) if contact is not None and contact.leads else {}
        return {one: read[one].state for one in sorted(read, key=int, reverse=True)}

    # the lead and what belongs to it

    @cached_property
    def _lead(self) -> CurrentLead:
        return CurrentLead(self.event, self.journal, self.crm, self.subject, self.leads)

    def lead(self) -> LeadRef | None:
        return self._lead.lead

    def thread(self) -> ThreadFact:
        return self._lead.thread

    def responsible(self) -> ResponsibleFact | None:
        """Of the lead."""
        lead = self.subject.lead()
        if lead is None or not lead.responsible:
            return None
        login = self.team.login(lead.responsible)
        users = self.crm.users() if self.crm is not None else ()
        name = next((user.name for user in users if user.login.casefold() == login.casefold()), "")
        return ResponsibleFact(login, name)

    def responsible_is_present(self) -> bool:
        responsible = self.fetch("responsible")
        return responsible is not None and self._is_present(responsible.key)

    def _is_present(self, login: str) -> bool:
        """By the CRM where it tells, else by the schedule of the staff."""
        told = self.crm.presence([login]) if self.crm is not None else {}
        presence = told.get(login, Presence.UNKNOWN)
        if presence is not Presence.UNKNOWN:
            return presence is Presence.AT_WORK
        return not away_by_schedule(self.team.key(login), self.team, self.calendar, self.journal.now())

    # one of the staff

    @cached_property
    def _who(self) -> str:
        payload = self.event.payload
        return payload.who.key if isinstance(payload, StaffChecked) else ""

    def who_is_present(self) -> bool:
        return bool(self._who) and self._is_present(self.team.login(self._who))

    @cached_property
    def work(self) -> WorkFacts:
        who = self._who
        return WorkFacts(who, self.journal, self.calendar, lambda: work_of([who], self.crm, self.team)[who])

    # the whole board

    @cached_property
    def digest(self) -> Digest:
        """As of the tick; after a wait, as of now."""
        moment = self.journal.now() if self.resumed else self.event.occurred_at
        digests = self.digests or Digests(self.journal, self.crm, self.team, self.calendar)
        return digests.at(moment)

    def task(self) -> TaskRef | None:
        """The event's own task as it is now."""
        payload = self.event.payload
        if self.crm is None or not isinstance(payload, TaskEvent):
            return None
        return self.crm.tasks([payload.task.id]).get(payload.task.id)

    def chain(self) -> ChainLink | None:
        """By our own link from the task to the action that made it."""
        payload = self.event.payload
        if self.crm is None or not isinstance(payload, TaskEvent):
            return None
        system, task_id = self.crm.name, payload.task.id
        made = self.journal.read(lambda c: queries.maker_of(c, system, TASK, task_id))
        then = json.loads(made.params).get("then") if made else None
        return ChainLink(made.rule, made.key, then) if made and then else None

    # calls and forms

    def told(self) -> ToldBefore | None:
        return self.repeats.told(self.event, self.journal)

    def tracking(self) -> Utm:
        return tracked(self.event, self.journal)

    def tasks(self) -> TasksFact:
        card = self.subject.tasks_card()
        if self.crm is None or card is None:
            return TasksFact()
        mirrored = self.crm.mirrored_tasks([card])
        opened = self.crm.open_tasks([card])[card] if mirrored is None else mirrored[card]
        now = self.journal.now()
        return TasksFact(
            open=len(opened),
            overdue=sum(task.due < now for task in opened),
            next_due=min((task.due for task in opened), default=None),
            types=tuple(dict.fromkeys(task.type for task in opened if task.type)),
            last_result=self._last_result(card),
        )

    def products(self) -> ProductsFact:
        lead = self.subject.lead_id()
        lines = tuple(self.crm.lead_lines([lead]).get(lead, ())) if self.crm is not None and lead else ()
        total = sum((line.price * line.quantity for line in lines), Decimal(0))
        return ProductsFact(len(lines), total, lines)

    def files(self) -> FilesFact:
        lead = self.subject.lead_id()
        found = self.crm.files(CardRef(CardKind.LEAD, lead)) if self.crm is not None and lead else ()
        return FilesFact(len(found), tuple(file.name for file in found))

    def invoices(self) -> InvoicesFact:
        lead = self.subject.lead_id()
        found = self.crm.invoices([lead]).get(lead, []) if self.crm is not None and lead else []
        paid = [one for one in found if one.state is InvoiceState.PAID]
        unpaid = [one for one in found if one.state is not InvoiceState.PAID]
        return InvoicesFact(len(found), len(paid), len(unpaid), _total(paid), _total(unpaid))

    def invoice(self) -> InvoiceRef | None:
        """The event's own sale as it is now, else that of the lead which is meant where none is named."""
        own = self.event.payload.invoice if isinstance(self.event.payload, InvoiceEvent) else None
        lead = own.lead if own is not None else self.subject.lead_id()
        if self.accounting is None or not lead:
            return own
        found = self.accounting.sales([lead]).get(lead, ())
        if meant := own.id if own is not None else getattr(self.event.payload, "invoice_id", ""):
            return next((one for one in found if one.id == meant), own)
        return newest(found, self.accounting.asked([lead]).get(lead, ()))

    # the past

    def history(self) -> HistoryFact:
        return summed_up(self._past)

    def talk(self) -> TalkFact:
        event, identities = self.event, self.event.identities
        lines = self.journal.read(lambda c: said.lines(c, identities))
        count = self.journal.read(lambda c: said.received(c, identities, event.channel)) if lines else 0
        return talk_of(lines, event, count, resumed=self.resumed)

    @cached_property
    def _past(self) -> list[Happening]:
        identities = self.event.identities
        return self.journal.read(lambda c: happenings(c, identities))

    def pages(self) -> dict[str, str]:
        """The personal links of the lead, by channel, and its mark as `prv_lead`; none where there is no lead."""
        lead = self.subject.lead_id() if self.own_pages is not None else ""
        return self.own_pages.of_lead(lead, self.journal.now()) if self.own_pages is not None and lead else {}

    def partner(self) -> Partner | None:
        """Who has sent the request: as the event says, else by the address that the letter came from."""
        payload = self.event.payload
        if isinstance(payload, EmailReceived) and self.own_pages is not None:
            return self.own_pages.partner_of(payload.message.from_)
        told: Partner | None = getattr(payload, "partner", None)
        return told

    def _last_result(self, card: CardRef) -> str:
        for one in self._past:
            if isinstance(one.payload, TaskEvent) and _hangs_on(one.payload, card):
                return one.payload.result
        return ""


def _figures_of(period: str) -> Callable[[LiveFacts], Any]:
    return lambda facts: facts.digest.figures(period)


_FETCH: Final[dict[str, Callable[[LiveFacts], Any]]] = {
    "person.contact": LiveFacts.known_contact,
    "person.won_leads": LiveFacts.won_leads,
    "person.lost_leads": LiveFacts.lost_leads,
    "person.last_lead": LiveFacts.last_lead,
    "lead": LiveFacts.lead,
    "thread": LiveFacts.thread,
    "contact": LiveFacts.contact,
    "company": LiveFacts.company,
    "task": LiveFacts.task,
    "tasks": LiveFacts.tasks,
    "history": LiveFacts.history,
    "talk": LiveFacts.talk,
    "products": LiveFacts.products,
    "files": LiveFacts.files,
    "invoices": LiveFacts.invoices,
    "invoice": LiveFacts.invoice,
    **payments.FETCH,
    "responsible": LiveFacts.responsible,
    "responsible.present": LiveFacts.responsible_is_present,
    "who.present": LiveFacts.who_is_present,
    "call.tracking": LiveFacts.tracking,
    "pages": LiveFacts.pages,
    "partner": LiveFacts.partner,
    "work.tasks": lambda facts: facts.work.tasks(),
    "work.to_do": lambda facts: facts.work.to_do(),
    "work.due_today": lambda facts: facts.work.due_today(),
    "work.overdue": lambda facts: facts.work.overdue(),
    "work.leads": lambda facts: facts.work.leads(),
    "work.open_leads": lambda facts: facts.work.open_leads(),
    "work.violations": lambda facts: facts.work.violations(),
    "work.broken": lambda facts: facts.work.broken(),
    "board.open_leads": lambda facts: facts.digest.open_leads(),
    "board.leads": lambda facts: facts.digest.leads(),
    "board.untouched": lambda facts: facts.digest.untouched(),
    "board.waiting": lambda facts: facts.digest.waiting(),
    "board.by_stage": lambda facts: facts.digest.by_stage(),
    "board.people": lambda facts: facts.digest.people(),
    **{f"figures.{period}": _figures_of(period) for period in PERIODS},
}


def _total(invoices: list[Invoice]) -> Decimal:
    return sum((one.amount for one in invoices), Decimal(0))


def _hangs_on(payload: TaskEvent, card: CardRef) -> bool:
    lead = payload.lead.id if payload.lead is not None else ""
    return card.id == (lead if card.kind is CardKind.LEAD else payload.task.contact)
