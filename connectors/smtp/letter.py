"""A letter as it goes over the wire."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from hashlib import sha256
from typing import Final

from connectors.enclosed import File
from provodka.messages import ClientMessage

LONGEST_SUBJECT: Final = 200
MOST_REFERENCES: Final = 20
LONGEST_ID: Final = 900  # a line of a letter has at most 998 characters


def build(message: ClientMessage, key: str, sender: tuple[str, str], now: datetime, files: list[File]) -> bytes:
    """The bytes of a letter; `sender` is a name and an address. The same key gives the same Message-ID.

    It says of itself that nobody typed it (RFC 3834), so that no autoreply answers it.
    """
    letter = EmailMessage(policy=SMTP)
    letter["From"] = formataddr(sender)
    letter["To"] = message.to
    letter["Subject"] = subject_of(message)
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = message_id(key, sender[1])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text, cte="base64")
    for name, kind, body in files:
        main, _, sub = kind.partition("/")
        letter.add_attachment(body, maintype=main, subtype=sub or "octet-stream", filename=" ".join(name.split()))
    return _thread(message) + letter.as_bytes()


def _thread(message: ClientMessage) -> bytes:
    """The headers that make it an answer, an id to a line. By hand: the library encodes ids longer than a line,
    and then no mail program knows them."""
    ids = [one for part in message.thread for one in part.split() if one.isascii() and len(one) <= LONGEST_ID]
    if not ids:
        return b""
    references = "\r\n ".join(ids[-MOST_REFERENCES:])
    return f"In-Reply-To: {ids[-1]}\r\nReferences: {references}\r\n".encode()


def message_id(key: str, address: str) -> str:
    """Made of the action's key, so that a letter that was sent twice can be known as one."""
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{address.rpartition('@')[2]}>"


def subject_of(message: ClientMessage) -> str:
    """The subject, else the beginning of the text: one line."""
    line = " ".join((message.subject or message.text.strip().partition("\n")[0]).split())
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"
