"""What the parts of this room share: one account with its client, names, store and clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from connectors.amocrm.client import PAGE, Client, Json, Pairs, embedded
from connectors.amocrm.directory import Directory
from connectors.amocrm.settings import AmocrmSettings
from connectors.crm.account import CLOCKS, Account
from provodka.crm import Progress

SMALL_PAGE: Final = 25
IDS_AT_ONCE: Final = 100  # keeps the address of a call under 4 KB


@dataclass(frozen=True, slots=True)
class Room(Account):
    """One account of amoCRM."""

    settings: AmocrmSettings
    client: Client
    directory: Directory

    @property
    def settle_seconds(self) -> float:
        return self.settings.settle_seconds

    @property
    def zone(self) -> ZoneInfo:
        """The account's own."""
        return self.directory.account().zone

    def by_ids(self, entity: str, ids: Sequence[str], with_: str) -> dict[str, Json]:
        """Items of `leads`, `contacts`, `catalogs/{id}/elements`… by id; missing ones are absent.

        Accounts without API filtering ignore `filter[id]` silently and give everything: there each is read alone.
        """
        wanted = [one for one in dict.fromkeys(ids) if one.isdecimal()]  # another would spoil the answer for all
        if not wanted:
            return {}
        extra = [("with", with_)] if with_ else []
        collection = entity.rpartition("/")[2]
        if not self.directory.account().api_filter:
            items = (self.client.find(f"/{entity}/{one}", extra) for one in wanted)
            return {str(item["id"]): item for item in items if item is not None}
        found: dict[str, Json] = {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            part = wanted[start : start + IDS_AT_ONCE]
            params = [*(("filter[id][]", one) for one in part), *extra, ("limit", str(PAGE))]
            for item in embedded(self.client.get(f"/{entity}", params), collection):
                found[str(item["id"])] = item
        return {one: found[one] for one in wanted if one in found}

    def newest_changes(self, entity: str, with_: str, *, many: bool) -> Iterator[list[Json]]:
        """Pages of `leads`, `contacts` or `companies`, the last changed first.

        Where little happens a small first page is enough.
        """
        params = [*([("with", with_)] if with_ else []), ("order[updated_at]", "desc")]
        if not many:
            small = [*params, ("limit", str(SMALL_PAGE)), ("page", "1")]
            items = embedded(self.client.get(f"/{entity}", small), entity)
            yield items
            if len(items) < SMALL_PAGE:
                return
        yield from (items for _, items in self.client.pages(f"/{entity}", entity, params))

    def read_all(
        self,
        entity: str,
        with_: str,
        keep: Callable[[list[Json], dict[str, str]], None],
        start: dict[str, str],
        progress: Progress,
        stop: Callable[[], bool],
        filters: Pairs = (),
    ) -> bool:
        """Every item of a list, by pages, going on where an earlier run ended; whether it is complete.

        `keep` stores a page together with the cursors; `start` are cursors that are set once, before the first page.
        """
        page_cursor, filled_cursor = f"{entity}:page", f"{entity}:filled"
        if self.cursor(filled_cursor):
            return True
        if fresh := {name: value for name, value in start.items() if not self.cursor(name)}:
            keep([], fresh)
        first = int(self.cursor(page_cursor) or 1)
        done = (first - 1) * PAGE
        params = [*([("with", with_)] if with_ else []), *filters, ("order[id]", "asc")]
        for page, items in self.client.pages(f"/{entity}", entity, params, first=first):
            keep(items, {page_cursor: str(page + 1)})
            done += len(items)
            progress(done)
            if stop():
                return False
        keep([], {filled_cursor: self.now().isoformat()})
        return True

    def created_since(self, path: str, collection: str, since: datetime, params: Pairs = ()) -> Iterator[Json]:
        """Items made since then, newest first, by a list that does not hang on the search index or on filters."""
        oldest = since.timestamp() - CLOCKS
        for _, items in self.client.pages(path, collection, [*params, ("order[id]", "desc")]):
            yield from items
            if all(int(item.get("created_at") or 0) < oldest for item in items):
                return
