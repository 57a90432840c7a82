"""Whose a talk of an open line is: our card, told to the portal, so that it neither makes a second one nor loses it.

Before the card is known to the portal, its tracker is kept out (`disable_crm`); then the card gets the open line among
its messengers, by which the tracker finds it in every later session. Facts: the vendor's pages of
`imopenlines.dialog.get` and of multiple fields; how a running session shows in the card is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from connectors.bitrix24.client import mapping
from connectors.bitrix24.directory import CONTACTS, Kind
from connectors.bitrix24.patching import item_done, item_update, multi_values
from connectors.bitrix24.query import Command
from connectors.bitrix24.room import Room
from provodka.crm import ChatMessage
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done

log = structlog.get_logger("bitrix24")

MOST_KNOWN: Final = 10_000  # talks that are kept in mind; beyond that they are looked at once more
LEADS_TYPE: Final = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the portal has taken: the talk by our own key, and by the number of the portal's chat."""

    key: str
    message: ChatMessage
    crm_chat: str


class TalkBinding:
    """Remembers, as long as the process lives, which talks the portal has for which card."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._bound: dict[str, str] = {}
        self._left: dict[str, Taken] = {}  # the portal failed before their cards were told

    def keeps_out(self, key: str, message: ChatMessage) -> bool:
        """Whether the portal's tracker would look for a card that it cannot know yet."""
        card = self._card(message)
        return card is not None and self._bound.get(key) != card[1]

    def bind(self, taken: Sequence[Taken]) -> None:
        """After these messages were taken, each with the portal's chat: three requests for fifty new talks.

        What fails here is tried again with the next message, whoever writes it; after a restart, with that of the talk.
        """
        left, self._left = self._left, {}
        taken = [*left.values(), *taken]
        cards = {one.key: card for one in taken if one.crm_chat and (card := self._card(one.message)) is not None}
        fresh = {one.key: one.crm_chat for one in taken if one.key in cards}
        fresh = {key: chat for key, chat in fresh.items() if self._bound.get(key) != cards[key][1]}
        if not fresh:
            return
        try:
            lines = self._lines(fresh)
            done, failed = self._tell({key: (*cards[key], lines[key]) for key in fresh if lines[key]})
        except ConnectorError as error:
            log.warning("talks.not_bound", talks=len(fresh), error=error.reason)
            done, failed = [], list(fresh)
        if len(self._left) < MOST_KNOWN:
            self._left |= {one.key: one for one in taken if one.key in failed}
        for key in done:
            if len(self._bound) >= MOST_KNOWN:
                self._bound.pop(next(iter(self._bound)), None)
            self._bound[key] = cards[key][1]

    def _lines(self, chats: Mapping[str, str]) -> dict[str, str]:
        """How the portal names each talk among the messengers of a card; empty where it does not say."""
        asked = [Command("imopenlines.dialog.get", {"CHAT_ID": chat}) for chat in chats.values()]
        told = (str(mapping(one).get("entity_id") or "") for one in self._room.client.ask(asked))
        return {key: f"imol|{line}" if line else "" for key, line in zip(chats, told, strict=True)}

    def _tell(self, wanted: Mapping[str, tuple[Kind, str, str]]) -> tuple[list[str], list[str]]:
        """Give the cards what they lack: the talks whose cards have it now, and those that are to be tried again."""
        kinds = {kind for kind, _, _ in wanted.values()}
        ids = {kind: [id_ for one, id_, _ in wanted.values() if one is kind] for kind in kinds}
        items = {(kind, id_): item for kind in kinds for id_, item in self._room.by_ids(kind, ids[kind]).items()}
        keys = [key for key, (kind, id_, _) in wanted.items() if (kind, id_) in items]
        commands = {}
        for n, key in enumerate(keys):
            kind, id_, line = wanted[key]
            if line not in multi_values(items[kind, id_], "IM"):
                row = {"typeId": "IM", "valueType": "IMOL", "value": line}
                commands[n] = item_update(kind, id_, {"fm": {"n0": row}})
        outcomes = self._room.deliver(commands, item_done)
        for outcome in outcomes.values():
            if isinstance(outcome, ConnectorError):
                log.warning("talk.not_bound", error=outcome.reason)
        said = {key: outcomes.get(n, Done()) for n, key in enumerate(keys)}
        done = [key for key, outcome in said.items() if isinstance(outcome, Done)]
        return done, [key for key, outcome in said.items() if not isinstance(outcome, Done | Rejected)]

    def _card(self, message: ChatMessage) -> tuple[Kind, str] | None:
        """The contact; a lead of the portal's own kind where it has none. A deal has no messengers."""
        if message.contact_id:
            return CONTACTS, message.contact_id
        kind = self._room.kind
        return (kind, message.lead_id) if message.lead_id and kind.type_id == LEADS_TYPE else None
