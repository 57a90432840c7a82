"""What follows a write: lines in the activity log and the webhooks that somebody subscribed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.amocrm import payload, payload_chats
from sandbox.amocrm.history import Before, Told, card_changes, task_changes
from sandbox.amocrm.model import Card, Company, Contact, Customer, Element, Event, Incoming, Json, Lead, Note, Task
from sandbox.amocrm.payload import Pairs
from sandbox.amocrm.records import Chat, Message, Talk, Transaction
from sandbox.amocrm.store import Store, kind_of

__all__ = ["SINGULAR", "Before", "Change", "Changes", "StageEntry"]

SINGULAR = {
    "leads": "lead",
    "contacts": "contact",
    "companies": "company",
    "customers": "customer",
    "tasks": "task",
    "catalog_elements": "catalog_element",
}
NOTE_EVENTS = {
    "common": "common_note_added",
    "call_in": "incoming_call",
    "call_out": "outgoing_call",
    "sms_in": "incoming_sms",
    "sms_out": "outgoing_sms",
    "attachment": "attachment_note_added",
}
UNSORTED_SETTING = "add_lead"
"""No setting for unsorted leads is documented; a subscriber of new leads gets them here."""
MESSAGE_SETTING = "add_talk"
"""None is documented for chat messages either; a subscriber of talks gets them here."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a webhook: `{prefix}[{action}][{index}]` + each suffix of `pairs`."""

    setting: str
    prefix: str
    action: str
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class StageEntry:
    """What the digital pipeline acts on: `action` status, call_in or chat; `was` is the place before a move."""

    lead: Lead
    action: str
    was: tuple[int | None, int | None]


