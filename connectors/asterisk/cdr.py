"""The records of calls that Asterisk keeps: a database, or the file Master.csv."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Engine, String, create_engine, select, table
from sqlalchemy import column as a_column
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from connectors.asterisk.numbers import Numbers, known
from connectors.asterisk.settings import CdrSettings
from connectors.asterisk.words import CDR_REASONS, DISPOSITIONS
from connectors.calls.fields import moment
from connectors.calls.notice import CallNotice, Told
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.payloads import CallOutcome, Direction

MOST: Final = 20_000  # records at a time
_TAIL: Final = 16 * 1024 * 1024  # of Master.csv: some 60,000 records
_NO_FILE: Final = "Проверьте cdr.file в настройках канала и права на чтение этого файла"
_NO_TABLE: Final = "Проверьте cdr.table и cdr.columns в настройках канала и права пользователя базы (SELECT)"
_NO_DATABASE: Final = "Проверьте cdr.url в настройках канала: адрес, имя базы, пользователя и пароль"


@dataclass(frozen=True, slots=True)
class Record:
    """A record: one leg of a call. Numbers and names are as Asterisk wrote them."""

    call: str
    id: str
    began: datetime
    src: str
    dst: str
    did: str
    channel: str
    dstchannel: str
    seconds: int
    talk: int
    disposition: str
    recording: str

    @property
    def ended(self) -> datetime:
        return self.began + timedelta(seconds=self.seconds)

    @property
    def answered_at(self) -> datetime | None:
        """When it was picked up; None where nobody did."""
        return self.ended - timedelta(seconds=self.talk) if self.talk and self.disposition == "ANSWERED" else None


class Records:
    """Reads what there is since a moment. Raises ConnectorError with the cure."""

    def __init__(self, settings: CdrSettings, zone: tzinfo) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.timezone) if settings.timezone else zone
        self._engine: Engine | None = None

    def since(self, began: datetime) -> list[Record]:
        """Those of calls that began at that moment or later, oldest first."""
        rows = self._of_file() if self._settings.file is not None else self._of_database(began)
        found = (self._record(row) for row in rows)
        return sorted((one for one in found if one is not None and one.began >= began), key=lambda one: one.began)

    def close(self) -> None:
        """Let go of the database."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _of_database(self, began: datetime) -> Iterable[Mapping[str, Any]]:
        settings = self._settings
        names = settings.columns.model_dump()
        there = {ours: a_column(theirs, String()) for ours, theirs in names.items() if theirs and ours != "calldate"}
        calldate = a_column(settings.columns.calldate, DateTime())
        schema, _, name = settings.table.rpartition(".")
        source = table(name, calldate, *there.values(), schema=schema or None)
        query = (
            select(calldate.label("calldate"), *(one.label(ours) for ours, one in there.items()))
            .select_from(source)
            .where(calldate >= began.astimezone(self._zone).replace(tzinfo=None))
            .order_by(calldate)
            .limit(MOST)
        )
        try:
            with self._opened().connect() as connection:
                return [dict(row._mapping) for row in connection.execute(query)]
        except (SQLAlchemyError, ImportError) as error:
            raise _cure(error) from error

    def _opened(self) -> Engine:
        if self._engine is None:
            assert self._settings.url is not None  # noqa: S101 -- the settings have one of both
            self._engine = create_engine(self._settings.url.get_secret_value(), pool_size=1, pool_pre_ping=True)
        return self._engine

    def _of_file(self) -> Iterable[Mapping[str, Any]]:
        """The last records of the file."""
        assert self._settings.file is not None  # noqa: S101
        try:
            with self._settings.file.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - _TAIL))
                if size > _TAIL:
                    file.readline()  # the rest of a record
                text = file.read().decode("utf-8", "replace")
        except OSError as error:
            raise Rejected(f"the CDR file cannot be read ({type(error).__name__})", hint=_NO_FILE) from error
        return csv.DictReader(text.splitlines(), fieldnames=self._settings.fields)

    def _record(self, row: Mapping[str, Any]) -> Record | None:
        def text(name: str) -> str:
            value = row.get(name)
            return "" if value is None else str(value).strip()

        began = moment(text("calldate")[:19], self._zone)
        if began is None or not text("uniqueid"):
            return None
        return Record(
            call=text("linkedid") or text("uniqueid"),
            id=text("uniqueid"),
            began=began,
            src=known(text("src")),
            dst=known(text("dst")),
            did=text("did"),
            channel=text("channel"),
            dstchannel=text("dstchannel"),
            seconds=_whole(text("duration")),
            talk=_whole(text("billsec")),
            disposition=text("disposition").upper(),
            recording=text("recordingfile"),
        )


