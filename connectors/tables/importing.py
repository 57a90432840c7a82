"""What becomes of each row of a file that is imported: an event, a double of an earlier row, or a refusal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Literal

from pydantic import Field

from connectors.tables.files import open_file
from connectors.tables.rows import Reading, Refusal
from connectors.tables.settings import RowSettings
from connectors.tables.sheet import Fault, Sheet
from connectors.visit import Target, meaning_of
from provodka.event import Event
from provodka.settings import Strict

Doubles = Literal["merge", "skip"]


class ImportSettings(RowSettings):
    """A channel that only takes imports. Of a person who is in several rows all rows are taken (`merge`), or the first
    alone (`skip`)."""

    type: Literal["import"] = "import"
    doubles: Doubles = "merge"


class ImportOptions(Strict):
    """How a file is read (see `open_file`; `map` and `doubles` as of the channel) and handed out: `portion` rows, then
    nothing for `every`, a duration of the config (`1d`, `1d working`, `10:00`); empty for no pause."""

    sheet: str = ""
    header_row: int | None = None
    encoding: str = ""
    separator: str = ""
    map: dict[Target, str] = Field(default_factory=dict)
    doubles: Doubles = "merge"
    portion: int = Field(500, ge=1)
    every: str = ""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row of the file: taken as an `event`, refused, or neither, since it is a double of the row `double_of`.

    A later row of a person who is in the file already is a double, too, where it is taken all the same. `faults` are
    cells of a taken row that could not be read.
    """

    number: int
    event: Event | None = None
    refused: Refusal | None = None
    double_of: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A file that is open for import: its sheet, and how the channel reads rows."""

    sheet: Sheet
    reading: Reading
    doubles: Doubles

    @property
    def meanings(self) -> dict[str, str]:
        """What each column is taken for: a `Target`, or empty for what stays a field of its own."""
        mapped = {column: target for target, column in self.reading.mapping.items()}
        taken = set(self.reading.mapping)
        found = {one: meaning_of(one, self.reading.aliases) for one in self.sheet.columns}
        return {one: mapped.get(one) or ("" if found[one] in taken else found[one] or "") for one in self.sheet.columns}

    def rows(self, received_at: datetime) -> Iterator[ReadRow]:
        """In their order; the same file always gives the same. May be read once. Raises Rejected where the file
        breaks off."""
        first_of: dict[str, int] = {}
        keys: dict[str, int] = {}
        for row in self.sheet.rows:
            made = self.reading.event(row, received_at, imported=True)
            if isinstance(made, Refusal):
                yield ReadRow(row.number, refused=made)
                continue
            same = keys.setdefault(made.external_id, row.number)
            identities = made.person.identities
            earlier = min((first_of[one] for one in identities if one in first_of), default=0)
            for one in identities:
                first_of.setdefault(one, earlier or row.number)
            if same != row.number:
                yield ReadRow(row.number, double_of=same, faults=row.faults)
            elif earlier and self.doubles == "skip":
                yield ReadRow(row.number, double_of=earlier, faults=row.faults)
            else:
                yield ReadRow(row.number, made, double_of=earlier, faults=row.faults)


def open_table(
    path: Path, channel: str, settings: RowSettings, options: ImportOptions, zone: tzinfo, name: str = ""
) -> Table:
    """A file as the rows of this channel; `name` is what the file is called. Raises Rejected with the cure."""
    sheet = open_file(
        path,
        options.sheet,
        header_row=options.header_row or settings.header_row,
        encoding=options.encoding,
        separator=options.separator,
    )
    mark = getattr(settings, "mark", "")
    reading = Reading(
        channel,
        name or sheet.table,
        sheet.name,
        zone,
        mapping={**settings.map, **options.map},
        aliases=settings.aliases,
        key=tuple(settings.key),
        own=frozenset([mark] if mark else []),
    )
    reading.fits(sheet)
    return Table(sheet, reading, options.doubles)


@contextmanager
def as_file(body: bytes, name: str) -> Iterator[Path]:
    """The bytes of a file that was kept, as a file of this name."""
    with tempfile.TemporaryDirectory(prefix="provodka-import-") as folder:
        path = Path(folder) / (Path(name).name or "table")
        path.write_bytes(body)
        yield path
