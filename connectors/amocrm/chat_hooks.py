"""What amoCRM's chat service posts to the channel's address: messages that the staff write in the card.

Each is sent once and never again, so it must be on disk before it is answered. It is signed over its body alone.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, ValidationError

from connectors.talks.keys import split_key
from provodka import identity
from provodka.channel import Delivery, RefusedError, UnreadableError
from provodka.crm import ChatMedia, MediaKind, StaffReply

KINDS: Final = {kind.value: kind for kind in MediaKind}


class _Party(BaseModel):
    """A person or a chat: the service's own id, and the messenger's where it knows it."""

    id: str = ""
    client_id: str | None = None
    name: str | None = None
    phone: str | None = None


class _Content(BaseModel):
    id: str
    type: str
    text: str | None = None
    media: str | None = None
    file_name: str | None = None
    file_size: int | None = None


class _Source(BaseModel):
    external_id: str | None = None


class _Message(BaseModel):
    sender: _Party
    receiver: _Party
    conversation: _Party
    source: _Source | None = None
    timestamp: int
    message: _Content


class _Hook(BaseModel):
    """`message` is absent where somebody only types or reacts."""

    message: _Message | None = None


def read_reply(delivery: Delivery, secret: str) -> StaffReply | None:
    """The message that a delivery brings; None for typing and reactions.

    Raises RefusedError where the signature is not the channel's, UnreadableError where the body is not as documented.
    """
    body = delivery.body.rstrip(b"\r\n")
    mark = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    given = delivery.headers.get("x-signature", "").lower()
    if not hmac.compare_digest(mark.encode(), given.encode()):
        raise RefusedError("the signature is not that of the chat channel")
    try:
        hook = _Hook.model_validate_json(body)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        raise UnreadableError(f"no message of a chat as documented: {places or 'body'}") from None
    return None if hook.message is None else _reply(hook.message)


def _reply(message: _Message) -> StaffReply:
    content, kind = message.message, KINDS.get(message.message.type)
    media = None
    if content.media:
        media = ChatMedia(kind or MediaKind.FILE, content.media, content.file_name or "", content.file_size or 0)
    text = content.text or ""
    if not text and media is None:
        text = f"[{content.type}]"  # a place, a visiting card, a sticker: the client is to know that there was one
    source, chat_id = split_key(message.conversation.client_id or "")
    return StaffReply(
        message_id=content.id,
        crm_chat_id=message.conversation.id,
        sent_at=datetime.fromtimestamp(message.timestamp, UTC),
        chat_id=chat_id,
        person_id=message.receiver.client_id or "",
        phone=identity.phone(message.receiver.phone or "") or "",
        staff_name=message.sender.name or "",
        text=text,
        media=media,
        source=source or (message.source.external_id if message.source else "") or "",
    )
