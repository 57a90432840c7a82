"""A large letter: its headers and words, with its files fetched by pieces and kept one at a time."""

from __future__ import annotations

import hashlib
import re
import secrets
from binascii import a2b_base64, a2b_qp
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from imapclient import IMAPClient

from connectors.imap.attachments import KEPT_HEADER, SIZE_HEADER, Kept
from connectors.imap.headers import RawMessage, parse_headers
from connectors.imap.parts import is_text

MOST_WORDS: Final = 1024 * 1024
MOST_PARTS: Final = 200
PIECE: Final = 2 * 1024 * 1024
READ_BYTES: Final = 8 * 1024 * 1024

_OWN_FIELDS = re.compile(rb"^(?:Content-Type|Content-Transfer-Encoding)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.I | re.M)
_NOT_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))

Structure = tuple[Any, ...]  # BODYSTRUCTURE as IMAPClient gives it: a list of parts first, or a type


@dataclass(frozen=True, slots=True)
class Files:
    """What becomes of the files of a large letter: those of at most `most` bytes go to `keep`, if `wants` says so of
    the letter's header."""

    most: int
    keep: Callable[[bytes], None]
    wants: Callable[[bytes], bool] = lambda _: True


class VanishedError(Exception):
    """The letter is not in the folder any more."""


@dataclass(frozen=True, slots=True)
class Skimmed:
    """The letter as if its files were empty. Those that were kept are in `kept` by the mark in their headers, which
    nobody outside can know."""

    raw: bytes
    kept: Mapping[str, Kept]


@dataclass(frozen=True, slots=True)
class _Part:
    """One leaf: what MIME says of it, and its size on the wire."""

    number: str
    head: bytes
    size: int

    @property
    def fields(self) -> RawMessage:
        return parse_headers(self.head)

    @property
    def encoding(self) -> str:
        return str(self.fields.get("Content-Transfer-Encoding", "")).strip().lower()

    @property
    def is_read(self) -> bool:
        """Whether it is not only kept: letters within the letter, reports, invitations, and what Outlook packs."""
        return self.fields.get_content_maintype() in {"text", "message"} or "ms-tnef" in self.fields.get_content_type()

    @property
    def announced(self) -> int:
        """How large the file will be, about."""
        return self.size * 3 // 4 if self.encoding == "base64" else self.size


def skim_letter(client: IMAPClient, uid: int, files: Files) -> Skimmed:
    """Headers and words in three small requests; then each file by pieces, given away before the next is fetched, so
    that no more than one of them is in memory. Nothing is marked as read.

    A file that is not kept carries its size as Content-Length. Raises VanishedError.
    """
    structure: Structure = _ask(client, uid, "BODYSTRUCTURE")[b"BODYSTRUCTURE"]
    sizes = dict(list(_leaves(structure, ""))[:MOST_PARTS])
    several = isinstance(structure[0], list)
    heads = _ask(client, uid, "BODY.PEEK[HEADER]", *(f"BODY.PEEK[{one}.MIME]" for one in sizes if several))
    header = heads[b"BODY[HEADER]"]
    mime = {one: heads.get(f"BODY[{one}.MIME]".encode(), b"") if several else header for one in sizes}
    parts = [_Part(number, mime[number], size) for number, size in sizes.items()]
    spoken = [part.number for part in parts if is_text(part.fields)]
    texts = _ask(client, uid, *(f"BODY.PEEK[{one}]<0.{MOST_WORDS}>" for one in spoken)) if spoken else {}
    most = files.most if files.wants(header) else 0
    kept: dict[str, Kept] = {}
    bodies: dict[str, bytes] = {}
    for part in parts:
        if part.number in spoken:
            words = texts.get(f"BODY[{part.number}]<0>".encode()) or b""
            bodies[part.number] = part.head.rstrip() + b"\r\n\r\n" + words
        else:
            bodies[part.number] = part.head.rstrip() + _left_out(client, uid, part, files, most, kept)
    if not several:
        return Skimmed(bodies["1"], kept)
    whole = _OWN_FIELDS.sub(b"", header).rstrip() + b"\r\n" + _assemble(structure, "", bodies)
    return Skimmed(whole, kept)


