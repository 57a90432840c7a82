"""Letters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from provodka.visits import Attachment, Utm

# RFC 3463: persistent transient; a full mailbox; of the server, the way there, the content or the policy
_SOFT: Final = re.compile(r"\b4\.\d{1,3}\.\d{1,3}\b|\b5\.2\.[23]\b|\b5\.[35-7]\.\d{1,3}\b|\b5\.4\.[5-7]\b")


class MailKind(StrEnum):
    """What a letter is. Only `letter` is from a person who waits for an answer."""

    LETTER = "letter"
    AUTOREPLY = "autoreply"  # nobody typed it
    RECEIPT = "receipt"  # a letter of ours was delivered, or opened
    DELAYED = "delayed"  # a letter of ours is still on its way
    BOUNCE = "bounce"  # a letter of ours could not be delivered
    BULK = "bulk"
    SPAM = "spam"  # as a mail service has marked it


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who writes a letter or gets it, and is none of ours. The name may be empty."""

    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What the writer's own words tell: each is empty rather than doubtful.

    `company` is the firm the letter is written for («ООО «Ромашка»»), `domain` that of the writer's address where it
    is the firm's own; `inn` has its check digits right, `inn` and `kpp` are empty where several are named.
    """

    company: str = ""
    inn: str = ""
    kpp: str = ""
    city: str = ""
    domain: str = ""
    links: tuple[str, ...] = ()

    @property
    def link(self) -> str:
        """The first link, or an empty string."""
        return self.links[0] if self.links else ""


class MailRole(StrEnum):
    """What a mailbox is for. New requests come to a source; the others are watched for those whom we know already."""

    SOURCE = "source"
    CORRESPONDENCE = "correspondence"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter. `text` is what the writer wrote (quotes and HTML gone), `full_text` all of it.

    `from_` and the lists are addresses; `to_alias` is the address of ours that the letter came by. `participants` are
    all but ourselves, the writer first. For a bounce `failed` holds the addresses that could not be reached, and
    `reason` what the server said of the first of them. `role` is that of the mailbox; `forwarded_by` is whoever of ours
    has forwarded the letter to the address for cards.

    `notes` say in Russian what the text does not show: an invitation, an encrypted letter, files that were not kept.

    What joins it to a talk, the surest first: `thread` lists Message-IDs from References and In-Reply-To, oldest first,
    so that the letter that was answered is the last; `tag` is the number of «[#17]» in the subject or of `sales+17@…`;
    `conversation` is Outlook's own id, the same in all letters of a talk; `topic` is the subject without «Re:», «Fwd:»
    and the tag, in the letters' own case: compare it without regard to case.

    `role` is that of the mailbox; `forwarded_by` is whoever of ours has forwarded the letter to the address for cards.
    """

    subject: str = ""
    text: str = ""
    full_text: str = ""
    kind: MailKind = MailKind.LETTER
    message_id: str = ""
    thread: tuple[str, ...] = ()
    conversation: str = ""
    topic: str = ""
    tag: str = ""
    from_: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    to_alias: str = ""
    participants: tuple[Participant, ...] = ()
    folder: str = ""
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()
    said: Said = field(default_factory=Said)
    failed: tuple[str, ...] = ()
    reason: str = ""
    role: MailRole = MailRole.SOURCE
    forwarded_by: str = ""

    @property
    def failure(self) -> str:
        """Of a bounce: `hard` where the address takes no letters, `soft` where it may take another one, or later (a
        full mailbox, a filter); empty of any other letter."""
        if self.kind is not MailKind.BOUNCE:
            return ""
        return "soft" if _SOFT.search(self.reason) else "hard"

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
