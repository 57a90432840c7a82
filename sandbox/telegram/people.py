"""The people who talk to the bot: what they write, send, press and forbid, from Python or by the page."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.telegram.chats import Chats, Door
from sandbox.telegram.methods import Methods
from sandbox.telegram.updates import Updates

Json = dict[str, Any]


class People:
    """Each act gives the id of its update, or None where the bot does not want such updates."""

    def __init__(self, chats: Chats, updates: Updates, methods: Methods, now: Callable[[], datetime]) -> None:
        self._chats = chats
        self._updates = updates
        self._methods = methods
        self._query_ids = (str(3 * 10**18 + n) for n in itertools.count(int(now().timestamp())))

    def acts(self) -> dict[str, Callable[..., int | None]]:
        """By their names over HTTP."""
        return {
            "say": self.say,
            "edit": self.edit,
            "share_contact": self.share_contact,
            "share_location": self.share_location,
            "send_photo": self.send_photo,
            "send_document": self.send_document,
            "press": self.press,
            "door": self.door,
        }

    def say(
        self,
        chat_id: int,
        text: str,
        *,
        first_name: str | None = None,
        username: str | None = None,
        connection: str = "",
    ) -> int | None:
        """A person writes; with `connection` to the business account that lets the bot read along."""
        with self._updates.changed:
            chat = self._chats.chat(chat_id)
            chat.first_name, chat.username = first_name or chat.first_name, username or chat.username
            heard = self._chats.hear(chat, {"text": text})
            if not connection:
                return self._updates.add("message", chat_id, heard)
            self._methods.connections.add(connection)
            return self._updates.add("business_message", chat_id, {**heard, "business_connection_id": connection})

    def share_contact(self, chat_id: int, phone: str, *, own: bool = True, first_name: str | None = None) -> int | None:
        """A person presses "share my number", or with own=False forwards somebody else's card."""
        with self._updates.changed:
            chat = self._chats.chat(chat_id)
            chat.first_name = first_name or chat.first_name
            user_id = chat.person()["id"] + (0 if own else 1)
            card = {"phone_number": phone, "first_name": chat.first_name, "user_id": user_id}
            return self._updates.add("message", chat_id, self._chats.hear(chat, {"contact": card}))

    def send_document(self, chat_id: int, name: str, content: bytes) -> int | None:
        """A person sends a file; the bot gets it by getFile and `/file/bot<token>/<file_path>`."""
        with self._updates.changed:
            chat = self._chats.chat(chat_id)
            document = self._methods.media.document(name, content)
            return self._updates.add("message", chat_id, self._chats.hear(chat, {"document": document}))

    def send_photo(self, chat_id: int, content: bytes, caption: str = "") -> int | None:
        """A person sends a picture."""
        with self._updates.changed:
            chat, words = self._chats.chat(chat_id), {"caption": caption} if caption else {}
            heard = self._chats.hear(chat, {"photo": self._methods.media.photo(content), **words})
            return self._updates.add("message", chat_id, heard)

    def share_location(self, chat_id: int, latitude: float, longitude: float) -> int | None:
        """A person sends where they are."""
        with self._updates.changed:
            place = {"latitude": latitude, "longitude": longitude}
            return self._updates.add(
                "message", chat_id, self._chats.hear(self._chats.chat(chat_id), {"location": place})
            )

    def edit(self, chat_id: int, message_id: int, text: str) -> int | None:
        """A person changes the text of a message of theirs."""
        with self._updates.changed:
            changed = self._chats.change(self._chats.chat(chat_id), message_id, text)
            return self._updates.add("edited_message", chat_id, changed)

    def press(self, chat_id: int, message_id: int, data: str) -> int | None:
        """A person presses an inline button under one of the bot's messages."""
        with self._updates.changed:
            chat = self._chats.chat(chat_id)
            query = next(self._query_ids)
            self._methods.queries[query] = False
            content = {
                "id": query,
                "from": chat.person(),
                "message": chat.messages[message_id],
                "chat_instance": str(-44 * 10**17 - abs(chat_id)),
                "data": data,
            }
            return self._updates.add("callback_query", chat_id, content)

    def door(self, chat_id: int, door: Door | str) -> int | None:
        """Open, block or hide a chat. (Un)blocking is told to the bot as my_chat_member."""
        with self._updates.changed:
            chat = self._chats.chat(chat_id)
            old, chat.door = chat.door, Door(door)
            if Door.MISSING in (old, chat.door) or old is chat.door:
                return None
            return self._updates.add("my_chat_member", chat_id, self._chats.membership(chat, old))
