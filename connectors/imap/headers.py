"""The headers of a letter as people meant them, however broken they were sent."""

from __future__ import annotations

import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import Compat32
from typing import Any, Final

from connectors.charsets import clean, decode
from provodka import identity

LONGEST: Final = 10_000  # of one header; the standard parameter parser is quadratic
MOST_IDS: Final = 100
MOST_ADDRESSES: Final = 200

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?(.*?)\?=", re.DOTALL)
_ANGLE = re.compile(r"<\s*([^<>]*@[^<>]*?)\s*>")
_ID = re.compile(r"<([^<>]+)>")
_SEPARATED = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,;])+')
_ADDRESS = re.compile(r"[^\s<>()\[\]@,;:\"]+@[^\s<>()\[\]@,;:\"]+\.[^\s<>()\[\]@,;:\".]+")

RawMessage = Message  # its header values are untouched text: bytes over 127 stand as surrogates


class _Untouched(Compat32):
    """The standard policies turn undeclared 8-bit headers into question marks; this one leaves their bytes alone."""

    def header_fetch_parse(self, name: str, value: str) -> Any:  # noqa: ANN401  # the signature of Policy
        return value[-LONGEST:] if name.lower() == "references" else value[:LONGEST]  # the newest ids stand last


def parse_message(raw: bytes) -> RawMessage:
    """The tree of a letter's parts. Broken structure is taken as far as it goes."""
    try:
        return BytesParser(policy=_Untouched()).parsebytes(raw)
    except (TypeError, ValueError, RecursionError):  # a boundary in RFC 2231 pieces that do not fit; endless nesting
        return parse_headers(raw)


def parse_headers(raw: bytes) -> RawMessage:
    """Only the headers of a letter, or of what looks like them."""
    return BytesHeaderParser(policy=_Untouched()).parsebytes(raw)


@dataclass(frozen=True, slots=True)
class Headers:
    """Reads headers. `hint` is the charset of the letter's text: undeclared bytes are mostly in the same."""

    message: RawMessage
    hint: str = ""

    def raw(self, name: str) -> str:
        """The first header of that name in one line, undecoded; empty when absent."""
        return _unfold(str(self.message.get(name, "")))[:LONGEST]

    def text(self, name: str) -> str:
        return decode_words(self.raw(name), self.hint)

    def has(self, *names: str) -> bool:
        return any(name in self.message for name in names)

    def values(self, name: str) -> list[str]:
        """Every header of that name, undecoded."""
        return [_unfold(str(value)) for value in self.message.get_all(name, [])[:MOST_IDS]]

    def ids(self, *names: str) -> tuple[str, ...]:
        """Message-IDs in these headers, in order, once each. A fold inside an id is mended."""
        found = (match for name in names for match in _ID.findall(self.raw(name)))
        ids = dict.fromkeys(clean("<" + re.sub(r"\s+", "", each) + ">") for each in found)
        return tuple(ids)[-MOST_IDS:]

    def mailbox(self, name: str) -> tuple[str, str]:
        """(display name, address) of the first mailbox in a header; the name is empty where it is only the address."""
        return self._mailbox(self.raw(name))

    def mailboxes(self, name: str) -> tuple[tuple[str, str], ...]:
        """(display name, address) of every mailbox of a list header, those with the same address once."""
        found: dict[str, str] = {}
        for chunk in self._chunks(name):
            display, where = self._mailbox(chunk)
            if where:
                found[where] = found.get(where) or display
        return tuple((display, where) for where, display in found.items())[:MOST_ADDRESSES]

    def addresses(self, name: str) -> tuple[str, ...]:
        """Every address of a list header, lower-case, once each."""
        return tuple(where for _, where in self.mailboxes(name))

    def each(self, name: str) -> list[str]:
        """The address in each of several headers of one name, from the top; those without one left out."""
        values = self.message.get_all(name, [])[:MOST_IDS]
        return [found for value in values if (found := self._mailbox(_unfold(str(value)))[1])]

    def _mailbox(self, raw: str) -> tuple[str, str]:
        angle = _ANGLE.search(raw)
        if angle is None:
            bare = address(decode_words(raw, self.hint))
            return _display_name(_comment(raw), self.hint), bare
        return _display_name(raw[: angle.start()], self.hint), address(angle.group(1))

    def _chunks(self, name: str) -> Iterator[str]:
        """The pieces of a list header between its commas, those within quotes left alone."""
        values = [str(value) for value in self.message.get_all(name, [])[:MOST_IDS]]
        whole = ",".join(map(_unfold, values))[:LONGEST]
        pieces = _SEPARATED.findall(whole)
        was_cut = len(whole) == LONGEST or any(len(value) >= LONGEST for value in values)
        yield from pieces[:-1] if was_cut else pieces  # half an address would be somebody else's


