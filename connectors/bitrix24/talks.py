"""Talks in messengers, shown in the portal's open lines and so in the card of the client.

An application's own connector: it hands in what the client writes, and the portal's event brings what the staff answer.
Facts: the vendor's pages of `imconnector.*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

from connectors.bitrix24.client import id_of, mapping, rows_of
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room
from connectors.bitrix24.talk_binding import Taken, TalkBinding
from connectors.bitrix24.talk_hooks import message_parts
from connectors.bitrix24.talk_settings import TalkSettings
from connectors.crm.batching import build, with_fresh_names
from connectors.talks.keys import chat_key
from provodka.crm import ChatDelivery, ChatMessage, DeliveryState
from provodka.errors import Ambiguous, ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request

NOBODY: Final = "Клиент"
LONGEST_NAME: Final = 25
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#fff" d="M4 4h16v12H8l-4 4z"/></svg>'
)
_NOT_A_NAME: Final = re.compile(r"[^\w\s'-]|[\d_]")
NO_CHANNEL: Final = "Канал переписки с Битрикс24 не настроен: добавьте crm.talks (и crm.oauth: он нужен каналу)."
NO_LINE: Final = "В Битрикс24 нет ни одной открытой линии: создайте её (Контакт-центр → Открытые линии)."
EMPTY: Final = "В сообщении нет ни текста, ни файла."
REFUSED: Final = "Открытая линия Битрикс24 не приняла сообщение: проверьте имя, телефон и ссылку на файл."
NOT_REGISTERED: Final = (
    "Битрикс24 не зарегистрировал канал переписки: проверьте crm.talks и права приложения (imopenlines)."
)
_STATUSES: Final = {
    DeliveryState.DELIVERED: "imconnector.send.status.delivery",
    DeliveryState.READ: "imconnector.send.status.reading",
}


class Talks:
    """`connect_talks`, `post_messages` and `report_deliveries` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._binding = TalkBinding(room)
        self._connected = False

    @property
    def offered(self) -> bool:
        """Whether the settings name a channel."""
        return self._room.settings.talks is not None

    def connect(self) -> None:
        """Register the connector (again: that is an update) and switch it on where it is not."""
        given, call = self._given(), self._room.client.call
        portal = self._room.settings.portal
        told = mapping(call("imconnector.register", _connector(given, given.page or portal), write=True))
        if not told.get("result"):
            words = str(told.get("error_description") or told.get("error") or "refused without a word")
            raise Rejected(f"the connector is not registered: {words}", hint=NOT_REGISTERED)
        place = self._place()
        status = mapping(call("imconnector.status", place))
        self._connected = True
        if status.get("STATUS") and status.get("CONFIGURED"):
            return
        call("imconnector.activate", {**place, "ACTIVE": "1"}, write=True)
        data = {"ID": given.connector, "URL": given.page or portal, "URL_IM": given.page or portal, "NAME": given.title}
        call("imconnector.connector.data.set", {**place, "DATA": data}, write=True)

    def post(self, requests: Sequence[Request[ChatMessage]]) -> list[Outcome]:
        """All in one call, in their order; the portal answers for each."""

        def attempt(part: Sequence[Request[ChatMessage]]) -> list[Outcome]:
            bodies, outcomes = build(part, lambda request: self._message(request.params))
            outcomes.update(self._send([part[i].params for i in bodies], bodies))
            return [outcomes[i] for i in range(len(part))]

        return with_fresh_names(self._room.directory, requests, attempt)

    def report(self, requests: Sequence[Request[ChatDelivery]]) -> list[Outcome]:
        """A failure has no mark beside the message, so whoever wrote it gets a notice, by its tag once."""
        place = self._place()
        commands, outcomes = build(requests, lambda request: self._news(request.params, place))
        outcomes.update(self._room.deliver(commands, _reported))
        return [
            Done(one.params.message_id) if isinstance(outcomes[i], Done) else outcomes[i]
            for i, one in enumerate(requests)
        ]

    def _send(self, messages: Sequence[ChatMessage], bodies: dict[int, Json]) -> dict[int, Outcome]:
        if not bodies:
            return {}
        try:
            if not self._connected:
                self.connect()
            params = {**self._place(), "MESSAGES": list(bodies.values())}
            answer = mapping(self._room.client.call("imconnector.send.messages", params, write=True))
        except ConnectorError as error:
            return dict.fromkeys(bodies, error)
        rows = rows_of(mapping(answer.get("DATA")).get("RESULT"))
        found: dict[int, Outcome] = {}
        taken: list[Taken] = []
        for place, (i, message) in enumerate(zip(bodies, messages, strict=True)):
            found[i] = outcome = (
                _taken(message, rows[place]) if place < len(rows) else Ambiguous("the answer does not mention it")
            )
            if isinstance(outcome, Done):
                taken.append(Taken(_key(message), message, outcome.values["crm_chat_id"]))
        self._binding.bind(taken)
        return found

    def _message(self, message: ChatMessage) -> Json:
        if not message.text.strip() and message.media is None:
            raise Rejected("the message is empty", hint=EMPTY)
        name, last_name = _names(message.person_name)
        user = {"id": message.person_id, "name": name, "last_name": last_name}
        user |= {key: value for key, value in (("phone", message.phone), ("email", message.email)) if value}
        body: Json = {"id": message.id, "date": int(message.sent_at.timestamp())}
        if message.text.strip():
            body["text"] = message.text
        if message.media is not None:
            body["files"] = [{"url": message.media.url, "name": message.media.name or message.media.kind.value}]
        if message.staff:
            body["user_id"] = int(self._room.directory.user(message.staff).id)
        if self._binding.keeps_out(_key(message), message):
            body["disable_crm"] = "Y"
        chat = {"id": _key(message), "name": self._given().title}
        return {"user": user, "message": body, "chat": chat}

    def _news(self, news: ChatDelivery, place: Json) -> Command:
        chat, message, author, key = message_parts(news.message_id)
        if news.state is DeliveryState.FAILED:
            text = f"Сообщение не доставлено клиенту: {news.error or 'мессенджер не сказал почему'}"
            link = f"[URL=/online/?IM_DIALOG=chat{chat}]Открыть чат[/URL]"
            tag = f"{self._room.settings.originator}|failed|{news.message_id}"
            return Command("im.notify.system.add", {"USER_ID": author, "MESSAGE": f"{text}\n{link}", "TAG": tag})
        told = {
            "im": {"chat_id": chat, "message_id": message},
            "message": {"id": [news.message_id], "date": int(self._room.now().timestamp())},
            "chat": {"id": key or news.chat_id},
        }
        return Command(_STATUSES[news.state], {**place, "MESSAGES": [told]})

    def _place(self) -> Json:
        return {"CONNECTOR": self._given().connector, "LINE": self._line()}

    def _line(self) -> int:
        """The open line of the config's choice, by its name."""
        wanted, room = self._given().line, self._room
        lines = room.directory.keep("open lines", lambda: rows_of(room.client.call("imopenlines.config.list.get")))
        if not lines:
            raise Rejected("the portal has no open line", hint=NO_LINE)
        named: Callable[[Json], tuple[str, ...]] = lambda row: (str(row.get("LINE_NAME") or ""),)  # noqa: E731
        line = room.directory.named("open line", "открытой линии", wanted, lines, named) if wanted else lines[0]
        return int(id_of(line))

    def _given(self) -> TalkSettings:
        given = self._room.settings.talks
        if given is None:
            raise Rejected("no channel of talks is set up", hint=NO_CHANNEL)
        return given


