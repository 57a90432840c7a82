"""The typed payloads of events: their field names are the names that rules and templates use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from provodka.calls import Call as Call
from provodka.calls import CallEvent as CallEvent
from provodka.calls import CallOutcome as CallOutcome
from provodka.calls import Direction as Direction
from provodka.cards import CardEvent as CardEvent
from provodka.cards import Change as Change
from provodka.cards import Checked as Checked
from provodka.cards import CompanyChecked as CompanyChecked
from provodka.cards import CompanyEvent as CompanyEvent
from provodka.cards import CompanyRef as CompanyRef
from provodka.cards import ContactChecked as ContactChecked
from provodka.cards import ContactEvent as ContactEvent
from provodka.cards import ContactRef as ContactRef
from provodka.cards import InvoiceEvent as InvoiceEvent
from provodka.cards import LeadChecked as LeadChecked
from provodka.cards import LeadEvent as LeadEvent
from provodka.cards import LeadRef as LeadRef
from provodka.cards import TaskChecked as TaskChecked
from provodka.cards import TaskEvent as TaskEvent
from provodka.cards import TaskRef as TaskRef
from provodka.cards import card_of as card_of
from provodka.cards import checked as checked
from provodka.cards import lead_of as lead_of
from provodka.filled import Form as Form
from provodka.filled import FormSpam as FormSpam
from provodka.filled import FormSubmitted as FormSubmitted
from provodka.filled import Order as Order
from provodka.filled import OrderLine as OrderLine
from provodka.filled import RowAdded as RowAdded
from provodka.filled import TableRow as TableRow
from provodka.mail import EmailReceived as EmailReceived
from provodka.mail import EmailSent as EmailSent
from provodka.mail import Mail as Mail
from provodka.mail import MailKind as MailKind
from provodka.mail import MailRole as MailRole
from provodka.mail import Participant as Participant
from provodka.mail import Said as Said
from provodka.payments import Payment as Payment
from provodka.payments import PaymentEvent as PaymentEvent
from provodka.payments import PaymentState as PaymentState
from provodka.payments import PaymentWay as PaymentWay
from provodka.staff import StaffChecked as StaffChecked
from provodka.staff import Who as Who
from provodka.talks import ChatState as ChatState
from provodka.talks import MessageEvent as MessageEvent
from provodka.talks import MessageState as MessageState
from provodka.talks import ReplyWritten as ReplyWritten
from provodka.visits import Attachment as Attachment
from provodka.visits import Utm as Utm


class EventType(StrEnum):
    """What can start a rule (`on:`)."""

    FORM_SUBMITTED = "form.submitted"
    FORM_SPAM = "form.spam"  # a robot has filled it in; kept, so that support can see it
    EMAIL_RECEIVED = "email.received"
    CALL_STARTED = "call.started"
    CALL_FINISHED = "call.finished"
    CALL_MISSED = "call.missed"
    CALL_RECORDED = "call.recorded"
    CALL_TRACKED = "call.tracked"  # call tracking tells where a call came from that the exchange has told of, too
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_SENT = "message.sent"  # one of ours wrote it, outside of the CRM
    MESSAGE_STATE = "message.state"  # what became of a message of ours on its way
    CHAT_STARTED = "chat.started"  # a person lets us write to them
    CHAT_STOPPED = "chat.stopped"  # a person has blocked us
    LEAD_CREATED = "lead.created"
    LEAD_UPDATED = "lead.updated"
    LEAD_STAGE_CHANGED = "lead.stage_changed"
    LEAD_ASSIGNED = "lead.assigned"
    LEAD_WON = "lead.won"
    LEAD_LOST = "lead.lost"
    CONTACT_CREATED = "contact.created"
    CONTACT_UPDATED = "contact.updated"
    COMPANY_CREATED = "company.created"
    COMPANY_UPDATED = "company.updated"
    TASK_CREATED = "task.created"
    TASK_COMPLETED = "task.completed"
    TASK_OVERDUE = "task.overdue"
    COUNTERPARTY_READY = "counterparty.ready"
    INVOICE_REQUESTED = "invoice.requested"
    INVOICE_ISSUED = "invoice.issued"
    INVOICE_CHANGED = "invoice.changed"
    INVOICE_PARTLY_PAID = "invoice.partly_paid"
    INVOICE_PAID = "invoice.paid"
    INVOICE_UNPAID = "invoice.unpaid"  # a payment was deleted, unposted or refunded
    INVOICE_WITHDRAWN = "invoice.withdrawn"  # it is not posted any more
    INVOICE_CANCELLED = "invoice.cancelled"
    INVOICE_DIFFERS = "invoice.differs"  # the comparison by night has found that the CRM says otherwise
    ORDER_CREATED = "order.created"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_PARTLY_SHIPPED = "order.partly_shipped"
    ORDER_SHIPPED = "order.shipped"
    ORDER_UNSHIPPED = "order.unshipped"  # a shipment was deleted or unposted
    CLOCK_TICK = "clock.tick"
    LEAD_CHECKED = "lead.checked"
    CONTACT_CHECKED = "contact.checked"
    COMPANY_CHECKED = "company.checked"
    TASK_CHECKED = "task.checked"
    STAFF_CHECKED = "staff.checked"
    EMAIL_SENT = "email.sent"  # one of ours wrote it, in a mail program
    TABLE_ROW_ADDED = "table.row_added"
    PAYMENT_REQUESTED = "payment.requested"  # its link was made
    PAYMENT_AUTHORIZED = "payment.authorized"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_DIFFERS = "payment.differs"  # another sum or currency than was asked for
    PAYMENT_UNMATCHED = "payment.unmatched"  # no order of ours asked for it
    PAYMENT_REFUNDED = "payment.refunded"  # whole or in part
    PAYMENT_FAILED = "payment.failed"
    UNREADABLE = "unreadable"  # authentic, but its body could not be parsed; kept so that support can see it
    ACCOUNTING_HINT = "accounting.hint"  # documents of 1C may have changed; never seen by rules
    REPLY_WRITTEN = "reply.written"  # one of the staff has answered in the card; never seen by rules
    CRM_HINT = "crm.hint"  # a CRM says that entities changed: to be fetched and compared, never seen by rules


@dataclass(frozen=True, slots=True)
class Person:
    """Who it is about, as far as known. Phones are E.164 (`+79160001122`), emails lower-case.

    `messengers` are `service:id`, for example `telegram:1234567`.
    """

    name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    messengers: tuple[str, ...] = ()

    @property
    def phone(self) -> str:
        """The first phone, or an empty string."""
        return self.phones[0] if self.phones else ""

    @property
    def email(self) -> str:
        """The first email, or an empty string."""
        return self.emails[0] if self.emails else ""

    @property
    def identities(self) -> tuple[str, ...]:
        """What makes this person recognisable: `phone:+7…`, `email:…`, `telegram:…`."""
        return (
            *(f"phone:{p}" for p in self.phones),
            *(f"email:{e}" for e in self.emails),
            *self.messengers,
        )


@dataclass(frozen=True, slots=True)
class Tick:
    """`clock.tick`: the schedule of this rule came due; the event's `occurred_at` is the moment it was due at.

    A rule that looks at cards does so by pages: `after` is the last card of those before, `strange` the ids of some
    among them whose date is none.
    """

    rule: str = ""
    after: str = ""
    strange: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """`unreadable`: why the body could not be parsed."""

    why: str = ""


def addressed_to(payload: object) -> str:
    """The name of the only rule that sees an event with this payload; empty where all do."""
    return payload.rule if isinstance(payload, Tick | Checked | StaffChecked) else ""


def is_bulk(payload: object) -> bool:
    """Whether somebody has agreed to many such events at once, and nobody waits for each of them."""
    return (isinstance(payload, RowAdded) and payload.imported) or is_echo_of_import(payload)


def is_echo_of_import(payload: object) -> bool:
    """Whether it tells of a card that an import has just made. Rules hear of it if they ask for `change.imported`."""
    return isinstance(payload, CardEvent) and payload.change.imported


MIRRORED: Final = "mirrored-"
"""How hints call a kind by the mirror's own word (`mirrored-lead:17`): a CRM may call its cards otherwise."""


