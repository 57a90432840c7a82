"""How the commands show things: as text for people or as JSON for programs, and never as orders to a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum
from typing import Final

from pydantic_core import to_jsonable_python
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from provodka.journal import Journal
from provodka.journal.queries import EventLine
from provodka.payloads import Person
from support.masking import Mask, Masks, ShownPerson

_PIPE_WIDTH: Final = 240
_SHORT: Final = 300
# what a sender could make a terminal do: control codes, and marks that turn the direction of writing
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_STYLES: Final = {
    **dict.fromkeys(("done", "found", "planned", "matched"), "green"),
    **dict.fromkeys(("ready", "waiting", "received", "held"), "yellow"),
    **dict.fromkeys(("running", "planning"), "cyan"),
    **dict.fromkeys(("dead", "failed", "error"), "bold red"),
}


class Exit(IntEnum):
    """What a command ends with."""

    FINE = 0
    PROBLEM = 1
    USAGE = 2


@dataclass(frozen=True, slots=True)
class View:
    """Where and how a command answers. `opened` shows personal data. People see times in `zone`, JSON has UTC."""

    out: Console
    err: Console
    as_json: bool = False
    opened: bool = False
    zone: tzinfo = UTC

    @classmethod
    def standard(cls, *, as_json: bool = False, opened: bool = False, zone: tzinfo = UTC) -> View:
        """On the standard output and error; what goes into a pipe is not squeezed into eighty columns."""
        return cls(_console(stderr=False), _console(stderr=True), as_json, opened, zone)

    def mask(self, journal: Journal, people: Iterable[Person] = (), names: Iterable[str] = ()) -> Mask:
        """What hides these people's names, and all phones and emails, unless the view is open."""
        return self.masks(journal).of(people, names)

    def masks(self, journal: Journal) -> Masks:
        """What makes masks for this view."""
        return Masks(journal.key, self.opened)

    def print(self, *things: RenderableType) -> None:
        """Texts and renderables; in a text, brackets and colons mean nothing special."""
        for thing in things:
            self.out.print(Text(safe(thing)) if isinstance(thing, str) else thing)

    def json(self, document: object, *, one_line: bool = False) -> None:
        """One JSON document; dataclasses and times are welcome. In a stream each has to be one line."""
        plain = to_jsonable_python(document)
        text = json.dumps(plain, ensure_ascii=False, indent=None if one_line else 2)
        self.out.out(_UNSAFE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text), highlight=False)

    def problem(self, sentence: str, cure: str = "") -> None:
        """One line on the error output: what is wrong, and what to do about it."""
        line = f"provodka: {sentence}; {cure}" if cure else f"provodka: {sentence}"
        self.err.print(Text(one_line(line)), soft_wrap=True)

    def at(self, moment: datetime | None) -> str:
        """A moment on the clocks of the client."""
        return "" if moment is None else moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def clocks(self) -> str:
        """Whose clocks those are."""
        return f"times are {self.zone}"


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False, emoji=False)


def safe(text: str) -> str:
    """The text with every sign made visible that a terminal could take for an order."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str, most: int | None = None) -> str:
    """The text on one line, cut where it is longer than `most`."""
    joined = safe(" ".join(text.split()))
    return joined if most is None or len(joined) <= most else f"{joined[: most - 1]}…"


def short(value: object) -> str:
    """Any JSON value on one line of bearable length."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return one_line(text, _SHORT)


def state(word: str) -> Text:
    """A state or outcome in its colour."""
    return Text(word, style=_STYLES.get(word, ""))


def span(length: timedelta | float) -> str:
    """A length of time (or seconds) as people say it: `85 ms`, `1.2 s`, `3 min`, `2 h 5 min`, `4 d 3 h`."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms"
    if abs(seconds) < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    if abs(minutes) < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def counted(number: int, thing: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def table(titles: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """Rows under their titles; long cells are folded, never cut, since ids are there to be copied."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        made.add_column(title, overflow="fold")
    for row in rows:
        made.add_row(*(Text(safe(cell)) if isinstance(cell, str) else cell for cell in row))
    return made


@dataclass(frozen=True, slots=True)
class ShownLine:
    """An event in a list; `actions` counts them by state."""

    id: str
    received_at: datetime
    type: str
    channel: str
    state: str
    person: ShownPerson
    actions: dict[str, int]
    error: str = ""


def shown_line(line: EventLine, mask: Mask) -> ShownLine:
    """An event for a list."""
    event = line.event.event
    return ShownLine(
        id=event.id,
        received_at=event.received_at,
        type=event.type.value,
        channel=event.channel,
        state=line.event.state.value,
        person=mask.person(event.person),
        actions=line.states,
        error=mask.text(line.event.error),
    )


def events_table(lines: Sequence[ShownLine], view: View) -> Table:
    """A list of events."""
    titles = (f"received ({view.zone})", "event", "type", "channel", "person", "state", "actions")
    return table(titles, (line_cells(line, view) for line in lines))


def line_cells(line: ShownLine, view: View) -> tuple[str | Text, ...]:
    """An event as the cells of a list."""
    counts = Text(", ").join(Text(f"{n} ").append(state(word)) for word, n in sorted(line.actions.items()))
    who = one_line(str(line.person), _SHORT)
    return view.at(line.received_at), line.id, line.type, line.channel, who, state(line.state), counts
