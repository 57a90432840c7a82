"""Hint, fetch, compare: what really changed of what the portal says has changed, as typed events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from connectors.bitrix24.cards import Leads
from connectors.bitrix24.client import id_of, moment
from connectors.bitrix24.open_tasks import results_of
from connectors.bitrix24.people import CHAIN, People
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room
from connectors.bitrix24.tasks import COMPLETED, SELECT, TIMES, task_text, tasks_by_id
from connectors.crm.account import CLOCKS
from connectors.crm.changes import FRESH, Comparison, CompletedTask
from connectors.crm.mirror import CONTACT, LEAD, TASK
from connectors.crm.mirror import moment as of_seconds
from provodka.crm import Progress
from provodka.event import Event
from provodka.payloads import CrmHint
from provodka.stores import Snapshot

LAST_ID, FILLED = "leads:last", "leads:filled"
TASKS_FRESH: Final = "tasks:fresh"  # unix seconds: what was completed before has been told


class Changes:
    """The changes of one portal's leads, and its tasks as they are completed.

    Delivery of events is at most once, so reconciling looks for both.
    """

    def __init__(self, room: Room, leads: Leads, people: People) -> None:
        self._room = room
        self._leads = leads
        self._people = people
        self._comparison = Comparison(room, room.directory, leads.cards, people.known)
        self.begin = self._comparison.begin

    def derive(self, hint: CrmHint, event: Event) -> tuple[list[Event], list[Snapshot]]:
        """Events and the new snapshots of kind `lead`, to be stored in one transaction."""
        if contacts := hint.ids(CONTACT):
            self._people.refresh(contacts)
        events, snapshots = self._comparison.follow(hint.ids(self._room.kind.path), event.received_at)
        tasks = list(tasks_by_id(self._room, hint.ids(TASK)).values())
        return [*events, *self._completed(tasks, event.received_at)], snapshots

    def reconcile(self, received_at: datetime) -> tuple[list[Event], list[Snapshot], dict[str, str]]:
        """What changed since the last time, whether or not an event told of it; with the cursors to store along."""
        room = self._room
        cards, leads_mark = self._changed(
            FRESH, "crm.item.list", "id", {"entityTypeId": room.kind.type_id, "select": ["*"]}, "updatedTime"
        )
        tasks, tasks_mark = self._changed(
            TASKS_FRESH, "tasks.task.list", "ID", {"select": [*SELECT, *TIMES]}, "CHANGED_DATE"
        )
        compared = {id_of(row): self._leads.card(row) for row in cards}
        events, snapshots = self._comparison.reconcile(compared, received_at)
        completed = self._completed(tasks, received_at)
        return [*events, *completed], snapshots, room.named({FRESH: leads_mark, TASKS_FRESH: tasks_mark})

    def fill(self, progress: Progress = lambda _: None, stop: Callable[[], bool] = lambda: False) -> bool:
        """Learn all leads without a word to the rules, going on where an earlier run ended; whether it is complete."""
        self.begin()
        room = self._room
        if room.cursor(FILLED):
            return True
        done = 0
        asked = {"entityTypeId": room.kind.type_id, "select": ["*"]}
        after = room.cursor(LAST_ID) or "0"
        for rows in room.client.walk("crm.item.list", asked, key="id", after=after, chain=CHAIN):
            self._comparison.learn([self._leads.card(row) for row in rows], {LAST_ID: id_of(rows[-1])})
            done += len(rows)
            progress(done)
            if stop():
                return False
        room.put(LEAD, [], {FILLED: room.now().isoformat()})
        return True

    def _changed(self, cursor: str, method: str, key: str, asked: Json, member: str) -> tuple[list[Json], str]:
        """Rows that changed since the mark, with the mark for the next time.

        The filter reaches behind the mark, and what it gives is looked at again here: portals have been seen to
        mistake the zone of a filter.
        """
        room = self._room
        latest = int(room.now().timestamp()) + CLOCKS
        mark = int(room.cursor(cursor) or latest - 2 * CLOCKS)
        since = max(0, mark - room.settings.look_back)
        spelled = _SPELLED.get(member, member)
        wanted = {f">={member}": room.client.written(of_seconds(since))}
        pages = room.client.walk(method, {**asked, "filter": wanted}, key=key)
        rows = [row for page in pages for row in page if _seconds(row, spelled) >= since]
        newest = max([mark, *(at for row in rows if (at := _seconds(row, spelled)) <= latest)])
        return rows, str(newest)

    def _completed(self, tasks: Sequence[Json], received_at: datetime) -> list[Event]:
        """The mirror holds those that we completed ourselves: nothing is told of them."""
        ours = self._room.mirrored(TASK, [id_of(task) for task in tasks])
        done = [
            (task, lead)
            for task in tasks
            if str(task.get("status")) == COMPLETED and id_of(task) not in ours and (lead := self._lead_of(task))
        ]
        leads = self._leads.read([lead for _, lead in done])
        there = [(task, leads[lead]) for task, lead in done if lead in leads]
        results = results_of(self._room, [id_of(task) for task, _ in there])
        return [_task(task, results[id_of(task)]).event(self._room.name, lead, received_at) for task, lead in there]

    def _lead_of(self, task: Json) -> str:
        """The lead that a task hangs on: `L_17` or `D_17`, as the portal works."""
        letter = f"{self._room.kind.letter}_"
        bound = task.get("ufCrmTask")
        rows = bound if isinstance(bound, list) else [bound]
        return next((str(one).removeprefix(letter) for one in rows if str(one).startswith(letter)), "")


_SPELLED: Final = {"CHANGED_DATE": "changedDate"}


def _seconds(row: Json, member: str) -> int:
    return int(moment(row.get(member)).timestamp())


def _task(row: Json, results: Sequence[str]) -> CompletedTask:
    closed = moment(row.get("closedDate") or row.get("changedDate"))
    return CompletedTask(id_of(row), closed, task_text(row), results[0] if results else "")
