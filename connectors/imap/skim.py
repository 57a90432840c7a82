"""A letter over the size limit: its headers and words, with the files left on the server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final

from imapclient import IMAPClient

from connectors.imap.attachments import SIZE_HEADER
from connectors.imap.headers import parse_headers
from connectors.imap.parts import is_text

MOST_WORDS: Final = 1024 * 1024
MOST_PARTS: Final = 200

_OWN_FIELDS = re.compile(rb"^(?:Content-Type|Content-Transfer-Encoding)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.I | re.M)

Structure = tuple[Any, ...]  # BODYSTRUCTURE as IMAPClient gives it: a list of parts first, or a type


def skim_letter(client: IMAPClient, uid: int) -> bytes:
    """The letter as if its files were empty; each of them carries its true size as Content-Length.

    Three small requests instead of the whole letter; nothing is marked as read.
    """
    structure: Structure = client.fetch([uid], ["BODYSTRUCTURE"])[uid][b"BODYSTRUCTURE"]
    parts = dict(list(_leaves(structure, ""))[:MOST_PARTS])
    several = isinstance(structure[0], list)
    fields = [f"BODY.PEEK[{number}.MIME]" for number in parts if several]
    heads = client.fetch([uid], ["BODY.PEEK[HEADER]", *fields])[uid]
    header = heads[b"BODY[HEADER]"]
    mime = {number: heads.get(f"BODY[{number}.MIME]".encode(), b"") if several else header for number in parts}
    spoken = [number for number in parts if is_text(parse_headers(mime[number]))]
    texts = client.fetch([uid], [f"BODY.PEEK[{number}]<0.{MOST_WORDS}>" for number in spoken])[uid] if spoken else {}
    words = {number: texts.get(f"BODY[{number}]<0>".encode(), b"") for number in spoken}
    bodies = {number: _body(head, parts[number], words.get(number)) for number, head in mime.items()}
    if not several:
        return bodies["1"]
    return _OWN_FIELDS.sub(b"", header).rstrip() + b"\r\n" + _assemble(structure, "", bodies)


def _leaves(structure: Structure, number: str) -> Iterator[tuple[str, int]]:
    """(part number, size on the wire) of every leaf."""
    if isinstance(structure[0], list):
        for position, child in enumerate(structure[0], start=1):
            yield from _leaves(child, f"{number}.{position}" if number else str(position))
    else:
        size = structure[6] if len(structure) > 6 else 0
        yield number or "1", size if isinstance(size, int) else 0


def _body(head: bytes, size: int, words: bytes | None) -> bytes:
    if words is not None:
        return head.rstrip() + b"\r\n\r\n" + words
    encoded = parse_headers(head).get("Content-Transfer-Encoding", "").strip().lower() == "base64"
    announced = size * 3 // 4 if encoded else size
    return head.rstrip() + f"\r\n{SIZE_HEADER}: {announced}\r\n\r\n".encode()


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
