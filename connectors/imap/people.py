"""Who else takes part in a letter, and which of our addresses it was sent to."""

from __future__ import annotations

from typing import Final

from connectors.imap.headers import Headers
from connectors.imap.robots import is_robot
from connectors.imap.settings import ImapSettings
from provodka.mail import Participant

MOST: Final = 100

_LISTS: Final = ("Reply-To", "To", "Cc")
_ORIGINAL: Final = ("X-Original-To", "Envelope-To", "X-Envelope-To")
_DELIVERED: Final = ("Delivered-To", "X-Delivered-To")


def read_participants(headers: Headers, settings: ImapSettings) -> tuple[Participant, ...]:
    """Everybody of From, Reply-To, To and Cc but ourselves and machines, once each, by address."""
    named = [headers.mailbox("From"), *(one for each in _LISTS for one in headers.mailboxes(each))]
    found: dict[str, str] = {}
    for name, address in named:
        if address and not is_robot(address, settings):
            found[address] = found.get(address) or name
    return tuple(Participant(name, address) for address, name in found.items())[:MOST]


def sent_to(headers: Headers) -> tuple[str, ...]:
    """Every address that the letter was sent to, in its own words and as the servers on the way have noted."""
    return tuple(dict.fromkeys((*headers.addresses("To"), *headers.addresses("Cc"), *_noted(headers))))


def alias_of(headers: Headers, settings: ImapSettings) -> str:
    """The address of ours that the letter came by: as noted on the way, else the first of ours in To and Cc.

    An alias need not be among our own addresses: it is enough that its domain is the mailbox's.
    """
    noted, domain = _noted(headers), settings.user.lower().rpartition("@")[2]
    ours = (one for one in noted if settings.is_own(one) or one.endswith(f"@{domain}"))
    named = (one for one in sent_to(headers) if settings.is_own(one))
    return next(ours, "") or next(iter(noted), "") or next(named, "")


def _noted(headers: Headers) -> list[str]:
    """Each server writes its lines above those of the servers before it; of ours, the first one knows the alias."""
    original = (one for name in _ORIGINAL for one in headers.each(name))
    delivered = (one for name in _DELIVERED for one in reversed(headers.each(name)))
    return [*original, *delivered]
