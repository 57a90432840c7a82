"""What people write on Instagram: messages and comments, as events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.graph import Change
from connectors.marks import utm_from_url
from connectors.talks.reading import Fields, moment, part, parts_of, word
from connectors.talks.telling import Telling, Writer
from provodka.event import Event
from provodka.talks import DeliveryState, MediaKind, MessageFile, Sent, TalkMessage
from provodka.visits import Utm

SERVICE: Final = "instagram"
COMMENT: Final = "comment:"
"""How a chat is called in which a comment is answered, by a private message."""

MEDIA: Final = {
    "image": MediaKind.PICTURE,
    "video": MediaKind.VIDEO,
    "ig_reel": MediaKind.VIDEO,
    "reel": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
MILLISECONDS: Final = 0.001
NO_ID: Final = "a message without an id or a sender"
STORY: Final = "ответ на сторис"
A_COMMENT: Final = "комментарий"


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of a delivery. `app_id`: the app that is ours."""

    change: Change
    telling: Telling
    app_id: str

    def events(self) -> Iterator[Event]:
        """What it tells; of unknown kinds nothing."""
        if self.change.field == "messaging":
            yield from self._messaging()
        elif self.change.field in ("comments", "live_comments"):
            yield from self._comment()

    def _messaging(self) -> Iterator[Event]:
        piece = self.change.value
        message, press = part(piece, "message"), part(piece, "postback")
        if message:
            yield from self._message(message)
        elif press:
            yield from self._press(press)
        elif read := word(part(piece, "read").get("mid")):
            client = word(part(piece, "sender").get("id"))
            sent = Sent(read, DeliveryState.READ, client, SERVICE, self.change.account)
            yield self.telling.state(sent, Writer(client), self._at)

    def _message(self, message: Fields) -> Iterator[Event]:
        piece, is_ours = self.change.value, message.get("is_echo") is True
        client = word(part(piece, "recipient" if is_ours else "sender").get("id"))
        if not word(message.get("mid")) or not client:
            yield self.telling.unreadable(piece, NO_ID)
            return
        talk = self._talk(message, client)
        if is_ours:
            if not self.app_id or word(message.get("app_id")) != self.app_id:
                yield self.telling.sent(talk, Writer(client), self._at)
        elif message.get("is_deleted") is True:
            yield self.telling.edited(talk, Writer(client), None)
        else:
            yield self.telling.received(talk, Writer(client), self._at, _utm(part(message, "referral")))

    def _talk(self, message: Fields, client: str) -> TalkMessage:
        story = part(message, "reply_to", "story")
        advert = part(message, "referral")
        return TalkMessage(
            id=word(message.get("mid")),
            chat=client,
            service=SERVICE,
            account=self.change.account,
            text=word(message.get("text")),
            files=tuple(_file(one) for one in parts_of(message.get("attachments")) if part(one, "payload").get("url")),
            about=STORY if story else word(part(advert, "ads_context_data").get("ad_title")),
            about_url=word(story.get("url")),
            button=word(part(message, "quick_reply").get("payload")),
            answers=word(part(message, "reply_to").get("mid")),
        )

    def _press(self, press: Fields) -> Iterator[Event]:
        client, number = word(part(self.change.value, "sender").get("id")), word(press.get("mid"))
        if not client or not number:
            yield self.telling.unreadable(self.change.value, NO_ID)
            return
        title, pressed = word(press.get("title")), word(press.get("payload"))
        talk = TalkMessage(number, client, SERVICE, self.change.account, title, button=pressed)
        yield self.telling.received(talk, Writer(client), self._at, _utm(part(press, "referral")), "")

    def _comment(self) -> Iterator[Event]:
        """Under a post of ours; our own answers are no news."""
        value = self.change.value
        writer, number = part(value, "from"), word(value.get("id"))
        client = word(writer.get("id"))
        if not number or not client:
            yield self.telling.unreadable(value, "a comment without an id or a writer")
            return
        if client == self.change.account:
            return
        talk = TalkMessage(
            id=number,
            chat=f"{COMMENT}{number}",
            service=SERVICE,
            account=self.change.account,
            text=word(value.get("text")),
            about=f"{A_COMMENT}, {word(part(value, 'media').get('media_product_type')) or 'POST'}",
            answers=word(value.get("parent_id")),
        )
        yield self.telling.received(talk, Writer(client, word(writer.get("username"))), None)

    @property
    def _at(self) -> datetime | None:
        return moment(self.change.value.get("timestamp"), MILLISECONDS)


def _file(one: Fields) -> MessageFile:
    return MessageFile(MEDIA.get(word(one.get("type")), MediaKind.FILE), word(part(one, "payload").get("url")))


def _utm(advert: Fields) -> Utm:
    """An advert or a link that opened the chat."""
    if not advert:
        return Utm()
    found = utm_from_url(f"?{word(advert.get('ref'))}")
    return Utm(
        source=found.source or "meta",
        medium=found.medium or word(advert.get("source")).casefold(),
        campaign=found.campaign,
        content=found.content or word(advert.get("ad_id")),
        term=found.term,
        clicks=found.clicks,
    )
