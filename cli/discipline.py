"""`provodka discipline`: who broke which guard, how often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from cli.show import Exit, View, counted, table
from provodka.journal import Journal, discipline
from provodka.journal.discipline import StoredViolation, Tally

NOBODY = "nobody"


class By(StrEnum):
    """What the report is sorted by."""

    PERSON = "person"
    GUARD = "guard"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the report is about; `each` lists every violation."""

    since: datetime
    by: By = By.PERSON
    person: str = ""
    guard: str = ""
    each: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One person with what they broke, or one guard with those who broke it; `of` counts them, most first."""

    name: str
    times: int
    last_at: datetime
    of: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What `--json` prints. An empty name is nobody's: no responsible, or an author whom the CRM does not name."""

    since: datetime
    until: datetime
    by: By
    total: int
    lines: tuple[Line, ...]
    violations: tuple[StoredViolation, ...] = ()


def report(journal: Journal, wanted: Wanted, view: View) -> int:
    """Print it."""
    since, person, guard = wanted.since, wanted.person, wanted.guard
    found = journal.read(lambda c: discipline.tallies(c, since, person=person, guard=guard))
    each = journal.read(lambda c: discipline.listed(c, since, person=person, guard=guard)) if wanted.each else []
    mask = view.mask(journal)  # whoever has no staff key is named by a login, which is an address
    found = [replace(one, person=mask.text(one.person)) for one in found]
    each = [replace(one, person=mask.text(one.person)) for one in each]
    made = Report(
        since=wanted.since,
        until=journal.now(),
        by=wanted.by,
        total=sum(one.times for one in found),
        lines=tuple(lines(found, wanted.by)),
        violations=tuple(each),
    )
    if view.as_json:
        view.json(made)
    else:
        _print(made, view)
    return Exit.FINE


def lines(found: Iterable[Tally], by: By) -> list[Line]:
    """The tallies put together, the longest first."""

    def name(one: Tally) -> str:
        return one.person if by is By.PERSON else one.guard

    def other(one: Tally) -> str:
        return one.guard if by is By.PERSON else one.person

    groups = [list(group) for _, group in groupby(sorted(found, key=name), key=name)]
    made = [_line(name(group[0]), {other(one): one.times for one in group}, group) for group in groups]
    return sorted(made, key=lambda line: (-line.times, line.name))


def _line(name: str, of: dict[str, int], group: Sequence[Tally]) -> Line:
    most_first = dict(sorted(of.items(), key=lambda item: (-item[1], item[0])))
    return Line(name, sum(one.times for one in group), max(one.last_at for one in group), most_first)


def _print(made: Report, view: View) -> None:
    view.print(f"{counted(made.total, 'violation')} since {view.at(made.since)} ({view.clocks})")
    if not made.lines:
        return
    titles = ("person", "times", "last", "guards") if made.by is By.PERSON else ("guard", "times", "last", "people")
    view.print(table(titles, (_cells(one, view) for one in made.lines)))
    if made.violations:
        rows = ((view.at(v.at), v.guard, _shown(v.person), v.lead, v.event) for v in made.violations)
        view.print("", table((f"at ({view.zone})", "guard", "person", "lead", "event"), rows))


def _cells(line: Line, view: View) -> tuple[str, ...]:
    return _shown(line.name), str(line.times), view.at(line.last_at), _of(line)


def _of(line: Line) -> str:
    return ", ".join(f"{_shown(name)} {times}" for name, times in line.of.items())


def _shown(name: str) -> str:
    return name or NOBODY
