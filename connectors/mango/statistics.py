"""MANGO's statistics as the net: the calls that no notice told, under the same keys."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.calls.book import CallBook
from connectors.calls.net import Net
from connectors.calls.notice import CALL, CallNotice, Told, stored_notice
from connectors.mango.channel import book_of
from connectors.mango.client import REPORTS, Vpbx
from connectors.mango.notice import Fields, employee_of, leg_direction, recorded
from connectors.mango.reasons import reason
from connectors.mango.settings import MangoSettings
from provodka.channel import Around, Intake
from provodka.errors import Retryable
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
OVERLAP: Final = timedelta(hours=2)  # the report is by the beginnings of calls, and a call may last
LONGEST: Final = timedelta(days=30)  # a report covers at most a month
GRACE: Final = timedelta(minutes=2)  # the notices tell more, so let them come first
FILE_GRACE: Final = timedelta(minutes=10)
MAKING: Final = 6.0  # seconds until a report that is not ready may be asked for again; MANGO wants five
MOST_ASKED: Final = 20
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


@dataclass(slots=True)
class _Report:
    """A report that MANGO is making, and when it was ordered."""

    key: str
    ordered_at: datetime
    asked: int = 0


class Statistics:
    """Looks for what the notices left out. Nothing that happened before its very first look is ever told."""

    def __init__(self, book: CallBook, api: Vpbx, now: Callable[[], datetime]) -> None:
        self._book = book
        self._api = api
        self._now = now
        self._report: _Report | None = None

    def look(self, intake: Intake) -> float | None:
        """Order a report, or fetch the one that was ordered; the seconds to wait where it is not ready."""
        if self._report is None:
            begin, now = self._begin(intake), self._now()
            if begin is None:
                return None
            body = {
                "date_from": str(int(begin.timestamp())),
                "date_to": str(int(now.timestamp())),
                "fields": ",".join(FIELDS),
            }
            data = self._api.ask("/stats/request", body).data
            key = Fields(data if isinstance(data, dict) else {}).text("key")
            if not key:
                raise Retryable("MANGO gave no key of a report")
            self._report = _Report(key, now)
        report = self._report
        reply = self._api.ask("/stats/result", {"key": report.key}, accept=(_NOT_READY, _GONE))
        if reply.status == _NOT_READY and report.asked < MOST_ASKED:
            report.asked += 1
            return MAKING
        self._report = None
        if reply.status in (_NOT_READY, _GONE):
            raise Retryable(f"MANGO made no report (HTTP {reply.status})")
        notices = self._untold(read_report(reply.body), intake, report.ordered_at)
        self._book.accept(notices, intake, self._now(), {self._cursor: report.ordered_at.isoformat()})
        return None

    @property
    def _cursor(self) -> str:
        return f"{self._book.name}:statistics"

    def _begin(self, intake: Intake) -> datetime | None:
        """From where to read; None at the very first look, which only remembers the moment."""
        now, since = self._now(), f"{self._book.name}:since"
        first, last = intake.cursor(since), intake.cursor(self._cursor)
        if first is None:
            intake.accept((), channel=self._book.name, cursors={since: now.isoformat(), self._cursor: now.isoformat()})
            return None
        begun = datetime.fromisoformat(last or first) - OVERLAP
        return max(datetime.fromisoformat(first), begun, now - LONGEST)

    def _untold(self, rows: Sequence[Row], intake: Intake, now: datetime) -> list[CallNotice]:
        found: list[CallNotice] = []
        calls: dict[str, list[Row]] = {}
        for row in rows:
            calls.setdefault(row.entry_id, []).append(row)
        for entry_id, legs in calls.items():
            finished = max((at for leg in legs if (at := leg.fields.moment("finish"))), default=None)
            if finished is None or finished > now - GRACE:
                continue
            known = [stored_notice(part) for part in intake.parts(self._book.name, f"{CALL}{entry_id}")]
            ids = {one.id for one in known}
            if not any(one.told is Told.ENDED for one in known):
                found += told_by(entry_id, legs)
            if finished <= now - FILE_GRACE:
                files = dict.fromkeys(one for leg in legs for one in leg.records)
                added = (recorded(entry_id, one, finished) for one in files)
                found += (one for one in added if one.id not in ids)
        return found


def read_report(body: bytes) -> list[Row]:
    """The lines of a report: separated by `;`, in the order of FIELDS, without a head. What is no line is left out."""
    lines = csv.reader(body.decode("utf-8-sig", "replace").splitlines(), delimiter=";")
    rows = [Row(Fields(dict(zip(FIELDS, line, strict=False)))) for line in lines if len(line) >= len(FIELDS)]
    return [row for row in rows if row.entry_id]


def told_by(entry_id: str, rows: Sequence[Row]) -> Iterator[CallNotice]:
    """What the lines of one call tell: who was rung, and its end."""
    legs = sorted(rows, key=lambda row: row.fields.number("start"))
    told = [leg.direction for leg in legs]
    direction = next((one for one in told if one is not Direction.INTERNAL), Direction.INTERNAL)
    outside = [leg for leg in legs if leg.direction is direction]
    answered = sorted(
        (leg for leg in outside if leg.fields.moment("answer")), key=lambda leg: leg.fields.number("answer")
    )
    ended = max((at for leg in legs if (at := leg.fields.moment("finish"))), default=None)
    side = "from_number" if direction is Direction.IN else "to_number"
    if direction is not Direction.OUT:
        for number, leg in enumerate(legs):
            if leg.employee:
                yield CallNotice(
                    entry_id, f"stats:{number}", Told.RANG, leg.fields.moment("start"), employee=leg.employee
                )
    rung = next((leg.employee for leg in outside if leg.employee), "")
    began = answered[0].fields.moment("answer") if answered else None
    talked = max(int((ended - began).total_seconds()), 1) if ended and began else 0
    yield CallNotice(
        entry_id,
        "stats",
        Told.ENDED,
        ended,
        direction=direction,
        phone="" if direction is Direction.INTERNAL else next(filter(None, (leg.text(side) for leg in outside)), ""),
        line=next(filter(None, (leg.text("line_number") for leg in legs)), ""),
        employee=(answered[-1].employee if answered else "") or rung,
        started_at=legs[0].fields.moment("start"),
        answered_at=began,
        ended_at=ended,
        talk_seconds=talked,
        outcome=CallOutcome.MISSED if direction is Direction.IN and rung and not talked else None,
        reason=reason(legs[-1].text("disconnect_reason")),
    )


def watcher(name: str, settings: MangoSettings, around: Around) -> Net:
    """The watcher of the channel `name`: by the statistics, and for the calls whose end is never told."""
    book, api = book_of(name, settings, around.now), Vpbx(settings, around.store, REPORTS)
    look = Statistics(book, api, around.now).look if settings.statistics else None
    return Net(book, around.now, look=look, every=settings.poll, test=api.check, close=api.close)
