"""What is written in Avito's talks from the account."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from connectors.addresses import own_host
from connectors.avito.api import AvitoApi
from connectors.avito.channel import book_of
from connectors.avito.message import VOICE, echo_mark, facts_of
from connectors.avito.settings import AvitoSettings
from connectors.enclosed import File, files_of
from connectors.talks.files import fetched
from connectors.talks.known import Known
from connectors.talks.parcel import send_all
from connectors.talks.reading import Fields, moment, part, parts_of, word
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.messages import ChatFacts, ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MessageFile

log = logging.getLogger(__name__)

PAGE: Final = 100
MOST_PAGES: Final = 10
SKEW: Final = timedelta(seconds=5)
"""By so much the clocks may differ when we look for what we have written."""
_PICTURES: Final = ("image/jpeg", "image/png", "image/gif", "image/heic", "image/webp")
_ONLY_PICTURES: Final = "В Avito можно отправить только картинки: «{name}» отправьте другим каналом."
_NO_TALK: Final = "С этим человеком нет чата в Avito: первым пишет только он."
_PARTLY: Final = "Часть сообщения уже в чате Avito: допишите остальное руками."
_NOTHING: Final = "В сообщении нет ни текста, ни файлов."
_OTHER: Final = "Avito: ключи от профиля {found}, а в настройках user_id {wanted}: исправьте одно из двух."


class AvitoMessenger:
    """A talk can be read back: what may have been sent is looked for there before it is sent again.

    `to` is a talk (`message.chat`), or a person, who is then answered in the newest of their talks.
    """

    medium = "avito"
    reaches = ("avito",)
    carries_files = True

    def __init__(self, name: str, settings: AvitoSettings, around: Around) -> None:
        self.name = name
        self.account = settings.account
        self._settings = settings
        self._store = around.store
        self._book = book_of(settings, around)
        self._api = AvitoApi(settings, around)
        self._known = Known(lambda chat: facts_of(self._api.chat(chat), self.account), around.now)

    @operation(repeat=Repeat.STAMP)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """Text and pictures are messages of their own; the id is that of the first of them."""
        return [self._write(request.params) for request in requests]

    @write.find
    def _find_written(self, requests: Sequence[Request[ClientMessage]]) -> list[Done | None]:
        return [self._found(request.params, request.unsure_since) for request in requests]

    def _write(self, message: ClientMessage) -> Outcome:
        try:
            chat, bodies = self._talk(message.to), list(self._bodies(message))
            if not bodies:
                raise Rejected("nothing to send", hint=_NOTHING)
            done = send_all(bodies, lambda one: self._send(chat, *one))
        except ConnectorError as error:
            return error
        if self._settings.mark_read:
            self._mark_read(chat)
        return done

    def _mark_read(self, chat: str) -> None:
        try:
            self._api.post(1, f"chats/{_quoted(chat)}/read", {})
        except ConnectorError as error:
            log.warning("talk not marked as read: channel=%s: %s", self.name, error.reason)

    def _talk(self, to: str) -> str:
        """The talk itself, or the newest with that person."""
        if not to.isdecimal():
            return to
        for page in range(MOST_PAGES):
            chats = self._api.chats(PAGE, page * PAGE)
            for chat in chats:
                if any(word(one.get("id")) == to for one in parts_of(chat.get("users"))):
                    return word(chat.get("id"))
            if len(chats) < PAGE:
                break
        raise Rejected(f"no talk with {to}", hint=_NO_TALK)

    def _bodies(self, message: ClientMessage) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if message.text:
            yield "messages", {"message": {"text": message.text}, "type": "text"}
        for file in files_of(message, self._settings.files, self._store):
            yield "messages/image", {"image_id": self._uploaded(file)}

    def _uploaded(self, file: File) -> str:
        if file[1] not in _PICTURES:
            raise Rejected(f"{file[1]} cannot be sent", hint=_ONLY_PICTURES.format(name=file[0]))
        return self._api.upload(file)

    def _send(self, chat: str, path: str, body: Mapping[str, Any]) -> str:
        """Marked before it goes: Avito tells us of it, maybe sooner than it answers."""
        said = {"type": "text", "content": body["message"]} if "message" in body else {"type": "image"}
        self._book.mark(echo_mark(chat, said))
        number = word(self._api.post(1, f"chats/{_quoted(chat)}/{path}", body).get("id"))
        self._book.mark(number)
        return number

    def _found(self, message: ClientMessage, since: datetime | None) -> Done | None:
        """Our message with that text (and as many pictures) since then, in the talk itself. Raises Rejected where only
        a part of it is there."""
        wanted = [message.text] if message.text else []
        wanted += [""] * (len(message.files) + len(message.attach))
        left, first = list(wanted), ""
        for body in self._ours(self._talk(message.to), since):
            text = word(part(body, "content").get("text"))
            if text in left:
                left.remove(text)
                first = first or word(body.get("id"))
        if not first:
            return None
        if left:
            raise Rejected(f"{len(wanted) - len(left)} of {len(wanted)} parts are in the talk", hint=_PARTLY)
        return Done(first, found=True)

    def _ours(self, chat: str, since: datetime | None) -> list[Fields]:
        """What was written from the account since then, the oldest first."""
        page = self._api.history(chat, PAGE, 0)
        ours = [body for body in page if word(body.get("author_id")) == self.account]
        return [body for body in ours if since is None or _is_since(body, since - SKEW)][::-1]

    def fetch_file(self, file: MessageFile) -> Attachment:
        """By the address that came with the message; that of a voice message is asked for first."""
        url = file.ref
        if file.ref.startswith(VOICE):
            voice = file.ref.removeprefix(VOICE)
            answer = self._api.call("GET", self._api.messenger(1, "getVoiceFiles"), params={"voice_ids": voice})
            url = word(part(answer, "voices_urls").get(voice))
            if not url:
                raise Retryable(f"Avito has no address for the voice message {voice}")
        allow = own_host(self._settings.api_url)
        return fetched(url, replace(file, ref=url), self._store, allow=allow, most=self._settings.file_limit)

    def who(self, chat: str) -> ChatFacts:
        """With whom the talk is, and about which advert."""
        return self._known.of(chat)

    def check(self) -> list[str]:
        """Try the keys: whose they are, and whether they open the messenger."""
        try:
            found = word(part(self._api.call("GET", "/core/v1/accounts/self")).get("id"))
            self._api.chats(1, 0)
        except ConnectorError as error:
            return [error.sentence("Avito")]
        return [] if found == self.account else [_OTHER.format(found=found, wanted=self.account)]

    def close(self) -> None:
        self._api.close()


def _is_since(body: Fields, since: datetime) -> bool:
    at = moment(body.get("created"))
    return at is not None and at >= since.replace(microsecond=0)


def _quoted(chat: str) -> str:
    return quote(chat, safe="~")


def messenger(name: str, settings: AvitoSettings, around: Around) -> AvitoMessenger:
    """The messenger of the channel `name`."""
    return AvitoMessenger(name, settings, around)
