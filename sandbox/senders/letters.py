"""Letters as they really come: in old Cyrillic charsets, with replies, attachments and headers of all styles."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import encoders
from email.charset import Charset
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import SMTP
from email.utils import format_datetime, formataddr, make_msgid, parseaddr
from enum import StrEnum

INBOX_ADDRESS = "sandbox@example.test"


class NameStyle(StrEnum):
    """How a file name outside ASCII is written: RFC 2231, or an encoded word in quotes (Outlook)."""

    RFC2231 = "rfc2231"
    ENCODED_WORD = "encoded_word"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a letter."""

    name: str
    content: bytes
    mime: str = "application/octet-stream"
    style: NameStyle = NameStyle.RFC2231


def letter(
    *,
    from_: str = "Мария <maria@example.ru>",
    to: str = INBOX_ADDRESS,
    subject: str = "",
    text: str | None = None,
    html: str | None = None,
    charset: str = "utf-8",
    declared: bool = True,
    attachments: Sequence[Attachment] = (),
    headers: Mapping[str, str] | None = None,
    message_id: str | None = None,
    in_reply_to: str | None = None,
    references: Sequence[str] = (),
    sent_at: datetime | None = None,
) -> bytes:
    """The raw letter. Texts and headers are in `charset`; with declared=False they are raw 8-bit with no charset named.

    `headers` come last and may be any, such as Reply-To or Auto-Submitted. A reply names `in_reply_to`; `references`
    default to it.
    """
    body = _with_files(_content(text, html, charset, declared), attachments)
    known: dict[str, str] = {
        "From": from_,
        "To": to,
        "Subject": subject,
        "Date": format_datetime(sent_at or datetime.now(UTC)),
        "Message-ID": message_id or make_msgid(domain="example.ru"),
    }
    if in_reply_to:
        known |= {"In-Reply-To": in_reply_to, "References": " ".join(references or (in_reply_to,))}
    head = b"".join(_header(name, value, charset, declared) for name, value in {**known, **(headers or {})}.items())
    raw = head + body.as_bytes(policy=SMTP.clone(max_line_length=0))
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def send_letter(host: str, port: int, raw: bytes, from_: str = "maria@example.ru", to: str = INBOX_ADDRESS) -> None:
    """Hand a letter to the sandbox's SMTP; an empty `from_` makes it a bounce."""
    with smtplib.SMTP(host, port, timeout=10) as smtp:
        smtp.sendmail(from_, [to], raw)


def _content(text: str | None, html: str | None, charset: str, declared: bool) -> MIMEBase:
    parts = [_text(value, kind, charset, declared) for kind, value in (("plain", text), ("html", html)) if value]
    if len(parts) < 2:
        return parts[0] if parts else _text("", "plain", charset, declared)
    return MIMEMultipart("alternative", None, parts)


def _text(value: str, kind: str, charset: str, declared: bool) -> MIMEBase:
    part = MIMENonMultipart("text", kind)
    if declared:
        part.set_payload(value, Charset(charset))
    else:
        part["Content-Transfer-Encoding"] = "8bit"
        part.set_payload(value.encode(charset).decode("ascii", "surrogateescape"))
    return part


def _with_files(content: MIMEBase, attachments: Sequence[Attachment]) -> MIMEBase:
    if not attachments:
        return content
    return MIMEMultipart("mixed", None, [content, *map(_file, attachments)])


def _file(attachment: Attachment) -> MIMEBase:
    part = MIMEBase(*attachment.mime.split("/", 1))
    part.set_payload(attachment.content)
    encoders.encode_base64(part)
    if attachment.style is NameStyle.RFC2231:
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", attachment.name))
    else:
        word = Header(attachment.name, "utf-8", maxlinelen=1000).encode()
        part.add_header("Content-Disposition", "attachment", filename=word)
        part.set_param("name", word)
    return part


def _header(name: str, value: str, charset: str, declared: bool) -> bytes:
    if not declared:
        return f"{name}: {value}\r\n".encode(charset)
    if value.isascii():
        return f"{name}: {value}\r\n".encode()
    person, address = parseaddr(value)
    if "@" in address and person:
        return f"{name}: {formataddr((person, address), charset)}\r\n".encode()
    return f"{name}: {Header(value, charset, header_name=name).encode(linesep=chr(13) + chr(10))}\r\n".encode()
