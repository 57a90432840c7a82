"""Chats of the sandbox bot: who is in them, what was said, and how fast the bot may speak."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.formatting import commands, render, utf16_length

BOT: Mapping[str, Any] = {"id": 1, "is_bot": True, "first_name": "Песочница", "username": "sandbox_bot"}
LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024

Json = dict[str, Any]
Clock = Callable[[], datetime]


class Door(StrEnum):
    """How a chat meets the bot's messages."""

    OPEN = "open"
    BLOCKED = "blocked"
    MISSING = "missing"


@dataclass(slots=True)
class Chat:
    """One chat, made at its first mention. `moved_to` is the supergroup that a group became."""

    id: int
    first_name: str = "Мария"
    username: str | None = None
    title: str | None = None
    door: Door = Door.OPEN
    moved_to: int | None = None
    messages: dict[int, Json] = field(default_factory=dict)
    tokens: float = 0.0
    counted_at: datetime | None = None

    def as_json(self) -> Json:
        if self.id < 0:
            return {
                "id": self.id,
                "type": "supergroup" if self.id < -(10**12) else "group",
                "title": self.title or "Отдел продаж",
            }
        user = {"username": self.username} if self.username else {}
        return {"id": self.id, "type": "private", "first_name": self.first_name, **user}

    def person(self) -> Json:
        user = {"username": self.username} if self.username else {}
        return {"id": abs(self.id), "is_bot": False, "first_name": self.first_name, "language_code": "ru", **user}


@dataclass(slots=True)
class Limits:
    """Messages a second in one chat, after a burst. Telegram publishes about 1/s, and 20 a minute in groups."""

    on: bool = True
    per_second: float = 1.0
    burst: int = 20
    group_per_minute: int = 20


class Chats:
    """The record of all chats. Not locked: the emulator calls it under its own lock."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self.limits = Limits()
        self.strict = False
        self._chats: dict[int, Chat] = {}
        # A restarted sandbox must not use an id again: the other side remembers them.
        self._last_message_id = int(now().timestamp()) - int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())

    def clear(self) -> None:
        self._chats.clear()
        self.limits = Limits()
        self.strict = False

    def all(self) -> list[Chat]:
        return list(self._chats.values())

    def chat(self, chat_id: int) -> Chat:
        """The chat, made if it is new; this is how a person comes in."""
        return self._chats.setdefault(chat_id, Chat(chat_id))

    def find(self, given: object) -> Chat:
        """The chat that a call of the bot means; raises as Telegram does."""
        if given is None or given == "":
            raise bad_request("chat_id is empty")
        chat = self._by_name(str(given)) if str(given).startswith("@") else self._by_number(str(given))
        if chat is None or chat.door is Door.MISSING:
            raise bad_request("chat not found")
        return chat

    def send(self, chat: Chat, text: str, parse_mode: str | None, extra: Json) -> Json:
        """A new message of the bot. `extra` is what the answer repeats, such as `reply_markup`."""
        shown, entities = self._shown(text, parse_mode)
        self._admit(chat)
        self._slow_down(chat)
        return self._add(chat, {**BOT}, {"text": shown, **({"entities": entities} if entities else {}), **extra})

    def send_file(self, chat: Chat, content: Json, caption: str) -> Json:
        """A new message of the bot with a file in it."""
        if utf16_length(caption) > LONGEST_CAPTION:
            raise bad_request("message caption is too long")
        self._admit(chat)
        self._slow_down(chat)
        return self._add(chat, {**BOT}, {**content, **({"caption": caption} if caption else {})})

    def edit(self, chat: Chat, message_id: int, text: str, parse_mode: str | None, extra: Json) -> Json:
        """Replace the text of one of the bot's messages."""
        message = chat.messages.get(message_id)
        if message is None:
            raise bad_request("message to edit not found")
        if not message["from"]["is_bot"]:
            raise bad_request("message can't be edited")
        shown, entities = self._shown(text, parse_mode)
        markup = extra.get("reply_markup")
        if (shown, entities, markup) == (message["text"], message.get("entities", []), message.get("reply_markup")):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the same"
                " as a current content and reply markup of the message"
            )
        for key in ("entities", "reply_markup"):
            message.pop(key, None)
        message.update(
            {"text": shown, **({"entities": entities} if entities else {}), **extra}, edit_date=self._stamp()
        )
        return message

    def hear(self, chat: Chat, content: Json) -> Json:
        """A message of the person: `content` holds text, contact or document."""
        if "text" in content and (entities := commands(content["text"])):
            content = {**content, "entities": entities}
        return self._add(chat, chat.person(), content)

    def change(self, chat: Chat, message_id: int, text: str) -> Json:
        """The person changes the text of a message of theirs; a copy of it, since it may be changed again."""
        message = chat.messages[message_id]
        if message["from"]["is_bot"]:
            raise ValueError("that message is the bot's")
        message.update(text=text, edit_date=self._stamp())
        return dict(message)

    def membership(self, chat: Chat, old: Door) -> Json:
        """What my_chat_member says after the person blocked or unblocked the bot."""
        names = {Door.OPEN: "member", Door.BLOCKED: "kicked"}
        return {
            "chat": chat.as_json(),
            "from": chat.person(),
            "date": self._stamp(),
            "old_chat_member": {"user": {**BOT}, "status": names[old], "until_date": 0},
            "new_chat_member": {"user": {**BOT}, "status": names[chat.door], "until_date": 0},
        }

    def _by_name(self, name: str) -> Chat | None:
        return next((chat for chat in self._chats.values() if f"@{chat.username}".lower() == name.lower()), None)

    def _by_number(self, number: str) -> Chat | None:
        try:
            chat_id = int(number)
        except ValueError:
            return None
        return self._chats.get(chat_id) if self.strict else self.chat(chat_id)

    def _add(self, chat: Chat, author: Json, content: Json) -> Json:
        self._last_message_id += 1
        message_id = self._last_message_id
        message = {"message_id": message_id, "from": author, "chat": chat.as_json(), "date": self._stamp(), **content}
        chat.messages[message_id] = message
        return message

    def _stamp(self) -> int:
        return int(self._now().timestamp())

    def _shown(self, text: str, parse_mode: str | None) -> tuple[str, list[Json]]:
        shown, entities = render(text, parse_mode)
        if not shown:
            raise bad_request("message text is empty")
        if len(shown) > LONGEST_TEXT:
            raise bad_request("message is too long")
        return shown, entities

    def _admit(self, chat: Chat) -> None:
        if chat.moved_to is not None:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        if chat.door is Door.BLOCKED:
            what = "bot was kicked from the group chat" if chat.id < 0 else "bot was blocked by the user"
            raise ApiError(403, f"Forbidden: {what}")

    def _slow_down(self, chat: Chat) -> None:
        if not self.limits.on:
            return
        group = chat.id < 0
        rate = self.limits.group_per_minute / 60 if group else self.limits.per_second
        most = self.limits.group_per_minute if group else self.limits.burst
        now = self._now()
        passed = (now - chat.counted_at).total_seconds() if chat.counted_at else math.inf
        chat.tokens, chat.counted_at = min(float(most), chat.tokens + passed * rate), now
        if chat.tokens < 1:
            wait = math.ceil((1 - chat.tokens) / rate)
            raise ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        chat.tokens -= 1
