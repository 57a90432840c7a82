"""`winmail.dat`: what Outlook packs text and files into ([MS-OXTNEF]), opened as far as it goes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from connectors.charsets import decode
from connectors.imap.html_text import to_text

TYPES: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
MOST_ATTRIBUTES: Final = 5000
MOST_PROPERTIES: Final = 2000
MOST_FILES: Final = 200

_SIGNATURE: Final = 0x223E9F78
_MESSAGE, _FILE = 1, 2  # levels of attributes
_BODY, _PROPERTIES, _CODEPAGE = 0x800C, 0x9003, 0x9007
_FILE_DATA, _FILE_TITLE, _FILE_BEGINS, _FILE_PROPERTIES = 0x800F, 0x8010, 0x9002, 0x9005
_PLAIN, _HTML, _LONG_NAME, _OBJECT = 0x1000, 0x1013, 0x3707, 0x3701
_MULTIPLE, _NAMED = 0x1000, 0x8000
_FIXED: Final = {0: 0, 1: 0, 2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE: Final = frozenset({0x0D, 0x1E, 0x1F, 0x102})
_UNICODE, _EMBEDDED = 0x1F, 0x0D


@dataclass(slots=True)
class Enclosed:
    """A file: its name as the sender has it, its bytes."""

    name: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Opened:
    """What lies in it. The text may be empty: mostly it stands in the letter itself as well."""

    text: str = ""
    files: list[Enclosed] = field(default_factory=list)


def open_tnef(data: bytes) -> Opened | None:
    """The text and the files; None for what is no TNEF. What is cut off in the middle gives what came before."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        return None
    opened, charset = Opened(), ""
    try:
        for level, attribute, value in _attributes(data):
            if attribute == _CODEPAGE and len(value) >= 4:
                charset = f"cp{struct.unpack_from('<I', value)[0]}"
            elif level == _MESSAGE:
                _take_message(opened, attribute, value, charset)
            elif level == _FILE and len(opened.files) <= MOST_FILES:
                _take_file(opened, attribute, value, charset)
    except struct.error:
        pass  # the file ends early
    opened.files = [each for each in opened.files if each.data][:MOST_FILES]
    return opened


def _take_message(opened: Opened, attribute: int, value: bytes, charset: str) -> None:
    if attribute == _BODY:
        opened.text = opened.text or decode(value.rstrip(b"\0"), charset)
    elif attribute == _PROPERTIES:
        found = {name: (kind, body) for name, kind, body in _properties(value) if name in (_PLAIN, _HTML)}
        if _PLAIN in found:
            opened.text = opened.text or _text(*found[_PLAIN], charset)
        elif _HTML in found:
            opened.text = opened.text or to_text(_text(*found[_HTML], ""))


def _take_file(opened: Opened, attribute: int, value: bytes, charset: str) -> None:
    if attribute == _FILE_BEGINS or not opened.files:
        opened.files.append(Enclosed())
    file = opened.files[-1]
    if attribute == _FILE_TITLE:
        file.name = file.name or decode(value.rstrip(b"\0"), charset)
    elif attribute == _FILE_DATA:
        file.data = value
    elif attribute == _FILE_PROPERTIES:
        for name, kind, body in _properties(value):
            if name == _LONG_NAME:
                file.name = _text(kind, body, charset) or file.name
            elif name == _OBJECT:
                file.data = file.data or (body[16:] if kind == _EMBEDDED else body)  # behind the id of its interface


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(level, attribute, value) of each; two bytes of a checksum stand behind the value."""
    offset = 6
    for _ in range(MOST_ATTRIBUTES):
        if offset >= len(data):
            return
        level, attribute, length = struct.unpack_from("<BII", data, offset)
        yield level, attribute & 0xFFFF, data[offset + 9 : offset + 9 + length]
        offset += 11 + length


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(property, type, value) of those that hold text or bytes, of several values the first."""
    count, offset = struct.unpack_from("<I", data)[0], 4
    for _ in range(min(count, MOST_PROPERTIES)):
        if offset + 4 > len(data):
            return
        kind, name = struct.unpack_from("<HH", data, offset)
        offset = _behind_name(data, offset + 4) if name >= _NAMED else offset + 4
        several, kind = kind & _MULTIPLE, kind & ~_MULTIPLE
        if kind in _FIXED:
            values = struct.unpack_from("<I", data, offset)[0] if several else 1
            offset += (4 if several else 0) + _FIXED[kind] * values
        elif kind in _VARIABLE:
            values, offset = struct.unpack_from("<I", data, offset)[0], offset + 4
            for number in range(min(values, MOST_PROPERTIES)):
                length = struct.unpack_from("<I", data, offset)[0]
                if number == 0:
                    yield name, kind, data[offset + 4 : offset + 4 + length]
                offset += 4 + _padded(length)
        else:
            return


def _behind_name(data: bytes, offset: int) -> int:
    """Properties of applications carry a GUID, and a number or a name."""
    if struct.unpack_from("<I", data, offset + 16)[0] == 0:
        return offset + 24
    return offset + 24 + _padded(struct.unpack_from("<I", data, offset + 20)[0])


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _text(kind: int, value: bytes, charset: str) -> str:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return decode(value.rstrip(b"\0"), charset)
