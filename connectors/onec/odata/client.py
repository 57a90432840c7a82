"""1C's OData as the rest of the room speaks it: one request at a time, decimals, no page of HTML taken for data."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from connectors.addresses import check_near_url
from connectors.answers import Reply
from connectors.http import Http, Limit, Timeouts
from connectors.onec.odata import query
from connectors.onec.odata.problems import METHOD_REFUSED, NOT_FOUND, PAGE, classify
from connectors.onec.odata.query import Row
from connectors.onec.odata.settings import ODATA, Publication
from connectors.onec.published import basic
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.stores import Pace

PAGE_ROWS: Final = 200  # rows of whole objects in one answer
IDLE_SECONDS: Final = 20.0  # after it 1C takes its session away, and the next call may wait for the base to be loaded
BAD_REQUEST: Final = 400
POSTING: Final = "PostingModeOperational=false"


class Client:
    """One publication. Before a write after a pause a small reading wakes the base, as its first answer is slow."""

    def __init__(self, settings: Publication, pace: Pace, *, sleep: Callable[[float], None] = time.sleep) -> None:
        limit = Limit(f"1c:{settings.url}", settings.per_second, 2)
        entry = basic(settings.user, settings.password.get_secret_value())
        self._headers = {**entry, "Accept": "application/json"}

        def http(seconds: float) -> Http:
            timeouts = Timeouts(settings.connect_timeout, seconds)
            where = settings.url + ODATA
            return Http(
                where,
                limit,
                pace,
                auth=lambda: self._headers,
                timeouts=timeouts,
                classify=classify,
                sleep=sleep,
                check=check_near_url,
            )

        self._reading, self._writing = http(settings.read_timeout), http(settings.write_timeout)
        self._turns = _turns(settings.url, settings.parallel)
        self._warm = settings.names.currencies
        self._used = 0.0

    # reads

    def service(self) -> list[str]:
        """The names of the sets that are published."""
        return [str(one.get("name")) for one in self._collection(query.path(""))]

    def metadata(self) -> bytes:
        """The EDMX of the whole publication: up to 17 MB, half a minute."""
        with self._turns:
            headers = {**self._headers, "Accept": "application/xml"}
            return self._reading.call("GET", "/$metadata", headers=headers, plain=True).body

    def one(self, name: str, ref: str, select: str = "") -> Row | None:
        """One object; None where there is none."""
        try:
            row = self._read(query.path(query.key(name, ref), select=select))
        except Rejected as error:
            if error.code == NOT_FOUND:
                return None
            raise
        return row if isinstance(row, Mapping) else None

    def rows(
        self, name: str, *, where: str = "", select: str = "", order: str = "", top: int = 0, skip: int = 0
    ) -> list[Row]:
        """The rows of a set, at most `top` of them, behind the first `skip`."""
        pages = {"top": str(top or ""), "skip": str(skip or "")}
        asked = query.path(name, filter=where, select=select, orderby=order, **pages)
        return self._collection(asked)

    def pages(
        self, name: str, *, where: str = "", select: str = "", dated: bool = False, size: int = PAGE_ROWS
    ) -> Iterator[list[Row]]:
        """All rows of a set, by pages in a total order: of the key, or where it is `dated` of the date and the key.

        Each page is asked for behind the last row of the one before, so that what is written meanwhile shifts nothing.
        """
        order = "Date asc,Ref_Key asc" if dated else "Ref_Key asc"
        after = ""
        while True:
            try:
                rows = self.rows(name, where=query.every(where, after), select=select, order=order, top=size)
            except Rejected as error:
                if not after or error.status != BAD_REQUEST:
                    raise
                yield from self._skipping(name, where, select, order, size)
                return
            if rows:
                yield rows
            if len(rows) < size:
                return
            before, after = after, _behind(rows[-1], dated=dated)
            if after == before:
                raise Retryable(f"the pages of {name} do not come to an end")

    def _skipping(self, name: str, where: str, select: str, order: str, size: int) -> Iterator[list[Row]]:
        """The pages behind the first, for a base that compares no keys."""
        skip = size
        while rows := self.rows(name, where=where, select=select, order=order, top=size, skip=skip):
            yield rows
            if len(rows) < size:
                return
            skip += size

    # writes

    def create(self, name: str, body: Row) -> Row:
        """The object as 1C has it now."""
        return self._object(self._write("POST", query.path(name), body))

    def change(self, name: str, ref: str, body: Row) -> Row:
        """Only what is given is changed. Where PATCH is refused (a standalone server) the whole object is put."""
        where = query.path(query.key(name, ref))
        try:
            return self._object(self._write("PATCH", where, body))
        except Rejected as error:
            if error.code != METHOD_REFUSED:
                raise
        whole = self.one(name, ref) or {}
        return self._object(self._write("PUT", where, {**whole, **body}))

    def post(self, name: str, ref: str) -> None:
        """Post a document (провести)."""
        self._write("POST", query.path(f"{query.key(name, ref)}/Post") + f"&{POSTING}", {})

    def unpost(self, name: str, ref: str) -> None:
        """Take the posting back."""
        self._write("POST", query.path(f"{query.key(name, ref)}/Unpost"), {})

    def close(self) -> None:
        self._reading.close()
        self._writing.close()

    def _read(self, path: str) -> Any:  # noqa: ANN401 -- any JSON
        with self._turns:
            return self._decoded(self._reading.call("GET", path))

    def _collection(self, path: str) -> list[Row]:
        found = self._read(path)
        rows = found.get("value") if isinstance(found, Mapping) else None
        if not isinstance(rows, list):
            raise Retryable("the answer holds no rows", hint=PAGE)
        return [row for row in rows if isinstance(row, Mapping)]

    def _write(self, method: str, path: str, body: Row) -> Reply:
        with self._turns:
            if time.monotonic() - self._used > IDLE_SECONDS:
                self._decoded(self._reading.call("GET", query.path(self._warm, select="Ref_Key", top="1")))
            try:
                return self._writing.call(method, path, json=query.encode(body), write=True)
            finally:
                self._used = time.monotonic()

    def _object(self, reply: Reply) -> Row:
        found = self._decoded(reply)
        if not isinstance(found, Mapping):
            raise Ambiguous("the answer holds no object", hint=PAGE, status=reply.status)
        return found

    def _decoded(self, reply: Reply) -> Any:  # noqa: ANN401 -- any JSON
        self._used = time.monotonic()
        try:
            return query.decode(reply.body)
        except ValueError as error:
            kind = Ambiguous if reply.write else Retryable
            raise kind("the answer is no JSON", hint=PAGE, status=reply.status) from error


@cache
def _turns(url: str, parallel: int) -> threading.BoundedSemaphore:
    """Whose turn it is at a base, for all of this process."""
    del url
    return threading.BoundedSemaphore(parallel)


def _behind(row: Row, *, dated: bool) -> str:
    ref = query.guid(str(row["Ref_Key"]))
    if not dated:
        return f"Ref_Key gt {ref}"
    date = f"datetime'{row['Date']}'"
    return f"(Date gt {date} or (Date eq {date} and Ref_Key gt {ref}))"