def address(text: str) -> str:
    """The address in a piece of a header, lower-case. Takes signs that a running text would not (`o'neil@`)."""
    whole = _ADDRESS.fullmatch(text.strip())
    return clean(whole.group()).lower() if whole else identity.email(clean(text))


def decode_words(raw: str, hint: str = "") -> str:
    """A header's text: RFC 2047 words and undeclared 8-bit bytes decoded, cleaned, trimmed.

    Adjacent words of one charset are joined before decoding, because some senders cut them inside a letter.
    """
    joined: list[tuple[str | None, bytes]] = []
    for charset, data in _pieces(raw):
        if joined and joined[-1][0] == charset:
            joined[-1] = (charset, joined[-1][1] + data)
        else:
            joined.append((charset, data))
    text = "".join(decode(data, charset or "", hint) for charset, data in joined)
    return re.sub(r"\s+", " ", clean(text)).strip()


def param(message: RawMessage, name: str, header: str = "content-type") -> str:
    """A parameter of a structured header, by RFC 2231, by RFC 2047 in quotes, or in bare bytes; empty when absent."""
    try:
        value = message.get_param(name, None, header)
    except (TypeError, ValueError):  # RFC 2231 pieces that do not fit together
        return ""
    if isinstance(value, tuple):
        charset, _, text = value
        return clean(decode(text.encode("latin-1", "replace"), charset or ""))
    return decode_words(str(value)) if value else ""


def to_bytes(text: str) -> bytes:
    """The bytes that an untouched header or parameter stood for."""
    return text.encode("utf-8", "surrogateescape")


def _pieces(raw: str) -> Iterator[tuple[str | None, bytes]]:
    """(charset, bytes) of each encoded word and, with no charset, of the plain text between them."""
    position = 0
    for word in _WORD.finditer(raw):
        between = raw[position : word.start()]
        if between.strip() or position == 0:
            yield None, to_bytes(between)
        charset, encoding, content = word.groups()
        yield charset.partition("*")[0].lower(), _word_bytes(encoding, content)
        position = word.end()
    yield None, to_bytes(raw[position:])


def _word_bytes(encoding: str, content: str) -> bytes:
    data = to_bytes(content)
    if encoding in "qQ":
        return a2b_qp(data.replace(b" ", b"_"), header=True)
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    try:
        return a2b_base64(data + b"=" * (-len(data) % 4))
    except BinasciiError:  # one sign too many: the last one carries less than a byte
        return a2b_base64(data[:-1])


def _display_name(raw: str, hint: str) -> str:
    name = decode_words(re.sub(r"\\(.)", r"\1", raw).strip(" \t\"',;"), hint).strip(" \"'")
    return "" if "@" in name else name


def _comment(raw: str) -> str:
    """The old way to write a name: `ivan@example.com (Ivan Petrov)`."""
    found = re.search(r"\(([^()]*)\)", raw)
    return found.group(1) if found else ""


def _unfold(value: str) -> str:
    return re.sub(r"[\r\n]+", "", value)
