"""What the staff write in an open line: the portal posts it to our hook, once and never again."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from connectors.bitrix24.posted import TALK_EVENT, authentic_fields
from connectors.bitrix24.settings import BitrixSettings
from connectors.talks.keys import split_key
from provodka.channel import Delivery
from provodka.crm import ChatMedia, MediaKind, StaffReply
from provodka.errors import Rejected

_SIGNED: Final = re.compile(r"\s*\[b\](?P<name>[^\[\]]+):\[/b\]\s*(?:\[br\]\s*)?", re.IGNORECASE)
_BREAK: Final = re.compile(r"\[br\s*/?\]", re.IGNORECASE)
_LINK: Final = re.compile(r"\[url=([^\]]*)\](.*?)\[/url\]", re.IGNORECASE | re.DOTALL)
_MARK: Final = re.compile(
    r"\[/?(?:b|i|u|s|url|code|quote|size|color|user|icon|img|put|send)(?:=[^\]]*)?\]", re.IGNORECASE
)
_KINDS: Final = {"image": MediaKind.PICTURE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}
NOT_OURS: Final = "Это не номер сообщения из открытой линии Битрикс24."


def read_replies(delivery: Delivery, settings: BitrixSettings) -> list[StaffReply]:
    """As `replies_in`, from the very delivery. Raises RefusedError where it is not the portal's, UnreadableError where
    it cannot be read."""
    return replies_in(authentic_fields(delivery, settings), settings, delivery)


def replies_in(fields: Mapping[str, Any], settings: BitrixSettings, delivery: Delivery) -> list[StaffReply]:
    """The messages of one event; none where it is another event or another connector's.

    `message_id` is what `ChatDelivery` wants back. A message with several files is several replies.
    """
    data = _map(fields.get("data"))
    ours = settings.talks is not None and data.get("CONNECTOR") == settings.talks.connector
    if str(fields.get("event", "")).upper() != TALK_EVENT or not ours:
        return []
    stamp = str(fields.get("ts") or "")
    sent_at = datetime.fromtimestamp(int(stamp), UTC) if stamp.isdecimal() else delivery.received_at
    return [reply for message in _rows(data.get("MESSAGES")) for reply in _replies(message, sent_at)]


def message_parts(message_id: str) -> tuple[str, str, str, str]:
    """Chat, message and author on the portal, and the chat's key, out of a `StaffReply.message_id`."""
    parts = message_id.split("/", 3)
    if len(parts) != 4 or not all(one.isdecimal() for one in parts[:2]):
        raise Rejected(f"«{message_id}» is no message of an open line", hint=NOT_OURS)
    chat, message, author, key = parts
    return chat, message, author, key


def _replies(row: Mapping[str, Any], sent_at: datetime) -> Iterator[StaffReply]:
    im, message, key = _map(row.get("im")), _map(row.get("message")), str(_map(row.get("chat")).get("id") or "")
    author, text = _signature(str(message.get("text") or ""))
    files: list[ChatMedia | None] = [_media(one) for one in _rows(message.get("files"))]
    source, chat_id = split_key(key)
    chat = str(im.get("chat_id") or "")
    for n, media in enumerate(files or [None]):
        yield StaffReply(
            message_id=f"{chat}/{im.get('message_id') or ''}/{message.get('user_id') or 0}/{key}",
            crm_chat_id=chat,
            sent_at=sent_at,
            chat_id=chat_id,
            staff_name=author,
            text=text if n == 0 else "",
            media=media,
            source=source,
        )


def _signature(text: str) -> tuple[str, str]:
    """Who wrote, as the portal signs it, and the words without the portal's marks."""
    signed = _SIGNED.match(text)
    words = text[signed.end() :] if signed else text
    words = _LINK.sub(lambda link: link[2] if link[1] in ("", link[2]) else f"{link[2]} ({link[1]})", words)
    words = _MARK.sub("", _BREAK.sub("\n", words))
    return (signed["name"].strip() if signed else ""), html.unescape(words).strip()


def _media(file: Mapping[str, Any]) -> ChatMedia:
    """Which keys a file has is not documented: the ones that portals have been seen to use."""
    url = next((str(file[key]) for key in ("link", "url", "downloadLink", "urlDownload") if file.get(key)), "")
    size = str(file.get("size") or 0)
    kind = _KINDS.get(str(file.get("type") or "").split("/")[0], MediaKind.FILE)
    return ChatMedia(kind, url, str(file.get("name") or ""), int(size) if size.isdecimal() else 0)


def _rows(value: object) -> list[Mapping[str, Any]]:
    rows = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
