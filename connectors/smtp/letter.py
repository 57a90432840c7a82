"""A letter as it goes over the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Final

from connectors.enclosed import File
from provodka.mail_thread import lead_of_stamp, stamp_of
from provodka.messages import ClientMessage, LetterKind

LONGEST_SUBJECT: Final = 200
MOST_REFERENCES: Final = 20
LONGEST_ID: Final = 900  # a line of a letter has at most 998 characters


_SUBMITTED: Final = {LetterKind.ANSWER: "auto-replied"}


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom letters are from: a name and an address; `tagged`: the subject names the lead, as `[#17]`; `unsubscribe` is
    an address (`https://…`, `mailto:…`) for who wants no more mailings, else they write to us."""

    name: str
    address: str
    tagged: bool = False
    unsubscribe: str = ""


def build(message: ClientMessage, key: str, sender: Sender, now: datetime, files: list[File]) -> bytes:
    """The bytes of a letter. The same key gives the same Message-ID.

    It says of itself that nobody typed it (RFC 3834), so that no autoreply answers it.
    """
    letter = EmailMessage(policy=SMTP)
    letter["From"] = formataddr((sender.name, sender.address))
    letter["To"] = message.to
    letter["Subject"] = subject_of(message, tagged=sender.tagged)
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = message_id(message, key, sender.address)
    letter["Auto-Submitted"] = _SUBMITTED.get(message.kind, "auto-generated")
    if message.kind is LetterKind.MAILING:
        letter["Precedence"] = "bulk"
        letter["List-Unsubscribe"] = f"<{sender.unsubscribe or f'mailto:{sender.address}?subject=unsubscribe'}>"
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


def message_id(message: ClientMessage, key: str, address: str) -> str:
    """Made of the message's stamp, else of the action's key, so that a letter that was sent twice is known as one."""
    return f"<{message.stamp or stamp_of('', key)}@{address.rpartition('@')[2]}>"


def subject_of(message: ClientMessage, *, tagged: bool = False) -> str:
    """The subject, else the beginning of the text: one line. With `tagged` it ends in the number of the lead, if there
    is one and the subject does not name it yet."""
    line = " ".join((message.subject or message.text.strip().partition("\n")[0]).split())
    lead = lead_of_stamp(message.stamp) if tagged and message.stamp else ""
    mark = f" [#{lead}]" if lead and f"[#{lead}]" not in line else ""
    most = LONGEST_SUBJECT - len(mark)
    return (line if len(line) <= most else line[: most - 1] + "…") + mark
