"""What follows a write: a line in the activity log and the webhooks that somebody subscribed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.amocrm import payload
from sandbox.amocrm.model import Card, Company, Contact, Event, Incoming, Json, Lead, Note, Task
from sandbox.amocrm.payload import Pairs
from sandbox.amocrm.store import Store, kind_of

SINGULAR = {"leads": "lead", "contacts": "contact", "companies": "company", "tasks": "task"}
NOTE_EVENTS = {"common": "common_note_added", "call_in": "incoming_call", "call_out": "outgoing_call"}
UNSORTED_SETTING = "add_lead"
"""No setting for unsorted leads is documented; a subscriber of new leads gets them here."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a webhook: `{prefix}[{action}][{index}]` + each suffix of `pairs`."""

    setting: str
    prefix: str
    action: str
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Before:
    """What a card was before a write, as far as events ask."""

    responsible_user_id: int
    status_id: int | None = None
    pipeline_id: int | None = None

    @classmethod
    def of(cls, card: Card | Task) -> Before:
        if isinstance(card, Lead):
            return cls(card.responsible_user_id, card.status_id, card.pipeline_id)
        return cls(card.responsible_user_id)


class Changes:
    """Collects what one request changed; `take` hands the webhook entries to the sender."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.store = store
        self.clock = clock
        self._pending: list[Change] = []

    def take(self) -> list[Change]:
        pending, self._pending = self._pending, []
        return pending

    def card_added(self, card: Card) -> None:
        entity = kind_of(card)
        self._event(f"{SINGULAR[entity]}_added", (SINGULAR[entity], card.id), card.created_by, [])
        self._card(f"add_{SINGULAR[entity]}", card, "add", {})

    def card_updated(self, card: Card, before: Before) -> None:
        word = SINGULAR[kind_of(card)]
        self._card(f"update_{word}", card, "update", {})
        if isinstance(card, Lead) and (before.status_id, before.pipeline_id) != (card.status_id, card.pipeline_id):
            self._moved(card, before)
        if before.responsible_user_id != card.responsible_user_id:
            self._reassigned((word, card.id), card.updated_by, before.responsible_user_id, card.responsible_user_id)
            old = {"old_responsible_user_id": before.responsible_user_id}
            self._card(f"responsible_{word}", card, "responsible", old)

    def task_added(self, task: Task) -> None:
        self._event("task_added", ("task", task.id), task.created_by, [{"task": {"text": task.text}}])
        self._add("add_task", "task", "add", lambda: payload.task(task, {}))

    def task_updated(self, task: Task, before: Before, *, completed: bool) -> None:
        if completed:
            self._event("task_completed", ("task", task.id), task.updated_by, [{"task": {"text": task.text}}])
        self._add("update_task", "task", "update", lambda: payload.task(task, {}))
        if before.responsible_user_id != task.responsible_user_id:
            self._reassigned(("task", task.id), task.updated_by, before.responsible_user_id, task.responsible_user_id)
            old = {"old_responsible_user_id": before.responsible_user_id}
            self._add("responsible_task", "task", "responsible", lambda: payload.task(task, old))

    def note_added(self, note: Note) -> None:
        word = SINGULAR[note.entity_type]
        event_type = NOTE_EVENTS.get(note.note_type, "service_note_added")
        self._event(event_type, (word, note.entity_id), note.created_by, [{"note": {"id": note.id}}])
        prefix = "contacts" if note.entity_type == "companies" else note.entity_type
        self._add(f"note_{word}", prefix, "note", lambda: payload.note(self.store, note))

    def incoming_added(self, row: Incoming, lead_name: str) -> None:
        self._add(UNSORTED_SETTING, "unsorted", "add", lambda: payload.incoming(row, lead_name))

    def incoming_settled(self, row: Incoming) -> None:
        self._add(UNSORTED_SETTING, "unsorted", "delete", lambda: payload.incoming_settled(row))

    def _moved(self, lead: Lead, before: Before) -> None:
        self._event(
            "lead_status_changed",
            ("lead", lead.id),
            lead.updated_by,
            [{"lead_status": {"id": lead.status_id, "pipeline_id": lead.pipeline_id}}],
            [{"lead_status": {"id": before.status_id, "pipeline_id": before.pipeline_id}}],
        )
        old = {"old_status_id": before.status_id, "old_pipeline_id": before.pipeline_id}
        self._card("status_lead", lead, "status", old)

    def _reassigned(self, where: tuple[str, int], by: int, old: int, new: int) -> None:
        after, before = [{"responsible_user": {"id": new}}], [{"responsible_user": {"id": old}}]
        self._event("entity_responsible_changed", where, by, after, before)

    def _card(self, setting: str, card: Card, action: str, extra: dict[str, Any]) -> None:
        if isinstance(card, Lead):
            self._add(setting, "leads", action, lambda: payload.lead(self.store, card, extra))
        elif isinstance(card, Contact | Company):
            self._add(setting, "contacts", action, lambda: payload.person(self.store, card, extra))

    def _add(self, setting: str, prefix: str, action: str, build: Callable[[], Pairs]) -> None:
        hooks = self.store.hooks.values()
        if any(setting in hook.settings and not hook.disabled for hook in hooks):
            self._pending.append(Change(setting, prefix, action, build()))

    def _event(
        self, kind: str, where: tuple[str, int], by: int, after: list[Json], before: list[Json] | None = None
    ) -> None:
        event_id = f"01h{self.store.new_id('events'):023x}"
        event = Event(event_id, kind, *where, by, int(self.clock()), after, before or [])
        self.store.events[event_id] = event
        self.store.touch("events", event_id)
