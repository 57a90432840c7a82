"""Tasks that somebody completed, as events about their leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.amocrm.client import Json
from connectors.amocrm.leads import Leads
from connectors.amocrm.room import Room
from connectors.crm.changes import CompletedTask
from connectors.crm.mirror import TASK, moment
from provodka.event import Event


class CompletedTasks:
    """Of tasks only one thing is told: completed."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads

    def completed(self, ids: Sequence[str], received_at: datetime) -> list[Event]:
        """Events for those of the tasks that are completed and hang on a lead; two calls for all.

        The mirror holds those that we completed ourselves: nothing is told of them.
        """
        ours = self._room.mirrored(TASK, ids)
        found = self._room.by_ids("tasks", [one for one in ids if one not in ours], "")
        done = [item for item in found.values() if item.get("is_completed") and item.get("entity_type") == "leads"]
        leads = self._leads.read([str(item["entity_id"]) for item in done])
        return [
            _task(item).event(self._room.name, lead, received_at)
            for item in done
            if (lead := leads.get(str(item["entity_id"]))) is not None
        ]


def _task(item: Json) -> CompletedTask:
    text, result = str(item.get("text") or ""), result_of(item.get("result"))
    return CompletedTask(str(item["id"]), moment(item.get("updated_at")), text, result)


def result_of(raw: object) -> str:
    """The text of a task's result: amoCRM gives null, an empty list or `{text}`."""
    return str(raw.get("text") or "") if isinstance(raw, dict) else ""
