"""Messages to clients from the account of an instance of Green-API, and the files of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from urllib3.filepost import encode_multipart_formdata

from connectors.addresses import own_host
from connectors.enclosed import files_of
from connectors.greenapi.api import GreenApi, trouble_of
from connectors.greenapi.settings import GreenApiSettings
from connectors.talks import files
from connectors.talks.parcel import Piece, Room, pieces_of, send_all
from connectors.talks.reading import part, word
from provodka.channel import Around
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MessageFile

ROOM: Final = Room(text=20_000, caption=1024, file=100 * 1024 * 1024)
MOST_KNOWN: Final = 10_000
NO_ACCOUNT: Final = "У номера {number} нет WhatsApp: напишите клиенту другим каналом."
NO_NUMBER: Final = "«{to}» не похоже на номер WhatsApp."
NOTICES: Final = {
    "incomingWebhook": "yes",
    "outgoingWebhook": "yes",
    "outgoingMessageWebhook": "yes",
    "outgoingAPIMessageWebhook": "no",
    "stateWebhook": "yes",
}


class GreenApiMessenger:
    """The service takes no key of ours, so a message whose answer was lost is for a person to judge. It queues what it
    takes: `Done` means taken, what became of it comes as `message.state`."""

    medium = "whatsapp"
    reaches = ("whatsapp", "phone")
    carries_files = True

    def __init__(self, name: str, settings: GreenApiSettings, around: Around) -> None:
        self.name = name
        self.account = settings.instance
        self._settings = settings
        self._store = around.store
        self._api = GreenApi(settings, around.store)
        self._writing = GreenApi(settings, around.store, pause=settings.pause)
        self._sending_files = GreenApi(settings, around.store, pause=settings.pause, media=True)
        self._known: set[str] = set()

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """`to` is a number, or a group's id."""
        return [self._one(request.params) for request in requests]

    def fetch_file(self, file: MessageFile) -> Attachment:
        """By its address."""
        allow = own_host(self._settings.api_url)
        return files.fetched(file.ref, file, self._store, allow=allow, most=self._settings.file_limit)

    def check(self) -> list[str]:
        """Whether the account is let in."""
        try:
            trouble = trouble_of(word(part(self._api.get("getStateInstance")).get("stateInstance")))
        except ConnectorError as error:
            return [error.sentence("Green-API")]
        return [] if trouble is None else [trouble.sentence("Green-API")]

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        for one in (self._api, self._writing, self._sending_files):
            one.close()

    def _one(self, message: ClientMessage) -> Outcome:
        try:
            chat = _chat(message.to)
            pieces = pieces_of(message.text, files_of(message, self._settings.files, self._store), ROOM)
            self._look_for(chat)
            return send_all(pieces, lambda piece: self._send(chat, piece))
        except ConnectorError as error:
            return error

    def _look_for(self, chat: str) -> None:
        """A number without WhatsApp is refused by name; to write to such numbers leads to a block."""
        number = chat.removesuffix("@c.us")
        if not self._settings.check_numbers or chat in self._known or not number.isdecimal():
            return
        answer = part(self._api.post("checkWhatsapp", {"phoneNumber": int(number)}, write=False))
        if answer.get("existsWhatsapp") is False:
            raise Rejected("this number has no WhatsApp", hint=NO_ACCOUNT.format(number=f"+{number}"), code="noAccount")
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known.add(chat)

    def _send(self, chat: str, piece: Piece) -> str:
        if piece.file is None:
            return _number(self._writing.post("sendMessage", {"chatId": chat, "message": piece.text}))
        name, kind, body = piece.file
        texts = [("chatId", chat), ("fileName", name), ("caption", piece.text)]
        form = encode_multipart_formdata([*texts, ("file", (name, body, kind))])
        return _number(self._sending_files.post_form("sendFileByUpload", *form))


class GreenApiSubscriber:
    """Tells Green-API where its notices go, and which."""

    def __init__(self, name: str, settings: GreenApiSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._api = GreenApi(settings, around.store)

    def subscribe(self, address: str) -> bool:
        """Asks first: a change of settings starts the instance anew. Raises ConnectorError."""
        secret, token = self._settings.secret, self._settings.webhook_token
        wanted = dict(NOTICES, webhookUrl=f"{address}/{secret.get_secret_value()}" if secret else address)
        if token is not None:
            wanted["webhookUrlToken"] = token.get_secret_value()
        known = part(self._api.get("getSettings"))
        if all(known.get(name) == value for name, value in wanted.items()):
            return False
        self._api.post("setSettings", wanted, write=False, private=True)
        return True

    def close(self) -> None:
        """Close the connections."""
        self._api.close()


def _chat(to: str) -> str:
    if to.endswith(("@c.us", "@g.us")):
        return to
    digits = to.lstrip("+")
    if not digits.isdecimal():
        raise Rejected("no number of WhatsApp", hint=NO_NUMBER.format(to=to))
    return f"{digits}@c.us"


def _number(answer: object) -> str:
    number = word(part(answer).get("idMessage"))
    if not number:
        raise Ambiguous("the answer names no message")
    return number


def messenger(name: str, settings: GreenApiSettings, around: Around) -> GreenApiMessenger:
    """The messenger of the channel `name`."""
    return GreenApiMessenger(name, settings, around)


def subscriber(name: str, settings: GreenApiSettings, around: Around) -> GreenApiSubscriber | None:
    """The subscriber of the channel `name`, where it does not ask by itself."""
    return GreenApiSubscriber(name, settings, around) if settings.receive == "webhook" else None
