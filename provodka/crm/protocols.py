"""What a CRM connector offers, by capability; `Crm` is the sum of them, `CrmAccount` what the house needs besides.

Reads raise `ConnectorError`. Writes take a batch and answer item by item; `Done.remote_id` is the id of what was made
or changed. Every CRM has every member: where it lacks a capability, its reads raise and its writes answer
`not_offered(…)`, a `Rejected` of code `NOT_OFFERED`. How each CRM does each operation: `docs/crm.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from provodka.crm.cards import (
    CardLink,
    CardRef,
    CardRemoval,
    Company,
    CompanyChange,
    CompanyQuery,
    Contact,
    ContactAddition,
    ContactChange,
    FoundCompany,
    FoundPerson,
    NewCompany,
    NewContact,
)
from provodka.crm.glance import Cards
from provodka.crm.incoming import BotStart, IncomingRequest, RequestAcceptance, RequestDecline
from provodka.crm.leads import (
    Board,
    LeadChange,
    LeadClosing,
    LeadConversion,
    LeadQuery,
    LeadReopening,
    LeadState,
    NewLead,
)
from provodka.crm.needs import Missing, Need
from provodka.crm.sales import (
    Customer,
    Invoice,
    InvoicePayment,
    LeadLines,
    NewCustomer,
    NewInvoice,
    ProductLine,
)
from provodka.crm.work import (
    CardFile,
    FeedEntry,
    NewCall,
    NewFile,
    NewNote,
    NewTask,
    Presence,
    StaffMessage,
    StaffNotice,
    StaffWork,
    Task,
    TaskChange,
    TaskCompletion,
    TaskReopening,
    User,
)
from provodka.event import Event
from provodka.operation import Outcome, Request
from provodka.payloads import CrmHint, LeadRef, Person, TaskRef
from provodka.readiness import AccountSetup
from provodka.stores import ByKind
from provodka.talks import ChatDelivery, ChatMessage

Progress = Callable[[int], None]
P = TypeVar("P")


class Write(Protocol[P]):
    """A bound operation as callers see it."""

    def __call__(self, requests: Sequence[Request[P]]) -> list[Outcome]: ...


class People(Protocol):
    """Contacts."""

    def find_people(self, people: Sequence[Person]) -> list[FoundPerson | None]:
        """Who of these is known, by any phone or email: one answer per person, in their order.

        Of several cards the one with an open lead is chosen, else the one changed last; `reason` says so.
        """

    def contacts(self, ids: Sequence[str]) -> dict[str, Contact]:
        """These contacts, freshly read; deleted and unknown ones are absent."""

    @property
    def create_contacts(self) -> Write[NewContact]: ...

    @property
    def add_to_contacts(self) -> Write[ContactAddition]: ...

    @property
    def update_contacts(self) -> Write[ContactChange]: ...


class Companies(Protocol):
    """Firms, and what belongs to what."""

    def companies(self, ids: Sequence[str]) -> dict[str, Company]:
        """These firms, freshly read; deleted and unknown ones are absent."""

    def find_companies(self, queries: Sequence[CompanyQuery]) -> list[FoundCompany | None]:
        """Which of these firms are known: one answer per query, in their order.

        The CRM itself is asked; what we made ourselves is known even where its search does not show it yet.
        """

    @property
    def create_companies(self) -> Write[NewCompany]: ...

    @property
    def update_companies(self) -> Write[CompanyChange]: ...

    @property
    def link_cards(self) -> Write[CardLink]:
        """Outcomes name the `card` of the link; linked twice is linked once."""

    @property
    def unlink_cards(self) -> Write[CardLink]:
        """Cards that are not linked stay so, without an error."""

    @property
    def remove_cards(self) -> Write[CardRemoval]: ...


class Leads(Protocol):
    """Leads, and how they end."""

    def leads(self, ids: Sequence[str]) -> dict[str, LeadRef]:
        """These leads, freshly read; deleted and unknown ones are absent. `responsible` is a login."""

    def open_leads(self, contact_ids: Sequence[str], pipeline: str = "") -> dict[str, list[LeadRef]]:
        """The open leads of each contact, newest first; only of `pipeline` where it is named."""

    def board(self) -> Board | None:
        """Out of the mirror, without a call. None while it is still being filled."""

    def lead_states(self, contact_ids: Sequence[str]) -> dict[str, dict[str, LeadState]] | None:
        """Of each contact, how each of its leads stands, by id, newest first: as the mirror has them, without a call.

        None while the mirror is still being filled.
        """

    def leads_of(self, contact_ids: Sequence[str]) -> dict[str, list[LeadRef]]:
        """All leads of each contact, closed ones too, newest first."""

    def find_leads(self, queries: Sequence[LeadQuery]) -> list[list[LeadRef]]:
        """For each query the leads that fit, newest first. The CRM itself is asked."""

    def loss_reasons(self) -> Sequence[str]:
        """The names of the reasons why leads are lost, from the cached directory."""

    @property
    def create_leads(self) -> Write[NewLead]:
        """`Done.values`: `contact_id`, `responsible` (a login), `url`."""

    @property
    def update_leads(self) -> Write[LeadChange]: ...

    @property
    def close_leads(self) -> Write[LeadClosing]: ...

    @property
    def reopen_leads(self) -> Write[LeadReopening]: ...

    @property
    def convert_leads(self) -> Write[LeadConversion]:
        """`Done.remote_id` is the lead; `Done.values`: `deal_id`, `contact_id`, `company_id` of what it has become."""


class Tasks(Protocol):
    """Tasks."""

    def task_types(self) -> Sequence[str]:
        """The names of the task types; empty where tasks have none."""

    def tasks(self, ids: Sequence[str]) -> dict[str, TaskRef]:
        """These tasks, freshly read; deleted and unknown ones are absent."""

    def mirrored_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]] | None:
        """The open tasks of each of these cards as the mirror has them, without a call, the next due first.

        None while the mirror is still being filled.
        """

    def open_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]]:
        """The open tasks of each of these cards, freshly read, the next due first."""

    @property
    def create_tasks(self) -> Write[NewTask]: ...

    @property
    def change_tasks(self) -> Write[TaskChange]: ...

    @property
    def complete_tasks(self) -> Write[TaskCompletion]: ...

    @property
    def reopen_tasks(self) -> Write[TaskReopening]: ...


class Feed(Protocol):
    """What is written into the feed of a card."""

    def feed(self, cards: Sequence[CardRef]) -> dict[CardRef, list[FeedEntry]]:
        """What stands there, freshly read, whoever wrote it: no tasks, and nothing that the CRM writes by itself."""

    @property
    def add_notes(self) -> Write[NewNote]: ...

    @property
    def log_calls(self) -> Write[NewCall]: ...

    @property
    def attach_files(self) -> Write[NewFile]: ...

    def files(self, card: CardRef) -> list[CardFile]:
        """The files of a card, freshly read."""


class Sales(Protocol):
    """What is sold."""

    def whole_prices(self) -> bool:
        """Whether the price of a lead has no kopecks: it is rounded half up."""

    def lead_lines(self, lead_ids: Sequence[str]) -> dict[str, list[ProductLine]]:
        """The products of each lead, freshly read; a lead without any has an empty list, an unknown one is absent."""

    @property
    def set_lead_lines(self) -> Write[LeadLines]: ...

    def invoices(self, lead_ids: Sequence[str]) -> dict[str, list[Invoice]]:
        """The invoices of each lead, freshly read; an unknown lead is absent."""

    @property
    def create_invoices(self) -> Write[NewInvoice]: ...

    @property
    def pay_invoices(self) -> Write[InvoicePayment]: ...

    def customers(self, contact_ids: Sequence[str]) -> dict[str, list[Customer]]:
        """The regular customers that each contact belongs to, freshly read; an unknown contact is absent."""

    @property
    def create_customers(self) -> Write[NewCustomer]: ...


class Incoming(Protocol):
    """Requests that nobody has accepted yet."""

    def incoming_requests(self, pipeline: str = "") -> list[IncomingRequest]:
        """Those that wait, the oldest first; only of `pipeline` where it is named."""

    @property
    def accept_requests(self) -> Write[RequestAcceptance]:
        """`Done.remote_id` is the lead; `Done.values`: `contact_id`."""

    @property
    def decline_requests(self) -> Write[RequestDecline]: ...


class Automation(Protocol):
    """What the CRM does by itself."""

    def bots(self) -> Sequence[str]:
        """The names of the bots that can be started, from the cached directory."""

    @property
    def start_bots(self) -> Write[BotStart]: ...


@runtime_checkable
class CountsLeads(Protocol):
    """Knows how much each of the staff has to do."""

    def open_lead_counts(self, logins: Sequence[str]) -> dict[str, int] | None:
        """The open leads of each of these, whoever gave them; unknown logins are absent. None while it is not known:
        the mirror is still being filled."""


class Staff(CountsLeads, Protocol):
    """The client's staff."""

    def staff_work(self, logins: Sequence[str]) -> dict[str, StaffWork] | None:
        """What each of these has to do, from the mirror, without a call; whoever is unknown has nothing to do. None
        while the mirror is still being filled."""

    def users(self) -> Sequence[User]:
        """The staff of the account, from the cached directory."""

    def presence(self, logins: Sequence[str]) -> dict[str, Presence]:
        """Who of these is at work right now; `unknown` where the CRM does not tell."""

    @property
    def notify_staff(self) -> Write[StaffNotice]: ...


