"""The account's data in memory: tables, ids, indexes, and the revision that the board waits on."""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from typing import Any

from sandbox.amocrm.identity import IdentityIndex, haystack, identities
from sandbox.amocrm.model import (
    Card,
    Company,
    Contact,
    Customer,
    Element,
    Event,
    Field,
    Grant,
    Hook,
    Incoming,
    Json,
    Lead,
    LossReason,
    Note,
    Pipeline,
    Status,
    Tag,
    Task,
    User,
)
from sandbox.amocrm.records import Chat, Record, Setting, StoredFile, Talk, Transaction
from sandbox.amocrm.seed import Seed

ENTITIES = ("leads", "contacts", "companies", "customers")
TABLES: dict[str, type[Any]] = {
    "settings": Setting,
    "users": User,
    "roles": Record,
    "fields": Field,
    "field_groups": Record,
    "pipelines": Pipeline,
    "loss_reasons": LossReason,
    "tags": Tag,
    "catalogs": Record,
    "elements": Element,
    "leads": Lead,
    "contacts": Contact,
    "companies": Company,
    "customers": Customer,
    "customer_statuses": Record,
    "segments": Record,
    "transactions": Transaction,
    "tasks": Task,
    "notes": Note,
    "events": Event,
    "hooks": Hook,
    "incoming": Incoming,
    "grants": Grant,
    "files": StoredFile,
    "sources": Record,
    "chats": Chat,
    "talks": Talk,
    "templates": Record,
    "bots": Record,
    "buttons": Record,
    "short_links": Record,
    "widgets": Record,
    "stage_hooks": Record,
}
"""Everything the account keeps over a restart; a table comes after those its index looks into."""
FIRST_IDS = {
    "leads": 11000001,
    "contacts": 21000001,
    "companies": 22000001,
    "tasks": 33000001,
    "notes": 44000001,
    "calls": 45000001,
    "tags": 900001,
    "hooks": 839656,
    "fields": 300201,
    "enums": 311001,
    "pipelines": 5000101,
    "statuses": 50000101,
    "loss_reasons": 600101,
    "events": 1,
    "users": 7000101,
    "roles": 420001,
    "catalogs": 4101,
    "elements": 40010001,
    "customers": 60000001,
    "customer_statuses": 4051390,
    "segments": 50001,
    "transactions": 61000001,
    "upload_sessions": 106687453,
    "sources": 800001,
    "talks": 117,
    "templates": 700001,
    "reviews": 710001,
    "bots": 91001,
    "buttons": 500,
    "field_groups": 501,
    "short_links": 1,
    "widgets": 1001,
    "stage_hooks": 1,
}
CARD_KINDS: dict[type[Any], str] = {
    Lead: "leads",
    Contact: "contacts",
    Company: "companies",
    Customer: "customers",
    Element: "elements",
}


def kind_of(card: Card) -> str:
    """The table of a card: `leads`, `contacts`, `companies`, `customers` or `elements`."""
    return CARD_KINDS[type(card)]


def field_owner(card: Card) -> str:
    """Whose field definitions a card follows."""
    return f"catalogs/{card.catalog_id}" if isinstance(card, Element) else kind_of(card)


