"""Whose a talk of an open line is: our card, told to the portal, so that it neither makes a second one nor loses it.

Before the card is known to the portal, its tracker is kept out (`disable_crm`); then the card gets the open line among
its messengers, by which the tracker finds it in every later session. Facts: the vendor's pages of
`imopenlines.dialog.get` and of multiple fields; how a running session shows in the card is not documented.
"""

from __future__ import annotations

from typing import Final

import structlog

from connectors.bitrix24.client import mapping
from connectors.bitrix24.directory import CONTACTS, Kind
from connectors.bitrix24.patching import item_update, multi_values
from connectors.bitrix24.room import Room, item_of
from provodka.crm import ChatMessage
from provodka.errors import ConnectorError

log = structlog.get_logger("bitrix24")

MOST_KNOWN: Final = 10_000  # talks that are kept in mind; beyond that they are looked at once more
LEADS_TYPE: Final = 1


class TalkBinding:
    """Remembers, as long as the process lives, which talks the portal has for which card."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._bound: dict[str, str] = {}

    def keeps_out(self, key: str, message: ChatMessage) -> bool:
        """Whether the portal's tracker would look for a card that it cannot know yet."""
        card = self._card(message)
        return card is not None and self._bound.get(key) != card[1]

    def bind(self, key: str, message: ChatMessage, crm_chat: str) -> None:
        """After the message was taken. What fails here is tried again with the next message of the talk."""
        card = self._card(message)
        if card is None or not crm_chat or self._bound.get(key) == card[1]:
            return
        try:
            self._bind(*card, crm_chat)
        except ConnectorError as error:
            log.warning("talk.not_bound", card=card[1], error=error.reason)
            return
        if len(self._bound) >= MOST_KNOWN:
            self._bound.pop(next(iter(self._bound)), None)
        self._bound[key] = card[1]

    def _bind(self, kind: Kind, id_: str, crm_chat: str) -> None:
        call = self._room.client.call
        dialog = mapping(call("imopenlines.dialog.get", {"CHAT_ID": crm_chat}))
        line = f"imol|{dialog.get('entity_id') or ''}"
        item = item_of(call("crm.item.get", {"entityTypeId": kind.type_id, "id": id_}))
        if dialog.get("entity_id") and line not in multi_values(item, "IM"):
            row = {"typeId": "IM", "valueType": "IMOL", "value": line}
            command = item_update(kind, id_, {"fm": {"n0": row}})
            call(command.method, command.params, write=True)

    def _card(self, message: ChatMessage) -> tuple[Kind, str] | None:
        """The contact; a lead of the portal's own kind where it has none. A deal has no messengers."""
        if message.contact_id:
            return CONTACTS, message.contact_id
        kind = self._room.kind
        return (kind, message.lead_id) if message.lead_id and kind.type_id == LEADS_TYPE else None
