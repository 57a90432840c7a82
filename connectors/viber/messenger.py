"""What a Viber bot writes to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.addresses import own_host
from connectors.enclosed import File, files_of
from connectors.talks.files import fetched
from connectors.talks.parcel import Piece, Room, pieces_of, send_all
from connectors.talks.reading import word
from connectors.viber.api import ViberApi
from connectors.viber.settings import ViberSettings
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MessageFile

ROOM: Final = Room(text=7000, caption=0, file=50 * 1024 * 1024)
LARGEST_PICTURE: Final = 1024 * 1024
_PICTURES: Final = ("image/jpeg", "image/png", "image/gif")
_NO_FILES: Final = "Чтобы отправлять файлы в Viber, укажите server.public_url: он забирает их по адресу."


class ViberMessenger:
    """A bot can read nothing of what it has sent, and Viber knows no repeats: a message whose answer was lost is for a
    person to judge. A long text makes several messages, and each file is one: it goes as an address of ours."""

    medium = "viber"
    reaches = ("viber",)
    carries_files = True

    def __init__(self, name: str, settings: ViberSettings, around: Around) -> None:
        self.name = name
        self.account = settings.name
        self._settings = settings
        self._around = around
        self._api = ViberApi(name, settings, around.store)

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """The id is that of the text, or of the first file where there is no text."""
        return [self._write(request.params) for request in requests]

    def _write(self, message: ClientMessage) -> Outcome:
        try:
            enclosed = files_of(message, self._settings.files, self._around.store)
            bodies = [self._body(piece) for piece in pieces_of(message.text, enclosed, ROOM)]
            return send_all(bodies, lambda body: self._send(message.to, body))
        except ConnectorError as error:
            return error

    def _body(self, piece: Piece) -> dict[str, Any]:
        return {"type": "text", "text": piece.text} if piece.file is None else self._of_file(piece.file)

    def _of_file(self, file: File) -> dict[str, Any]:
        name, kind, body = file
        if self._around.files is None:
            raise Rejected("no address of ours for files", hint=_NO_FILES)
        url = self._around.files.url(self._around.store.keep_blob(body), name, kind)
        if kind in _PICTURES and len(body) <= LARGEST_PICTURE:
            return {"type": "picture", "text": "", "media": url}
        return {"type": "file", "media": url, "size": len(body), "file_name": name[-256:]}

    def _send(self, to: str, body: Mapping[str, Any]) -> str:
        sender = {"name": self._settings.name}
        answer = self._api.ask(
            "send_message", {"receiver": to, "min_api_version": 1, "sender": sender, **body}, write=True
        )
        return word(answer.get("message_token"))

    def fetch_file(self, file: MessageFile) -> Attachment:
        """By the address that came with the message; it works for an hour or so."""
        allow = own_host(self._settings.api_url)
        return fetched(file.ref, file, self._around.store, allow=allow, most=self._settings.file_limit)

    def check(self) -> list[str]:
        """Try the key."""
        try:
            self._api.ask("get_account_info", {})
        except ConnectorError as error:
            return [error.sentence("Viber")]
        return []

    def close(self) -> None:
        self._api.close()


def messenger(name: str, settings: ViberSettings, around: Around) -> ViberMessenger:
    """The messenger of the channel `name`."""
    return ViberMessenger(name, settings, around)
