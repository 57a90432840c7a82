"""Messages to clients from a number of WhatsApp, and the files of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from urllib3.filepost import encode_multipart_formdata

from connectors.enclosed import File, files_of
from connectors.graph import Graph
from connectors.http import Limit
from connectors.talks import files
from connectors.talks.parcel import Room, pieces_of, send_all
from connectors.talks.reading import count, parts_of, word
from connectors.whatsapp.refusals import cure_of
from connectors.whatsapp.settings import WhatsappSettings
from provodka.channel import Around
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.stores import ConnectorStore
from provodka.talks import MediaKind, MessageFile

ROOM: Final = Room(text=4096, caption=1024, file=100 * 1024 * 1024)
ONE_FILE: Final = "В шаблон WhatsApp помещается только один файл."
NO_NUMBER: Final = "У клиента нет номера WhatsApp: «{to}»."
NOT_SUBSCRIBED: Final = (
    "WhatsApp: приложение не подписано на сообщения аккаунта {account}. "
    "Запустите provodka check --online --channel {name}"
)
_TYPES: Final = {
    MediaKind.PICTURE: "image",
    MediaKind.VIDEO: "video",
    MediaKind.AUDIO: "audio",
    MediaKind.VOICE: "audio",
    MediaKind.FILE: "document",
}
Body = dict[str, Any]


class WhatsappMessenger:
    """A free text goes only within 24 hours of the client's last message, and WhatsApp often says so only after it has
    taken the message (`message.state`). A message that names a template is sent as that template: whoever makes it
    knows when the client wrote last.

    The action's key goes along and comes back with the states of the message; asked for by it nothing can be, so a
    message whose answer was lost is for a person to judge.
    """

    medium = "whatsapp"
    reaches = ("whatsapp", "phone")
    carries_files = True

    def __init__(self, name: str, settings: WhatsappSettings, store: ConnectorStore) -> None:
        self.name = name
        self.account = settings.phone_id
        self._settings = settings
        self._store = store
        burst = max(1, int(settings.per_second))
        limit = Limit(f"whatsapp:{settings.phone_id}", settings.per_second, burst)
        self._graph = Graph(settings, limit, store, cure_of)

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """`to` is a number, or the id that a person who hides theirs has with our business; with another number of ours
        in front (`phone_id/number`) it goes by that one, as its messages say."""
        return [self._one(request) for request in requests]

    def fetch_file(self, file: MessageFile) -> Attachment:
        """By its id: first its address, which lives five minutes, then the bytes."""
        try:
            about = self._graph.get(file.ref)
        except Rejected as error:
            raise Rejected(error.reason, hint=files.GONE, status=error.status, code=error.code) from error
        most = self._settings.file_limit
        if count(about.get("file_size")) > most:
            raise Rejected("the file is too large", hint=files.TOO_LARGE.format(most=most // 1024**2))
        allow, url = files.own_host(self._settings.api_url), word(about.get("url"))
        return files.fetched(url, file, self._store, headers=self._graph.auth(), allow=allow, most=most)

    def check(self) -> list[str]:
        """Whether the number is ours, and whether we hear of its messages."""
        try:
            self._graph.get(self._settings.phone_id, fields="display_phone_number,verified_name")
            account = self._settings.account_id
            if account and not parts_of(self._graph.get(f"{account}/subscribed_apps").get("data")):
                return [NOT_SUBSCRIBED.format(account=account, name=self.name)]
        except ConnectorError as error:
            return [f"WhatsApp: {error.reason}. {error.hint}".strip()]
        return []

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._graph.close()

    def _one(self, request: Request[ClientMessage]) -> Outcome:
        """All files are uploaded before anything is sent."""
        message = request.params
        try:
            line, _, to = message.to.rpartition("/")
            line = line or self.account
            envelope = {**_recipient(to), "biz_opaque_callback_data": request.key}
            bodies = self._bodies(line, message, files_of(message, self._settings.files, self._store))
            return send_all(bodies, lambda body: self._send(line, {**envelope, **body}))
        except ConnectorError as error:
            return error

    def _send(self, line: str, body: Body) -> str:
        answer = self._graph.post(f"{line}/messages", {"messaging_product": "whatsapp", **body})
        number = word(next(iter(parts_of(answer.get("messages"))), {}).get("id"))
        if not number:
            raise Ambiguous("the answer names no message")
        return number

    def _bodies(self, line: str, message: ClientMessage, enclosed: Sequence[File]) -> list[Body]:
        if message.template:
            return [self._template(line, message, enclosed)]
        bodies = []
        for piece in pieces_of(message.text, enclosed, ROOM):
            media = None if piece.file is None else self._media(line, piece.file)
            if media is None or (media["type"] == "audio" and piece.text):  # a sound has no caption
                bodies.append({"type": "text", "text": {"body": piece.text}})
            elif piece.text:
                media[media["type"]]["caption"] = piece.text
            bodies += [] if media is None else [media]
        return bodies

    def _media(self, line: str, file: File) -> Body:
        """Uploaded, and named by its id."""
        name, kind, body = file
        form = [("messaging_product", "whatsapp"), ("type", kind)]
        content, content_type = encode_multipart_formdata([*form, ("file", (name, body, kind))])
        number = word(self._graph.upload(f"{line}/media", content, content_type).get("id"))
        as_what = _TYPES[files.media_kind(kind)]
        named = {"filename": name} if as_what == "document" else {}
        return {"type": as_what, as_what: {"id": number, **named}}

    def _template(self, line: str, message: ClientMessage, enclosed: Sequence[File]) -> Body:
        """`name`, or `name/en` in another language than that of the settings."""
        if len(enclosed) > 1:
            raise Rejected(f"{len(enclosed)} files in a template", hint=ONE_FILE)
        name, _, language = message.template.partition("/")
        components: list[Body] = []
        if enclosed:
            components.append({"type": "header", "parameters": [self._media(line, enclosed[0])]})
        if message.values:
            values = [{"type": "text", "text": value} for value in message.values]
            components.append({"type": "body", "parameters": values})
        code = language or self._settings.language
        return {
            "type": "template",
            "template": {"name": name, "language": {"code": code}, "components": components},
        }


def _recipient(to: str) -> Mapping[str, str]:
    digits = to.strip().lstrip("+")
    if not digits or digits.isspace():
        raise Rejected("nobody to write to", hint=NO_NUMBER.format(to=to))
    return {"to": digits} if digits.isdecimal() else {"recipient": digits}


class WhatsappSubscriber:
    """Has Meta send the messages of the WhatsApp Business account to our address."""

    def __init__(self, name: str, settings: WhatsappSettings, store: ConnectorStore) -> None:
        self.name = name
        self._settings = settings
        self._graph = Graph(settings, Limit(f"whatsapp:{settings.phone_id}", 5, 5), store, cure_of)

    def subscribe(self, address: str) -> bool:
        """Meta looks at the address at once, by the check of the receiver. Raises ConnectorError."""
        place = f"{self._settings.account_id}/subscribed_apps"
        known = {word(one.get("override_callback_uri")) for one in parts_of(self._graph.get(place).get("data"))}
        if address in known:
            return False
        token = self._settings.verify_token.get_secret_value()
        self._graph.post(place, {"override_callback_uri": address, "verify_token": token})
        return True

    def close(self) -> None:
        """Close the connections."""
        self._graph.close()


def messenger(name: str, settings: WhatsappSettings, around: Around) -> WhatsappMessenger:
    """The messenger of the channel `name`."""
    return WhatsappMessenger(name, settings, around.store)


def subscriber(name: str, settings: WhatsappSettings, around: Around) -> WhatsappSubscriber | None:
    """The subscriber of the channel `name`, where the settings name the account."""
    return WhatsappSubscriber(name, settings, around.store) if settings.account_id else None
