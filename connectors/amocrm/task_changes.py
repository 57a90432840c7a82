"""Tasks that somebody completed, as events about their leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.amocrm.client import Json
from connectors.amocrm.leads import Leads
from connectors.amocrm.room import Room
from connectors.crm.changes import CompletedTask
from connectors.crm.mirror import moment
from provodka.event import Event


class CompletedTasks:
    """Of tasks only one thing is told: completed."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads

    def completed(self, ids: Sequence[str], received_at: datetime) -> list[Event]:
        """Events for those of the tasks that are completed and hang on a lead; two calls for all."""
        found = self._room.by_ids("tasks", ids, "") if ids else {}
        done = [item for item in found.values() if item.get("is_completed") and item.get("entity_type") == "leads"]
        leads = self._leads.read([str(item["entity_id"]) for item in done])
        return [
            _task(item).event(self._room.name, lead, received_at)
            for item in done
            if (lead := leads.get(str(item["entity_id"]))) is not None
        ]


def _task(item: Json) -> CompletedTask:
    text, result = str(item.get("text") or ""), _result(item.get("result"))
    return CompletedTask(str(item["id"]), moment(item.get("updated_at")), text, result)


def _result(raw: object) -> str:
    """amoCRM gives null, an empty list or `{text}`."""
    return str(raw.get("text") or "") if isinstance(raw, dict) else ""
