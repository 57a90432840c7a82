"""Notes: comments in the timeline of a card, recognised by card and text."""

from __future__ import annotations

import html
from collections.abc import Sequence

from connectors.bitrix24.client import id_of, moment, rows_of
from connectors.bitrix24.query import Command
from connectors.bitrix24.room import Room, made, place_of
from connectors.crm.account import CLOCKS, earliest
from connectors.crm.batching import build, claimed, same_text
from provodka.crm import NewNote
from provodka.operation import Done, Outcome, Request

Place = tuple[str, int]


class Notes:
    """`add_notes` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def add(self, requests: Sequence[Request[NewNote]]) -> list[Outcome]:
        commands, outcomes = build(requests, lambda request: comment(self._place(request.params), request.params.text))
        outcomes.update(self._room.deliver(commands, made))
        return [outcomes[i] for i in range(len(requests))]

    def find(self, requests: Sequence[Request[NewNote]]) -> list[Done | None]:
        """Among the newest comments of these cards; two requests never claim the same one."""
        oldest = earliest(requests).timestamp() - CLOCKS
        places = [self._place(request.params) for request in requests]
        distinct = list(dict.fromkeys(places))
        answers = self._room.client.ask([_comments(place) for place in distinct])
        given = [
            ((place, same_text(html.unescape(str(row.get("COMMENT") or "")))), id_of(row))
            for place, answer in zip(distinct, answers, strict=True)
            for row in rows_of(answer)
            if moment(row.get("CREATED")).timestamp() >= oldest
        ]
        wanted = [(place, same_text(one.params.text)) for place, one in zip(places, requests, strict=True)]
        return self._room.settled(requests, claimed(wanted, given))

    def _place(self, note: NewNote) -> Place:
        kind, _, one = place_of(note.lead_id, note.contact_id, self._room.kind)
        return kind, one


def comment(place: Place, text: str) -> Command:
    """A comment in the timeline. Only lower-case `fields` is read there."""
    kind, one = place
    return Command(
        "crm.timeline.comment.add", {"fields": {"ENTITY_ID": one, "ENTITY_TYPE": kind, "COMMENT": text.strip()}}
    )


def _comments(place: Place) -> Command:
    kind, one = place
    asked = {"filter": {"ENTITY_ID": one, "ENTITY_TYPE": kind}, "select": ["ID", "COMMENT", "CREATED"]}
    return Command("crm.timeline.comment.list", {**asked, "order": {"ID": "DESC"}, "start": 0})