def _left_out(client: IMAPClient, uid: int, part: _Part, files: Files, most: int, kept: dict[str, Kept]) -> bytes:
    """What stands for the bytes of a file, after its headers; all of them where they tell more of the letter."""
    if part.is_read and part.announced <= min(most, READ_BYTES):
        return b"\r\n\r\n" + b"".join(_pieces(client, uid, part.number))
    data = _file(client, uid, part) if part.announced <= most else b""
    if not data:
        return f"\r\n{SIZE_HEADER}: {part.announced}\r\n\r\n".encode()
    files.keep(data)
    mark = secrets.token_hex(16)
    kept[mark] = Kept(len(data), hashlib.sha256(data).hexdigest())
    return f"\r\n{KEPT_HEADER}: {mark}\r\n\r\n".encode() + _subject(part, data)


def _subject(part: _Part, data: bytes) -> bytes:
    """The headers of an attached letter, which is called by its subject."""
    if part.fields.get_content_type() != "message/rfc822":
        return b""
    return re.split(rb"\r?\n\r?\n", data[:MOST_WORDS], maxsplit=1)[0] + b"\r\n\r\n"


def _file(client: IMAPClient, uid: int, part: _Part) -> bytes:
    """The decoded bytes; the buffer hands them out without another copy."""
    decoded = BytesIO()
    rest = b""
    for piece in _pieces(client, uid, part.number):
        if part.encoding == "base64":
            digits = rest + piece.translate(None, _NOT_BASE64)
            whole = len(digits) - len(digits) % 4
            decoded.write(a2b_base64(digits[:whole]))
            rest = digits[whole:]
        else:
            decoded.write(piece)
    if len(rest) > 1:
        decoded.write(a2b_base64(rest + b"=" * (4 - len(rest))))
    data = decoded.getvalue()
    return a2b_qp(data) if part.encoding == "quoted-printable" else data


def _pieces(client: IMAPClient, uid: int, number: str) -> Iterator[bytes]:
    begin = 0
    while True:
        found = _ask(client, uid, f"BODY.PEEK[{number}]<{begin}.{PIECE}>").get(f"BODY[{number}]<{begin}>".encode())
        if found:
            yield found
        if not found or len(found) < PIECE:
            return
        begin += len(found)


def _ask(client: IMAPClient, uid: int, *items: str) -> dict[bytes, Any]:
    found: dict[int, dict[bytes, Any]] = client.fetch([uid], list(items))
    if uid not in found:
        raise VanishedError(uid)
    return found[uid]


def _leaves(structure: Structure, number: str) -> Iterator[tuple[str, int]]:
    """(part number, size on the wire) of every leaf."""
    if isinstance(structure[0], list):
        for position, child in enumerate(structure[0], start=1):
            yield from _leaves(child, f"{number}.{position}" if number else str(position))
    else:
        size = structure[6] if len(structure) > 6 else 0
        yield number or "1", size if isinstance(size, int) else 0


def _assemble(structure: Structure, number: str, bodies: dict[str, bytes]) -> bytes:
    if not isinstance(structure[0], list):
        return bodies.get(number, b"")
    boundary = b"=_" + hashlib.sha256(number.encode() + b"".join(bodies.values())).hexdigest().encode()
    subtype = structure[1] if isinstance(structure[1], bytes) else b"mixed"
    lines = [b'Content-Type: multipart/%s; boundary="%s"\r\n' % (subtype, boundary)]
    for position, child in enumerate(structure[0], start=1):
        inner = _assemble(child, f"{number}.{position}" if number else str(position), bodies)
        lines += [b"--" + boundary, inner]
    return b"\r\n".join([*lines, b"--" + boundary + b"--", b""])
