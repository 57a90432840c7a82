"""What joins letters: the stamp in the Message-ID of ours, and what the journal remembers of the letters before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from provodka.mail import EmailReceived, EmailSent, Mail

OURS: Final = "prv."
"""How the Message-ID of every letter begins that Provodka sends."""
NO_LEAD: Final = "0"
MARK_SIGNS: Final = 40

_STAMP: Final = re.compile(r"<(prv\.([\w-]+)\.[0-9a-f]+)@")


def stamp_of(lead_id: str, key: str) -> str:
    """The left half of the Message-ID of a letter about this lead: the same for all attempts of the action `key`, and
    for nobody to guess who has not got the letter."""
    return f"{OURS}{lead_id or NO_LEAD}.{sha256(key.encode()).hexdigest()[:24]}"


def lead_of_stamp(stamp: str) -> str:
    """The lead that a letter of ours is about; empty where it is about none."""
    lead = stamp.removeprefix(OURS).rpartition(".")[0]
    return "" if lead == NO_LEAD else lead


def stamps_in(ids: Iterable[str]) -> list[str]:
    """The stamps of ours among Message-IDs, in their order."""
    return [found.group(1) for one in ids if (found := _STAMP.match(one))]


def mail_of(payload: object) -> Mail | None:
    """The letter of an event, received or sent; None of any other."""
    return payload.message if isinstance(payload, EmailReceived | EmailSent) else None


def mark_of(mail: Mail, event_id: str) -> str:
    """What the journal knows a letter by, whichever mailboxes it came to; of one without Message-ID, by its event."""
    return sha256((mail.message_id or event_id).encode()).hexdigest()[:MARK_SIGNS]


@dataclass(frozen=True, slots=True)
class PastLetter:
    """A letter of the journal, and the leads that its actions were about, the last one first."""

    event_id: str
    at: datetime
    mail: Mail
    leads: tuple[str, ...] = ()
