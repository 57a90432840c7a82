"""What stands in the timeline of a card: comments, and what people do there that is no task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.bitrix24.client import id_of, rows_of
from connectors.bitrix24.query import Command
from connectors.bitrix24.room import Room
from provodka.crm import CardRef, FeedEntry, FeedKind

_TASK: Final = "3"
_TASKS: Final = "CRM_TASKS_TASK"
_KINDS: Final[Mapping[str, FeedKind]] = {"2": FeedKind.CALL, "4": FeedKind.LETTER}
"""By TYPE_ID of an activity; a meeting, a reminder or the work of an application is a note."""


class Feed:
    """`feed` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def read(self, cards: Sequence[CardRef]) -> dict[CardRef, list[FeedEntry]]:
        """Two commands for each card, the first page of each: one entry is as good as hundreds here."""
        distinct = list(dict.fromkeys(cards))
        answers = self._room.client.ask([command for card in distinct for command in self._commands(card)])
        pairs = zip(answers[::2], answers[1::2], strict=True)
        return {card: list(_entries(*pair)) for card, pair in zip(distinct, pairs, strict=True)}

    def _commands(self, card: CardRef) -> tuple[Command, Command]:
        kind = self._room.kind_of(card.kind)
        comments = {"filter": {"ENTITY_ID": int(card.id), "ENTITY_TYPE": kind.path}, "select": ["ID"]}
        deeds = {
            "filter": {"OWNER_TYPE_ID": kind.type_id, "OWNER_ID": int(card.id)},
            "select": ["ID", "TYPE_ID", "PROVIDER_ID"],
        }
        newest = {"order": {"ID": "DESC"}, "start": 0}
        return (
            Command("crm.timeline.comment.list", {**comments, **newest}),
            Command("crm.activity.list", {**deeds, **newest}),
        )


def _entries(comments: Any, deeds: Any) -> Iterator[FeedEntry]:  # noqa: ANN401 -- answers of the portal
    yield from (FeedEntry(id_of(row), FeedKind.NOTE) for row in rows_of(comments))
    for row in rows_of(deeds):
        of = str(row.get("TYPE_ID"))
        if of != _TASK and row.get("PROVIDER_ID") != _TASKS:
            yield FeedEntry(id_of(row), _KINDS.get(of, FeedKind.DEED))
