"""A bar for whoever waits at the terminal; nothing where the output goes into a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.progress import BarColumn, Progress, TextColumn

from cli.show import View

_COLUMNS: Final = ("[progress.description]{task.description}", "{task.completed}/{task.total} {task.fields[unit]}")


class Move(Protocol):
    """Say how much is done, and more in words."""

    def __call__(self, done: int, told: str = "") -> None: ...


@contextmanager
def bar(view: View, what: str, total: int, unit: str) -> Iterator[Move]:
    """A bar beside the output, which is gone afterwards; a prompt inside it must not be asked."""
    before, after = map(TextColumn, _COLUMNS)
    with Progress(
        before, BarColumn(), after, TextColumn("{task.fields[told]}"), console=view.err, transient=True
    ) as drawn:
        one = drawn.add_task(what, total=total, unit=unit, told="")

        def move(done: int, told: str = "") -> None:
            drawn.update(one, completed=done, told=told)

        yield move
