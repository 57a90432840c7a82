"""What a portal of Bitrix24 offers about work: tasks, the feed, the staff, talks."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.bitrix24.calls import Calls
from connectors.bitrix24.cards import Leads
from connectors.bitrix24.feed import Feed
from connectors.bitrix24.files import Files
from connectors.bitrix24.notes import Notes
from connectors.bitrix24.offer_cards import BATCH
from connectors.bitrix24.open_tasks import OpenTasks
from connectors.bitrix24.readers import TaskReader
from connectors.bitrix24.room import Room
from connectors.bitrix24.staff import Staff
from connectors.bitrix24.talks import Talks
from connectors.bitrix24.tasks import Tasks
from connectors.crm.gone import Gone
from connectors.crm.mirrored import Mirrored
from provodka.crm import (
    CardFile,
    CardRef,
    ChatDelivery,
    ChatMessage,
    FeedEntry,
    NewCall,
    NewFile,
    NewNote,
    NewTask,
    Presence,
    StaffNotice,
    StaffWork,
    Task,
    TaskChange,
    TaskCompletion,
    TaskReopening,
    User,
)
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import TaskRef


class OfferWork:
    """`provodka.crm.Tasks`, `Feed`, `Staff` and `Talks`."""

    _room: Room
    _gone: Gone
    _mirrored: Mirrored

    def _furnish_work(self, leads: Leads) -> None:
        self._tasks, self._notes, self._calls = Tasks(self._room), Notes(self._room), Calls(self._room, leads)
        self._open_tasks, self._files, self._staff = OpenTasks(self._room), Files(self._room), Staff(self._room)
        self._talks, self._feed = Talks(self._room), Feed(self._room)

    def users(self) -> Sequence[User]:
        """At most ten minutes old."""
        return self._room.directory.users()

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        """Bound to their cards; recognised by our key, else by card, title and time."""
        return self._gone.sparing(requests, self._tasks.create)

    @create_tasks.find
    def _find_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Done | None]:
        return self._tasks.find(requests)

    def task_types(self) -> Sequence[str]:
        """None: tasks have no types there. What a rule calls a task's type becomes its first tag."""
        return ()

    def tasks(self, ids: Sequence[str]) -> dict[str, TaskRef]:
        """Freshly read, in one request for fifty of them."""
        return {one: card.ref() for one, card in TaskReader(self._room).cards(ids).items()}

    def mirrored_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]] | None:
        """Without a call; None until all open tasks have been read once."""
        return self._mirrored.tasks(cards)

    def open_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]]:
        """Freshly read, in one request for up to fifty cards."""
        return self._open_tasks.read(cards)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def change_tasks(self, requests: Sequence[Request[TaskChange]]) -> list[Outcome]:
        """Only what is named changes."""
        return self._gone.sparing(requests, self._open_tasks.change)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def complete_tasks(self, requests: Sequence[Request[TaskCompletion]]) -> list[Outcome]:
        """Those that have ended stay as they are. A result that stands there already is not written again."""
        return self._gone.sparing(requests, self._open_tasks.complete)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def reopen_tasks(self, requests: Sequence[Request[TaskReopening]]) -> list[Outcome]:
        """Those that are open already stay as they are."""
        return self._gone.sparing(requests, self._open_tasks.reopen)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def add_notes(self, requests: Sequence[Request[NewNote]]) -> list[Outcome]:
        """Comments in the timeline; recognised by card and text."""
        return self._gone.sparing(requests, self._notes.add)

    @add_notes.find
    def _find_notes(self, requests: Sequence[Request[NewNote]]) -> list[Done | None]:
        return self._notes.find(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def log_calls(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        """Calls on exactly this card; recognised by the call's id."""
        return self._gone.sparing(requests, self._calls.log)

    @log_calls.find
    def _find_calls(self, requests: Sequence[Request[NewCall]]) -> list[Done | None]:
        return self._calls.find(requests)

    def feed(self, cards: Sequence[CardRef]) -> dict[CardRef, list[FeedEntry]]:
        """Freshly read, in one request for 25 cards."""
        return self._feed.read(cards)

    def files(self, card: CardRef) -> list[CardFile]:
        """The files of the card's comments; one request for fifty comments."""
        return self._files.of(card)

    @operation(repeat=Repeat.STAMP)
    def attach_files(self, requests: Sequence[Request[NewFile]]) -> list[Outcome]:
        """A comment with the file; recognised by name and size among the card's newest comments."""
        return self._gone.sparing(requests, self._files.attach)

    @attach_files.find
    def _find_files(self, requests: Sequence[Request[NewFile]]) -> list[Done | None]:
        return self._files.find(requests)

    def presence(self, logins: Sequence[str]) -> dict[str, Presence]:
        """By the working day where the portal tracks it, else by who is online."""
        return self._staff.presence(logins)

    def open_lead_counts(self, logins: Sequence[str]) -> dict[str, int] | None:
        """By the mirror, without a call."""
        return self._mirrored.open_lead_counts(logins)

    def staff_work(self, logins: Sequence[str]) -> dict[str, StaffWork] | None:
        """Without a call; None until all open tasks and leads have been read once."""
        return self._mirrored.staff_work(logins)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def notify_staff(self, requests: Sequence[Request[StaffNotice]]) -> list[Outcome]:
        """The portal's own notices, whatever form is asked for; a second one takes the first one's place by its tag."""
        return self._gone.sparing(requests, self._staff.notify)

    def shows_talks(self) -> bool:
        return self._talks.offered

    def connect_talks(self) -> None:
        """Three calls where the channel is switched on already. Rejected where none is set up."""
        self._talks.connect()

    @operation(repeat=Repeat.PERSON, batch=BATCH)
    def post_messages(self, requests: Sequence[Request[ChatMessage]]) -> list[Outcome]:
        """The portal does not tell ids of its own, so those of the messenger stand for them. It neither recognises a
        message that comes twice nor lets us look for one whose answer was lost."""
        return self._talks.post(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def report_deliveries(self, requests: Sequence[Request[ChatDelivery]]) -> list[Outcome]:
        """A mark beside the message; of a failure its author gets a notice, whose tag keeps it single."""
        return self._talks.report(requests)
