"""Makes processes of the product, and can let one kill itself at a commit of the journal.

Started as a command it has everything imported and forks a process for each order, so that a test can have hundreds
of them. An order is a line of JSON: `config`, `environ`, `log`, then either `roles` and `port`, or `command`, the words
of one of its commands; and to kill it `commit` (the number of the commit, counted from the one that accepts the first
event; of a command all are counted) and `moment`, `before` or `after` it. Answers are two lines: the number of the
process, and when it is over its exit code, negative for a signal.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sqlite3
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Pool, event

from cli.app import app
from cli.config import Config, read
from cli.run import RunRole, run

NEEDED = (
    "connectors.amocrm.crm", "connectors.bitrix24.crm", "connectors.form.channel", "connectors.tables.importing",
    "cli.house", "cli.main", "cli.imports.start", "cli.imports.undo",
)  # fmt: skip


class Bomb:
    """Kills this process by SIGKILL at its n-th commit that changes something. Commits are made one at a time."""

    def __init__(self, commit: int, moment: str, *, counts: bool) -> None:
        self._left = commit
        self._moment = moment
        self._counts = counts  # if not yet, then from the first event on
        self._lit = False

    def set(self) -> None:
        event.listen(Engine, "begin", self._begin)
        event.listen(Engine, "before_cursor_execute", self._look)
        event.listen(Engine, "commit", self._before)
        event.listen(Pool, "reset", self._after)

    def _begin(self, connection: Connection) -> None:
        connection.info["changes"] = _changes(connection)

    def _look(self, _connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        self._counts = self._counts or statement.lstrip().startswith("INSERT INTO events")

    def _before(self, connection: Connection) -> None:
        """The transaction is whole, and nothing of it is on disk."""
        if not self._counts or _changes(connection) == connection.info["changes"]:
            return
        self._left -= 1
        if self._left == 0 and self._moment == "before":
            _die()
        self._lit = self._left == 0

    def _after(self, *_: object) -> None:
        """It is on disk, and nobody was told yet."""
        if self._lit:
            _die()


def _changes(connection: Connection) -> int:
    return int(connection.connection.dbapi_connection.total_changes)  # type: ignore[union-attr]


def _spare_the_disk(connection: sqlite3.Connection, *_: object) -> None:
    """What a process has written outlives its death without being flushed; the machine's death is not tried here."""
    connection.execute("PRAGMA synchronous = OFF")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@cache
def config_of(path: str, environ: tuple[tuple[str, str], ...]) -> Config:
    """Read once, before the processes are forked."""
    return read(Path(path), dict(environ))


def live(order: dict[str, Any]) -> int:
    """Be the product until told to stop, or one of its commands until it ends."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(number, stream)
    event.listen(Pool, "checkout", _spare_the_disk)
    if "commit" in order:
        Bomb(order["commit"], order["moment"], counts="command" in order).set()
    if "command" in order:
        os.environ.update(order["environ"])
        return int(app([*order["command"], "--config", order["config"]], standalone_mode=False) or 0)
    config = config_of(order["config"], tuple(order["environ"].items()))
    return run(config, [RunRole(role) for role in order["roles"]], host=None, port=order["port"], json=True)


def main() -> None:
    """Carry out one order after another."""
    for module in NEEDED:
        import_module(module)
    gc.collect()
    gc.freeze()  # else each process copies, one by one, the pages that its collector looks at: a third of its work
    for line in sys.stdin:
        order = json.loads(line)
        config_of(order["config"], tuple(order["environ"].items()))
        pid = os.fork()
        if pid == 0:
            os._exit(live(order))
        _answer(pid)
        _answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
