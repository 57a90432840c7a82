"""What a fetched file is called, and whether it is of a wanted kind."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from provodka.file_names import safe_name


def named(headers: Mapping[str, str], url: str, wanted: str) -> tuple[str, str]:
    """What a fetched file is called, and its type."""
    kind = headers.get("content-type", "").partition(";")[0].strip().casefold() or "application/octet-stream"
    name = safe_name(wanted) or safe_name(_disposition(headers.get("content-disposition", "")))
    name = name or safe_name(unquote(urlsplit(url).path)) or "file"
    if not PurePosixPath(name).suffix:
        name += mimetypes.guess_extension(kind) or ""
    return name, kind


def is_one_of(name: str, kind: str, types: Sequence[str]) -> bool:
    """By its ending; a page in the place of a file is told by its type, whatever it is called."""
    wanted = {one.casefold().lstrip(".") for one in types}
    if kind == "text/html" and not wanted & {"html", "htm"}:
        return False
    return PurePosixPath(name).suffix.casefold().lstrip(".") in wanted


def _disposition(header: str) -> str:
    message = Message()
    message["Content-Disposition"] = header
    return message.get_filename("")
