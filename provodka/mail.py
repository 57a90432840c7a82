"""Letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from provodka.visits import Attachment, Utm


class MailKind(StrEnum):
    """What a letter is. Only `letter` is from a person who waits for an answer."""

    LETTER = "letter"
    AUTOREPLY = "autoreply"
    BOUNCE = "bounce"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter. `text` is what the writer wrote (quotes and HTML gone), `full_text` all of it.

    `thread` lists Message-IDs from References and In-Reply-To, oldest first; `from_` and the lists are addresses.
    For a bounce `failed` holds the addresses that could not be reached.
    """

    subject: str = ""
    text: str = ""
    full_text: str = ""
    kind: MailKind = MailKind.LETTER
    message_id: str = ""
    thread: tuple[str, ...] = ()
    from_: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    folder: str = ""
    attachments: tuple[Attachment, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EmailReceived:
    """`email.received`."""

    message: Mail = field(default_factory=Mail)
    utm: Utm = field(default_factory=Utm)


@dataclass(frozen=True, slots=True)
class EmailSent:
    """`email.sent`: the event's person is whom the letter was sent to."""

    message: Mail = field(default_factory=Mail)
