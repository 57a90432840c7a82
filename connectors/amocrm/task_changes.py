"""Tasks that somebody completed, as events about their leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from connectors.amocrm.client import Json
from connectors.amocrm.known import moment
from connectors.amocrm.leads import Leads
from connectors.amocrm.room import Room
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, LeadRef, Person, TaskEvent

TASK: Final = "task"


class CompletedTasks:
    """Of tasks only one thing is told: completed. It happens once, so the event's key needs no time."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads

    def completed(self, ids: Sequence[str], received_at: datetime) -> list[Event]:
        """Events for those of the tasks that are completed and hang on a lead; two calls for all."""
        found = self._room.by_ids("tasks", ids, "") if ids else {}
        done = [item for item in found.values() if item.get("is_completed") and item.get("entity_type") == "leads"]
        leads = self._leads.read([str(item["entity_id"]) for item in done])
        return [
            self._event(item, lead, received_at)
            for item in done
            if (lead := leads.get(str(item["entity_id"]))) is not None
        ]

    def _event(self, item: Json, lead: LeadRef, received_at: datetime) -> Event:
        return Event(
            id=new_event_id(received_at),
            type=EventType.TASK_COMPLETED,
            channel=self._room.name,
            external_id=f"task-{item['id']}:completed",
            occurred_at=moment(item.get("updated_at")),
            received_at=received_at,
            person=Person(),
            payload=TaskEvent(lead, str(item.get("text") or ""), _result(item.get("result"))),
        )


def _result(raw: object) -> str:
    """amoCRM gives null, an empty list or `{text}`."""
    return str(raw.get("text") or "") if isinstance(raw, dict) else ""
