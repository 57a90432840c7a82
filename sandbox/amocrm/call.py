"""One API call as the handlers see it, and the lists and links that answers are made of."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from sandbox.amocrm import brackets
from sandbox.amocrm.changes import Changes
from sandbox.amocrm.drafts import DraftReader
from sandbox.amocrm.model import Json, User
from sandbox.amocrm.problems import Checks, Problem
from sandbox.amocrm.rights import Rights
from sandbox.amocrm.store import Store
from sandbox.amocrm.writer import CardWriter

DEFAULT_LIMIT = 50
MAX_LIMIT = 250
MAX_BATCH = 250
LAST_PAGE = 1_000_000

Row = TypeVar("Row")


class Switches(BaseModel):
    """Body of `POST /_sandbox/settings`: features of the account.

    `search_delay` seconds pass before `query` finds a new card; `duplicate_control` lets `/leads/complex` merge;
    an `unpaid` account answers every call 402, `ip_denied` every call 403 with the vendor's code 113.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_filter: bool = True
    search_delay: float = Field(default=0, ge=0)
    duplicate_control: bool = False
    unpaid: bool = False
    ip_denied: bool = False


class Call:
    """The request being answered; made under the store's lock. `base` is the account's origin."""

    def __init__(self, store: Store, changes: Changes, switches: Switches, user: User) -> None:
        self.store = store
        self.changes = changes
        self.switches = switches
        self.user = user
        self.user_id = user.id
        self.rights = Rights(store, user)
        self.now = int(changes.clock())
        self.base = request.host_url.rstrip("/")
        self.params = brackets.parse(request.args.items(multi=True))

    def writer(self) -> CardWriter:
        return CardWriter(self.store, self.changes, self.user_id, self.now)

    def reader(self) -> DraftReader:
        return DraftReader(self.store, Checks())

    def with_(self) -> set[str]:
        """What `with=a,b` asks for."""
        return {part.strip() for part in str(self.params.get("with", "")).split(",")}

    def filters(self) -> Json:
        """`filter[...]`; empty where the account has API filtering off, which the vendor does without a word."""
        found = self.params.get("filter")
        return found if isinstance(found, dict) and self.switches.api_filter else {}

    def body(self) -> Any:  # noqa: ANN401  # any JSON
        """The JSON body."""
        try:
            return json.loads(request.get_data(), parse_float=_whole)
        except ValueError:
            raise Problem(400, "Invalid request body") from None

    def items(self, most: int = MAX_BATCH) -> list[tuple[str, Json]]:
        """The items of a batch with their request ids (the zero-based index where an item names none)."""
        body = self.body()
        if not isinstance(body, list) or not body or not all(isinstance(item, dict) for item in body):
            raise Problem(400, "Invalid request body")
        if len(body) > most:
            raise Problem(400, f"Too many items: {len(body)} of {most}")
        return [(str(item.get("request_id", index)), item) for index, item in enumerate(body)]

    def item(self) -> Json:
        """The body of a write to one entity."""
        body = self.body()
        if not isinstance(body, dict):
            raise Problem(400, "Invalid request body")
        return body

    def options(self) -> Json:
        """The body of an action whose members are all optional: nothing and PHP's empty array are an empty one."""
        return self.item() if request.get_data().strip() not in (b"", b"[]") else {}

    def links(self, path: str) -> Json:
        return {"self": {"href": f"{self.base}/api/v4/{path}"}}

    def href(self, page: int | None = None) -> str:
        """The address of this call, or of another page of it."""
        pairs = [(key, value) for key, value in request.args.items(multi=True) if page is None or key != "page"]
        if page is not None:
            pairs.append(("page", str(page)))
        query = f"?{urlencode(pairs, safe='[],')}" if pairs else ""
        return f"{self.base}{request.path}{query}"

    def page(self, most: int) -> tuple[int, int]:
        """Page number from 1, and page size."""
        size = min(_number(self.params.get("limit"), DEFAULT_LIMIT), most)
        return min(max(1, _number(self.params.get("page"), 1)), LAST_PAGE), max(1, size)

    def listing(
        self, name: str, rows: Iterable[Row], show: Callable[[Row], Json], *, most: int = MAX_LIMIT, total: bool = False
    ) -> Json | None:
        """One page in its envelope; None (answered as 204) where the page is empty.

        Users, custom fields, pipelines and the like also carry totals; leads, contacts, tasks and notes do not.
        """
        page, size = self.page(most)
        start = (page - 1) * size
        head: Json = {"_page": page}
        if total:
            rows = list(rows)
            head = {"_total_items": len(rows), "_page": page, "_page_count": -(-len(rows) // size)}
        window = list(itertools.islice(rows, start, start + size + 1))
        if not window:
            return None
        links: Json = {"self": {"href": self.href()}}
        if len(window) > size:
            links["next"] = {"href": self.href(page + 1)}
        if page > 1:
            links["prev"] = {"href": self.href(page - 1)}
        return {**head, "_links": links, "_embedded": {name: [show(row) for row in window[:size]]}}

    def created(self, name: str, rows: list[Json]) -> Json:
        """The answer of a batch write."""
        return {"_links": {"self": {"href": f"{self.base}{request.path}"}}, "_embedded": {name: rows}}


def _whole(text: str) -> int | float:
    """A whole number written as `1767225600.0`, as a much used client writes times, counts as an integer."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _number(value: object, default: int) -> int:
    return int(value) if isinstance(value, str) and value.isdigit() else default
