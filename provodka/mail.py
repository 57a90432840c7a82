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


class MailRole(StrEnum):
    """What a mailbox is for. New requests come to a source; the others are watched for those whom we know already."""

    SOURCE = "source"
    CORRESPONDENCE = "correspondence"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter. `text` is what the writer wrote (quotes and HTML gone), `full_text` all of it.

    `thread` lists Message-IDs from References and In-Reply-To, oldest first; `from_` and the lists are addresses.
    For a bounce `failed` holds the addresses that could not be reached. `role` is that of the mailbox; `forwarded_by`
    is whoever of ours has forwarded the letter to the address for cards.
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
    role: MailRole = MailRole.SOURCE
    forwarded_by: str = ""

    @property
    def seeks_known(self) -> bool:
        """Whether it is of interest only if we know the person: its mailbox is no source, and nobody forwarded it."""
        return self.role is not MailRole.SOURCE and not self.forwarded_by


@dataclass(frozen=True, slots=True)
class EmailReceived:
    """`email.received`."""

    message: Mail = field(default_factory=Mail)
    utm: Utm = field(default_factory=Utm)


@dataclass(frozen=True, slots=True)
class EmailSent:
    """`email.sent`: the event's person is whom the letter was sent to."""

    message: Mail = field(default_factory=Mail)
