"""Which folders of a mailbox are meant: by name, or by what they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from imapclient import IMAPClient

from connectors.imap.settings import ImapSettings

SENT: Final = "\\Sent"
INBOX: Final = "INBOX"

_NAMES: Final[Mapping[str, frozenset[str]]] = {
    SENT: frozenset({"sent", "sent items", "sent messages", "sent mail", "отправленные", "исходящие"}),
    "\\Junk": frozenset({"junk", "junk e-mail", "junk email", "spam", "bulk mail", "спам", "нежелательная почта"}),
    "\\Trash": frozenset({"trash", "deleted", "deleted items", "deleted messages", "bin", "удаленные", "корзина"}),
    "\\Drafts": frozenset({"drafts", "черновики"}),
    "\\Archive": frozenset({"archive", "архив"}),
}
"""What servers without SPECIAL-USE and mail programs call such folders, `ё` written as `е`."""

_ALSO: Final = {"\\Junk": "\\Spam", "\\All": "\\AllMail"}  # XLIST of the days before RFC 6154


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to be watched. `key` names it in our cursors: its use stays when people rename it."""

    key: str
    name: str
    is_sent: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Those that are there, in the order of the settings; what of the settings is `missing`; the names there are."""

    found: tuple[Place, ...]
    missing: tuple[str, ...]
    there: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str
    last: str
    uses: frozenset[str]


def find_places(client: IMAPClient, settings: ImapSettings) -> Places:
    """Ask the server for its folders."""
    listed = [_listed(*entry) for entry in client.list_folders()]
    wanted = tuple(dict.fromkeys((*settings.folders, *([SENT] if settings.sent else []))))
    found = {one: _find(one, listed) for one in wanted}
    places = {place.name: place for place in reversed([one for one in found.values() if one])}
    return Places(
        tuple(place for place in found.values() if place and places[place.name] is place),
        tuple(one for one, place in found.items() if place is None),
        tuple(one.name for one in listed),
    )


def _listed(flags: Sequence[bytes], delimiter: bytes | None, name: str) -> _Listed:
    separator = delimiter.decode() if delimiter else "/"
    uses = frozenset(flag.decode("ascii", "replace").lower() for flag in flags)
    return _Listed(str(name), str(name).rpartition(separator)[2], uses)


def _find(wanted: str, listed: Sequence[_Listed]) -> Place | None:
    if wanted.upper() == INBOX or wanted == "\\Inbox":  # it has no case (RFC 3501, 5.1) and is always there
        return Place(wanted if wanted.upper() == INBOX else INBOX, INBOX)
    if not wanted.startswith("\\"):
        one = next((one for one in listed if one.name == wanted), None)
        return Place(wanted, wanted, _has_use(one, SENT)) if one else None
    by_use = [one for one in listed if _has_use(one, wanted)]
    by_name = [one for one in listed if _plain(one.last) in _NAMES.get(wanted, ())]
    one = next(iter([*by_use, *by_name]), None)
    return Place(wanted, one.name, wanted == SENT) if one else None


def _has_use(one: _Listed, use: str) -> bool:
    return bool(one.uses & {use.lower(), _ALSO.get(use, use).lower()})


def _plain(name: str) -> str:
    return name.casefold().replace("ё", "е")
