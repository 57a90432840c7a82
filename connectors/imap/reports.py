"""Reports of mail servers on letters of ours: RFC 3464, and what was sent before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.imap.headers import Headers, RawMessage, address, param, parse_headers
from connectors.imap.parts import children, content, leaves, text
from connectors.imap.robots import is_robot
from connectors.imap.settings import ImapSettings
from provodka import identity

SEARCHED: Final = 8000
LONGEST_REASON: Final = 500

_MESSAGE_ID_LINE = re.compile(r"^[ \t>]*Message-ID:\s*(<[^<>]{3,500}>)", re.MULTILINE | re.IGNORECASE)
_COPY = re.compile(
    r"^(?:[ \t>]*-{2,}[^\n]{0,120}(?:copy|original|below|копия|исходн)[^\n]{0,120}$"
    r"|(?:Received|Return-Path|Message-ID): )",
    re.MULTILINE | re.IGNORECASE,
)
_REFUSAL = re.compile(r"\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b[^\n]{0,300}|\b5[05]\d[ -][^\n]{3,300}")


@dataclass(frozen=True, slots=True)
class Report:
    """Whom our letter did not reach (yet), what the server said of the first of them, and our letter's Message-ID."""

    recipients: tuple[str, ...] = ()
    original: str = ""
    reason: str = ""


def report_type(message: RawMessage) -> str:
    """`delivery-status`, `disposition-notification`, …; empty for what is no report."""
    if message.get_content_type() != "multipart/report":
        return ""
    return param(message, "report-type").lower() or "unknown"


def actions(message: RawMessage) -> set[str]:
    """What became of the letter, for all its recipients: `failed`, `delayed`, `delivered`, `relayed`, `expanded`."""
    return {Headers(block).text("Action").lower() for block in _blocks(message)} - {""}


def read_report(message: RawMessage, headers: Headers, settings: ImapSettings) -> Report:
    """From the report's parts, X-Failed-Recipients (Exim, Gmail, Mail.ru), else the words above our own letter."""
    blocks = [Headers(block) for block in _blocks(message)]
    named = [address(value) for block in blocks for value in _recipient(block)]
    named += identity.emails_in(headers.text("X-Failed-Recipients"))
    reason = next(filter(None, (_diagnosis(block) for block in blocks)), "")
    if not named or not reason:
        words = _words(message)
        named = named or _spoken_of(words, settings)
        refusal = _REFUSAL.search(words)
        reason = reason or (refusal.group().strip() if refusal else "")
    return Report(tuple(dict.fromkeys(filter(None, named))), _original_id(message), reason[:LONGEST_REASON])


def _blocks(message: RawMessage) -> Iterator[RawMessage]:
    """The groups of fields of message/delivery-status: one about the report, then one for each recipient."""
    for part in leaves(message):
        if part.get_content_type() == "message/delivery-status":
            yield from children(part)


def _recipient(fields: Headers) -> list[str]:
    if fields.text("Action").lower() not in {"failed", "delayed", ""}:
        return []
    return [
        fields.text(name).rpartition(";")[2] for name in ("Final-Recipient", "Original-Recipient") if fields.has(name)
    ][:1]


def _diagnosis(fields: Headers) -> str:
    """«550 5.1.1 User unknown», else the bare status."""
    said = fields.text("Diagnostic-Code").partition(";")
    return (said[2] or said[0]).strip() or fields.text("Status")


def _words(message: RawMessage) -> str:
    """What the server says itself, without the copy of our letter below."""
    words = next((text(part) for part in leaves(message) if part.get_content_type() == "text/plain"), "")[:SEARCHED]
    copy = _COPY.search(words)
    return words[: copy.start()] if copy else words


def _spoken_of(words: str, settings: ImapSettings) -> list[str]:
    """The only address of a stranger, where there is one alone."""
    strangers = [each for each in identity.emails_in(words) if not is_robot(each, settings)]
    return strangers if len(strangers) == 1 else []


def _original_id(message: RawMessage) -> str:
    return next((found for part in leaves(message) if (found := _id_within(part))), "")


def _id_within(part: RawMessage) -> str:
    """The Message-ID of the letter that a part of a report carries, whole, by its headers or quoted in words."""
    kind = part.get_content_type()
    if kind == "message/disposition-notification":
        ids = list(Headers(parse_headers(content(part))).ids("Original-Message-ID")) or [
            each for inner in children(part) for each in Headers(inner).ids("Original-Message-ID")
        ]
    elif kind.startswith("message/"):  # the parser takes rfc822-headers for a letter without a body
        ids = [each for inner in children(part) for each in Headers(inner).ids("Message-ID")]
    elif kind == "text/rfc822-headers":
        ids = list(Headers(parse_headers(content(part))).ids("Message-ID"))
    else:
        ids = _MESSAGE_ID_LINE.findall(text(part)) if kind == "text/plain" else []
    return ids[0] if ids else ""
