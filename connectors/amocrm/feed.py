"""What stands in the feed of a card: notes, calls, letters and files; all of them are notes of amoCRM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connectors.amocrm.client import Json, embedded
from connectors.amocrm.directory import ENTITIES
from connectors.amocrm.room import IDS_AT_ONCE, Room
from provodka.crm import CardRef, FeedEntry, FeedKind

_NOBODYS: Final = frozenset(
    {"service_message", "extended_service_message", "site_visit", "targeting_in", "targeting_out", "ai_result"}
)
"""What amoCRM and its widgets write there by themselves."""

_KINDS: Final[Mapping[str, FeedKind]] = {
    "call_in": FeedKind.CALL,
    "call_out": FeedKind.CALL,
    "amomail_message": FeedKind.LETTER,
    "attachment": FeedKind.FILE,
    "dropbox_attachment": FeedKind.FILE,
}


class Feed:
    """`feed` of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def read(self, cards: Sequence[CardRef]) -> dict[CardRef, list[FeedEntry]]:
        """A call for up to a hundred cards of a kind; each note is looked at, as accounts may ignore filters."""
        found: dict[CardRef, list[FeedEntry]] = {card: [] for card in cards}
        for kind, entity in ENTITIES.items():
            mine = {card.id: card for card in found if card.kind is kind and card.id.isdecimal()}
            for item in self._notes(entity, list(mine)):
                card = mine.get(str(item.get("entity_id")))
                if card is not None and item.get("note_type") not in _NOBODYS:
                    of = _KINDS.get(str(item.get("note_type")), FeedKind.NOTE)
                    found[card].append(FeedEntry(str(item["id"]), of))
        return found

    def _notes(self, entity: str, ids: Sequence[str]) -> Iterator[Json]:
        client = self._room.client
        if not self._room.directory.account().api_filter:
            for one in ids:
                yield from embedded(client.get(f"/{entity}/{one}/notes"), "notes")
            return
        for start in range(0, len(ids), IDS_AT_ONCE):
            wanted = [("filter[entity_id][]", one) for one in ids[start : start + IDS_AT_ONCE]]
            for _, items in client.pages(f"/{entity}/notes", "notes", wanted):
                yield from items
