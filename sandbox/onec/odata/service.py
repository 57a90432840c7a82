"""The interface's routes: which verb on which path does what, and how the answer is written."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.datastructures import Headers

from sandbox.base import Environ
from sandbox.onec.odata import atom
from sandbox.onec.odata.addresses import Step, steps
from sandbox.onec.odata.edmx import Metadata, set_names
from sandbox.onec.odata.errors import INTERNAL, ODataError, no_method
from sandbox.onec.odata.exchange import Nodes
from sandbox.onec.odata.options import Options, read_options
from sandbox.onec.odata.published import Interface, interface
from sandbox.onec.odata.reading import Found, Reader
from sandbox.onec.odata.writing import Writer

if TYPE_CHECKING:
    from sandbox.onec.app import OneC

ROOT = "/base/odata/standard.odata"
XML = "application/xml; charset=utf-8"
VERBS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "MERGE"]


class Service:
    """The interface of one emulator, asked by its routes."""

    def __init__(self, onec: OneC) -> None:
        self.onec = onec
        self.nodes = Nodes()

    def answer(self, resource: str = "") -> Response:
        """Any request below the root."""
        try:
            options = read_options(request, plus_is_space=self.onec.switches.plus_is_space)
            return self._answer(resource.strip("/"), options)
        except ODataError as problem:
            return self._error(problem)

    @property
    def root(self) -> str:
        """The interface's own address, with the slash that follows it."""
        return f"{request.host_url.rstrip('/')}{ROOT}/"

    def _answer(self, resource: str, options: Options) -> Response:
        if request.method in ("HEAD", "MERGE"):
            raise no_method(request.method)
        if self.onec.door.take("internal"):
            raise ODataError(500, -1, INTERNAL, "ru-RU")
        known = interface(self.onec.base.configuration, self.onec.switches)
        if resource in ("", "$metadata"):
            if request.method != "GET":
                raise no_method(request.method)
            return self._metadata(known) if resource else self._sets(known, options)
        if resource == "SelectChanges" and request.method == "POST":
            body = self.nodes.select(self.onec.base, known, options, self.root)
            return Response(body, 200, content_type="application/atom+xml; charset=utf-8")
        if resource == "NotifyChangesReceived" and request.method == "POST":
            self.nodes.acknowledge(self.onec.base, known, options)
            return Response("", 200)
        return self._object(steps(resource), known, options)

    def _object(self, path: list[Step], known: Interface, options: Options) -> Response:
        reader = Reader(self.onec.base, known, self.onec.switches, self.root)
        if request.method == "GET":
            return self._found(reader.find(path, options), options)
        writer = Writer(self.onec.base, known, self.onec.switches, reader)
        if request.method == "POST" and len(path) > 1:
            writer.act(path, options)
            return Response("", 200)
        if request.method == "POST":
            status, found = writer.create(path, options, request)
            return self._created(found, status, options)
        if request.method == "DELETE":
            writer.delete(path, options, request)
            return Response("", 204)
        change = writer.change if request.method == "PATCH" else writer.replace
        return self._found(change(path, options, request), options)

    def _created(self, found: Found, status: int, options: Options) -> Response:
        response = self._found(found, options, status)
        return _Created(response, f"{self.root}{found.addresses[0]}") if status == 201 else response

    def _found(self, found: Found, options: Options, status: int = 200) -> Response:
        if found.kind == "number":
            return Response(str(found.value), status, content_type="text/plain; charset=utf-8")
        if options.form == "atom":
            return Response(self._atom(found), status, content_type=_atom_type(found))
        body: dict[str, Any] = {}
        if options.form != "nometadata":
            body["odata.metadata"] = f"{self.root}$metadata#{found.context}"
        if found.count is not None:
            body["odata.count"] = str(found.count)
        body = body | found.value if found.kind == "entry" else {**body, "value": found.value}
        return _json(body, status, f"application/json;odata={options.form};charset=utf-8")

    def _atom(self, found: Found) -> str:
        now, shown = self.onec.base.now(), found.shown
        if shown is None:
            return atom.value(found.context.rpartition("/")[2], found.value)
        if found.kind == "entry":
            return atom.entry(self.root, shown, found.addresses[0], found.value, now, alone=True)
        places = found.addresses or tuple(shown.name for _ in found.value)
        pairs = zip(places, found.value, strict=True)
        return atom.feed(self.root, (atom.entry(self.root, shown, *pair, now) for pair in pairs), found.count)

    def _sets(self, known: Interface, options: Options) -> Response:
        names = [name for shown in known.sets.values() for name in set_names(shown)]
        if options.form == "atom":
            return Response(atom.service_document(self.root, names), content_type=XML)
        listed = {"value": [{"name": name, "url": name} for name in names]}
        marked = {} if options.form == "nometadata" else {"odata.metadata": f"{self.root}$metadata"}
        return _json(marked | listed, 200, f"application/json;odata={options.form};charset=utf-8")

    def _metadata(self, known: Interface) -> Response:
        return Response(Metadata(self.onec.base.configuration, known).text(), content_type=XML)

    def _error(self, problem: ODataError) -> Response:
        if _wants_json():
            message = {"lang": problem.lang, "value": problem.text}
            body = {"odata.error": {"code": str(problem.code), "message": message}}
            response = _json(body, problem.status, "application/json;charset=utf-8")
        else:
            response = Response(atom.error(problem), problem.status, content_type=XML)
        if problem.status == 405:
            response.headers["Allow"] = "GET, POST, PUT, DELETE"
            if request.method == "PATCH" and self.onec.switches.patch_hangs:
                return Response(_endless(self.onec.switches.patch_hangs), 405, response.headers)
        return response


def _endless(seconds: float) -> Iterator[bytes]:
    """A body that begins at once and does not end for so long."""
    yield b" "
    time.sleep(seconds)


class _Created(Response):
    """A reply whose Location holds the bytes of UTF-8 as they are, which the framework would escape."""

    def __init__(self, made: Response, location: str) -> None:
        super().__init__(made.get_data(), made.status_code, made.headers)
        self._location = location.encode().decode("latin-1")

    def get_wsgi_headers(self, environ: Environ) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Location"] = self._location
        return headers


def _wants_json() -> bool:
    try:
        options = read_options(request, plus_is_space=False)
    except ODataError:
        return "json" in request.headers.get("Accept", "")
    return options.form != "atom"


def _atom_type(found: Found) -> str:
    kind = {"entry": "application/atom+xml;type=entry", "list": "application/atom+xml;type=feed"}
    return f"{kind.get(found.kind, 'application/xml')};charset=utf-8"


def _json(body: dict[str, Any], status: int, content_type: str) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type=content_type)


def add_odata_routes(onec: OneC) -> Service:
    """Register the interface on the emulator's app."""
    service = Service(onec)
    for path, name in ((f"{ROOT}/", "root"), (f"{ROOT}/<path:resource>", "resource")):
        onec.app.add_url_rule(path, f"odata_{name}", service.answer, methods=VERBS, provide_automatic_options=False)
    return service