def by_call(records: Sequence[Record]) -> Iterator[tuple[str, list[Record]]]:
    """The records of each call, oldest first."""
    together = sorted(records, key=lambda one: (one.call, one.began))
    for call, group in itertools.groupby(together, key=lambda one: one.call):
        yield call, list(group)


def told(call: str, legs: Sequence[Record], numbers: Numbers, *, ended: bool) -> Iterator[CallNotice]:
    """What the records of a call tell. `ended`: its end is known already, so that only the recording is news."""
    first = legs[0]
    caller = numbers.employee(first.channel, first.src)
    outside = "" if numbers.is_internal(first.dst) else numbers.outside(first.dst)
    direction = Direction.IN if not caller else Direction.OUT if outside else Direction.INTERNAL
    phone, line = (first.src, first.did or first.dst) if direction is Direction.IN else (outside, "")
    usual: dict[str, Any] = {"call": call, "direction": direction, "phone": phone, "line": line}
    recorded = next((one for one in reversed(legs) if one.recording and one.talk), None)
    if not ended:
        for number, leg in enumerate(legs):
            yield from _leg(leg, f"cdr:{number}", caller, usual, numbers)
        talked = [one for one in legs if one.answered_at and (one.dstchannel or direction is Direction.OUT)]
        last = legs[-1]
        yield CallNotice(
            **usual,
            id="cdr",
            told=Told.ENDED,
            at=max(one.ended for one in legs),
            started_at=first.began,
            ended_at=max(one.ended for one in legs),
            answered_at=min((one.answered_at for one in talked if one.answered_at), default=None),
            talk_seconds=None if talked else 0,
            outcome=None if talked else _outcome(last, direction),
            reason="" if talked else CDR_REASONS.get(last.disposition, last.disposition),
            employee="" if direction is Direction.IN else caller,
            recording=recorded.recording if recorded else "",
        )
    if recorded is not None:
        yield CallNotice(
            **usual,
            id=f"recorded:{recorded.recording}",
            told=Told.RECORDED,
            at=recorded.ended,
            recording=recorded.recording,
        )


def _leg(leg: Record, id_: str, caller: str, usual: Mapping[str, Any], numbers: Numbers) -> Iterator[CallNotice]:
    if not leg.dstchannel:
        return  # the voice menu, a queue without anybody
    employee = caller or numbers.employee(leg.dstchannel, leg.dst) or numbers.outside(leg.dst)
    values = {**usual, "employee": employee, "leg": leg.dstchannel}
    yield CallNotice(**values, id=f"{id_}:rang", told=Told.RANG, at=leg.began)
    if leg.answered_at is not None:
        yield CallNotice(**values, id=f"{id_}:answered", told=Told.ANSWERED, at=leg.answered_at)
    elif not caller:
        yield CallNotice(**values, id=f"{id_}:left", told=Told.LEFT, at=leg.ended)


def _outcome(last: Record, direction: Direction) -> CallOutcome | None:
    """None where the legs say it better: missed, or ended in the menu."""
    said = DISPOSITIONS.get(last.disposition)
    return said if said is CallOutcome.FAILED and direction is Direction.OUT else None


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _cure(error: Exception) -> ConnectorError:
    """The words of drivers may hold the address of the database, so that only their kind is told."""
    kind = type(getattr(error, "orig", None) or error).__name__
    if isinstance(error, ImportError):
        return Rejected(f"the driver of the CDR database is missing: {error.name}", hint="Для MySQL: mysql+pymysql://…")
    if isinstance(error, ProgrammingError) or "no such" in str(getattr(error, "orig", "")):
        return Rejected(f"the CDR table cannot be read ({kind})", hint=_NO_TABLE)
    if isinstance(error, OperationalError):
        return Retryable(f"no answer of the CDR database ({kind})", hint=_NO_DATABASE)
    return Rejected(f"the CDR database refuses ({kind})", hint=_NO_DATABASE)
