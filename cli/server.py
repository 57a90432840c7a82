"""The command that does all the work, `provodka run`. A server starts with it alone: see `cli.main`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.app import DEFAULT, ConfigFile, app, clear_words, done, opened
from cli.run import RunRole
from cli.run import run as serve


@app.command()
def run(
    config: ConfigFile = DEFAULT,
    role: Annotated[list[RunRole] | None, typer.Option(help="Only this part of the work; may be repeated.")] = None,
    host: Annotated[str | None, typer.Option(help="Serve here instead of where the config says.")] = None,
    port: Annotated[int | None, typer.Option(help="Serve on this port; 0 takes a free one.")] = None,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Log as JSON lines.")] = False,
) -> None:
    """Receive, plan and deliver until SIGTERM or Ctrl-C."""
    with clear_words():
        done(serve(opened(config), role or list(RunRole), host=host, port=port, json=json_logs))
