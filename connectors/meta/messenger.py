"""Messages on Instagram to people who have written or commented, and the files of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from connectors.addresses import own_host
from connectors.enclosed import File, files_of
from connectors.graph import Graph
from connectors.http import Limit
from connectors.meta.instagram import COMMENT
from connectors.meta.settings import MetaSettings
from connectors.talks import files
from connectors.talks.parcel import Piece, Room, pieces_of, send_all
from connectors.talks.reading import word
from provodka.channel import Around
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.messages import ChatFacts, ClientMessage
from provodka.operation import Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MediaKind, MessageFile

ROOM: Final = Room(text=1000, caption=0, file=25 * 1024 * 1024, size=lambda text: len(text.encode()))
NO_PUBLIC: Final = "Чтобы послать файл, Instagram забирает его по ссылке: укажите server.public_url."
ONLY_TEXT: Final = "В ответ на комментарий Instagram пропускает только текст."
WINDOW: Final = (
    "Прошло больше 24 часов с последнего сообщения клиента: Instagram пропустит ответ, когда он напишет снова."
)
CURES: Final = {
    551: "Этот человек сейчас недоступен в Instagram: он заблокировал нас или удалил аккаунт.",
    100: "Instagram не знает этого человека: писать можно только тем, кто написал сам.",
}


OUT_OF_WINDOW: Final = 2534022


def cure_of(code: int, subcode: int) -> str:
    """The Russian cure of a refusal to send; code 10 is also that of missing rights."""
    return WINDOW if subcode == OUT_OF_WINDOW else CURES.get(code, "")


class InstagramMessenger:
    """Only within 24 hours of a person's last message. There is no key of ours that Meta would know again, so a message
    whose answer was lost is for a person to judge."""

    medium = "instagram"
    reaches = ("instagram",)
    carries_files = True

    def __init__(self, name: str, settings: MetaSettings, around: Around) -> None:
        self.name = name
        self.account = settings.instagram_id
        self._settings = settings
        self._around = around
        limit = Limit(f"meta:{settings.page_id}:messages", settings.per_second, 5)
        self._graph = Graph(settings, limit, around.store, cure_of)

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """`to` is a person's id, or `comment:<id>` for a private answer to a comment."""
        return [self._one(request.params) for request in requests]

    def fetch_file(self, file: MessageFile) -> Attachment:
        """By its address."""
        allow = own_host(self._settings.api_url)
        return files.fetched(file.ref, file, self._around.store, allow=allow, most=self._settings.file_limit)

    def who(self, chat: str) -> ChatFacts:
        """The name of a person, or how they are called; comments bring it with them."""
        if chat.startswith(COMMENT):
            return ChatFacts()
        about = self._graph.get(chat, fields="name,username")
        return ChatFacts(name=word(about.get("name")) or word(about.get("username")))

    def check(self) -> list[str]:
        """Whether the token opens the page."""
        try:
            self._graph.get(self._settings.page_id, fields="id,name")
        except ConnectorError as error:
            return [error.sentence("Meta")]
        return []

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._graph.close()

    def _one(self, message: ClientMessage) -> Outcome:
        try:
            enclosed = files_of(message, self._settings.files, self._around.store)
            if enclosed and message.to.startswith(COMMENT):
                raise Rejected("a file in answer to a comment", hint=ONLY_TEXT)
            bodies = [self._body(piece) for piece in pieces_of(message.text, enclosed, ROOM)]
            return send_all(bodies, lambda body: self._send(message.to, body))
        except ConnectorError as error:
            return error

    def _body(self, piece: Piece) -> dict[str, Any]:
        return {"text": piece.text} if piece.file is None else self._attachment(piece.file)

    def _attachment(self, file: File) -> dict[str, Any]:
        name, kind, body = file
        if self._around.files is None:
            raise Rejected("our files are not served to others", hint=NO_PUBLIC)
        url = self._around.files.url(self._around.store.keep_blob(body), name, kind)
        families = {MediaKind.PICTURE: "image", MediaKind.VIDEO: "video", MediaKind.AUDIO: "audio"}
        family = families.get(files.media_kind(kind), "file")
        return {"attachment": {"type": family, "payload": {"url": url}}}

    def _send(self, to: str, body: dict[str, Any]) -> str:
        is_comment = to.startswith(COMMENT)
        recipient = {"comment_id": to.removeprefix(COMMENT)} if is_comment else {"id": to}
        answer = self._graph.post("me/messages", {"recipient": recipient, "message": body})
        number = word(answer.get("message_id"))
        if not number:
            raise Ambiguous("the answer names no message")
        return number


def messenger(name: str, settings: MetaSettings, around: Around) -> InstagramMessenger | None:
    """The messenger of the channel `name`, where it takes messages."""
    return InstagramMessenger(name, settings, around) if settings.instagram else None
