"""What an account of amoCRM offers about work: tasks, the feed, the staff."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.amocrm.notes import Notes
from connectors.amocrm.offer_cards import BATCH
from connectors.amocrm.room import Room
from connectors.amocrm.tasks import Tasks
from provodka.crm import NewCall, NewNote, NewTask, User
from provodka.operation import Done, Outcome, Repeat, Request, operation


class OfferWork:
    """`provodka.crm.Tasks`, `Feed` and `Staff`."""

    _room: Room

    def _furnish_work(self) -> None:
        self._tasks, self._notes = Tasks(self._room), Notes(self._room)

    def users(self) -> Sequence[User]:
        """At most ten minutes old."""
        return self._room.directory.users()

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def create_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        """Recognised by card, text and time."""
        return self._tasks.create(requests)

    @create_tasks.find
    def _find_tasks(self, requests: Sequence[Request[NewTask]]) -> list[Done | None]:
        return self._tasks.find(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def add_notes(self, requests: Sequence[Request[NewNote]]) -> list[Outcome]:
        """Recognised by card and text."""
        return self._notes.add(requests)

    @add_notes.find
    def _find_notes(self, requests: Sequence[Request[NewNote]]) -> list[Done | None]:
        return self._notes.find_notes(requests)

    @operation(repeat=Repeat.STAMP, batch=BATCH)
    def log_calls(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        """Call notes on exactly this card; recognised by the call's id."""
        return self._notes.log(requests)

    @log_calls.find
    def _find_calls(self, requests: Sequence[Request[NewCall]]) -> list[Done | None]:
        return self._notes.find_calls(requests)
