"""Talks in messengers: what the staff see and answer inside the card, and the payloads of `message.*` and `chat.*`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from provodka.visits import Utm


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
    client; `phone` (E.164) and `email` help to find the client's card. `source` tells the line (bot, number), by which
    an answer leaves. `lead_id` and `contact_id` are the CRM's cards that the talk belongs to, where they are known.
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
    lead_id: str = ""
    contact_id: str = ""


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


@dataclass(frozen=True, slots=True)
class MessageFile:
    """A file of a message, not fetched yet. `ref` is what the channel fetches it by: the service's id, or an address.

    `size` is 0 where the service does not tell it.
    """

    kind: MediaKind
    ref: str
    name: str = ""
    content_type: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class TalkMessage:
    """A message of a messenger. All ids are the messenger's own, as texts.

    `service` is the network in which the person writes (`telegram`, `whatsapp`, `viber`, `vk`, `avito`, `max`,
    `instagram`), whoever brings it to us; `account` which of our bots, numbers or groups it came to; `chat` is where an
    answer goes. `about` names what the talk is about where the network says it (an advert of Avito, a post), with its
    address. `button` is the data of a button that was pressed. `answers` is the id of the message that it quotes.
    """

    id: str
    chat: str
    service: str
    account: str = ""
    text: str = ""
    files: tuple[MessageFile, ...] = ()
    about: str = ""
    about_url: str = ""
    button: str = ""
    answers: str = ""
    group: bool = False


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """`message.received`, `message.edited`, and `message.sent` (one of ours wrote it outside of the CRM).

    `staff` is the name of whoever wrote a `message.sent`, where the service tells it.
    """

    message: TalkMessage
    utm: Utm = field(default_factory=Utm)
    staff: str = ""


@dataclass(frozen=True, slots=True)
class ChatState:
    """`chat.started` and `chat.stopped`: a person has let us write to them, or has forbidden it."""

    chat: str
    service: str
    account: str = ""
    utm: Utm = field(default_factory=Utm)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message of ours, known by the id that the channel gave it when it was sent (`remote_id`).

    `error` says, in Russian, why it failed.
    """

    id: str
    state: DeliveryState
    chat: str = ""
    service: str = ""
    account: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class MessageState:
    """`message.state`. `lead_id` is the lead that a letter of ours was about, as its stamp tells; else empty."""

    sent: Sent
    lead_id: str = ""


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """`reply.written`: one of the staff has answered in the card; never seen by rules."""

    reply: StaffReply


def talk_of(payload: object, channel: str) -> str:
    """The identity of the talk that a payload is about (`talk:bot/12345`), for the lane of its person; empty for none.

    A chat of several people is nobody's, so it joins nobody.
    """
    match payload:
        case MessageEvent(message=TalkMessage(group=False, chat=chat)) if chat:
            return f"talk:{channel}/{chat}"
        case ChatState(chat=chat) if chat:
            return f"talk:{channel}/{chat}"
        case MessageState(sent=Sent(chat=chat)) if chat:
            return f"talk:{channel}/{chat}"
        case ReplyWritten(reply=StaffReply(source=source, chat_id=chat)) if source and chat:
            return f"talk:{source}/{chat}"
    return ""