class Talks(Protocol):
    """Talks in messengers, shown in the card. What the staff write there comes by webhook, as `StaffReply`."""

    def shows_talks(self) -> bool:
        """Whether a channel for talks is set up; else messages can only be noted."""

    def connect_talks(self) -> None:
        """Make the channel known to the CRM. Cheap and harmless when it is; call it at each start."""

    @property
    def post_messages(self) -> Write[ChatMessage]:
        """`Done.remote_id` is the CRM's id of the message; `Done.values`: `crm_chat_id`."""

    @property
    def report_deliveries(self) -> Write[ChatDelivery]: ...


class Crm(People, Companies, Leads, Tasks, Feed, Sales, Incoming, Automation, Staff, Talks, Protocol):
    """Everything that rules and reports can ask of a CRM."""

    name: str

    def check(self, needs: Sequence[Need], *, create: bool = False) -> list[Missing]:
        """Which names of the config the account lacks; with `create`, make the service field first."""


class CrmAccount(Crm, Cards, Protocol):
    """A CRM with what the house itself needs of it: to follow its changes, to keep the mirror, to be let in."""

    def fill(self, progress: Progress = ..., stop: Callable[[], bool] = ...) -> bool:
        """Fill the mirror and the index of people, going on where an earlier run ended; whether both are complete.

        Cheap when they are, so it is called again and again. `progress` gets the number of cards read so far.
        """

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], ByKind]:
        """What a hint comes to: events and snapshots by kind, to be stored in one transaction."""

    def reconcile(self, received_at: datetime) -> tuple[list[Event], ByKind, dict[str, str]]:
        """What changed since the last time, hinted at or not: events, snapshots and cursors, to be stored together."""

    def subscribe(self, destination: str) -> bool:
        """Have the CRM send its hints to this address; whether anything had to be changed."""

    def setup(self) -> AccountSetup:
        """What is asked of the account before the start."""

    def keep_alive(self) -> None:
        """Refresh what would expire of disuse; called every hour."""

    def close(self) -> None:
        """Close the connections."""


class Messenger(Protocol):
    """What a connector that can write to the staff offers."""

    name: str

    @property
    def notify(self) -> Write[StaffMessage]: ...