@dataclass(frozen=True, slots=True)
class CrmHint:
    """`crm.hint`: entities that may have changed, as `kind:id` (`lead:17`, `contact:4`)."""

    entities: tuple[str, ...] = ()

    def ids(self, *kinds: str) -> list[str]:
        """The ids of the entities of these kinds, each once."""
        named = (entity.partition(":") for entity in self.entities)
        return list(dict.fromkeys(one for found, _, one in named if found in kinds))


@dataclass(frozen=True, slots=True)
class AccountingHint:
    """`accounting.hint`: what may have changed, as `kind:id`: a sale (`sale:17:1`), a document (`invoice:<ref>`), or a
    file that 1C has brought (`file:<name>`: the raw body of the event)."""

    entities: tuple[str, ...] = ()

    def ids(self, kind: str) -> list[str]:
        """The ids of the entities of this kind, each once."""
        named = (entity.partition(":") for entity in self.entities)
        return list(dict.fromkeys(one for found, _, one in named if found == kind))


Payload = (
    FormSubmitted
    | FormSpam
    | EmailReceived
    | EmailSent
    | RowAdded
    | PaymentEvent
    | CallEvent
    | MessageEvent
    | MessageState
    | ChatState
    | ReplyWritten
    | CardEvent
    | StaffChecked
    | Tick
    | Unreadable
    | CrmHint
    | InvoiceEvent
    | AccountingHint
)