class Store:
    """All tables under one lock, which a caller holds for as long as it reads or writes."""

    leads: dict[int, Lead]
    contacts: dict[int, Contact]
    companies: dict[int, Company]
    customers: dict[int, Customer]
    elements: dict[int, Element]
    transactions: dict[int, Transaction]
    users: dict[int, User]
    files: dict[str, StoredFile]
    chats: dict[str, Chat]
    talks: dict[int, Talk]
    settings: dict[str, Setting]
    catalogs: dict[int, Record]
    sources: dict[int, Record]
    bots: dict[int, Record]
    tasks: dict[int, Task]
    notes: dict[int, Note]
    tags: dict[int, Tag]
    events: dict[str, Event]
    hooks: dict[int, Hook]
    incoming: dict[str, Incoming]
    pipelines: dict[int, Pipeline]
    grants: dict[str, Grant]
    fields: dict[str, Field]
    loss_reasons: dict[int, LossReason]

    def __init__(self, seed: Seed) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.revision = 0
        self.is_saved = False
        self.is_cleared = False
        self.is_closed = False
        self.dirty: set[tuple[str, int | str]] = set()
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        """Back to the seed."""
        with self.lock:
            self.seed = copy.deepcopy(self._seed)
            for kind in TABLES:
                setattr(self, kind, {})
            self.pipelines.update({row.id: row for row in self.seed.pipelines})
            self.loss_reasons.update({row.id: row for row in self.seed.loss_reasons})
            self.fields.update({f"{row.entity}:{row.id}": row for row in self.seed.fields})
            self.users.update({user.id: user for user in self.seed.users})
            for kind in ("roles", "catalogs", "customer_statuses", "bots", "widgets"):
                self.table(kind).update({row.id: row for row in getattr(self.seed, kind)})
            self.task_types = {row.id: row for row in self.seed.task_types}
            self.next_ids = dict(FIRST_IDS)
            self.reindex()
            self.dirty.clear()
            self.is_cleared = self.is_saved
            self.dirty_all()

    def dirty_all(self) -> None:
        """Have every row written to the state file."""
        if self.is_saved:
            self.dirty |= {(kind, key) for kind in TABLES for key in self.table(kind)}
        self.wake()

    def reindex(self) -> None:
        """Build every index from the tables; for a caller that filled the tables itself."""
        self.people = IdentityIndex()
        self.tasks_of: dict[tuple[str | None, int | None], list[int]] = defaultdict(list)
        self.notes_of: dict[tuple[str, int], list[int]] = defaultdict(list)
        self._tag_ids: dict[tuple[str, str], int] = {}
        self._coded: dict[tuple[str, str], Field] = {}
        for kind in TABLES:
            for row in self.table(kind).values():
                self._index(kind, row)

    def table(self, kind: str) -> dict[Any, Any]:
        """A table by its name, which is also the word in API paths."""
        table: dict[Any, Any] = getattr(self, kind)
        return table

    def new_id(self, kind: str) -> int:
        value = self.next_ids[kind]
        self.next_ids[kind] = value + 1
        return value

    def add(self, kind: str, row: Any) -> None:  # noqa: ANN401  # any of the model's rows
        """Store a new row under its id."""
        self.table(kind)[row.id] = row
        self._index(kind, row)
        self.touch(kind, row.id)

    def save(self, card: Card) -> None:
        """Note that a stored card changed."""
        kind = kind_of(card)
        self._index(kind, card)
        self.touch(kind, card.id)

    def touch(self, kind: str, key: int | str) -> None:
        """Note that a row changed or went: the board redraws, the state file is written."""
        if self.is_saved:
            self.dirty.add((kind, key))
        self.wake()

    def wake(self) -> None:
        self.revision += 1
        self.changed.notify_all()

    def wait_for_change(self, since: int, seconds: float) -> int:
        """The revision, as soon as it differs from `since`, the time is over or the store is closed."""
        with self.lock:
            self.changed.wait_for(lambda: self.revision != since or self.is_closed, seconds)
            return self.revision

    def close(self, *, closed: bool = True) -> None:
        """Let everybody go who waits for a change."""
        with self.lock:
            self.is_closed = closed
            self.changed.notify_all()

    def _index(self, kind: str, row: Any) -> None:  # noqa: ANN401  # any of the model's rows
        if kind in CARD_KINDS.values():
            row.haystack = haystack(row.name, row.fields)
            if kind in ("contacts", "companies"):
                codes = {field_id: self.field_code(kind, field_id) for field_id in row.fields}
                self.people.put((kind, row.id), identities(row.fields, codes))
        elif kind == "tasks":
            self.tasks_of[(row.entity_type, row.entity_id)].append(row.id)
        elif kind == "notes":
            self.notes_of[(row.entity_type, row.entity_id)].append(row.id)
        elif kind == "fields" and row.code:
            self._coded[(row.entity, row.code)] = row
        elif kind == "tags":
            self._tag_ids[(row.entity, row.name)] = row.id

    def field(self, entity: str, field_id: int) -> Field | None:
        return self.fields.get(f"{entity}:{field_id}")

    def field_code(self, entity: str, field_id: int) -> str | None:
        found = self.field(entity, field_id)
        return found.code if found else None

    def field_by_code(self, entity: str, code: str) -> Field | None:
        return self._coded.get((entity, code))

    def add_field(self, field: Field) -> None:
        """Store a new field definition."""
        self.fields[f"{field.entity}:{field.id}"] = field
        self._index("fields", field)
        self.touch("fields", f"{field.entity}:{field.id}")

    def remove_field(self, field: Field) -> None:
        """Forget a field definition and every value of it."""
        del self.fields[f"{field.entity}:{field.id}"]
        self._coded.pop((field.entity, field.code or ""), None)
        self.touch("fields", f"{field.entity}:{field.id}")
        owner, _, catalog_id = field.entity.partition("/")
        cards = self.elements if owner == "catalogs" else getattr(self, owner)
        for card in cards.values() if field.entity in (*ENTITIES, f"catalogs/{catalog_id}") else ():
            if field_owner(card) == field.entity and card.fields.pop(field.id, None) is not None:
                self.save(card)

    def tag(self, entity: str, name: str, color: str | None = None) -> Tag:
        """The tag of that name, made when it is missing."""
        known = self._tag_ids.get((entity, name))
        if known is not None:
            return self.tags[known]
        tag = Tag(self.new_id("tags"), entity, name, color)
        self.add("tags", tag)
        return tag

    def setting(self, name: str) -> Json:
        """A switch of the account; empty until it is set."""
        found = self.settings.get(name)
        return found.value if found else {}

    def set_setting(self, name: str, value: Json) -> None:
        self.add("settings", Setting(name, value))

    def main_pipeline(self) -> Pipeline:
        return next(row for row in self.pipelines.values() if row.is_main)

    def status_of(self, lead: Lead) -> Status:
        return self.pipelines[lead.pipeline_id].statuses[lead.status_id]

    def token_user(self) -> User:
        """The administrator whose rights every token carries."""
        return next(user for user in self.users.values() if user.email == self.seed.token_user)

    def closest_task_at(self, entity: str, card_id: int) -> int | None:
        """When the nearest open task of a card is due."""
        due = [
            task.complete_till
            for task_id in self.tasks_of.get((entity, card_id), ())
            if not (task := self.tasks[task_id]).is_completed
        ]
        return min(due, default=None)
