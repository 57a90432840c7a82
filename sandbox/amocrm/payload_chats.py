"""Webhook bodies of talks and chat messages."""

from __future__ import annotations

from sandbox.amocrm.payload import Pairs, plain
from sandbox.amocrm.records import Chat, Message, Talk

ELEMENT_TYPES = {"contact": 1, "lead": 2}


def talk(row: Talk) -> Pairs:
    """A talk as `talk[add|update]` carries it."""
    return plain(
        {
            "talk_id": row.id,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "rate": row.rate,
            "contact_id": row.contact_id,
            "chat_id": row.chat_id,
            "entity_id": row.entity_id,
            "entity_type": row.entity_type,
            "is_in_work": int(row.status == "in_work"),
            "is_read": int(row.is_read),
            "origin": row.origin,
        }
    )


def message(chat: Chat, row: Talk, one: Message) -> Pairs:
    """A chat message as `message[add]` and `outgoing_message[add]` carry it."""
    head = plain(
        {
            "id": one.id,
            "chat_id": chat.id,
            "talk_id": row.id,
            "contact_id": row.contact_id,
            "text": one.content.get("text", ""),
            "created_at": one.sent_at,
            "message_type": one.content.get("type", "text"),
            "origin": row.origin,
            "element_type": ELEMENT_TYPES.get(row.entity_type or ""),
            "element_id": row.entity_id,
            "entity_type": row.entity_type,
            "entity_id": row.entity_id,
            "type": "incoming" if one.is_incoming else "outgoing",
        }
    )
    if one.is_incoming:
        author = {"id": chat.client.get("ref_id"), "type": "external", "name": chat.client.get("name")}
    else:
        author = {"user_id": one.author.get("user_id"), "type": "internal"}
        head.append(("[recipient][name]", str(chat.client.get("name", ""))))
    pairs = head + [(f"[author]{key}", value) for key, value in plain(author)]
    if one.content.get("media"):
        file = {key: one.content.get(key) for key in ("type", "file_name")} | {"link": one.content["media"]}
        pairs += [(f"[attachment]{key}", value) for key, value in plain(file)]
    return pairs
