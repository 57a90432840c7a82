"""Messages to clients by a channel of Wazzup24, and the files of theirs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from connectors.addresses import own_host
from connectors.enclosed import File, files_of
from connectors.http import Http, Limit, Timeouts
from connectors.talks import files
from connectors.talks.parcel import Room, pieces_of
from connectors.talks.reading import part, parts_of, word
from connectors.wazzup.channel import chats_of
from connectors.wazzup.chats import Place, place_of
from connectors.wazzup.notice import MARK, OF_PHONES
from connectors.wazzup.refusals import GONE, REPEATED, classify
from connectors.wazzup.settings import WazzupSettings
from provodka.channel import Around
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MessageFile

LONGEST_ADDRESS: Final = 200
LONGEST: Final = {"whatsapp": 10_000, "instagram": 1000}
USUALLY: Final = 4096
MOST_BYTES: Final = 50 * 1024 * 1024
NOBODY: Final = "Не указано, кому писать: у клиента нет адреса в этом мессенджере."
NO_PUBLIC: Final = "Чтобы послать файл, Wazzup забирает его по ссылке: укажите server.public_url."
TOO_LONG_ADDRESS: Final = "Адрес вебхука для Wazzup не длиннее 200 знаков: сократите имя канала или секрет."
NOT_ACTIVE: Final = "Wazzup: канал {channel} не в работе ({state}). Проверьте его в кабинете Wazzup."
SUBSCRIPTIONS: Final = {"messagesAndStatuses": True, "contactsAndDealsCreation": False, "channelsUpdates": False}


class WazzupMessenger:
    """Each message carries our key as `crmMessageId`. Wazzup's page about sending says that a second one with the same
    is refused if the first was sent, so a message whose answer was lost is sent again: the refusal proves that it went.
    """

    carries_files = True

    def __init__(self, name: str, settings: WazzupSettings, around: Around) -> None:
        self.name = name
        self.account = settings.channel_id
        is_whatsapp = settings.chat_type == "whatsapp"
        self.medium = "whatsapp" if is_whatsapp else "wazzup"
        self.reaches = ("whatsapp", "phone") if is_whatsapp else (settings.chat_type,)
        self._settings = settings
        self._around = around
        self._chats = chats_of(settings, around)
        self._http = _http(settings, around)

    @operation(repeat=Repeat.KEY)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """A text and each file are messages of their own, for Wazzup takes one or the other. `to` is a number, the id
        of a chat, or `channel/kind/id` for a chat of another channel, as messages name it."""
        return [self._one(request) for request in requests]

    def fetch_file(self, file: MessageFile) -> Attachment:
        """By its address, which is said to live not for long."""
        allow = own_host(self._settings.api_url)
        return files.fetched(file.ref, file, self._around.store, allow=allow, most=self._settings.file_limit)

    def check(self) -> list[str]:
        """Whether the key opens, and whether the channel is there and works."""
        try:
            answer = self._http.call("GET", "/v3/channels")
        except ConnectorError as error:
            return [error.sentence("Wazzup")]
        known = {word(one.get("channelId")): word(one.get("state")) for one in parts_of(answer.data)}
        if self.account not in known:
            return [f"Wazzup: {GONE}"]
        state = known[self.account]
        return [] if state in ("", "active") else [NOT_ACTIVE.format(channel=self.account, state=state)]

    def close(self) -> None:
        """Close the connections; the object can be used again."""
        self._http.close()

    def _one(self, request: Request[ClientMessage]) -> Outcome:
        try:
            place = self._place(request.params.to)
            bodies = self._bodies(request.params, place.kind)
            keys = (f"{MARK}{request.key}" + (f":{number}" if number else "") for number in itertools.count())
            sent = [self._send(place, {**body, "crmMessageId": key}) for body, key in zip(bodies, keys, strict=False)]
        except ConnectorError as error:
            return error
        return sent[0]

    def _send(self, place: Place, body: dict[str, Any]) -> Done:
        where = {"channelId": place.channel, "chatType": place.kind, "chatId": place.number}
        try:
            answer = self._http.call("POST", "/v3/message", json={**where, **body})
        except Rejected as error:
            if error.code == REPEATED:
                return Done(found=True)
            raise
        number = word(part(answer.data).get("messageId"))
        if not number:
            raise Ambiguous("the answer names no message")
        self._chats.keep(number, place)
        return Done(number, {"message_id": number})

    def _place(self, to: str) -> Place:
        place = place_of(to, (self.account, self._settings.chat_type))
        if place.kind in OF_PHONES:
            place = replace(place, number=place.number.lstrip("+"))
        if not place.number:
            raise Rejected("nobody to write to", hint=NOBODY)
        return place

    def _bodies(self, message: ClientMessage, kind: str) -> list[dict[str, Any]]:
        if message.template:
            return [{"templateId": message.template, "templateValues": list(message.values)}]
        enclosed = files_of(message, self._settings.files, self._around.store)
        pieces = pieces_of(message.text, enclosed, Room(LONGEST.get(kind, USUALLY), caption=0, file=MOST_BYTES))
        return [
            {"text": piece.text} if piece.file is None else {"contentUri": self._address(piece.file)}
            for piece in pieces
        ]

    def _address(self, file: File) -> str:
        name, kind, body = file
        if self._around.files is None:
            raise Rejected("our files are not served to others", hint=NO_PUBLIC)
        return self._around.files.url(self._around.store.keep_blob(body), name, kind)


class WazzupSubscriber:
    """Tells Wazzup where its notices go; it tries the address at once with `{"test": true}`."""

    def __init__(self, name: str, settings: WazzupSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._http = _http(settings, around)

    def subscribe(self, address: str) -> bool:
        """Asks first: a new address would be tried anew. Raises ConnectorError."""
        secret = self._settings.secret
        wanted = f"{address}/{secret.get_secret_value()}" if secret else address
        if len(wanted) > LONGEST_ADDRESS:
            raise Rejected(f"an address of {len(wanted)} characters", hint=TOO_LONG_ADDRESS)
        known = part(self._http.call("GET", "/v3/webhooks", private=True).data)
        if known.get("webhooksUri") == wanted and part(known, "subscriptions").get("messagesAndStatuses") is True:
            return False
        body = {"webhooksUri": wanted, "subscriptions": SUBSCRIPTIONS}
        self._http.call("PATCH", "/v3/webhooks", json=body, write=False, plain=True, private=True)
        return True

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _http(settings: WazzupSettings, around: Around) -> Http:
    def auth() -> dict[str, str]:
        return {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"}

    return Http(
        settings.api_url,
        Limit.of_second(f"wazzup:{settings.channel_id}", settings.per_second),
        around.store,
        auth=auth,
        timeouts=Timeouts(settings.connect_timeout, settings.read_timeout),
        classify=classify,
    )


def messenger(name: str, settings: WazzupSettings, around: Around) -> WazzupMessenger:
    """The messenger of the channel `name`."""
    return WazzupMessenger(name, settings, around)


def subscriber(name: str, settings: WazzupSettings, around: Around) -> WazzupSubscriber:
    """The subscriber of the channel `name`."""
    return WazzupSubscriber(name, settings, around)
