"""A message of VK in the house's form.

Objects: dev.vk.com, "message" and "attachments"; `VKCOM/vk-api-schema` 5.199.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final

from connectors.talks.reading import Fields, count, part, parts_of, word
from connectors.talks.start import utm_of_start
from provodka.payloads import Utm
from provodka.talks import MediaKind, MessageFile, TalkMessage

SERVICE: Final = "vk"
GROUP_CHATS: Final = 2_000_000_000
"""Peers from here on are chats of several people."""
_DEEPEST: Final = 5


def message_of(body: Fields, account: str) -> TalkMessage:
    """All that the message says; what is no file stands in its text as a line."""
    attachments = parts_of(body.get("attachments"))
    lines = [word(body.get("text")), *filter(None, map(_line, attachments)), _place(body), *_forwarded(body)]
    goods = [part(one, "market") for one in attachments if one.get("type") == "market"]
    return TalkMessage(
        id=message_id(body),
        chat=word(body.get("peer_id")) or word(body.get("user_id")) or word(body.get("from_id")),
        service=SERVICE,
        account=account,
        text="\n".join(filter(None, lines)),
        files=tuple(filter(None, map(_file, attachments))),
        about=word(goods[0].get("title")) if goods else "",
        about_url=_page("market", goods[0]) if goods else "",
        button=button_of(body.get("payload")),
        answers=message_id(part(body, "reply_message")) if part(body, "reply_message") else "",
        group=count(body.get("peer_id")) > GROUP_CHATS,
    )


def message_id(body: Fields) -> str:
    """The community's number of the message; in chats of several people, where that is 0, the chat's own."""
    if number := count(body.get("id")):
        return str(number)
    return f"{word(body.get('peer_id'))}:{word(body.get('conversation_message_id'))}"


def own_words(body: Fields) -> str:
    """What the writer has typed: not the forwarded, nor the titles of what hangs on it."""
    return word(body.get("text"))


def button_of(payload: object) -> str:
    """The data of a pressed button, as its JSON in one line."""
    if isinstance(payload, str):
        return payload.strip()
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")) if payload else ""


def utm_of(body: Fields) -> Utm:
    """Where the talk was begun from: `vk.me/…?ref=…&ref_source=…`."""
    utm, source = utm_of_start(word(body.get("ref"))), word(body.get("ref_source"))
    if not source:
        return utm
    return Utm(
        utm.source or source, utm.medium, utm.campaign, utm.content, utm.term, {**utm.clicks, "ref_source": source}
    )


def _file(attachment: Fields) -> MessageFile | None:
    kind = word(attachment.get("type"))
    found = part(attachment, kind)
    if make := _FILES.get(kind):
        made = make(found)
        return made if made.ref else None
    return None


def _largest(pictures: object) -> str:
    sized = [(count(one.get("width")) * count(one.get("height")), word(one.get("url"))) for one in parts_of(pictures)]
    return max(sized)[1] if sized else ""


def _photo(photo: Fields) -> MessageFile:
    url = word(part(photo, "orig_photo").get("url")) or _largest(photo.get("sizes"))
    return MessageFile(MediaKind.PICTURE, url, f"photo{_number(photo)}.jpg", "image/jpeg")


def _sticker(sticker: Fields) -> MessageFile:
    return MessageFile(MediaKind.PICTURE, _largest(sticker.get("images")), "sticker.png", "image/png")


def _graffiti(graffiti: Fields) -> MessageFile:
    return MessageFile(MediaKind.PICTURE, word(graffiti.get("url")), "graffiti.png", "image/png")


def _doc(doc: Fields) -> MessageFile:
    return MessageFile(MediaKind.FILE, word(doc.get("url")), word(doc.get("title")), "", count(doc.get("size")))


def _voice(voice: Fields) -> MessageFile:
    url = word(voice.get("link_mp3"))
    if url:
        return MessageFile(MediaKind.VOICE, url, "voice.mp3", "audio/mpeg")
    return MessageFile(MediaKind.VOICE, word(voice.get("link_ogg")), "voice.ogg", "audio/ogg")


def _audio(audio: Fields) -> MessageFile:
    title = " — ".join(filter(None, (word(audio.get("artist")), word(audio.get("title")))))
    return MessageFile(MediaKind.AUDIO, word(audio.get("url")), f"{title or 'audio'}.mp3", "audio/mpeg")


_FILES: Final[dict[str, Callable[[Fields], MessageFile]]] = {
    "photo": _photo,
    "sticker": _sticker,
    "graffiti": _graffiti,
    "doc": _doc,
    "audio_message": _voice,
    "audio": _audio,
}
_PAGES: Final = {"video": "Видео", "wall": "Запись", "wall_reply": "Комментарий", "market": "Товар", "poll": "Опрос"}


def _line(attachment: Fields) -> str:
    """What hangs on the message and is no file that can be had, in one line."""
    kind = word(attachment.get("type"))
    found = part(attachment, kind)
    if kind == "link":
        return " ".join(filter(None, (word(found.get("title")), word(found.get("url")))))
    if kind in _PAGES:
        return " ".join(filter(None, (f"{_PAGES[kind]}:", word(found.get("title")), _page(kind, found))))
    if kind in _FILES and _file(attachment) is not None:
        return ""
    return f"[{kind}]" if kind else ""


def _page(kind: str, found: Fields) -> str:
    return f"https://vk.com/{kind}{_number(found)}" if found.get("id") else ""


def _number(found: Fields) -> str:
    owner = word(found.get("owner_id")) or word(found.get("to_id"))
    return f"{owner}_{word(found.get('id'))}"


def _place(body: Fields) -> str:
    point = part(body, "geo", "coordinates")
    where = word(part(body, "geo", "place").get("title"))
    if not point:
        return ""
    return f"Место: {where} {word(point.get('latitude'))}, {word(point.get('longitude'))}".replace("  ", " ")


def _forwarded(body: Fields, depth: int = 1) -> Iterator[str]:
    for one in parts_of(body.get("fwd_messages")):
        for line in word(one.get("text")).splitlines():
            yield f"{'>' * depth} {line}"
        if depth < _DEEPEST:
            yield from _forwarded(one, depth + 1)
