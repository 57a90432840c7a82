"""What the Data API of UIS tells afterwards: the calls of a time, and who works there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from connectors.calls.clock import length_of
from connectors.calls.fields import moment
from connectors.calls.notice import CallNotice, Told
from connectors.marks import MARKS, utm_from_fields
from connectors.uis.notice import DIRECTIONS
from connectors.uis.rpc import Rpc
from provodka.errors import ConnectorError

PAGE: Final = 1000
_MOST_PAGES: Final = 200
_FIELDS: Final = (
    "id",
    "start_time",
    "finish_time",
    "contact_phone_number",
    "virtual_phone_number",
    "direction",
    "is_lost",
    "talk_duration",
    "wait_duration",
    "finish_reason",
    "employees",
    "tags",
    "call_records",
    *(f"utm_{mark}" for mark in MARKS),
)


class Reports:
    """`zone` is the account's: it takes and tells its times without one."""

    def __init__(self, rpc: Rpc, zone: tzinfo, record_url: str) -> None:
        self._rpc = rpc
        self._zone = zone
        self._record_url = record_url

    def calls(self, since: datetime, until: datetime) -> list[CallNotice]:
        """The last words on the calls that began in this time and are over."""
        rows = self._pages("get.calls_report", {**self._span(since, until), "fields": list(_FIELDS)})
        return [notice for row in rows if (notice := self._call(row)) is not None]

    def employees(self) -> list[dict[str, Any]]:
        """Everybody of the account: `id`, `full_name`, and the internal number within `extension`."""
        return list(self._pages("get.employees", {"fields": ["id", "full_name", "extension"]}))

    def check(self, now: datetime) -> list[str]:
        """Ask for one call, so that a key without the right for it shows; what is wrong in one sentence."""
        try:
            self._rpc.ask("get.calls_report", {**self._span(now, now), "fields": ["id"], "limit": 1, "offset": 0})
        except ConnectorError as error:
            return [error.sentence("UIS")]
        return []

    def close(self) -> None:
        self._rpc.close()

    def _span(self, since: datetime, until: datetime) -> dict[str, str]:
        return {"date_from": self._local(since), "date_till": self._local(until)}

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def _pages(self, method: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every row once, as long as nothing moves between the pages; what moves is met again in the next poll."""
        for page in range(_MOST_PAGES):
            answer = self._rpc.ask(method, {**params, "limit": PAGE, "offset": page * PAGE})
            rows = [row for row in answer.data or () if isinstance(row, dict)]
            yield from rows
            if (page + 1) * PAGE >= answer.total or not rows:
                return

    def _call(self, row: Mapping[str, Any]) -> CallNotice | None:
        """Nothing for a call that is still going on."""
        started, ended = (moment(str(row.get(name) or ""), self._zone) for name in ("start_time", "finish_time"))
        call = str(row.get("id") or "")
        if not call or ended is None:
            return None
        staff = _rows(row.get("employees"))
        return CallNotice(
            call=call,
            id="report",
            told=Told.ENDED,
            at=ended,
            direction=DIRECTIONS.get(str(row.get("direction"))),
            phone=str(row.get("contact_phone_number") or ""),
            line=str(row.get("virtual_phone_number") or ""),
            employee=_name(_who_talked(staff)),
            started_at=started,
            ended_at=ended,
            talk_seconds=0 if row.get("is_lost") is True else length_of(str(row.get("talk_duration"))),
            reason=str(row.get("finish_reason") or ""),
            rung=tuple(dict.fromkeys(filter(None, map(_name, staff)))),
            recording=self._recording(call, row.get("call_records")),
            tags=tuple(str(tag["tag_name"]) for tag in _rows(row.get("tags")) if tag.get("tag_name")),
            utm=utm_from_fields({name: str(row.get(name) or "") for name in (f"utm_{mark}" for mark in MARKS)}),
        )

    def _recording(self, call: str, records: object) -> str:
        first = next((str(one) for one in records if one), "") if isinstance(records, list) else ""
        return self._record_url.format(call=call, record=first) if first else ""


def _who_talked(staff: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The last of those who talked, as a call that was passed on belongs to them; else the first who was rung."""
    for said in ("is_talked", "is_answered"):
        if those := [one for one in staff if one.get(said) is True]:
            return those[-1]
    return staff[0] if staff else {}


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("employee_full_name") or one.get("employee_id") or "")


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
