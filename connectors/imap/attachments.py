"""The files of a letter, under names that are safe anywhere."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from typing import Final

from connectors.charsets import clean
from connectors.imap.headers import Headers, RawMessage, param, to_bytes
from connectors.imap.parts import children, content, is_text, leaves
from connectors.imap.tnef import TYPES, Enclosed, open_tnef
from provodka.file_names import safe_name
from provodka.payloads import Attachment

LARGE_INLINE: Final = 100_000  # a picture in the text bigger than this is a photo, not a logo
MOST: Final = 200
SIZE_HEADER: Final = "Content-Length"  # of a part whose bytes were left on the server

_REPORT_PARTS: Final = frozenset({"message/delivery-status", "message/rfc822-headers", "text/rfc822-headers"})
_CID = re.compile(r"cid:([^\"'\s)>]+)", re.IGNORECASE)


def read_attachments(message: RawMessage, html: str) -> tuple[tuple[Attachment, ...], list[bytes]]:
    """The files and their bytes. A file whose bytes were left on the server has a size and no SHA-256."""
    shown = {reference.strip("<>").lower() for reference in _CID.findall(html)}
    files: list[Attachment] = []
    blobs: list[bytes] = []
    for part in files_in(message):
        data = content(part) or b"".join(map(_as_bytes, children(part)))
        if _is_decoration(part, len(data), shown):
            continue
        if data and (inner := _enclosed(part, data)):
            files += [_file(each.name or f"file-{len(files) + number}.bin", each.data) for number, each in inner]
            blobs += [each.data for _, each in inner]
            continue
        digest = hashlib.sha256(data).hexdigest() if data else ""
        size = len(data) or _announced_size(part)
        files.append(Attachment(_name(part, len(files) + 1), clean(part.get_content_type()), size, digest))
        if data:
            blobs.append(data)
        if len(files) >= MOST:
            break
    return tuple(files[:MOST]), blobs


def files_in(message: RawMessage) -> Iterator[RawMessage]:
    """The parts that are files, or might be."""
    return (part for part in leaves(message) if part.get_content_type() not in _REPORT_PARTS and not is_text(part))


def _enclosed(part: RawMessage, data: bytes) -> list[tuple[int, Enclosed]]:
    """The files within a `winmail.dat`; it is kept itself where there are none, or where it cannot be opened."""
    if part.get_content_type() not in TYPES and _name(part, 0).lower() != "winmail.dat":
        return []
    opened = open_tnef(data)
    return list(enumerate(opened.files, start=1)) if opened else []


def _file(name: str, data: bytes) -> Attachment:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Attachment(safe_name(clean(name)) or "file.bin", kind, len(data), hashlib.sha256(data).hexdigest())


def _is_decoration(part: RawMessage, size: int, shown: set[str]) -> bool:
    """A small picture that the HTML shows in its text."""
    reference = str(part.get("Content-ID", "")).strip().strip("<>").lower()
    return bool(reference) and reference in shown and size < LARGE_INLINE


def _as_bytes(message: RawMessage) -> bytes:
    try:
        return message.as_bytes()
    except (ValueError, LookupError, TypeError, AttributeError):  # the generator is stricter than the parser
        return to_bytes("".join(f"{name}: {value}\n" for name, value in message.raw_items()))


def _announced_size(part: RawMessage) -> int:
    announced = str(part.get(SIZE_HEADER, "")).strip()
    return int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 15 else 0


def _name(part: RawMessage, number: int) -> str:
    given = safe_name(clean(param(part, "filename", "content-disposition") or param(part, "name")))
    if given:
        return given
    if part.get_content_type() == "message/rfc822":
        subject = next((Headers(letter).text("Subject") for letter in children(part)), "")
        return (safe_name(clean(subject)) or f"letter-{number}") + ".eml"
    return f"file-{number}{mimetypes.guess_extension(part.get_content_type()) or '.bin'}"
