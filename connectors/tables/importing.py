"""What becomes of each row of a file that is imported: an event, a double of an earlier row, or a refusal with its cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import Field

from connectors.tables.sheet import Fault, Row, Sheet
from provodka.event import Event
from provodka.payloads import RowAdded
from provodka.settings import Strict

Make = Callable[[Row], Event]
"""A row as the event of its channel, with the key of the row."""

NOBODY: Final = Fault(
    "",
    "",
    "в строке нет ни телефона, ни почты, по которым можно узнать человека",
    "Допишите телефон или почту, либо назовите их столбец: --map phone=Столбец",
)


class ImportOptions(Strict):
    """How a file is read (see `open_file`) and handed out. `columns` says which column is what, by meaning; of a person
    who is in several rows all rows are taken (`merge`), or the first alone (`skip`). `every` is a duration of the
    config (`1d`, `1d working`, `10:00`); without it there is no pause between portions."""

    sheet: str = ""
    header_row: int | None = None
    encoding: str = ""
    separator: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    doubles: Literal["merge", "skip"] = "merge"
    portion: int = Field(500, ge=1)
    every: str = ""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row of the file. `event` is None where none is made of it: `refused`, or a double of the row `double_of`.

    Of a row that is taken `faults` name the cells that could not be read.
    """

    number: int
    event: Event | None
    double_of: int = 0
    refused: bool = False
    faults: tuple[Fault, ...] = ()


def read_rows(sheet: Sheet, make: Make, doubles: str) -> Iterator[ReadRow]:
    """The rows of a file, in their order. The same file always gives the same.

    Rows that say the same twice have one key, and are one event. Raises Rejected where the file breaks off.
    """
    first_of: dict[str, int] = {}
    keys: dict[str, int] = {}
    for row in sheet.rows:
        event = make(row)
        faults = row.faults
        identities = event.person.identities
        if not identities:
            yield ReadRow(row.number, None, refused=True, faults=faults or (NOBODY,))
            continue
        same = keys.setdefault(event.external_id, row.number)
        earlier = min((first_of[one] for one in identities if one in first_of), default=0)
        for one in identities:
            first_of.setdefault(one, earlier or row.number)
        if same != row.number or (earlier and doubles == "skip"):
            yield ReadRow(row.number, None, same if same != row.number else earlier, faults=faults)
            continue
        yield ReadRow(row.number, _imported(event), earlier, faults=faults)


def _imported(event: Event) -> Event:
    """Nobody waits for it."""
    payload = event.payload
    return replace(event, payload=replace(payload, imported=True)) if isinstance(payload, RowAdded) else event
