"""Who holds a lease or a lock: a name by which others can tell that its process is gone."""

from __future__ import annotations

import os
import secrets
import socket
from typing import Final

_LIFE: Final = secrets.token_hex(4)  # a process's number may be that of an earlier one, as in a container


def new_owner() -> str:
    """A name of this process, another one with every call."""
    return f"{socket.gethostname()}|{os.getpid()}|{_LIFE}|{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether its process was on this very machine and is gone; that of another machine keeps its lease to the end."""
    host, _, rest = owner.partition("|")
    pid, _, rest = rest.partition("|")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return rest.partition("|")[0] != _LIFE
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
