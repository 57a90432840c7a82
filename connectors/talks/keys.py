"""How a CRM that shows talks calls a chat: by the line (bot, number, group) and the messenger's own id together.

One person's chats with two of our bots may have the same id there, and an answer has to leave by the line of its talk.
"""

from __future__ import annotations

from urllib.parse import quote, unquote


def chat_key(source: str, chat_id: str) -> str:
    """The chat's id in the CRM: with the line in front, so that the answer leaves by the same."""
    return f"{quote(source, safe='')}:{chat_id}" if source or ":" in chat_id else chat_id


def split_key(key: str) -> tuple[str, str]:
    """Line and chat, out of a `chat_key`; the line is empty for a chat without one."""
    source, mark, chat_id = key.partition(":")
    return (unquote(source), chat_id) if mark else ("", key)
