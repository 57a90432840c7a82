"""What a letter is: from a person who waits for an answer, or from a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.imap.headers import Headers, RawMessage, address, param, parse_headers
from connectors.imap.parts import children, content, leaves, text
from provodka import identity
from provodka.payloads import MailKind

_DAEMONS: Final = ("mailer-daemon@", "postmaster@")
_AUTOMATIC_SUBJECT = re.compile(
    r"^\s*(?:re\s*:\s*)?(?:автоответ|автоматический ответ|автоматическое уведомление|out of (?:the )?office|auto-?reply"
    r"|automatic reply|вне офиса)\b",
    re.IGNORECASE,
)
_FAILURE_SUBJECT = re.compile(
    r"не\s?доставлен|undeliver|delivery (?:status|failure|has failed|failed)|failure notice|returned mail",
    re.IGNORECASE,
)
_MESSAGE_ID_LINE = re.compile(r"^\s*Message-ID:\s*(<[^<>]{3,500}>)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report of failed delivery tells: the addresses, and the Message-ID of our letter."""

    failed: tuple[str, ...]
    original: str


def kind_of(message: RawMessage, headers: Headers, sender: str, *, is_form: bool = False) -> MailKind:
    """Bounce, automatic answer, mass mail or letter, by RFC 3834, RFC 3464 and the marks that programs leave.

    A form that a site sent is a letter even where the site calls it automatic or bulk: a person waits.
    """
    if _is_bounce(message, headers, sender):
        return MailKind.BOUNCE
    if _is_answer_of_a_machine(message, headers):
        return MailKind.AUTOREPLY
    if is_form:
        return MailKind.LETTER
    if headers.has("List-Unsubscribe", "List-Id", "Feedback-ID") or _precedence(headers) in {"bulk", "junk", "list"}:
        return MailKind.BULK
    return MailKind.AUTOREPLY if _is_automatic(headers, sender) else MailKind.LETTER


def read_bounce(message: RawMessage, headers: Headers) -> Bounce:
    """From the report's parts (RFC 3464), X-Failed-Recipients (Exim, Gmail, Mail.ru), headers quoted in the text."""
    failed = [address(value) for block in _report_blocks(message) for value in _failed_recipients(block)]
    failed += identity.emails_in(headers.text("X-Failed-Recipients"))
    return Bounce(tuple(dict.fromkeys(each for each in failed if each)), _original_id(message))


def _is_bounce(message: RawMessage, headers: Headers, sender: str) -> bool:
    if _report_type(message) == "delivery-status":
        actions = {Headers(block).text("Action").lower() for block in _report_blocks(message)} - {""}
        return not actions or "failed" in actions  # «delayed» and «relayed» are no failures
    if headers.has("X-Failed-Recipients"):
        return True
    return sender.startswith(_DAEMONS) and bool(_FAILURE_SUBJECT.search(headers.text("Subject")))


def _is_answer_of_a_machine(message: RawMessage, headers: Headers) -> bool:
    return (
        _auto_submitted(headers).startswith(("auto-replied", "auto-notified"))
        or headers.has("X-Autoreply", "X-Autorespond")
        or _precedence(headers) == "auto_reply"
        or bool(_AUTOMATIC_SUBJECT.search(headers.text("Subject")))
        or _report_type(message) != ""
        or any(_is_calendar_reply(part) for part in leaves(message))
    )


def _is_automatic(headers: Headers, sender: str) -> bool:
    return (
        _auto_submitted(headers) not in {"", "no"}
        or headers.has("X-Auto-Response-Suppress")
        or headers.raw("Return-Path").strip() == "<>"
        or sender.startswith(_DAEMONS)
    )


def _auto_submitted(headers: Headers) -> str:
    return headers.text("Auto-Submitted").lower().partition(";")[0].strip()


def _precedence(headers: Headers) -> str:
    return headers.text("Precedence").lower()


def _report_type(message: RawMessage) -> str:
    if message.get_content_type() != "multipart/report":
        return ""
    return param(message, "report-type").lower() or "unknown"


def _is_calendar_reply(part: RawMessage) -> bool:
    return part.get_content_type() == "text/calendar" and param(part, "method").upper() == "REPLY"


def _report_blocks(message: RawMessage) -> Iterator[RawMessage]:
    """The groups of fields of message/delivery-status: one about the report, then one for each recipient."""
    for part in leaves(message):
        if part.get_content_type() == "message/delivery-status":
            yield from children(part)


def _failed_recipients(block: RawMessage) -> list[str]:
    fields = Headers(block)
    if fields.text("Action").lower() not in {"failed", ""}:
        return []
    return [
        fields.text(name).rpartition(";")[2] for name in ("Final-Recipient", "Original-Recipient") if fields.has(name)
    ][:1]


def _original_id(message: RawMessage) -> str:
    return next((found for part in leaves(message) if (found := _id_within(part))), "")


def _id_within(part: RawMessage) -> str:
    """The Message-ID of the letter that a part of a report carries, whole, by its headers or quoted in words."""
    kind = part.get_content_type()
    if kind.startswith("message/"):  # the parser takes rfc822-headers for a letter without a body
        ids = [each for inner in children(part) for each in Headers(inner).ids("Message-ID")]
    elif kind == "text/rfc822-headers":
        ids = list(Headers(parse_headers(content(part))).ids("Message-ID"))
    else:
        ids = _MESSAGE_ID_LINE.findall(text(part)) if kind == "text/plain" else []
    return ids[0] if ids else ""
