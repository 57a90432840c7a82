"""MANGO's statistics as the net: the calls that no notice told, under the same keys."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.calls.book import CallBook
from connectors.calls.history import History
from connectors.calls.net import Net
from connectors.calls.notice import CallNotice, Told
from connectors.mango.channel import book_of
from connectors.mango.client import REPORTS, Vpbx
from connectors.mango.notice import Fields, employee_of, leg_direction, recorded
from connectors.mango.reasons import reason
from connectors.mango.settings import MangoSettings
from provodka.channel import Around, Intake, PartsReader
from provodka.errors import Rejected, Retryable
from provodka.payloads import CallOutcome, Direction

FIELDS: Final = (
    "records",
    "start",
    "finish",
    "answer",
    "from_extension",
    "from_number",
    "to_extension",
    "to_number",
    "disconnect_reason",
    "line_number",
    "entry_id",
)
GRACE: Final = timedelta(minutes=2)  # the notices tell more, so let them come first
FILE_GRACE: Final = timedelta(minutes=10)
MAKING: Final = 6.0  # seconds until a report that is not ready may be asked for again; MANGO wants five
MOST_ASKED: Final = 20
NO_STATISTICS: Final = (
    "MANGO OFFICE не отдала статистику: разрешите её в «API Коннекторе» или выключите сверку: statistics: false"
)
_NOT_READY: Final = 204
_GONE: Final = 404


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report: a leg of a call, or the whole of a simple one."""

    fields: Fields

    @property
    def entry_id(self) -> str:
        return self.fields.text("entry_id")

    @property
    def sides(self) -> Fields:
        """Both ends, as a notice has them."""
        sides = {
            name: {"extension": self.text(f"{name}_extension"), "number": self.text(f"{name}_number")}
            for name in ("from", "to")
        }
        return Fields({**sides, "line_number": self.text("line_number")})

    @property
    def direction(self) -> Direction:
        return leg_direction(self.sides)

    @property
    def employee(self) -> str:
        return employee_of(self.sides, self.direction)

    @property
    def records(self) -> tuple[str, ...]:
        return tuple(filter(None, (one.strip() for one in self.text("records").strip("[] ").split(","))))

    def text(self, name: str) -> str:
        return self.fields.text(name).strip()


class Statistics:
    """Looks for what the notices left out: orders a report, and reads it when MANGO has made it."""

    def __init__(self, book: CallBook, api: Vpbx, now: Callable[[], datetime]) -> None:
        self._api = api
        self._now = now
        self._history = History(book, now, self._read, self._each, settled=GRACE)
        self._report, self._asked = "", 0
        self._calls: dict[str, list[Row]] = {}

    def look(self, intake: Intake) -> float | None:
        """The seconds to wait where the report is not ready. Raises ConnectorError."""
        try:
            return self._look(intake)
        except Rejected as error:
            raise Rejected(error.reason, hint=NO_STATISTICS, status=error.status, code=error.code) from error

    def _look(self, intake: Intake) -> float | None:
        if not self._report:
            since = self._history.since(intake)
            if since is None:
                return None
            self._report, self._asked = self._ordered(since), 0
        reply = self._api.ask("/stats/result", {"key": self._report}, accept=(_NOT_READY, _GONE))
        if reply.status == _NOT_READY and self._asked < MOST_ASKED:
            self._asked += 1
            return MAKING
        self._report = ""
        if reply.status in (_NOT_READY, _GONE):
            raise Retryable(f"MANGO made no report (HTTP {reply.status})")
        self._calls = {}
        for row in read_report(reply.body):
            self._calls.setdefault(row.entry_id, []).append(row)
        self._history.look(intake)
        return None

    def _ordered(self, since: datetime) -> str:
        """The key of a new report."""
        moments = {"date_from": str(int(since.timestamp())), "date_to": str(int(self._now().timestamp()))}
        data = self._api.ask("/stats/request", {**moments, "fields": ",".join(FIELDS)}).data
        key = Fields(data if isinstance(data, dict) else {}).text("key")
        if not key:
            raise Retryable("MANGO gave no key of a report")
        return key

    def _read(self, since: datetime, until: datetime) -> list[CallNotice]:
        del since, until  # as they were when the report was ordered
        return [ended(entry_id, rows) for entry_id, rows in self._calls.items()]

    def _each(self, notice: CallNotice, parts: PartsReader) -> list[CallNotice]:
        """With who was rung, and, as soon as their own notices should have come, with the recordings."""
        del parts
        rows = self._calls[notice.call]
        files = dict.fromkeys(one for row in rows for one in row.records)
        ready = notice.at is not None and notice.at <= self._now() - FILE_GRACE
        added = [recorded(notice.call, one, notice.at) for one in files] if ready else []
        return [*rung(notice.call, rows), notice, *added]


def read_report(body: bytes) -> list[Row]:
    """The lines of a report: separated by `;`, in the order of FIELDS, without a head. What is no line is left out."""
    lines = csv.reader(body.decode("utf-8-sig", "replace").splitlines(), delimiter=";")
    rows = [Row(Fields(dict(zip(FIELDS, line, strict=False)))) for line in lines if len(line) >= len(FIELDS)]
    return [row for row in rows if row.entry_id]


def rung(entry_id: str, rows: Sequence[Row]) -> Iterator[CallNotice]:
    """Whose phones rang."""
    for number, row in enumerate(rows):
        if row.employee:
            yield CallNotice(entry_id, f"stats:{number}", Told.RANG, row.fields.moment("start"), employee=row.employee)


def ended(entry_id: str, rows: Sequence[Row]) -> CallNotice:
    """The end of a call, as its lines tell it."""
    legs = sorted(rows, key=lambda row: row.fields.number("start"))
    directions = [leg.direction for leg in legs]
    direction = next((one for one in directions if one is not Direction.INTERNAL), Direction.INTERNAL)
    outside = [leg for leg in legs if leg.direction is direction]
    answered = sorted(
        (leg for leg in outside if leg.fields.moment("answer")), key=lambda leg: leg.fields.number("answer")
    )
    side = "from_number" if direction is Direction.IN else "to_number"
    first = next((leg.employee for leg in outside if leg.employee), "")
    began = answered[0].fields.moment("answer") if answered else None
    end = max((at for leg in legs if (at := leg.fields.moment("finish"))), default=None)
    talked = max(int((end - began).total_seconds()), 1) if end and began else 0
    return CallNotice(
        entry_id,
        "stats",
        Told.ENDED,
        end,
        direction=direction,
        phone="" if direction is Direction.INTERNAL else next(filter(None, (leg.text(side) for leg in outside)), ""),
        line=next(filter(None, (leg.text("line_number") for leg in legs)), ""),
        employee=(answered[-1].employee if answered else "") or first,
        started_at=legs[0].fields.moment("start"),
        answered_at=began,
        ended_at=end,
        talk_seconds=talked,
        outcome=CallOutcome.MISSED if direction is Direction.IN and first and not talked else None,
        reason=reason(legs[-1].text("disconnect_reason")),
    )


def watcher(name: str, settings: MangoSettings, around: Around) -> Net:
    """The watcher of the channel `name`: by the statistics, and for the calls whose end is never told."""
    book, api = book_of(name, settings, around.now), Vpbx(settings, around.store, REPORTS)
    look = Statistics(book, api, around.now).look if settings.statistics else None
    return Net(book, around.now, look=look, every=settings.poll, test=api.check, close=api.close)
