"""Reading a lead, contact or company from a request: everything is checked before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.amocrm.fields import read_all
from sandbox.amocrm.model import CLOSED, LOST, Json, Lead, Pipeline
from sandbox.amocrm.problems import Checks
from sandbox.amocrm.store import Store

TEXT_KEYS = {"contacts": ("name", "first_name", "last_name")}
CUSTOMER_KEYS = ("next_price", "next_date", "periodicity", "ltv", "purchases_count")
TIME_KEYS = ("created_at", "updated_at")
COMPLEX_FIELDS = 40
TagRef = int | str
API_CATEGORIES = ("forms", "sip")
LOSS_REASON_RULE = "Loss reason can be specified only for lost lead"


@dataclass(slots=True)
class Draft:
    """A checked write. `values` are attributes to set; `tags` is the whole set, None leaves it as it is."""

    entity: str
    request_id: str = "0"
    values: Json = field(default_factory=dict)
    fields: dict[int, list[Json]] = field(default_factory=dict)
    tags: list[TagRef] | None = None
    tags_to_add: list[TagRef] = field(default_factory=list)
    tags_to_delete: list[TagRef] = field(default_factory=list)
    contacts: dict[int, bool] = field(default_factory=dict)
    company_id: int | None = None
    new_contact: Draft | None = None
    new_company: Draft | None = None
    metadata: Json | None = None


class DraftReader:
    """Turns request items into drafts; failures are collected in `checks` and, by entity id, in `business`."""

    def __init__(self, store: Store, checks: Checks) -> None:
        self.store = store
        self.checks = checks
        self.business: dict[str, str] = {}

    def create(self, entity: str, item: Json, request_id: str, prefix: str = "") -> Draft:
        draft = self._common(entity, item, request_id, prefix)
        if entity == "leads":
            self._stage(item, draft, None, prefix)
        embedded = self._embedded(item, prefix)
        if entity in ("leads", "customers"):
            draft.contacts = self._ids(embedded, "contacts", f"{prefix}_embedded.contacts")
        if entity == "leads":
            self._source(embedded, draft, prefix)
        if entity != "companies":
            companies = self._ids(embedded, "companies", f"{prefix}_embedded.companies")
            draft.company_id = next(iter(companies), None)
        return draft

    def patch(self, entity: str, card_id: int, item: Json, request_id: str) -> Draft:
        draft = self._common(entity, item, request_id, "")
        if entity == "leads":
            self._stage(item, draft, self.store.leads[card_id], "")
        return draft

    def complex(self, item: Json, request_id: str, categories: tuple[str, ...] = API_CATEGORIES) -> Draft:
        """A lead with at most one contact and one company, each new or named by id."""
        draft = self._common("leads", item, request_id, "")
        self._stage(item, draft, None, "")
        embedded = self._embedded(item, "")
        self._source(embedded, draft, "")
        metadata = embedded.get("metadata")
        draft.metadata = metadata if isinstance(metadata, dict) else None
        if draft.metadata is not None and draft.metadata.get("category") not in categories:
            self.checks.fail("_embedded.metadata.category", "NotSupportedChoice")
        for entity in ("contacts", "companies"):
            self._nested(draft, entity, embedded.get(entity) or [])
        return draft

    def _nested(self, draft: Draft, entity: str, rows: object) -> None:
        path = f"_embedded.{entity}"
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.checks.wrong_type(path, "array")
            return
        if len(rows) > 1:
            self.checks.fail(path, "TooMany")
        for row in rows[:1]:
            if "id" in row:
                self._known_id(entity, row["id"], f"{path}.0.id")
                if entity == "contacts":
                    draft.contacts = {row["id"]: True}
                else:
                    draft.company_id = row["id"]
            elif entity == "contacts":
                draft.new_contact = self._common(entity, row, draft.request_id, f"{path}.0.")
            else:
                draft.new_company = self._common(entity, row, draft.request_id, f"{path}.0.")

    def _common(self, entity: str, item: Json, request_id: str, prefix: str) -> Draft:
        draft = Draft(entity, request_id)
        for key in TEXT_KEYS.get(entity, ("name",)):
            self._text(item, key, draft, prefix)
        for key in TIME_KEYS:
            self._int(item, key, draft, prefix)
        for key in ("responsible_user_id", "created_by", "updated_by"):
            self._user(item, key, draft, prefix)
        path = f"{prefix}custom_fields_values"
        draft.fields = read_all(self.store, entity, item.get("custom_fields_values"), self.checks, path)
        draft.tags_to_add = self._tags(item.get("tags_to_add"), f"{prefix}tags_to_add")
        draft.tags_to_delete = self._tags(item.get("tags_to_delete"), f"{prefix}tags_to_delete")
        embedded = self._embedded(item, prefix)
        if "tags" in embedded:
            draft.tags = self._tags(embedded["tags"], f"{prefix}_embedded.tags")
        if entity == "customers":
            self._customer(item, embedded, draft)
        return draft

    def _customer(self, item: Json, embedded: Json, draft: Draft) -> None:
        for key in CUSTOMER_KEYS:
            self._int(item, key, draft, "")
        if item.get("status_id") is not None:
            self._int(item, "status_id", draft, "")
            self.checks.choice(item, "status_id", self.store.table("customer_statuses"))
        if "segments" in embedded:
            draft.values["segments"] = list(self._ids(embedded, "segments", "_embedded.segments"))

    def _source(self, embedded: Json, draft: Draft, prefix: str) -> None:
        """`_embedded.source`: `{type: "widget", external_id}`; a source the account knows gives its id too."""
        source = embedded.get("source")
        if source is None:
            return
        if not isinstance(source, dict):
            self.checks.wrong_type(f"{prefix}_embedded.source", "object")
            return
        known = (row for row in self.store.sources.values() if row.values["external_id"] == source.get("external_id"))
        found = next(known, None)
        draft.values["source"] = {"id": found.id, "name": found.values["name"]} if found else source

    def _embedded(self, item: Json, prefix: str) -> Json:
        embedded = item.get("_embedded") or {}
        if isinstance(embedded, dict):
            return embedded
        self.checks.wrong_type(f"{prefix}_embedded", "object")
        return {}

    def _text(self, item: Json, key: str, draft: Draft, prefix: str) -> None:
        value = item.get(key)
        if value is None:
            return
        if isinstance(value, str):
            draft.values[key] = value
        else:
            self.checks.wrong_type(prefix + key, "string")

    def _int(self, item: Json, key: str, draft: Draft, prefix: str) -> bool:
        value = item.get(key)
        if value is None:
            return False
        if isinstance(value, int) and not isinstance(value, bool):
            draft.values[key] = value
            return True
        self.checks.wrong_type(prefix + key, "int")
        return False

    def _user(self, item: Json, key: str, draft: Draft, prefix: str) -> None:
        value = item.get(key)
        if value is None:
            return
        if not self._int(item, key, draft, prefix) or not self.is_user(value, robot=key != "responsible_user_id"):
            self.checks.fail(prefix + key, "NotSupportedChoice")

    def is_user(self, user_id: int, *, robot: bool) -> bool:
        """Whether a write may name this user: an active one, or 0 (the robot) where allowed."""
        user = self.store.users.get(user_id)
        return bool(user and user.is_active) or (robot and user_id == 0)

    def _stage(self, item: Json, draft: Draft, current: Lead | None, prefix: str) -> None:
        self._int(item, "price", draft, prefix)
        self._int(item, "closed_at", draft, prefix)
        pipeline = self._pipeline(item, draft, current, prefix)
        if pipeline is None:
            return
        if item.get("status_id") is None:
            if current is None or current.pipeline_id != pipeline.id:
                draft.values["status_id"] = pipeline.first().id
        elif self._int(item, "status_id", draft, prefix) and item["status_id"] not in pipeline.statuses:
            self.checks.fail(f"{prefix}status_id", "NotSupportedChoice")
        draft.values["pipeline_id"] = pipeline.id
        self._loss_reason(item, draft, current, prefix)

    def _pipeline(self, item: Json, draft: Draft, current: Lead | None, prefix: str) -> Pipeline | None:
        wanted = item.get("pipeline_id")
        if wanted is not None:
            known = self._int(item, "pipeline_id", draft, prefix) and self.store.pipelines.get(wanted)
            if not known:
                self.checks.fail(f"{prefix}pipeline_id", "NotSupportedChoice")
            return known or None
        if current is not None:
            return self.store.pipelines[current.pipeline_id]
        status_id = item.get("status_id")
        if isinstance(status_id, int) and status_id not in CLOSED:
            for pipeline in self.store.pipelines.values():
                if status_id in pipeline.statuses:
                    return pipeline
        return self.store.main_pipeline()

    def _loss_reason(self, item: Json, draft: Draft, current: Lead | None, prefix: str) -> None:
        reason = item.get("loss_reason_id")
        if "loss_reason_id" not in item:
            return
        if reason is None:
            draft.values["loss_reason_id"] = None
            return
        if not self._int(item, "loss_reason_id", draft, prefix) or reason not in self.store.loss_reasons:
            self.checks.fail(f"{prefix}loss_reason_id", "NotSupportedChoice")
        if draft.values.get("status_id", current and current.status_id) != LOST:
            self.business[str(current.id if current else draft.request_id)] = LOSS_REASON_RULE

    def _ids(self, embedded: Json, entity: str, path: str) -> dict[int, bool]:
        rows = embedded.get(entity) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.checks.wrong_type(path, "array")
            return {}
        found = {}
        for index, row in enumerate(rows):
            if self._known_id(entity, row.get("id"), f"{path}.{index}.id"):
                found[row["id"]] = bool(row.get("is_main"))
        return found

    def _known_id(self, entity: str, card_id: object, path: str) -> bool:
        if isinstance(card_id, int) and card_id in self.store.table(entity):
            return True
        self.checks.fail(path, "NotSupportedChoice" if card_id is not None else "FieldMissing")
        return False

    def _tags(self, raw: object, path: str) -> list[TagRef]:
        if raw is None:
            return []
        if not isinstance(raw, list):
            self.checks.wrong_type(path, "array")
            return []
        refs: list[TagRef] = []
        for index, row in enumerate(raw):
            ref = row.get("name") or row.get("id") if isinstance(row, dict) else None
            if isinstance(ref, str) or (isinstance(ref, int) and ref in self.store.tags):
                refs.append(ref)
            else:
                self.checks.fail(f"{path}.{index}", "NotSupportedChoice" if ref else "FieldMissing")
        return refs
