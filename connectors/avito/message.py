"""A message of Avito in the house's form, and whose it is.

Fields: developers.avito.ru, "Мессенджер"; public clients of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from connectors.talks.reading import Fields, count, moment, part, parts_of, word
from connectors.talks.sent import SentBook
from connectors.talks.telling import Telling, Writer
from provodka.channel import UnreadableError
from provodka.event import Event
from provodka.messages import ChatFacts
from provodka.talks import MediaKind, MessageFile, TalkMessage

SERVICE: Final = "avito"
VOICE: Final = "voice:"
"""How a voice message is named in `MessageFile.ref`: its address has to be asked for."""
ECHO: Final = timedelta(minutes=5)
_NOBODY: Final = ("", "0", "1")
"""Authors of service texts."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Reads messages of the account's talks. `sent` knows what we have written ourselves."""

    account: str
    sent: SentBook

    def events(self, body: Fields, telling: Telling, known: ChatFacts | None = None) -> list[Event]:
        """The event of a message: none for a service text, and none for what we have sent. Raises UnreadableError.

        Service texts (an advert was closed, a review was left) are nobody's words and must open no lead.
        """
        if not body.get("id") or not body.get("chat_id"):
            raise UnreadableError("a message without its number or its talk")
        if is_system(body):
            return []
        message, at, author = self._message(body, known), moment(body.get("created")), word(body.get("author_id"))
        name = known.name if known else ""
        if author != self.account:
            return [
                telling.received(message, Writer(author, name), at, own_words=word(part(body, "content").get("text")))
            ]
        if self._is_ours(body):
            return []
        return [telling.sent(message, Writer("", name), at)]

    def _is_ours(self, body: Fields) -> bool:
        """By its number, or, where its notice has overtaken our answer, by what it says."""
        chat = word(body.get("chat_id"))
        return self.sent.knows(word(body.get("id"))) or self.sent.knows(echo_mark(chat, body), ECHO)

    def _message(self, body: Fields, known: ChatFacts | None) -> TalkMessage:
        kind, content, item = word(body.get("type")), part(body, "content"), word(body.get("item_id"))
        return TalkMessage(
            id=word(body.get("id")),
            chat=word(body.get("chat_id")),
            service=SERVICE,
            account=self.account,
            text=_text(kind, content),
            files=_files(kind, content),
            about=(known.about if known else "") or (f"Объявление {item}" if item else ""),
            about_url=known.about_url if known else "",
        )


def is_system(body: Fields) -> bool:
    """Whether it is a text of Avito itself."""
    return word(body.get("type")) == "system" or word(body.get("author_id")) in _NOBODY


def echo_mark(chat: str, body: Fields) -> str:
    """What a message of ours is known by before it has a number: the talk and the text, or that it is a picture."""
    says = word(part(body, "content").get("text")) or f"[{word(body.get('type'))}]"
    return f"{chat}:{sha256(says.encode()).hexdigest()[:32]}"


def facts_of(chat: Fields, account: str) -> ChatFacts:
    """Who the talk is with and what about."""
    item = part(chat, "context", "value")
    names = [word(one.get("name")) for one in parts_of(chat.get("users")) if word(one.get("id")) != account]
    about = ", ".join(filter(None, (word(item.get("title")), word(item.get("price_string")))))
    return ChatFacts(names[0] if names else "", about, word(item.get("url")))


def _text(kind: str, content: Fields) -> str:
    told, lines = part(content, kind), [word(content.get("text"))]
    match kind:
        case "text" | "image" | "voice":
            pass
        case "link":
            lines += [word(told.get("text")), word(told.get("url"))]
        case "location":
            where = word(told.get("text")) or word(told.get("title"))
            lines.append(f"Место: {where} {word(told.get('lat'))}, {word(told.get('lon'))}")
        case "item":
            lines += [f"Объявление: {word(told.get('title'))}", word(told.get("item_url"))]
        case "call":
            lines.append("[пропущенный звонок]" if word(told.get("status")) == "missed" else "[звонок]")
        case _:
            lines.append(f"[{kind or 'message'}]")
    return "\n".join(dict.fromkeys(filter(None, lines)))


def _files(kind: str, content: Fields) -> tuple[MessageFile, ...]:
    if kind == "image" and (url := _largest(part(content, "image", "sizes"))):
        return (MessageFile(MediaKind.PICTURE, url, "photo.jpg", "image/jpeg"),)
    if kind == "voice" and (voice := word(part(content, "voice").get("voice_id"))):
        return (MessageFile(MediaKind.VOICE, f"{VOICE}{voice}", "voice.mp4", "audio/mp4"),)
    return ()


def _largest(sizes: Fields) -> str:
    """Sizes are named `1280x960`."""
    area = {name: count(name.partition("x")[0]) * count(name.partition("x")[2]) for name in sizes}
    return word(sizes[max(area, key=area.__getitem__)]) if area else ""
