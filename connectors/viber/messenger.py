"""What a Viber bot writes to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.enclosed import File, files_of
from connectors.talks.files import fetched, own_host
from connectors.talks.reading import word
from connectors.viber.api import ViberApi
from connectors.viber.settings import ViberSettings
from provodka.channel import Around
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MessageFile

LARGEST_PICTURE: Final = 1024 * 1024
_PICTURES: Final = ("image/jpeg", "image/png", "image/gif")
_NO_FILES: Final = "Чтобы отправлять файлы в Viber, укажите server.public_url: он забирает их по адресу."


class ViberMessenger:
    """A bot can read nothing of what it has sent, and Viber knows no repeats: a message whose answer was lost is for a
    person to judge. Text and files are messages of their own; a file goes as an address of ours."""

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
        sent: list[str] = []
        try:
            for body in list(self._bodies(message)):
                sent.append(self._send(message.to, body))
        except ConnectorError as error:
            if sent:
                return Ambiguous(f"only {len(sent)} of its parts have gone: {error.reason}", hint=error.hint)
            return error
        return Done(sent[0]) if sent else Rejected("nothing to send", hint="В сообщении нет ни текста, ни файлов.")

    def _bodies(self, message: ClientMessage) -> Iterator[dict[str, Any]]:
        if message.text:
            yield {"type": "text", "text": message.text}
        for file in files_of(message, self._settings.files, self._around.store):
            yield self._of_file(file)

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
