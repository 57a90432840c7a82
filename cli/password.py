"""`provodka password`: the hash that the config keeps in place of a password."""

from __future__ import annotations

import re
import sys
from getpass import getpass
from typing import Final

from argon2 import PasswordHasher

SHORTEST: Final = 10


def password(login: str, *, from_input: bool) -> int:
    """Ask for a password twice (or take one line), and print its hash with the lines of config; the exit code."""
    try:
        word = sys.stdin.readline().rstrip("\r\n") if from_input else getpass("Password: ")
        again = word if from_input else getpass("Once more: ")
    except EOFError:
        return _refused("no password was given")
    if len(word) < SHORTEST:
        return _refused(f"the password has {len(word)} signs; take at least {SHORTEST}, a sentence is good")
    if word != again:
        return _refused("the two are not the same; nothing was made")
    variable = f"{re.sub('[^A-Z0-9]+', '_', login.upper()).strip('_') or 'PASSWORD'}_HASH"
    hashed = PasswordHasher().hash(word)
    sys.stdout.write(
        f"Into the environment (in .env, in single quotes: it has dollar signs):\n\n{variable}='{hashed}'\n\n"
        f'Into the config:\n\nconsole: {{users: {{{login}: {{password: "${{{variable}}}", role: operate}}}}}}\n'
    )
    return 0


def _refused(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2