class Changes:
    """Collects what one request changed; `take` hands it to the senders."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.store = store
        self.clock = clock
        self._pending: list[Change] = []
        self._entries: list[StageEntry] = []

    def take(self) -> list[Change]:
        pending, self._pending = self._pending, []
        return pending

    def take_entries(self) -> list[StageEntry]:
        entries, self._entries = self._entries, []
        return entries

    def card_added(self, card: Card) -> None:
        word = SINGULAR[kind_of(card)]
        self._event(f"{word}_added", (word, card.id), card.created_by)
        self._card(f"add_{word}", card, "add", {})
        if isinstance(card, Lead):
            self._entries.append(StageEntry(card, "status", (None, None)))

    def card_updated(self, card: Card, before: Before) -> None:
        word = SINGULAR[kind_of(card)]
        names = {tag.id: tag.name for tag in self.store.tags.values()} if tuple(card.tags) != before.tags else {}
        for told in card_changes(card, before, names):
            self._tell(told, (word, card.id), card.updated_by)
        self._card(f"update_{word}", card, "update", {})
        if isinstance(card, Lead) and (before.status_id, before.pipeline_id) != (card.status_id, card.pipeline_id):
            self._moved(card, before)
        if before.responsible_user_id != card.responsible_user_id:
            self._reassigned((word, card.id), card.updated_by, before.responsible_user_id, card.responsible_user_id)
            old = {"old_responsible_user_id": before.responsible_user_id}
            self._card(f"responsible_{word}", card, "responsible", old)

    def card_removed(self, card: Card, by: int, *, back: bool) -> None:
        """A person deleted a card, or brought it back."""
        word = SINGULAR[kind_of(card)]
        self._event(f"{word}_restored" if back else f"{word}_deleted", (word, card.id), by)
        action = "restore" if back else "delete"
        self._card(f"{action}_{word}", card, action, {})

    def links_changed(self, card: Card, other_kind: str, other_id: int, by: int, what: str) -> None:
        """`what` is linked or unlinked."""
        other = SINGULAR[other_kind]
        link = {"link": {"entity": {"type": other, "id": other_id}}}
        after, before = ([link], []) if what == "linked" else ([], [link])
        self._event(f"{other}_{what}", (SINGULAR[kind_of(card)], card.id), by, after, before)

    def element_changed(self, element: Element, action: str) -> None:
        """`action` is add or update; a hook's setting for list elements is not documented."""
        pairs = lambda: payload.element(self.store, element)  # noqa: E731  # built only where somebody subscribed
        self._add(f"{action}_catalog_element", "catalogs", action, pairs)

    def task_added(self, task: Task) -> None:
        self._event("task_added", ("task", task.id), task.created_by, [{"task": {"text": task.text}}])
        self._add("add_task", "task", "add", lambda: payload.task(task, {}))

    def task_updated(self, task: Task, before: Before, *, completed: bool) -> None:
        if completed:
            self._event("task_completed", ("task", task.id), task.updated_by, [{"task": {"text": task.text}}])
        for told in task_changes(task, before):
            self._tell(told, ("task", task.id), task.updated_by)
        self._add("update_task", "task", "update", lambda: payload.task(task, {}))
        if before.responsible_user_id != task.responsible_user_id:
            self._reassigned(("task", task.id), task.updated_by, before.responsible_user_id, task.responsible_user_id)
            old = {"old_responsible_user_id": before.responsible_user_id}
            self._add("responsible_task", "task", "responsible", lambda: payload.task(task, old))

    def note_added(self, note: Note, *, triggers: bool = True) -> None:
        """`triggers` is `is_need_to_trigger_digital_pipeline`."""
        word = SINGULAR[note.entity_type]
        event_type = NOTE_EVENTS.get(note.note_type, "service_note_added")
        self._event(event_type, (word, note.entity_id), note.created_by, [{"note": {"id": note.id}}])
        prefix = "contacts" if note.entity_type == "companies" else note.entity_type
        self._add(f"note_{word}", prefix, "note", lambda: payload.note(self.store, note))
        if triggers and note.note_type == "call_in" and note.entity_type == "leads":
            self._happened(note.entity_id, "call_in")

    def incoming_added(self, row: Incoming, lead_name: str) -> None:
        self._add(UNSORTED_SETTING, "unsorted", "add", lambda: payload.incoming(row, lead_name))

    def incoming_settled(self, row: Incoming) -> None:
        self._add(UNSORTED_SETTING, "unsorted", "delete", lambda: payload.incoming_settled(row))

    def transaction_added(self, row: Transaction) -> None:
        after = [{"transaction": {"id": row.id}}]
        self._event("transaction_added", ("customer", row.customer_id), row.created_by, after)

    def message_added(self, chat: Chat, talk: Talk, message: Message) -> None:
        where = ("lead", talk.entity_id) if talk.entity_type == "lead" else ("contact", talk.contact_id)
        kind = "incoming_chat_message" if message.is_incoming else "outgoing_chat_message"
        by = 0 if message.is_incoming else message.author.get("user_id", 0)
        after = [{"message": {"id": message.id, "talk_id": talk.id, "origin": talk.origin}}]
        if where[1] is not None:
            self._event(kind, (where[0], where[1]), by, after)
        prefix = "message" if message.is_incoming else "outgoing_message"
        self._add(MESSAGE_SETTING, prefix, "add", lambda: payload_chats.message(chat, talk, message))
        if message.is_incoming and talk.entity_type == "lead" and talk.entity_id:
            self._happened(talk.entity_id, "chat")

    def talk_changed(self, talk: Talk, action: str) -> None:
        """`action` is add or update."""
        if action == "add" or talk.status == "closed":
            kind = "talk_created" if action == "add" else "talk_closed"
            after = [{"talk": {"id": talk.id}}]
            if talk.contact_id is not None:
                self._event(kind, ("contact", talk.contact_id), 0, after)
        self._add(f"{action}_talk", "talk", action, lambda: payload_chats.talk(talk))

    def _happened(self, lead_id: int, action: str) -> None:
        lead = self.store.leads[lead_id]
        self._entries.append(StageEntry(lead, action, (lead.status_id, lead.pipeline_id)))

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
        self._entries.append(StageEntry(lead, "status", (before.status_id, before.pipeline_id)))

    def _reassigned(self, where: tuple[str, int], by: int, old: int, new: int) -> None:
        after, before = [{"responsible_user": {"id": new}}], [{"responsible_user": {"id": old}}]
        self._event("entity_responsible_changed", where, by, after, before)

    def _card(self, setting: str, card: Card, action: str, extra: dict[str, Any]) -> None:
        if isinstance(card, Lead):
            self._add(setting, "leads", action, lambda: payload.lead(self.store, card, extra))
        elif isinstance(card, Contact | Company):
            self._add(setting, "contacts", action, lambda: payload.person(self.store, card, extra))
        elif isinstance(card, Customer):
            self._add(setting, "customers", action, lambda: payload.customer(self.store, card, extra))

    def _add(self, setting: str, prefix: str, action: str, build: Callable[[], Pairs]) -> None:
        hooks = self.store.hooks.values()
        if any(setting in hook.settings and not hook.disabled for hook in hooks):
            self._pending.append(Change(setting, prefix, action, build()))

    def _tell(self, told: Told, where: tuple[str, int], by: int) -> None:
        kind, after, before = told
        self._event(kind, where, by, after, before)

    def _event(
        self,
        kind: str,
        where: tuple[str, int],
        by: int,
        after: list[Json] | None = None,
        before: list[Json] | None = None,
    ) -> None:
        event_id = f"01h{self.store.new_id('events'):023x}"
        event = Event(event_id, kind, *where, by, int(self.clock()), after or [], before or [])
        self.store.events[event_id] = event
        self.store.touch("events", event_id)
