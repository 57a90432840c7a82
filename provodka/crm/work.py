"""The staff and their work: users, tasks, notes, calls, files, notices."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from provodka.crm.cards import CardRef
from provodka.payloads import Attachment, Call, LeadRef


@dataclass(frozen=True, slots=True)
class User:
    """A member of the client's staff in the CRM; who is not `active` cannot be responsible for anything."""

    id: str
    login: str
    name: str
    active: bool = True


class Presence(StrEnum):
    """Whether somebody is at work now. `unknown` where the CRM does not tell: then trust the working hours."""

    UNKNOWN = "unknown"
    AT_WORK = "at_work"
    PAUSED = "paused"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task on a lead (or on a contact where there is no lead). `type` is the name of a task type of the CRM."""

    text: str
    due: datetime
    lead_id: str = ""
    contact_id: str = ""
    type: str = ""
    responsible: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it was just read. `card` is what it hangs on, None where that is none of the kinds we know."""

    id: str
    text: str
    due: datetime
    card: CardRef | None = None
    type: str = ""
    responsible: str = ""
    completed: bool = False
    result: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StaffTask:
    """An open task of one of the staff; `lead` has no id where the task hangs on none."""

    id: str
    text: str = ""
    type: str = ""
    due: datetime | None = None
    lead: LeadRef = field(default_factory=lambda: LeadRef(""))


@dataclass(frozen=True, slots=True)
class StaffWork:
    """What one of the staff has to do: open tasks, the next due first, and open leads, newest first.

    The leads lack their custom fields.
    """

    tasks: tuple[StaffTask, ...] = ()
    leads: tuple[LeadRef, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What to change of an open task; empty members stay as they are."""

    task_id: str
    due: datetime | None = None
    responsible: str = ""
    text: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class TaskCompletion:
    """A task that is done; `result` says how it ended. One that was completed before stays as it is."""

    task_id: str
    result: str = ""


@dataclass(frozen=True, slots=True)
class TaskReopening:
    """A completed task is open again, with the time that it had. One that is open stays as it is."""

    task_id: str


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note in the feed of a lead, or of a contact where there is no lead."""

    text: str
    lead_id: str = ""
    contact_id: str = ""


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call for the feed of a lead (or contact); `responsible` is a login."""

    call: Call
    lead_id: str = ""
    contact_id: str = ""
    responsible: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file for a card: it can be opened from there and shows in its feed. The bytes are the journal's blob."""

    file: Attachment
    card: CardRef


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file that hangs on a card; `url` opens it for a user of the CRM."""

    id: str
    name: str
    size: int = 0
    url: str = ""


class FeedKind(StrEnum):
    """What may stand in the feed of a card; a deed is a meeting, a reminder or the work of an application."""

    NOTE = "note"
    CALL = "call"
    LETTER = "letter"
    FILE = "file"
    DEED = "deed"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a card's feed. Ids are unlike within a kind."""

    id: str
    kind: FeedKind


class NoticeForm(StrEnum):
    """What a CRM without notices of its own makes of one. A CRM that has them uses those, whatever is said here."""

    TASK = "task"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class StaffNotice:
    """Something that one of the staff (a login) is to see inside the CRM, about `card`: a lead or a contact.

    `due` is when it is to have been reacted to; it matters where the notice becomes a task.
    """

    to: str
    text: str
    card: CardRef
    due: datetime
    form: NoticeForm = NoticeForm.TASK


@dataclass(frozen=True, slots=True)
class StaffMessage:
    """A message to one of the staff in a messenger; `to` is the messenger's own id."""

    to: str
    text: str
