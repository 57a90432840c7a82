"""The statistics of Sipuni as a table, read for what no event told."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Final

from connectors.calls.clock import length_of
from connectors.calls.fields import moment
from connectors.calls.notice import CallNotice, Told
from connectors.sipuni.api import Sipuni
from connectors.sipuni.settings import COLUMNS, Column, SipuniSettings
from provodka import identity
from provodka.errors import Rejected
from provodka.payloads import Direction

_KINDS: Final = {"вход": Direction.IN, "исход": Direction.OUT, "внутр": Direction.INTERNAL}
_NEEDED: Final = (Column.KIND, Column.TIME, Column.FROM, Column.TO, Column.TALK, Column.CALL)
_HEAD: Final = "Столбцы статистики Sipuni называются иначе: впишите их в columns канала."


class Statistics:
    """`zone` is the account's: the table tells times without one."""

    def __init__(self, api: Sipuni, settings: SipuniSettings, zone: tzinfo) -> None:
        self._api = api
        self._names = {**COLUMNS, **settings.columns}
        self._zone = zone

    def calls(self, since: datetime, until: datetime) -> list[CallNotice]:
        """The last words on the calls that began in this time. Raises Rejected where the table has other columns."""
        first, last = since.astimezone(self._zone), until.astimezone(self._zone)
        rows = self._rows(self._api.table(first.date(), last.date()))
        found = [one for row in rows if (one := self._call(row)) is not None]
        return [one for one in found if one.started_at is not None and since <= one.started_at <= until]

    def _rows(self, table: str) -> Iterator[dict[Column, str]]:
        lines = csv.reader(table.splitlines(), delimiter=";")
        head = [name.strip().casefold() for name in next(lines, [])]
        places = {column: _place(head, name) for column, name in self._names.items()}
        missing = [self._names[column] for column in _NEEDED if places[column] is None]
        if missing and head:
            raise Rejected(f"the statistics have no column {missing[0]!r}, but {', '.join(head)[:200]}", hint=_HEAD)
        for line in lines:
            yield {column: line[at].strip() for column, at in places.items() if at is not None and at < len(line)}

    def _call(self, row: Mapping[Column, str]) -> CallNotice | None:
        """Nothing of what is no call, or has no id that its events would have, too."""
        call, started = row.get(Column.CALL, ""), moment(row.get(Column.TIME, ""), self._zone)
        kind = row.get(Column.KIND, "").casefold()
        direction = next((one for start, one in _KINDS.items() if kind.startswith(start)), None)
        if not call or started is None or direction is None:
            return None
        outgoing = direction is Direction.OUT
        source, target = row.get(Column.FROM, ""), row.get(Column.TO, "")
        talked = length_of(row.get(Column.TALK, ""))
        answered_by = row.get(Column.ANSWERED_BY, "")
        return CallNotice(
            call=call,
            id="statistics",
            told=Told.ENDED,
            at=started + timedelta(seconds=talked),
            direction=direction,
            phone=target if outgoing else source,
            line="" if outgoing else target if identity.phone(target) else "",
            employee=source if outgoing else answered_by or ("" if identity.phone(target) else target),
            started_at=started,
            talk_seconds=talked,
            recording=call if row.get(Column.RECORDED, "").casefold() in ("1", "да", "true") else "",
            tags=tuple(filter(None, (tag.strip() for tag in row.get(Column.TAGS, "").split(",")))),
        )


def _place(head: list[str], name: str) -> int | None:
    """Where the column is whose head is this name, or goes on after it."""
    wanted = name.casefold()
    exact = (at for at, one in enumerate(head) if one == wanted)
    longer = (at for at, one in enumerate(head) if one.startswith((f"{wanted},", f"{wanted} ")))
    return next(exact, next(longer, None))
