"""Talks in a messenger, so that the staff see and answer them inside the card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MediaKind(StrEnum):
    """What a file of a message is."""

    PICTURE = "picture"
    VIDEO = "video"
    VOICE = "voice"
    AUDIO = "audio"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class ChatMedia:
    """A file of a message; `url` must be open to the CRM. `size` in bytes."""

    kind: MediaKind
    url: str
    name: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message of a messenger, to be shown in the card. All ids are the messenger's.

    From the client, unless `staff` is the login of the one who wrote it from outside the CRM. `person_*` is always the
    client; `phone` (E.164) and `email` help to find the client's card. `source` tells the line (bot, number).
    """

    id: str
    chat_id: str
    person_id: str
    person_name: str
    sent_at: datetime
    text: str = ""
    media: ChatMedia | None = None
    phone: str = ""
    email: str = ""
    staff: str = ""
    source: str = ""


class DeliveryState(StrEnum):
    """What became of a message of the staff on its way to the client."""

    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ChatDelivery:
    """News of a `StaffReply`; `message_id` is that one's. `error` (Russian) says why it failed, to the staff."""

    message_id: str
    chat_id: str
    state: DeliveryState
    error: str = ""


@dataclass(frozen=True, slots=True)
class StaffReply:
    """A message that one of the staff wrote in the card, to be brought to the client.

    `chat_id` and `person_id` are the messenger's; `chat_id` is empty where the talk was begun in the CRM: then write to
    `phone`. `message_id` and `crm_chat_id` are the CRM's own.
    """

    message_id: str
    crm_chat_id: str
    sent_at: datetime
    chat_id: str = ""
    person_id: str = ""
    phone: str = ""
    staff_name: str = ""
    text: str = ""
    media: ChatMedia | None = None
    source: str = ""
