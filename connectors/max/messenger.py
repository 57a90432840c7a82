"""What a bot of MAX writes to people."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from connectors.addresses import own_host
from connectors.enclosed import files_of
from connectors.max.api import NOT_READY, MaxApi
from connectors.max.content import VIDEO
from connectors.max.settings import MaxSettings
from connectors.max.updates import GROUP, SERVICE
from connectors.talks.files import fetched
from connectors.talks.keeper import complaints
from connectors.talks.parcel import Piece, Room, pieces_of, send_all
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.stores import ConnectorStore
from provodka.talks import MessageFile

LONGEST: Final = 4000
_NOBODY: Final = "Адресат MAX — номер человека, у группы — chat: и её номер."


class MaxMessenger:
    """MAX takes no key by which a repeat could be known, so a message that may have arrived is for a person to judge.

    An address is the number of a person, or `chat:` and the number of a group.
    """

    medium = SERVICE
    reaches = (SERVICE,)
    carries_files = True

    def __init__(
        self, name: str, settings: MaxSettings, store: ConnectorStore, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.name = name
        self.account = settings.account
        self._settings = settings
        self._store = store
        self._sleep = sleep
        self._api = MaxApi(settings, store)
        self._room = Room(text=LONGEST, caption=LONGEST, file=settings.file_limit)

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """Whole: a long text as several messages, files after it or with it."""
        return [self._write(request.params) for request in requests]

    def fetch_file(self, file: MessageFile) -> Attachment:
        """From the address that came with the message; that of a video is asked for."""
        url = file.ref
        if url.startswith(VIDEO):
            url = self._api.video(url.removeprefix(VIDEO))
            if not url:
                raise Retryable("MAX tells no address of the video yet")
        allow = own_host(self._settings.api_url)
        return fetched(url, file, self._store, allow=allow, most=self._settings.file_limit)

    def check(self) -> list[str]:
        """Try the token; what is wrong, in sentences."""
        return complaints("MAX", self._looked)

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._api.close()

    def _looked(self) -> tuple[str, ...]:
        self._api.get("/me")
        return ()

    def _write(self, message: ClientMessage) -> Outcome:
        try:
            to = _to(message.to)
            pieces = pieces_of(message.text, files_of(message, self._settings.files, self._store), self._room)
            return self._sent(to, pieces)
        except ConnectorError as error:
            return error

    def _sent(self, to: dict[str, str], pieces: list[Piece]) -> Done:
        """All files are brought first: nothing is sent where one of them is not taken."""
        hung = {id(piece): self._api.upload(piece.file) for piece in pieces if piece.file is not None}
        return send_all(pieces, lambda piece: self._send(to, piece, hung.get(id(piece))))

    def _send(self, to: dict[str, str], piece: Piece, attachment: dict[str, Any] | None) -> str:
        """MAX digests an upload after it has taken it, and refuses the message till then."""
        body = {"text": piece.text or None, **({"attachments": [attachment]} if attachment else {})}
        for pause in self._settings.not_ready:
            try:
                return self._api.send(to, body)
            except Rejected as error:
                if error.code != NOT_READY:
                    raise
                self._sleep(pause)
        try:
            return self._api.send(to, body)
        except Rejected as error:
            if error.code != NOT_READY:
                raise
            raise Retryable(error.reason, status=error.status, code=NOT_READY) from error


def _to(address: str) -> dict[str, str]:
    name, number = ("chat_id", address.removeprefix(GROUP)) if address.startswith(GROUP) else ("user_id", address)
    if not number.removeprefix("-").isdecimal():
        raise Rejected(f"no address of MAX: {address!r}", hint=_NOBODY)
    return {name: number}


def messenger(name: str, settings: MaxSettings, around: Around) -> MaxMessenger:
    """The messenger of the channel `name`."""
    return MaxMessenger(name, settings, around.store)
