"""Plain lists of the account that are all read and written one way: roles, sources, segments, templates…"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sandbox.amocrm.brackets import values
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.records import Record

View = Callable[..., Any]
Route = tuple[str, str, View]
_NAMES = {str: "string", int: "int", bool: "bool", list: "array", dict: "object"}


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a record: its type, what it is without being sent, and the values it may take."""

    kind: type
    default: Any = None
    required: bool = False
    choices: frozenset[Any] | None = None

    def check(self, item: Json, key: str, checks: Checks, *, is_new: bool) -> None:
        value = item.get(key)
        if value is None or (self.kind is str and value == ""):
            if self.required and (is_new or key in item):
                checks.fail(key, "FieldMissing")
        elif not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            checks.wrong_type(key, _NAMES[self.kind])
        elif self.choices is not None and value not in self.choices:
            checks.fail(key, "NotSupportedChoice")


Hook = Callable[[Call, Record], None]
Extra = Callable[[Call, Record], Json]


def _nothing(_call: Call, _row: Record) -> Json:
    return {}


@dataclass(frozen=True, slots=True)
class Shelf:
    """One list: its table in the store, its word in `_embedded`, its address and its members.

    `saved` runs after a write, `further` adds members to what is shown; `stamped` ones carry times, author, account.
    """

    kind: str
    name: str
    path: str
    members: Mapping[str, Member]
    absent: str
    filters: tuple[str, ...] = ()
    stamped: bool = False
    total: bool = True
    saved: Hook | None = None
    further: Extra = _nothing
    check: Callable[[Call, Json, Record | None, Checks], None] | None = None
    removed: Hook | None = None
    admin_only: bool = True
    owned: str = field(default="")

    def routes(self, *, without: tuple[str, ...] = ()) -> list[Route]:
        """Every address of the list; `without` names methods the vendor does not have."""
        one = f"{self.path}/<int:record_id>"
        rows: list[Route] = [
            ("GET", self.path, self.listing),
            ("POST", self.path, self.create),
            ("PATCH", self.path, self.patch_many),
            ("GET", one, self.get),
            ("PATCH", one, self.patch_one),
            ("DELETE", one, self.delete),
            ("DELETE", self.path, self.delete_many),
        ]
        return [row for row in rows if row[0] not in without]

    def listing(self, call: Call, **where: str) -> Json | None:
        rows = self._rows(call, where)
        wanted = call.params.get("filter")
        for key, raw in wanted.items() if isinstance(wanted, dict) else ():
            if key in self.filters:
                rows = [row for row in rows if str(self._member(row, key)) in values(raw)]
        return call.listing(self.name, rows, partial(self._show, call), total=self.total)

    def get(self, call: Call, record_id: int, **where: str) -> Json:
        return self._show(call, self.known(call, record_id, where))

    def create_one(self, call: Call) -> Json:
        """`POST` of a list whose official clients send a single object; a batch is taken too."""
        if isinstance(call.body(), list):
            return self.create(call)
        self._need_admin(call)
        item, checks = call.item(), Checks()
        self._check(call, item, None, checks)
        checks.finish()
        return self._show(call, self._new(call, item, {}))

    def create(self, call: Call, **where: str) -> Json:
        self._need_admin(call)
        checks, items = Checks(), call.items()
        for request_id, item in items:
            checks.item(request_id)
            self._check(call, item, None, checks)
        checks.finish()
        rows = []
        for request_id, item in items:
            row = self._new(call, item, where)
            rows.append({**self._show(call, row), "request_id": request_id})
        return self._written(call, rows)

    def patch_many(self, call: Call, **where: str) -> Json:
        self._need_admin(call)
        checks, found = Checks(), []
        for request_id, item in call.items():
            checks.item(request_id)
            record_id = item.get("id")
            row = self._find(call, record_id, where)
            if row is None:
                checks.fail("id", "FieldMissing" if record_id is None else "NotSupportedChoice")
            else:
                self._check(call, item, row, checks)
                found.append((request_id, row, item))
        checks.finish()
        rows = []
        for request_id, row, item in found:
            self._change(call, row, item)
            rows.append({**self._show(call, row), "request_id": request_id})
        return self._written(call, rows)

    def patch_one(self, call: Call, record_id: int, **where: str) -> Json:
        self._need_admin(call)
        row, item, checks = self.known(call, record_id, where), call.item(), Checks()
        self._check(call, item, row, checks)
        checks.finish()
        self._change(call, row, item)
        return self._show(call, row)

    def delete(self, call: Call, record_id: int, **where: str) -> None:
        self._need_admin(call)
        self._remove(call, self.known(call, record_id, where))

    def delete_many(self, call: Call, **where: str) -> None:
        """`DELETE` of a list with `[{"id": …}]`."""
        self._need_admin(call)
        found = [self.known(call, item.get("id"), where) for _, item in call.items()]
        for row in found:
            self._remove(call, row)

    def known(self, call: Call, record_id: object, where: Mapping[str, str]) -> Record:
        """The record, or the vendor's 404."""
        row = self._find(call, record_id, where)
        if row is None:
            raise missing(self.absent)
        return row

    def _find(self, call: Call, record_id: object, where: Mapping[str, str]) -> Record | None:
        row: Record | None = call.store.table(self.kind).get(record_id) if isinstance(record_id, int) else None
        return row if row is not None and row.owner == where.get(self.owned, "") else None

    def _rows(self, call: Call, where: Mapping[str, str]) -> list[Record]:
        owner = where.get(self.owned, "")
        return [row for row in call.store.table(self.kind).values() if row.owner == owner]

    def _member(self, row: Record, key: str) -> object:
        return row.id if key == "id" else row.values.get(key)

    def _need_admin(self, call: Call) -> None:
        if self.admin_only:
            call.rights.need_admin()

    def _check(self, call: Call, item: Json, row: Record | None, checks: Checks) -> None:
        for key, member in self.members.items():
            member.check(item, key, checks, is_new=row is None)
        if self.check is not None:
            self.check(call, item, row, checks)

    def _new(self, call: Call, item: Json, where: Mapping[str, str]) -> Record:
        known = {key: item[key] if item.get(key) is not None else one.default for key, one in self.members.items()}
        record_id = call.store.new_id(self.kind)
        row = Record(record_id, known, call.user_id, call.now, call.now, where.get(self.owned, ""))
        call.store.add(self.kind, row)
        if self.saved is not None:
            self.saved(call, row)
        return row

    def _change(self, call: Call, row: Record, item: Json) -> None:
        row.values.update({key: item[key] for key in self.members if item.get(key) is not None})
        row.updated_at = call.now
        call.store.touch(self.kind, row.id)
        if self.saved is not None:
            self.saved(call, row)

    def _remove(self, call: Call, row: Record) -> None:
        del call.store.table(self.kind)[row.id]
        call.store.touch(self.kind, row.id)
        if self.removed is not None:
            self.removed(call, row)

    def _show(self, call: Call, row: Record) -> Json:
        path = f"{self.path.strip('/')}/{row.id}".replace(f"<{self.owned}>", row.owner)
        shown: Json = {"id": row.id, **row.values}
        if self.stamped:
            shown |= {"created_by": row.created_by, "updated_by": row.created_by}
            shown |= {"created_at": row.created_at, "updated_at": row.updated_at}
        shown |= self.further(call, row)
        if self.stamped:
            shown["account_id"] = call.store.seed.account_id
        return {**shown, "_links": call.links(path)}

    def _written(self, call: Call, rows: list[Json]) -> Json:
        return {"_total_items": len(rows), "_links": {"self": {"href": call.href()}}, "_embedded": {self.name: rows}}
