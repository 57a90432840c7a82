"""The feed of changes that a service of 1C gives: what was written after a cursor, in the order of registration."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from connectors.onec.refusals import UNOFFERED
from connectors.onec.road import News, Versions
from connectors.onec.service.shapes import KINDS, Json, Page, document, whole
from connectors.onec.service.values import text
from provodka.accounting import Document, DocumentKind
from provodka.errors import Rejected

log = logging.getLogger(__name__)

CURSOR: Final = "changes"
_STUCK: Final = "Сервис 1С повторяет курсор. Администратору 1С: курсор каждой страницы должен быть больше прежнего."


@dataclass(frozen=True, slots=True)
class Feed:
    """`ask` gives the page behind a cursor (empty: from the beginning), `fetch` a document whole by its ref, None where
    it is gone. A base that was restored from a copy has a smaller cursor than ours: it is read from the beginning."""

    ask: Callable[[str], Page]
    fetch: Callable[[str], Json | None]
    zone: ZoneInfo
    days: int

    def changed(self, cursor: str, known: Versions, now: datetime, *, full: bool) -> News:
        """From the cursor; `full`, or without one, all of the last `days`."""
        start = now - timedelta(days=self.days)
        since = None if cursor and not full else start
        items: dict[str, Json] = {}
        reached = ""
        for page in self._pages("" if full else cursor):
            reached = page.cursor
            items |= {text(item.get("ref")): item for item in page.items}
            since = start if page.restarted else since
        if since is None:
            return News(tuple(self._documents(self._unknown(items, known), None)), cursors={CURSOR: reached})
        seen = {kind: {ref for ref, item in items.items() if _kind(item) is kind} for kind in DocumentKind}
        documents = tuple(self._documents(items.values(), since))
        return News(documents, since=since, seen=seen, cursors={CURSOR: reached})

    def _pages(self, cursor: str) -> Iterator[_Read]:
        restarted = False
        while True:
            page = self._page(cursor)
            if page is None or _older(page.cursor, cursor):
                log.warning("1C does not know the cursor %s: it was restored from a copy; reading all anew", cursor)
                cursor, restarted = "", True
                continue
            yield _Read(page.items, page.cursor, restarted)
            if not page.has_more:
                return
            if page.cursor == cursor:
                raise Rejected(f"the feed stays at the cursor {cursor} and says that there is more", hint=_STUCK)
            cursor = page.cursor

    def _page(self, cursor: str) -> Page | None:
        """None where the service does not take this cursor."""
        try:
            return self.ask(cursor)
        except Rejected as error:
            if not cursor or error.code in UNOFFERED:
                raise
            return None

    def _unknown(self, items: dict[str, Json], known: Versions) -> Iterable[Json]:
        """Without those whose version the mirror has: what we have just written and read ourselves."""
        versions: dict[str, str] = {}
        for kind in DocumentKind:
            refs = [ref for ref, item in items.items() if item.get("version") and _kind(item) is kind]
            versions |= known(kind, refs) if refs else {}
        return [item for ref, item in items.items() if versions.get(ref, "") != (text(item.get("version")) or None)]

    def _documents(self, items: Iterable[Json], since: datetime | None) -> Iterator[Document]:
        """Those dated since then, each whole: what its item does not tell is fetched."""
        for item in items:
            found = document(item, self.zone)
            if found is None or (since and found.date and found.date < since):
                continue
            if not whole(item):
                found = document(self.fetch(found.ref) or item, self.zone)
            if found is not None:
                yield found


@dataclass(frozen=True, slots=True)
class _Read:
    items: tuple[Json, ...]
    cursor: str
    restarted: bool


def _kind(item: Json) -> DocumentKind | None:
    return KINDS.get(text(item.get("type")).lower())


def _older(answered: str, asked: str) -> bool:
    return answered.isdecimal() and asked.isdecimal() and int(answered) < int(asked)
