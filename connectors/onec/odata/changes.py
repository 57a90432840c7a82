"""What has changed in 1C: versions over a window of dates, details only of what differs from the mirror."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from connectors.onec.odata.base import Base
from connectors.onec.odata.problems import UNPUBLISHED
from connectors.onec.odata.profile import PaperNames
from connectors.onec.odata.query import TOGETHER, Row, every, moment
from connectors.onec.odata.reading import Reading, is_such
from connectors.onec.road import News, Versions
from provodka.accounting import Document, DocumentKind
from provodka.errors import Rejected

WIDE: Final = "wide"  # the cursor: when the wide window was read last
POLLED: Final = "changes"  # the cursor: the sets that were read, so that one which vanishes is no deletion
WIDE_EVERY: Final = timedelta(hours=1)
ROWS: Final = 2000  # of versions in one answer: a week of most firms
MANY: Final = 3 * TOGETHER  # changed documents from which on whole pages are cheaper than keys


class Changes:
    """Polls one base. 1C keeps no time of change, so documents are looked at by their own date."""

    def __init__(self, base: Base, reading: Reading) -> None:
        self._base = base
        self._reading = reading

    def since(self, cursors: Mapping[str, str], known: Versions, now: datetime, *, full: bool) -> News:
        """See `connectors.onec.road.Road.changed`."""
        papers = self._published(cursors.get(POLLED, ""))
        wide = full or self._wide_is_due(cursors.get(WIDE, ""), now)
        settings = self._base.settings
        days = max(settings.wide_days, settings.comparison.days if full else 0) if wide else settings.window_days
        start = now - timedelta(days=days)
        documents: list[Document] = []
        seen: dict[DocumentKind, set[str]] = {}
        for paper in papers:
            rows, found = self._all(paper, start) if full else self._new(paper, start, known)
            seen.setdefault(paper.kind, set()).update(str(row["Ref_Key"]) for row in rows)
            documents += found
        polled = {POLLED: " ".join(sorted(paper.set for paper in papers))}
        if not wide:
            return News(documents, cursors=polled)
        return News(documents, since=start, seen=seen, cursors={**polled, WIDE: now.isoformat()})

    def _published(self, before: str) -> list[PaperNames]:
        """Documents that can be read. Raises Rejected where one is missing that has to be there, or was."""
        schema, names = self._base.schema, self._base.names
        lacking = [
            paper.set
            for paper in names.documents.values()
            if not schema.has(paper.set) and (not paper.optional or paper.set in before.split())
        ]
        if lacking:
            raise Rejected(f"not published: {', '.join(lacking)}", hint=f"{', '.join(lacking)}: {UNPUBLISHED}")
        return [paper for paper in names.documents.values() if schema.has(paper.set)]

    def _all(self, paper: PaperNames, since: datetime) -> tuple[list[Row], list[Document]]:
        pages = list(self._pages(paper, since))
        documents = [one for page in pages for one in self._reading.documents(paper, page)]
        return [row for page in pages for row in page], documents

    def _new(self, paper: PaperNames, since: datetime, known: Versions) -> tuple[list[Row], list[Document]]:
        rows = list(self._versions(paper, since))
        return rows, self._changed(paper, rows, known)

    def _versions(self, paper: PaperNames, since: datetime) -> Iterator[Row]:
        only = [self._base.schema.property(paper.set, name) for name in paper.only]
        select = ",".join(["Ref_Key", "DataVersion", "Date", *only])
        where = f"Date ge {moment(self._base.wall(since))}"
        for page in self._base.client.pages(paper.set, where=where, select=select, dated=True, size=ROWS):
            yield from (row for row in page if is_such(paper, row))

    def _changed(self, paper: PaperNames, rows: Sequence[Row], known: Versions) -> list[Document]:
        refs = [str(row["Ref_Key"]) for row in rows]
        versions = known(paper.kind, refs)
        new = [row for row in rows if versions.get(str(row["Ref_Key"])) != str(row.get("DataVersion") or "")]
        wanted = {str(row["Ref_Key"]) for row in new}
        if len(wanted) <= MANY:
            return self._reading.documents(paper, self._base.by_keys(paper.set, sorted(wanted)))
        first = min((at for row in new if (at := self._base.moment(row.get("Date")))), default=self._base.now())
        found: list[Document] = []
        for page in self._pages(paper, first):
            found += self._reading.documents(paper, [row for row in page if str(row["Ref_Key"]) in wanted])
        return found

    def _pages(self, paper: PaperNames, since: datetime) -> Iterator[list[Row]]:
        where = every(f"Date ge {moment(self._base.wall(since))}")
        return self._base.client.pages(paper.set, where=where, dated=True)

    @staticmethod
    def _wide_is_due(before: str, now: datetime) -> bool:
        return not before or now - datetime.fromisoformat(before) >= WIDE_EVERY
