"""Hint, fetch, compare: what really changed of what amoCRM says has changed, as typed events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.amocrm.client import Json
from connectors.amocrm.leads import WITH, Leads
from connectors.amocrm.people import People
from connectors.amocrm.room import Room
from connectors.amocrm.task_changes import CompletedTasks
from connectors.crm.account import CLOCKS
from connectors.crm.changes import FRESH, LOOK_BACK, Comparison
from connectors.crm.mirror import CONTACT, LEAD, TASK
from provodka.crm import Progress
from provodka.event import Event
from provodka.payloads import CrmHint
from provodka.stores import Snapshot


class Changes:
    """The changes of one account's leads, and its tasks as they are completed."""

    def __init__(self, room: Room, leads: Leads, people: People) -> None:
        self._room = room
        self._leads = leads
        self._people = people
        self._tasks = CompletedTasks(room, leads)
        self._comparison = Comparison(room, room.directory, leads.cards, people.known)
        self.begin = self._comparison.begin

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], list[Snapshot]]:
        """Events and the new snapshots of kind `lead`, to be stored in one transaction."""
        if contacts := hint.ids(CONTACT):
            self._people.refresh(contacts)
        events, snapshots = self._comparison.follow(hint.ids(LEAD), event.received_at)
        return [*events, *self._tasks.completed(hint.ids(TASK), event.received_at)], snapshots

    def reconcile(self, received_at: datetime) -> tuple[list[Event], list[Snapshot], dict[str, str]]:
        """What changed since the last time, whether or not a webhook told of it; with the cursors to store along."""
        latest = int(self._room.now().timestamp()) + CLOCKS
        mark = int(self._room.cursor(FRESH) or latest - 2 * CLOCKS)
        changed: dict[str, Json] = {}
        newest = mark
        for items in self._room.newest_changes("leads", WITH, many=False):
            fresh = [item for item in items if int(item.get("updated_at") or 0) >= mark - LOOK_BACK]
            changed.update((str(item["id"]), item) for item in fresh)
            newest = max([newest, *(at for item in fresh if (at := int(item["updated_at"])) <= latest)])
            if len(fresh) < len(items):
                break
        cards = {one: self._leads.card(item) for one, item in changed.items()}
        events, snapshots = self._comparison.reconcile(cards, received_at)
        return events, snapshots, self._room.named({FRESH: str(newest)})

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Learn all leads without a word to the rules, going on where an earlier run ended; whether it is complete."""
        self.begin()
        return self._room.read_all("leads", "contacts", self._keep, {}, progress, stop)

    def _keep(self, items: list[Json], cursors: dict[str, str]) -> None:
        self._comparison.learn([self._leads.card(item) for item in items], cursors)
