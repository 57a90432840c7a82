"""Finding cards: the text that `query` searches, and who holds a phone or an e-mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sandbox.amocrm.model import Card, Json

PHONE_DIGITS = 10
Holder = tuple[str, int]


def digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def identity(code: str | None, value: object) -> str | None:
    """What two cards of one person share: the last ten digits of a phone, or an e-mail in lower case."""
    if code == "PHONE":
        return digits(str(value))[-PHONE_DIGITS:] or None
    if code == "EMAIL":
        return str(value).strip().lower() or None
    return None


def identities(fields: Mapping[int, list[Json]], codes: Mapping[int, str | None]) -> set[str]:
    """Every phone and e-mail of a card, in comparable form."""
    found = (
        identity(codes[field_id], value.get("value", "")) for field_id, values in fields.items() for value in values
    )
    return {one for one in found if one}


def haystack(name: str, fields: Mapping[int, list[Json]]) -> str:
    """The text `query` looks in: name and all field values in lower case, then the values' bare digits."""
    values = [str(value["value"]) for rows in fields.values() for value in rows if value.get("value") is not None]
    return "\n".join([name, *values, *(digits(value) for value in values)]).lower()


def matches(card: Card, needle: str, bare: str) -> bool:
    """Whether a card holds the lower-case query, or the digits of a query that is a phone."""
    return needle in card.haystack or bool(bare and bare in card.haystack)


def bare_digits(query: str) -> str:
    """The digits of a query that looks like a phone, else nothing."""
    is_phone = bool(query) and all(char.isdigit() or char in "+-() ." for char in query)
    return digits(query) if is_phone else ""


class IdentityIndex:
    """Who holds which phone or e-mail; a key is `(entity, id)`."""

    def __init__(self) -> None:
        self._holders: dict[str, dict[Holder, None]] = defaultdict(dict)
        self._held: dict[Holder, set[str]] = {}

    def put(self, holder: Holder, found: set[str]) -> None:
        """Set what a card holds, in place of what it held."""
        known = self._held.get(holder, set())
        for gone in known - found:
            del self._holders[gone][holder]
        for new in found - known:
            self._holders[new][holder] = None
        self._held[holder] = found

    def holders(self, one: str) -> list[Holder]:
        """Cards with that identity, the oldest first."""
        return list(self._holders.get(one, ()))

    def items(self) -> Iterable[tuple[str, list[Holder]]]:
        return ((one, list(holders)) for one, holders in self._holders.items() if holders)
