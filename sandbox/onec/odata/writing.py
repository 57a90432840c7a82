"""POST, PATCH, PUT, DELETE, Post and Unpost: what a client changes in the base, with 1C's habits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Request

from sandbox.onec.base import Base
from sandbox.onec.errors import LOCK_CONFLICT, STACK, OnecError
from sandbox.onec.odata import atom
from sandbox.onec.odata.addresses import Step
from sandbox.onec.odata.errors import ODataError, internal, no_method, no_segment, refused
from sandbox.onec.odata.options import Options
from sandbox.onec.odata.published import Interface, Shown
from sandbox.onec.odata.reading import Found, Reader
from sandbox.onec.odata.values import body_in
from sandbox.onec.switches import Switches
from sandbox.onec.values import Record

LOAD_MODE = "1C_OData-DataLoadMode"
ACTIONS = ("Post", "Unpost")


class Writer:
    """Changes one base through one interface. `lock_conflict` says whether this write meets one."""

    def __init__(self, base: Base, interface: Interface, switches: Switches, reader: Reader) -> None:
        self._base, self._interface, self._switches, self._reader = base, interface, switches, reader

    def create(self, path: list[Step], options: Options, request: Request) -> tuple[int, Found]:
        """POST to a set: 201, or 200 for a record of a register."""
        shown = self._set(path, options)
        values = shown.inward(body_in(shown, _body(request)))
        if not self._switches.own_key and shown.about.is_reference:
            values.pop("Ref_Key", None)
        record = self._done(lambda: self._base.write(shown.about.name, values, load=_load(request)))
        return 201 if shown.about.is_reference else 200, self._reader.one(shown, record, options)

    def act(self, path: list[Step], options: Options) -> None:
        """POST to `Set(guid'…')/Post` or `/Unpost`."""
        shown, name = self._set(path[:1], options, keyed=True), path[1].name
        if name not in ACTIONS or shown.about.kind != "Document" or len(path) > 2:
            raise no_segment(name)
        act = self._base.post if name == "Post" else self._base.unpost
        key = self._reader.record(shown, str(path[0].inside))["Ref_Key"]
        self._done(lambda: act(shown.about.name, key))

    def change(self, path: list[Step], options: Options, request: Request) -> Found:
        """PATCH: what is given, sections of rows whole. The key in the body is ignored."""
        if not self._switches.patch:
            raise no_method("PATCH")
        shown, record = self._addressed(path, options, request)
        values = shown.inward(body_in(shown, _body(request)))
        marked = values.pop("DeletionMark", None) if shown.about.is_reference else None
        key = self._reader.key(shown, str(path[0].inside))

        def write() -> Record:
            changed = record
            if values or marked is None or marked == record["DeletionMark"]:
                changed = self._base.patch(shown.about.name, key, values, load=_load(request))
            if marked is not None and marked != record["DeletionMark"]:
                changed = self._base.mark(shown.about.name, key, marked=marked)
            return changed

        return self._reader.one(shown, self._done(write), options)

    def replace(self, path: list[Step], options: Options, request: Request) -> Found:
        """PUT: what is left out is reset."""
        shown, _ = self._addressed(path, options, request)
        values = shown.inward(body_in(shown, _body(request)))
        key = self._reader.key(shown, str(path[0].inside))
        return self._reader.one(shown, self._done(lambda: self._base.replace(shown.about.name, key, values)), options)

    def delete(self, path: list[Step], options: Options, request: Request) -> None:
        """DELETE: physically and at once."""
        shown, _ = self._addressed(path, options, request)
        key = self._reader.key(shown, str(path[0].inside))
        self._done(lambda: self._base.remove(shown.about.name, key))

    def _addressed(self, path: list[Step], options: Options, request: Request) -> tuple[Shown, Record]:
        shown = self._set(path, options, keyed=True)
        record = self._reader.record(shown, str(path[0].inside))
        wanted = request.headers.get("If-Match", "*").strip('"')
        if self._switches.if_match and wanted not in ("*", record.get("DataVersion")):
            raise ODataError(412, -1, "Версия данных не совпадает с переданной в заголовке If-Match")
        return shown, record

    def _set(self, path: list[Step], options: Options, *, keyed: bool = False) -> Shown:
        shown, section = self._interface.find(path[0].name)
        if section in shown.rows:
            raise ODataError(400, 13, "Строки табличной части нельзя изменять отдельно от объекта")
        if len(path) > 1 or bool(path[0].inside) != keyed or section or shown.about.kind == "AccumulationRegister":
            raise no_method("Запись")
        self._reader.check_right(shown, options)
        return shown

    def _done(self, write: Any) -> Any:  # noqa: ANN401
        """The write under the base's lock, its refusals in the interface's words."""
        try:
            with self._base.lock:
                for name, text in (("lock_conflicts", LOCK_CONFLICT), ("stacks", STACK)):
                    if left := getattr(self._switches, name):
                        setattr(self._switches, name, left - 1)
                        raise OnecError(text)
                return write()
        except OnecError as error:
            raise refused(error, self._switches.duplicate_key) from error
        except (ValueError, ArithmeticError) as error:
            raise internal() from error


def _body(request: Request) -> Mapping[str, Any]:
    if "xml" in request.content_type if request.content_type else False:
        return atom.read_entry(request.get_data())
    try:
        body: Mapping[str, Any] = json.loads(request.get_data().decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, RecursionError):
        raise internal() from None
    return body


def _load(request: Request) -> bool:
    return request.headers.get(LOAD_MODE, "").lower() == "true"
