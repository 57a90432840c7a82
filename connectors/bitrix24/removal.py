"""Cards of our own making that are to go: the portal deletes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.bitrix24.people import People
from connectors.bitrix24.problems import NOT_FOUND
from connectors.bitrix24.query import Command
from connectors.bitrix24.room import Room
from connectors.crm.gone import Gone
from provodka.crm import CardKind, CardRemoval
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

_DELETED: Final = {"removed": "deleted"}


class Removal:
    """`remove_cards` of one portal."""

    def __init__(self, room: Room, gone: Gone, people: People) -> None:
        self._room, self._gone, self._people = room, gone, people

    def remove(self, requests: Sequence[Request[CardRemoval]]) -> list[Outcome]:
        """The mirror forgets them at once, so that the portal's news of it is none."""
        cards = [request.params.card for request in requests]
        commands = {
            i: Command("crm.item.delete", {"entityTypeId": self._room.kind_of(card.kind).type_id, "id": card.id})
            for i, card in enumerate(cards)
        }
        outcomes = self._room.deliver(commands, lambda _: Done())
        told = [_told(outcomes[i], card.id) for i, card in enumerate(cards)]
        for kind in CardKind:
            there = zip(cards, told, strict=True)
            lost = [card.id for card, outcome in there if card.kind is kind and isinstance(outcome, Done)]
            if lost:
                self._gone.bury(kind.value, lost)
            if lost and kind is CardKind.CONTACT:
                self._people.forget(lost)
        return told


def _told(outcome: Outcome, one: str) -> Outcome:
    if isinstance(outcome, Done):
        return Done(one, dict(_DELETED))
    if isinstance(outcome, Rejected) and outcome.code == NOT_FOUND:
        return Done(one, dict(_DELETED), found=True)
    return outcome
