"""Writing leads, deals, contacts, companies and invoices, with all that follows from a write."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.bitrix24 import links, moments, multifields, stages
from sandbox.bitrix24.call import Call
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.events import Actor, crm_event
from sandbox.bitrix24.files import store_files
from sandbox.bitrix24.params import rows, text, whole
from sandbox.bitrix24.project import all_fields
from sandbox.bitrix24.schema import COMPANY, CONTACT, DEAL, INVOICE, LEAD, TYPES, EntityType, Field
from sandbox.bitrix24.settings import MODE_SIMPLE, crm_mode
from sandbox.bitrix24.values import Reader

WORDS = {LEAD: "LEAD", DEAL: "DEAL", CONTACT: "CONTACT", COMPANY: "COMPANY"}
WEEK = 7 * 86400
LINKS = ("CONTACT_ID", "CONTACT_IDS", "COMPANY_IDS")
IMPORTED = ("DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID", "MOVED_TIME", "MOVED_BY_ID")


class Cards:
    """Writes cards as the caller. `strict` is the universal family, which refuses what the classic one ignores."""

    def __init__(self, call: Call, kind: EntityType, *, strict: bool = False, automation: bool = False) -> None:
        self.call = call
        self.store = call.store
        self.kind = kind
        self.strict = strict
        self.fields = all_fields(call.store, kind)
        self.user_id = call.user_id
        self.actor = actor_of(call) if not automation else Actor(None)

    def create(self, raw: Json, *, imported: bool = False) -> Json:
        """A new card from values by classic names."""
        row: Json = {"ID": 0}
        self._read(row, raw, imported=imported)
        self._multifields(row, raw)
        self._require(row)
        row["ID"] = self.store.new_id(self.kind.table)
        self._defaults(row)
        if self.kind.stage:
            self._first_stage(row, raw)
        self.store.put(self.kind.table, row["ID"], row)
        links.write(self.store, self.kind, row, raw)
        self._save(row)
        stages.note(self.store, self.kind, row, stages.CREATED, self.call.now)
        self._publish("ADD", row)
        if self.kind.id == LEAD and crm_mode(self.store, self.call.settings) == MODE_SIMPLE:
            self._convert(row)
        if self.kind.id == DEAL and self.call.settings.robot:
            self._robot(row)
        return row

    def update(self, row: Json, raw: Json) -> bool:
        """Change a card; tells whether anything changed. The universal family saves nothing where nothing does."""
        fresh = copy.deepcopy(row)
        self._read(fresh, raw)
        self._multifields(fresh, raw)
        moved = self._move(fresh, raw) if self.kind.stage else None
        links.write(self.store, self.kind, fresh, raw)
        if self.strict and fresh == row:
            return False
        # Taken over only now: a refusal above must leave the card as it was.
        row.clear()
        row.update(fresh, DATE_MODIFY=self.call.now, MODIFY_BY_ID=self.user_id)
        self._save(row)
        if moved is not None:
            stages.note(self.store, self.kind, row, moved, self.call.now)
        self._publish("UPDATE" if moved != stages.REFUNNELLED or self.kind.id != DEAL else "MOVETOCATEGORY", row)
        return True

    def delete(self, row: Json) -> None:
        """Remove a card with its activities, comments and history, unless they hang on others too."""
        owner = (self.kind.id, row["ID"])
        for table in ("activities", "comments"):
            for one in self.store.of(table, owner):
                self._unbind(table, one, owner)
        for one in self.store.of("history", owner):
            self.store.drop("history", one["ID"])
        for one in self.store.of("rows", (self.kind.code, row["ID"])):
            self.store.drop("rows", one["id"])
        links.forget(self.store, self.kind, row["ID"])
        self.store.drop(self.kind.table, row["ID"])
        self._publish("DELETE", row)

    def _unbind(self, table: str, row: Json, owner: tuple[int, int]) -> None:
        """Take a deleted card off an activity or comment, which goes with the last of its cards."""
        row["BINDINGS"] = [one for one in row["BINDINGS"] if (one["OWNER_TYPE_ID"], one["OWNER_ID"]) != owner]
        if not row["BINDINGS"]:
            self.store.drop(table, row["ID"])
            return
        first = row["BINDINGS"][0]
        if table == "activities":
            row |= first
        else:
            row |= {"ENTITY_TYPE": TYPES[first["OWNER_TYPE_ID"]].word, "ENTITY_ID": first["OWNER_ID"]}
        self.store.put(table, row["ID"], row)

    def _read(self, row: Json, raw: Json, *, imported: bool = False) -> None:
        reader = Reader(self.call.zone, strict=self.strict)
        for name, value in raw.items():
            field = self.fields.get(name)
            if field is None or field.type == "crm_multifield" or name in LINKS or name == self.kind.stage:
                continue
            if name == "CATEGORY_ID" or (field.read_only and not (imported and name in IMPORTED)):
                continue
            if field.type == "file":
                row[name] = store_files(self.call, field, value, row.get(name))
            else:
                row[name] = reader.read(field, value)
        if "observers" in raw:
            row["OBSERVERS"] = [whole(one) for one in rows(raw["observers"]) if whole(one)]

    def _multifields(self, row: Json, raw: Json) -> None:
        if "PHONE" not in self.fields:
            return
        multifields.apply_classic(self.store, row, raw)
        if "fm" in raw:
            multifields.apply_universal(self.store, row, raw["fm"])

    def _require(self, row: Json) -> None:
        if self.kind.id == CONTACT and not (row.get("NAME") or row.get("LAST_NAME")):
            raise self._missing(self.fields["NAME"], "Имя или Фамилия")
        if self.kind.id == COMPANY and not row.get("TITLE"):
            raise self._missing(self.fields["TITLE"], "Название компании")
        wanted = [*self.call.settings.required.get(self.kind.word, ())]
        wanted += [name for name, field in self.fields.items() if field.required]
        for name in wanted:
            if row.get(name) in (None, "", []) and name in self.fields:
                raise self._missing(self.fields[name], self.fields[name].title)

    def _missing(self, field: Field, title: str) -> RestError:
        if self.strict:
            return RestError("CRM_FIELD_ERROR_REQUIRED", f"Поле «{title}» обязательно для заполнения ({field.camel})")
        return RestError("ERROR_CORE", f'Не заполнено обязательное поле "{title}" ({field.name})<br>')

    def _defaults(self, row: Json) -> None:
        now, user_id = self.call.now, self.user_id
        fresh: Json = {
            "ASSIGNED_BY_ID": user_id,
            "CREATED_BY_ID": user_id,
            "MODIFY_BY_ID": user_id,
            "DATE_CREATE": now,
            "DATE_MODIFY": now,
            "LAST_ACTIVITY_BY": user_id,
            "LAST_ACTIVITY_TIME": now,
            "OPENED": "N" if self.kind.id == INVOICE else "Y",
            "CURRENCY_ID": self.call.events.seed.currency,
            "OPPORTUNITY": 0.0,
            "TAX_VALUE": 0.0,
            "REVENUE": 0.0,
            "IS_MANUAL_OPPORTUNITY": "N",
            "IS_MY_COMPANY": "N",
            "IS_RECURRING": "N",
            "IS_RETURN_CUSTOMER": "N",
            "IS_REPEATED_APPROACH": "N",
            "SOURCE_ID": None if self.kind.id == INVOICE else "CALL",
            "TYPE_ID": "SALE" if self.kind.id == DEAL else "CLIENT",
            "COMPANY_TYPE": "CUSTOMER",
            "BEGINDATE": moments.day_of(now, self.call.zone),
            "CLOSEDATE": moments.day_of(now + WEEK, self.call.zone),
            "WEBFORM_ID": 0,
            "EXPORT": "Y",
            "ACCOUNT_NUMBER": str(row["ID"]),
            "MOVED_BY_ID": user_id,
            "MOVED_TIME": now,
        }
        if self.kind.id not in (CONTACT, COMPANY):
            fresh["TITLE"] = f"{self.kind.title} #{row['ID']}"
        for name, value in fresh.items():
            if name in self.fields and row.get(name) is None:
                row[name] = value

    def _first_stage(self, row: Json, raw: Json) -> None:
        category = self._category(raw, stages.DEFAULT_FUNNEL.get(self.kind.id, 0))
        if self.kind.has_funnels:
            row["CATEGORY_ID"] = category
        wanted = raw.get(self.kind.stage)
        found = stages.stage(self.store, self.kind, category, wanted)
        if found is None:
            if self.strict and text(wanted):
                raise self._bad_stage()
            found = stages.ladder(self.store, self.kind, category)[0]
        stages.set_stage(row, self.kind, found, self.call.now)

    def _move(self, row: Json, raw: Json) -> int | None:
        """The type of the history line, where the card moved."""
        old, held = row[self.kind.stage], row.get("CATEGORY_ID") or 0
        category = self._category(raw, held) if self.strict else held
        wanted = raw.get(self.kind.stage)
        if wanted is None and category == held:
            return None
        found = stages.stage(self.store, self.kind, category, wanted)
        if found is None:
            if self.strict and text(wanted):
                raise self._bad_stage()
            if category == held:
                return None
            found = stages.ladder(self.store, self.kind, category)[0]
        if (found["STATUS_ID"], category) == (old, held):
            return None
        if self.kind.has_funnels:
            row["CATEGORY_ID"] = category
        stages.set_stage(row, self.kind, found, self.call.now)
        row["MOVED_BY_ID"], row["MOVED_TIME"] = self.user_id, self.call.now
        if category != held:
            return stages.REFUNNELLED
        return stages.MOVED if stages.is_open(row) else stages.FINISHED

    def _category(self, raw: Json, default: int) -> int:
        if not self.kind.has_funnels or raw.get("CATEGORY_ID") in (None, ""):
            return default
        wanted = whole(raw["CATEGORY_ID"])
        if stages.funnel(self.store, self.kind, wanted) is None:
            if self.strict:
                raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Значение поля «Воронка» недопустимо")
            return default
        return wanted

    def _bad_stage(self) -> RestError:
        return RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Значение поля «Стадия» недопустимо")

    def _save(self, row: Json) -> None:
        if "PHONE" in self.fields:
            multifields.set_flags(row)
        if self.kind.id == LEAD:
            row["IS_RETURN_CUSTOMER"] = "Y" if row.get("CONTACT_ID") or row.get("COMPANY_ID") else "N"
        self.store.put(self.kind.table, row["ID"], row)

    def _publish(self, verb: str, row: Json) -> None:
        if verb == "MOVETOCATEGORY":
            place = {"ID": row["ID"], "CATEGORY_ID": row["CATEGORY_ID"], "STAGE_ID": row["STAGE_ID"]}
            event, data = "ONCRMDEALMOVETOCATEGORY", {"FIELDS": place}
        else:
            event, data = crm_event(self.kind.id, verb, row["ID"], WORDS)
        self.call.events.publish(event, data, self.actor, self.call.base)

    def _convert(self, row: Json) -> None:
        """Simple mode: the lead becomes a contact and a deal at once; one without a name or a client stays."""
        if not (row.get("NAME") or row.get("CONTACT_ID") or row.get("COMPANY_ID")):
            return
        if not row.get("CONTACT_ID") and row.get("NAME"):
            person = {key: row.get(key) for key in ("NAME", "SECOND_NAME", "LAST_NAME", "POST", "ASSIGNED_BY_ID")}
            contact = Cards(self.call, TYPES[CONTACT], automation=True).create(person)
            contact["LEAD_ID"], contact["FM"] = row["ID"], [dict(one) for one in row.get("FM", ())]
            for one in contact["FM"]:
                one["ID"] = self.store.new_id("fm")
            Cards(self.call, TYPES[CONTACT], automation=True)._save(contact)
            links.write(self.store, self.kind, row, {"CONTACT_ID": contact["ID"]})
        kept = (*TYPES[DEAL].fields, *(name for name in self.fields if name.startswith("UF_CRM_")))
        wanted = {key: row.get(key) for key in kept if key in row and key not in ("ID", "CONTACT_ID", "TYPE_ID")}
        deals = Cards(self.call, TYPES[DEAL], automation=True)
        deal = deals.create({**wanted, "CONTACT_IDS": row.get("CONTACT_IDS") or []})
        deal["LEAD_ID"] = row["ID"]
        deals._save(deal)
        ready = stages.stage(self.store, self.kind, 0, "CONVERTED")
        if ready is not None:
            stages.set_stage(row, self.kind, ready, self.call.now)
        self._save(row)
        stages.note(self.store, self.kind, row, stages.FINISHED, self.call.now)
        self._publish("UPDATE", row)

    def _robot(self, row: Json) -> None:
        Cards(self.call, self.kind, automation=True).update(row, {"ADDITIONAL_INFO": "Проверено роботом"})


def actor_of(call: Call) -> Actor:
    """The caller as the author of events."""
    return Actor(call.user_id, call.auth.hops, call.text("auth_connector"))


def can_see(call: Call, row: Json) -> bool:
    """Whether the caller's rights cover a card."""
    user: dict[str, Any] = call.auth.user
    return bool(user["admin"]) or user["access"] == "all" or row.get("ASSIGNED_BY_ID") == user["id"]
