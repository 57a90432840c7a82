"""`provodka import FILE`, and what is done with imports afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError
from typer import BadParameter
from typer.core import TyperGroup

from cli.app import DEFAULT, AsJson, ConfigFile, DryRun, app, done, journal_of
from cli.show import View
from provodka.journal import Journal
from provodka.journal.imports import ImportJob, ImportState

DEFAULT_COMMAND: Final = "start"


class FileFirst(TyperGroup):
    """A group whose first word may be a file: then it is `start`."""

    default_command = DEFAULT_COMMAND

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 -- click's context
        if args and args[0] not in self.commands and args[0] != "--help":
            near = get_close_matches(args[0], self.commands, 1)
            if near and not Path(args[0]).exists():
                raise BadParameter(f"there is no file and no command «{args[0]}»: did you mean {near[0]}?")
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)


imports_app = typer.Typer(
    cls=FileFirst,
    help="Import a list: provodka import FILE shows what would come of it, and asks.",
    no_args_is_help=True,
)
app.add_typer(imports_app, name="import")

Id = Annotated[str, typer.Argument(metavar="[IMPORT]", help="Its id, or a piece of it; by default the newest one.")]


@imports_app.command(DEFAULT_COMMAND)
def start(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="xlsx, ods, csv: whatever holds rows under headings.")],
    channel: Annotated[str, typer.Option(help="Into this channel; by default the only one that takes rows.")] = "",
    sheet: Annotated[str, typer.Option(help="This sheet of the file; by default the first that is not empty.")] = "",
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="WHAT=COLUMN", help="phone=Телефон; may be repeated.")
    ] = None,
    header_row: Annotated[int | None, typer.Option(help="The row of the headings, from 1.", min=1)] = None,
    encoding: Annotated[str, typer.Option(help="Of a csv; by default it is found out.")] = "",
    separator: Annotated[str, typer.Option(help="Of a csv; by default it is found out.")] = "",
    doubles: Annotated[
        str, typer.Option(help="merge or skip the later rows of a person; by default as the channel.")
    ] = "",
    portion: Annotated[int, typer.Option(help="So many rows at once.", min=1)] = 500,
    every: Annotated[
        str, typer.Option(help="Then wait: 1h, 1d, '1d working', 10:00. By default there is no pause.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait until it is done.")] = False,
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
    show: Annotated[bool, typer.Option("--open", help="Show personal data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a file would come to, ask, and hand out its rows; exit code 1 where some need a person."""
    from cli.imports.start import Wanted, start_import

    wanted = Wanted(file, channel, tuple(mapping or ()), dry_run=dry_run, yes=yes, detach=detach)
    options: dict[str, Any] = {
        "sheet": sheet,
        "header_row": header_row,
        "encoding": encoding,
        "separator": separator,
        "portion": portion,
        "every": every,
        **({"doubles": doubles} if doubles else {}),
    }
    from cli.house import House

    with journal_of(config, as_json=as_json, shown=show) as (_, view, read):
        house = House(read)
        try:
            asked = typer.confirm if sys.stdin.isatty() else None
            done(start_import(house, wanted, options, view, asked))
        except ValidationError as error:
            view.problem("; ".join(f"--{one['loc'][0]}: {one['msg']}" for one in error.errors()))
            done(2)
        finally:
            house.close()


@imports_app.command("ls")
def list_imports(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """List imports, the newest first."""
    from cli.imports.job import ls

    with journal_of(config, as_json=as_json) as (journal, view, _):
        done(ls(journal, view))


@imports_app.command("show")
def show_import(wanted: Id = "", config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Say how an import stands; exit code 1 where some of it needs a person."""
    from cli.imports.job import show

    with _one(wanted, config, as_json=as_json) as (journal, view, job):
        done(show(journal, job, view))


@imports_app.command("stop")
def stop_import(wanted: Id = "", config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Hand out no more rows of an import."""
    from cli.imports.job import move

    with _one(wanted, config, as_json=as_json) as (journal, view, job):
        done(move(journal, job, ImportState.STOPPED, view))


@imports_app.command("resume")
def resume_import(wanted: Id = "", config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Go on with an import where it was stopped."""
    from cli.imports.job import move

    with _one(wanted, config, as_json=as_json) as (journal, view, job):
        done(move(journal, job, ImportState.RUNNING, view))


@imports_app.command("report")
def report_import(
    wanted: Id = "",
    csv: Annotated[Path | None, typer.Option(help="Write what became of every row into this file.")] = None,
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Say what became of the rows of an import; exit code 1 where some need a person."""
    from cli.house import House
    from cli.imports.report import report

    with journal_of(config, as_json=as_json) as (_, view, read):
        house = House(read)
        try:
            job = _found(house.journal, wanted, view)
            done(report(house.journal, job, house.imported(job), view, csv))
        finally:
            house.close()


@imports_app.command("undo")
def undo_import(
    wanted: Annotated[str, typer.Argument(metavar="IMPORT", help="Its id, or a piece of it.")],
    wait: Annotated[float, typer.Option(help="Seconds to wait for a worker that does nothing.", min=0)] = 10.0,
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take back what an import has done, where nobody has touched it since; what stays is listed."""
    with journal_of(config, as_json=as_json) as (_, view, read):
        undo_one(read, wanted, view, dry_run=dry_run, wait=wait)


def undo_one(read: Any, wanted: str, view: View, *, dry_run: bool, wait: float) -> None:  # noqa: ANN401 -- a Config
    """Also for `provodka undo --import`."""
    from cli.house import House
    from cli.imports import undo as undoing
    from cli.undo import Wish

    house = House(read)
    try:
        job = _found(house.journal, wanted, view)
        done(undoing.undo_import(house.journal, job, view, preview=house.would_undo, wish=Wish(dry_run, wait)))
    finally:
        house.close()


def _found(journal: Journal, wanted: str, view: View) -> ImportJob:
    from cli.imports.job import found

    job = found(journal, wanted, view)
    if job is None:
        done(2)
    return job


@contextmanager
def _one(wanted: str, config: Path, *, as_json: bool) -> Iterator[tuple[Journal, View, ImportJob]]:
    with journal_of(config, as_json=as_json) as (journal, view, _):
        yield journal, view, _found(journal, wanted, view)
