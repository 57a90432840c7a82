"""Our mark in a comment: `provodka:<mark>`, first, so that a comment that is cut loses it last."""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = re.compile(r"provodka:(\S+)")


def marked(mark: str, comment: str = "") -> str:
    """A comment with the mark."""
    return f"provodka:{mark} {comment}".strip()


def mark_of(comment: object) -> str:
    """The mark of a comment; empty where there is none."""
    found = _MARK.search(str(comment or ""))
    return found[1] if found else ""
