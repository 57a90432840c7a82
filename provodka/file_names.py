"""Names of files that came from outside, safe anywhere."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

LONGEST_NAME: Final = 120
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')


def safe_name(name: str) -> str:
    """The last piece of a path, without control and direction signs, cut to 120 bytes before its extension."""
    path = PurePosixPath(_FORBIDDEN.sub("", name.replace("\\", "/").replace("\n", " ")).strip(" ."))
    suffix = path.suffix if len(path.suffix) <= 12 else ""
    stem = path.name.removesuffix(suffix).encode()[:LONGEST_NAME].decode(errors="ignore")
    return (stem + suffix).strip()