def _connector(given: TalkSettings, page: str) -> Json:
    """Chats of one person each, so that the portal looks for the client's card; system messages stay inside."""
    return {
        "ID": given.connector,
        "NAME": given.title,
        "ICON": {"DATA_IMAGE": f"data:image/svg+xml,{quote(_ICON)}", "COLOR": "#69acc0"},
        "PLACEMENT_HANDLER": page,
        "CHAT_GROUP": False,
        "NEED_SYSTEM_MESSAGES": False,
        "NEED_SIGNATURE": True,
        "NEWSLETTER": False,
        "DEL_EXTERNAL_MESSAGES": False,
        "EDIT_INTERNAL_MESSAGES": False,
        "DEL_INTERNAL_MESSAGES": False,
    }


def _key(message: ChatMessage) -> str:
    return chat_key(message.source, message.chat_id)


def _names(whole: str) -> tuple[str, str]:
    """Name and last name as the portal takes them: letters, blanks, hyphens and apostrophes, 25 of them at most."""
    words = _NOT_A_NAME.sub(" ", whole).split()
    name, rest = (words[0], " ".join(words[1:])) if words else (NOBODY, "")
    return name[:LONGEST_NAME], rest[:LONGEST_NAME].strip()


def _taken(message: ChatMessage, row: Json) -> Outcome:
    if row.get("SUCCESS"):
        return Done(message.id, {"crm_chat_id": str(mapping(row.get("session")).get("CHAT_ID") or "")})
    errors = row.get("ERRORS")
    words = "; ".join(str(one) for one in errors) if isinstance(errors, list) else str(errors or "no reason given")
    return Rejected(f"the open line refused the message: {words}", hint=REFUSED)


def _reported(result: object) -> Outcome:
    """A mark answers `{SUCCESS}`, a notice its number or `false`."""
    fine = mapping(result).get("SUCCESS") if isinstance(result, dict) else result
    return Done() if fine else Rejected("the portal did not take note of it")