PAYLOADS: Final[dict[EventType, type[Any]]] = {
    EventType.FORM_SUBMITTED: FormSubmitted,
    EventType.FORM_SPAM: FormSpam,
    EventType.EMAIL_RECEIVED: EmailReceived,
    EventType.EMAIL_SENT: EmailSent,
    EventType.TABLE_ROW_ADDED: RowAdded,
    **dict.fromkeys(
        (
            EventType.PAYMENT_REQUESTED,
            EventType.PAYMENT_AUTHORIZED,
            EventType.PAYMENT_SUCCEEDED,
            EventType.PAYMENT_DIFFERS,
            EventType.PAYMENT_UNMATCHED,
            EventType.PAYMENT_REFUNDED,
            EventType.PAYMENT_FAILED,
        ),
        PaymentEvent,
    ),
    EventType.CALL_STARTED: CallEvent,
    EventType.CALL_FINISHED: CallEvent,
    EventType.CALL_MISSED: CallEvent,
    EventType.CALL_RECORDED: CallEvent,
    EventType.CALL_TRACKED: CallEvent,
    EventType.MESSAGE_RECEIVED: MessageEvent,
    EventType.MESSAGE_EDITED: MessageEvent,
    EventType.MESSAGE_SENT: MessageEvent,
    EventType.MESSAGE_STATE: MessageState,
    EventType.CHAT_STARTED: ChatState,
    EventType.CHAT_STOPPED: ChatState,
    EventType.LEAD_CREATED: LeadEvent,
    EventType.LEAD_UPDATED: LeadEvent,
    EventType.LEAD_STAGE_CHANGED: LeadEvent,
    EventType.LEAD_ASSIGNED: LeadEvent,
    EventType.LEAD_WON: LeadEvent,
    EventType.LEAD_LOST: LeadEvent,
    EventType.CONTACT_CREATED: ContactEvent,
    EventType.CONTACT_UPDATED: ContactEvent,
    EventType.COMPANY_CREATED: CompanyEvent,
    EventType.COMPANY_UPDATED: CompanyEvent,
    EventType.TASK_CREATED: TaskEvent,
    EventType.TASK_COMPLETED: TaskEvent,
    EventType.TASK_OVERDUE: TaskEvent,
    **dict.fromkeys(
        (
            EventType.COUNTERPARTY_READY,
            EventType.INVOICE_REQUESTED,
            EventType.INVOICE_ISSUED,
            EventType.INVOICE_CHANGED,
            EventType.INVOICE_PARTLY_PAID,
            EventType.INVOICE_PAID,
            EventType.INVOICE_UNPAID,
            EventType.INVOICE_WITHDRAWN,
            EventType.INVOICE_CANCELLED,
            EventType.INVOICE_DIFFERS,
            EventType.ORDER_CREATED,
            EventType.ORDER_CANCELLED,
            EventType.ORDER_PARTLY_SHIPPED,
            EventType.ORDER_SHIPPED,
            EventType.ORDER_UNSHIPPED,
        ),
        InvoiceEvent,
    ),
    EventType.ACCOUNTING_HINT: AccountingHint,
    EventType.CLOCK_TICK: Tick,
    EventType.LEAD_CHECKED: LeadChecked,
    EventType.CONTACT_CHECKED: ContactChecked,
    EventType.COMPANY_CHECKED: CompanyChecked,
    EventType.TASK_CHECKED: TaskChecked,
    EventType.STAFF_CHECKED: StaffChecked,
    EventType.REPLY_WRITTEN: ReplyWritten,
    EventType.UNREADABLE: Unreadable,
    EventType.CRM_HINT: CrmHint,
}

CHECKED: Final = {
    "lead": EventType.LEAD_CHECKED,
    "contact": EventType.CONTACT_CHECKED,
    "company": EventType.COMPANY_CHECKED,
    "task": EventType.TASK_CHECKED,
}
"""By kind of card, the event of one that a rule of the clock has found."""
