"""What an account of amoCRM offers about work: tasks, the feed, the staff, talks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.amocrm.chats import Chats
from connectors.amocrm.client import Client
from connectors.amocrm.feed import Feed
from connectors.amocrm.files import Files
from connectors.amocrm.notes import Notes
from connectors.amocrm.notices import Notices
from connectors.amocrm.offer_cards import BATCH
from connectors.amocrm.open_tasks import OpenTasks
from connectors.amocrm.readers import TaskReader
from connectors.amocrm.room import Room
from connectors.amocrm.tasks import Tasks
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
from provodka.errors import ConnectorError
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import TaskRef


class OfferWork:
    """`provodka.crm.Tasks`, `Feed`, `Staff` and `Talks`."""

    _room: Room
    _gone: Gone
    _mirrored: Mirrored

    def _furnish_work(self, open_at: Callable[[str], Client], chats: Chats) -> None:
        self._chats = chats
        self._tasks, self._open_tasks, self._notes = Tasks(self._room), OpenTasks(self._room), Notes(self._room)
        self._feed = Feed(self._room)
        self._notices = Notices(self._room, self._tasks, self._notes)
        self._files = Files(self._room, open_at)

    def task_types(self) -> Sequence[str]:
        """At most ten minutes old."""
        return self._room.directory.task_types()

    def tasks(self, ids: Sequence[str]) -> dict[str, TaskRef]:
        """One call for a hundred of them."""
        return {one: card.ref() for one, card in TaskReader(self._room).cards(ids).items()}

    def mirrored_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]] | None:
        """Without a call; None until all open tasks have been read once."""
        return self._mirrored.tasks(cards)

    def open_tasks(self, cards: Sequence[CardRef]) -> dict[CardRef, list[Task]]:
        """One call for each kind of card. Where the account ignores filters, all its tasks are read."""
        return self._open_tasks.read(cards)

    def feed(self, cards: Sequence[CardRef]) -> dict[CardRef, list[FeedEntry]]:
        """One call for a hundred cards of a kind."""
        return self._feed.read(cards)

    def files(self, card: CardRef) -> list[CardFile]:
        """One call for the list and one for each file."""
        return self._files.of(card)

    def users(self) -> Sequence[User]:
        """At most ten minutes old."""
        return self._room.directory.users()

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        """Recognised by card, text and time."""
        return self._gone.sparing(requests, self._tasks.create)

    @create_tasks.find
    def _find_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Done | None]:
        return self._tasks.find(requests)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def change_tasks(self, requests: Sequence[Request[TaskChange]]) -> list[Outcome]:
        """Only what is named changes."""
        return self._gone.sparing(requests, self._open_tasks.change)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def complete_tasks(self, requests: Sequence[Request[TaskCompletion]]) -> list[Outcome]:
        """Those that are completed already stay as they are."""
        return self._gone.sparing(requests, self._open_tasks.complete)

    @operation(repeat=Repeat.SAFE, batch=BATCH)
    def reopen_tasks(self, requests: Sequence[Request[TaskReopening]]) -> list[Outcome]:
        """Those that are open already stay as they are."""
        return self._gone.sparing(requests, self._open_tasks.reopen)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def add_notes(self, requests: Sequence[Request[NewNote]]) -> list[Outcome]:
        """Recognised by card and text."""
        return self._gone.sparing(requests, self._notes.add)

    @add_notes.find
    def _find_notes(self, requests: Sequence[Request[NewNote]]) -> list[Done | None]:
        return self._notes.find_notes(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def log_calls(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        """Call notes on exactly this card; recognised by the call's id."""
        return self._gone.sparing(requests, self._notes.log)

    @log_calls.find
    def _find_calls(self, requests: Sequence[Request[NewCall]]) -> list[Done | None]:
        return self._notes.find_calls(requests)

    @operation(repeat=Repeat.STAMP)
    def attach_files(self, requests: Sequence[Request[NewFile]]) -> list[Outcome]:
        """Recognised by name and size among the card's files uploaded since."""
        return self._gone.sparing(requests, self._files.attach)

    @attach_files.find
    def _find_files(self, requests: Sequence[Request[NewFile]]) -> list[Done | None]:
        return self._files.find(requests)

    def presence(self, logins: Sequence[str]) -> dict[str, Presence]:
        """amoCRM does not tell: always unknown."""
        return dict.fromkeys(logins, Presence.UNKNOWN)

    def open_lead_counts(self, logins: Sequence[str]) -> dict[str, int] | None:
        """By the mirror, without a call."""
        return self._mirrored.open_lead_counts(logins)

    def staff_work(self, logins: Sequence[str]) -> dict[str, StaffWork] | None:
        """Without a call; None until all open tasks and leads have been read once."""
        return self._mirrored.staff_work(logins)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def notify_staff(self, requests: Sequence[Request[StaffNotice]]) -> list[Outcome]:
        """A task or a note, as said; recognised as those are."""
        return self._gone.sparing(requests, self._notices.send)

    @notify_staff.find
    def _find_notices(self, requests: Sequence[Request[StaffNotice]]) -> list[Done | None]:
        return self._notices.find(requests)

    def shows_talks(self) -> bool:
        return self._chats.offered

    def connect_talks(self) -> None:
        """Rejected where no channel is set up."""
        self._chats.connect()

    @operation(repeat=Repeat.STAMP)
    def post_messages(self, requests: Sequence[Request[ChatMessage]]) -> list[Outcome]:
        """Recognised by the messenger's id in the history of the chat."""
        return self._chats.post(requests)

    @post_messages.find
    def _find_messages(self, requests: Sequence[Request[ChatMessage]]) -> list[Done | ConnectorError | None]:
        return self._chats.find(requests)

    @operation(repeat=Repeat.SAFE)
    def report_deliveries(self, requests: Sequence[Request[ChatDelivery]]) -> list[Outcome]:
        """A mark beside the message; set again it is the same."""
        return self._chats.report(requests)
