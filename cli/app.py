"""The application itself, and what every command needs of the config and the journal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from cli.config import Config, read
from cli.show import View
from provodka.errors import ConfigError, JournalUnavailableError
from provodka.journal import Journal
from provodka.settings import Mistakes, Server

app = typer.Typer(
    name="provodka",
    help="Wires mail, forms and telephony to the CRM: nothing lost, nothing twice, everything explained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out = Console(soft_wrap=False)


@app.callback()
def _provodka() -> None:
    """With this an application that has one command only, as in a server, asks for its name all the same."""


ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The client's config.", envvar="PROVODKA_CONFIG")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
DEFAULT = Path("config.yaml")


def opened(path: Path, *, as_json: bool = False) -> Config:
    """The config; ends the process with 2 after showing all its mistakes."""
    from cli.check import show_problems

    try:
        return read(path)
    except ConfigError as error:
        raise typer.Exit(show_problems(error, out, as_json=as_json)) from error


def seen_at(config: Config, public_url: str | None) -> Config:
    """The config with another `server.public_url`; an address that will not do ends the process with 2."""
    if public_url is None:
        return config
    try:
        server = Server.model_validate({**config.server.model_dump(), "public_url": public_url})
    except ValidationError as error:
        raised = [one.get("ctx", {}).get("error") for one in error.errors()]
        found = [f"{f.text}: {f.hint}" for one in raised if isinstance(one, Mistakes) for f in one.findings]
        sys.stderr.write(f"--public-url: {'; '.join(found)}\n")
        raise typer.Exit(2) from error
    return replace(config, server=server)


def done(code: int) -> NoReturn:
    """End the command with this code."""
    raise typer.Exit(code)


@contextmanager
def clear_words() -> Iterator[None]:
    """A journal that cannot be opened is a sentence, not a traceback."""
    try:
        yield
    except JournalUnavailableError as error:
        sys.stderr.write(f"the journal cannot be used: {error}\n")
        done(1)


@contextmanager
def journal_of(path: Path, *, as_json: bool = False, shown: bool = False) -> Iterator[tuple[Journal, View, Config]]:
    """The journal of a config and how to show it; a journal that cannot be used ends the command with 1."""
    config = opened(path, as_json=as_json)
    view = View.standard(as_json=as_json, opened=shown, zone=config.calendar.timezone)
    from cli.status import unavailable

    try:
        journal = Journal(config.journal_url)
    except JournalUnavailableError as error:
        done(unavailable(error, view))
    try:
        yield journal, view, config
    except JournalUnavailableError as error:
        done(unavailable(error, view))
    finally:
        journal.close()
