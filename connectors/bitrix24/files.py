"""Files: they hang on a comment in the timeline of their card, which keeps them on the portal's disk."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from connectors.bitrix24.client import id_of, moment, rows_of
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room, made, number
from connectors.crm.account import CLOCKS, earliest
from connectors.crm.batching import claimed
from provodka.crm import CardFile, CardRef, NewFile
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request

SELECT: Final = ("ID", "CREATED", "FILES")
NO_BYTES: Final = "Файл «{name}» не сохранён у нас (пустой, больше предела или уже удалён): приложите его вручную."


class Files:
    """`attach_files` and `files` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def attach(self, requests: Sequence[Request[NewFile]]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for request in requests:
            try:
                outcomes.append(self._attach(request.params))
            except ConnectorError as error:  # it is this file's own, and costs the others nothing
                outcomes.append(error)
        return outcomes

    def find(self, requests: Sequence[Request[NewFile]]) -> list[Done | None]:
        """By name and size, among the newest comments of these cards."""
        oldest = earliest(requests).timestamp() - CLOCKS
        cards = list(dict.fromkeys(request.params.card for request in requests))
        asked = {"select": list(SELECT), "order": {"ID": "DESC"}, "start": 0}
        answers = self._room.client.ask(
            [Command("crm.timeline.comment.list", {**asked, "filter": self._owner(card)}) for card in cards]
        )
        given = [
            ((card, str(file.get("name")), _size(file)), id_of(row))
            for card, answer in zip(cards, answers, strict=True)
            for row in rows_of(answer)
            if moment(row.get("CREATED")).timestamp() >= oldest
            for file in _files(row)
        ]
        wanted = [(one.params.card, one.params.file.name, one.params.file.size) for one in requests]
        return self._room.settled(requests, claimed(wanted, given))

    def of(self, card: CardRef) -> list[CardFile]:
        """The files of all comments of the card, the oldest first."""
        asked = {"select": list(SELECT), "filter": self._owner(card)}
        return [
            CardFile(str(file.get("id")), str(file.get("name") or ""), _size(file), str(file.get("urlDownload") or ""))
            for page in self._room.client.walk("crm.timeline.comment.list", asked)
            for row in page
            for file in _files(row)
        ]

    def _attach(self, new: NewFile) -> Outcome:
        """By a call of its own: a file is too large to travel in a batch."""
        file = new.file
        content = self._room.store.blob(file.sha256) if file.sha256 else None
        if not content:
            raise Rejected(f"there are no bytes of the file «{file.name}»", hint=NO_BYTES.format(name=file.name))
        fields = {
            **self._owner(new.card),
            "COMMENT": f"Файл: {file.name}",
            "FILES": [[file.name, base64.b64encode(content).decode()]],
        }
        return made(self._room.client.call("crm.timeline.comment.add", {"fields": fields}, write=True))

    def _owner(self, card: CardRef) -> Json:
        return {"ENTITY_ID": number(card.id), "ENTITY_TYPE": self._room.kind_of(card.kind).path}


def _files(row: Json) -> list[Json]:
    """A map by number, or an empty list."""
    files = row.get("FILES")
    rows = list(files.values()) if isinstance(files, dict) else files if isinstance(files, list) else []
    return [one for one in rows if isinstance(one, dict)]


def _size(file: Json) -> int:
    text = str(file.get("size") or 0)
    return int(text) if text.isdecimal() else 0
