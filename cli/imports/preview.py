"""The preview of an import, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from cli.imports.look import Column, Refused, Seen
from cli.show import View, counted, one_line, span, table
from support.masking import Mask
from support.sheet import ENCODING, csv_text

_SHOWN: Final = 10
_FIRST: Final = 5
_NAMES: Final = ("name", "surname")
_DOTS: Final = "•••"
RULE: Final = """\
  - name: Импорт
    on: table.row_added
    channel: {channel}
    do:
      - intake:
          title: "Импорт: {{{{ person.name or person.phone }}}}"
          tags: [импорт]
"""


def masked(seen: Seen, mask: Mask) -> Seen:
    """With its samples as the view may show them."""
    columns = tuple(
        replace(one, samples=tuple(_hidden(one, text, mask) for text in one.samples)) for one in seen.columns
    )
    return replace(seen, columns=tuple(replace(one, name=mask.text(one.name)) for one in columns))


def _hidden(column: Column, text: str, mask: Mask) -> str:
    if column.meaning in _NAMES and not mask.opened:
        return f"{text[:1]}{_DOTS}"
    shown = mask.value({column.meaning or "text": text})
    return mask.text(str(next(iter(shown.values()))))


def refused_file(seen: Seen, folder: Path) -> Path | None:
    """Write the rows that are refused, to be mended; where, or None where there are none."""
    if not seen.refused:
        return None
    path = folder / f"{Path(seen.file).stem}.refused.csv"
    write_rows(path, ("row", "why", "cure"), [(str(one.row), one.why, one.cure) for one in seen.refused])
    return path


def write_rows(path: Path, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A CSV file that Excel opens as it is."""
    path.write_text(csv_text(titles, rows), encoding=ENCODING, newline="")


def draw(seen: Seen, view: View, refused_in: Path | None) -> None:
    """Everything that somebody has to know before they say yes."""
    where = f", sheet «{seen.sheet}»" if seen.sheet else ""
    view.print(f"{seen.file}{where} into channel «{seen.channel}»: {counted(seen.rows, 'row')}")
    for note in seen.notes:
        view.print(f"  assumed: {note}")
    rows = [(one.name, one.meaning or "(a field)", one_line(" | ".join(one.samples), 100)) for one in seen.columns]
    view.print("", table(("column", "is", "values"), rows), "")
    _draw_counts(seen, view)
    _draw_faults(seen, view, refused_in)
    _draw_rules(seen, view)
    _draw_pace(seen, view)


def _draw_counts(seen: Seen, view: View) -> None:
    again = [one for one in seen.doubles if not one.taken]
    view.print(f"taken: {counted(seen.taken, 'row')} of {counted(seen.people, 'person')}")
    if seen.unnamed:
        why = "without phone or email: each becomes a person who is not known again"
        view.print(f"  besides: {counted(seen.unnamed, 'row')} {why}")
    if seen.known is None:
        view.print("  how many the CRM knows cannot be told: the index of its people is not complete yet")
    else:
        view.print(f"  known to the CRM: {seen.known}, new to it: {seen.people - seen.known}")
    if seen.earlier:
        view.print(f"taken in before, and left out: {counted(seen.earlier, 'row')}")
    if seen.doubles:
        taken = f"{len(seen.doubles) - len(again)} taken, {len(again)} left out"
        view.print(f"of a person who is in the file already: {counted(len(seen.doubles), 'row')} ({taken})")
        pairs = ", ".join(f"{one.row} (as {one.first})" for one in seen.doubles[:_SHOWN])
        more = f" and {len(seen.doubles) - _SHOWN} more" if len(seen.doubles) > _SHOWN else ""
        view.print(f"  rows {pairs}{more}")


def _draw_faults(seen: Seen, view: View, refused_in: Path | None) -> None:
    if seen.refused:
        view.print(
            f"refused: {counted(len(seen.refused), 'row')}" + (f", listed in {refused_in}" if refused_in else "")
        )
        for sentence in sentences(seen.refused):
            view.print(f"  {sentence}")
    for sentence in sentences([Refused(c.row, f"«{c.column}» stays as it is: {c.why}", c.cure) for c in seen.cells]):
        view.print(sentence)
    if seen.empty:
        columns = ", ".join(f"«{name}»" for name in seen.empty)
        view.print(
            f"nothing is in {columns}; if there are formulas, save the file in a spreadsheet: they had no results"
        )


def sentences(rows: Sequence[Refused]) -> list[str]:
    """Why rows need a person, each reason once, with the first rows of it."""
    found: dict[tuple[str, str], list[int]] = {}
    for one in rows:
        found.setdefault((one.why.removeprefix(f"строка {one.row}").lstrip(",: "), one.cure), []).append(one.row)
    told = [one_line(f"{_numbers(some)}: {why}. {cure}") for (why, cure), some in list(found.items())[:_SHOWN]]
    rest = sum(len(some) for some in list(found.values())[_SHOWN:])
    return [*told, f"and {counted(rest, 'row')} more for other reasons"] if rest else told


def _numbers(rows: Sequence[int]) -> str:
    more = f" and {len(rows) - _FIRST} more" if len(rows) > _FIRST else ""
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:_FIRST]))}{more}"


def _draw_rules(seen: Seen, view: View) -> None:
    tried = seen.tried
    if seen.taken or not seen.rules:
        view.print("")
    if not seen.rules or (tried.rows and not tried.matched and not tried.errors):
        why = "no rule of the config hears of table.row_added" if not seen.rules else "no rule takes these rows"
        view.print(f"{why} on this channel: nothing would be done. For example:", "", RULE.format(channel=seen.channel))
    if tried.unasked:
        view.print(f"the rules could not be tried: {tried.unasked}")
    if tried.rows:
        view.print(f"the rules, tried with {counted(tried.rows, 'row')}:")
        for names, what in (
            (tried.matched, "acts on"),
            (tried.not_matched, "does not act on"),
            (tried.errors, "fails on"),
        ):
            for name, rows in names.items():
                view.print(f"  {name if name.startswith('«') else f'«{name}»'} {what} {rows}")
        if tried.steps:
            view.print(f"  steps: {_counts(tried.steps)}")
    for limit in seen.limits:
        view.print(f"  {limit}")


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.items())


def _draw_pace(seen: Seen, view: View) -> None:
    pace = seen.pace
    if not seen.taken:
        return
    view.print("", "the brake of the rules does not count an import; what somebody waits for goes before it")
    about = f"about {span(pace.seconds)} of work"
    if not pace.every:
        view.print(f"{about}, without a pause")
        return
    last = f", the last at {view.at(pace.last)}" if pace.last else ""
    view.print(f"{about}, in {counted(pace.portions, 'portion')} of {pace.portion}, one every {pace.every}{last}")
