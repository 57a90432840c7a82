"""Letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from provodka.visits import Attachment, Utm


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


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter. `text` is what the writer wrote (quotes and HTML gone), `full_text` all of it.

    `from_` and the lists are addresses; `to_alias` is the address of ours that the letter came by. `participants` are
    all but ourselves, the writer first. For a bounce `failed` holds the addresses that could not be reached, and
    `reason` what the server said of the first of them.

    `notes` say in Russian what the text does not show: an invitation, an encrypted letter, files that were not kept.

    What joins it to a talk, the surest first: `thread` lists Message-IDs from References and In-Reply-To, oldest first,
    so that the letter that was answered is the last; `tag` is the number of «[#17]» in the subject or of `sales+17@…`;
    `conversation` is Outlook's own id, the same in all letters of a talk; `topic` is the subject without «Re:», «Fwd:»
    and the tag, in the letters' own case: compare it without regard to case.
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


@dataclass(frozen=True, slots=True)
class EmailReceived:
    """`email.received`."""

    message: Mail = field(default_factory=Mail)
    utm: Utm = field(default_factory=Utm)


@dataclass(frozen=True, slots=True)
class EmailSent:
    """`email.sent`: the event's person is whom the letter was sent to."""

    message: Mail = field(default_factory=Mail)
