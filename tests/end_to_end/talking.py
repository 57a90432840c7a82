"""A messenger that any service could be, and the talks of the CRMs as its staff see and answer them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from connectors.talks.telling import Telling, Writer
from provodka.errors import ConnectorError
from provodka.event import Event
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.stores import Blobs
from provodka.talks import DeliveryState, MediaKind, MessageFile, Sent, TalkMessage
from sandbox.bitrix24.schema import CONTACT, DEAL, TYPES
from tests.end_to_end.company import Company
from tests.end_to_end.crms import Amocrm, BitrixDeals, Json

PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture" * 20
CHAT_SECRET = "0123456789abcdef0123456789abcdef01234567"


class Messenger:
    """A network `tele` with one bot. What it cannot tell apart it does not repeat, as most of them."""

    medium = "telegram"
    reaches = ("telegram",)
    carries_files = True
    account = "1"

    def __init__(self, blobs: Blobs, name: str = "bot") -> None:
        self.name = name
        self.blobs = blobs
        self.sent: list[ClientMessage] = []
        self.before: list[ConnectorError] = []
        self.after: list[BaseException] = []
        self.fetched: list[str] = []

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        if self.before:
            return [self.before.pop()]
        self.sent += [request.params for request in requests]
        if self.after:
            raise self.after.pop()
        return [Done(f"sent-{len(self.sent)}")]

    def fetch_file(self, file: MessageFile) -> Attachment:
        self.fetched.append(file.ref)
        return Attachment(file.name, "image/png", len(PICTURE), self.blobs.keep_blob(PICTURE))

    def close(self) -> None:
        """Nothing is open."""


class Client:
    """Somebody who writes to the bot; `says` gives the event that the bot's webhook would."""

    def __init__(
        self, number: str = "77", name: str = "Мария", service: str = "telegram", channel: str = "bot"
    ) -> None:
        self.number, self.name, self.service, self.channel = number, name, service, channel
        self._ids = itertools.count(1)

    def says(self, text: str, *files: MessageFile, phones: tuple[str, ...] = (), at: datetime | None = None) -> Event:
        telling = Telling(self.channel, at or datetime.now(UTC), b"{}")
        message = TalkMessage(f"{self.number}-{next(self._ids)}", self.number, self.service, "1", text, files)
        return telling.received(message, Writer(self.number, self.name, phones), at)

    def news(self, sent_id: str, state: DeliveryState, error: str = "") -> Event:
        telling = Telling(self.channel, datetime.now(UTC), b"{}")
        sent = Sent(sent_id, state, self.number, self.service, "1", error)
        return telling.state(sent, Writer(self.number, self.name), None)


def picture(name: str = "крыша.png") -> MessageFile:
    return MessageFile(MediaKind.PICTURE, "file-1", name, "image/png", len(PICTURE))


@dataclass(frozen=True)
class Shown:
    """A talk as the card shows it: the client's lines, those of the staff with what the card says went wrong with each,
    and the leads that it belongs to."""

    lines: list[str]
    answers: dict[str, str]
    owners: set[str]


class TalkingAmocrm(Amocrm):
    """With a channel of chats."""

    section = (
        Amocrm.section
        + """  chats:
    channel_id: 11111111-2222-4333-8444-555555555555
    secret: "${CHAT_SECRET}"
    url: "${AMOCRM}/amojo"
    per_second: 1000
"""
    )

    @property
    def environ(self) -> Mapping[str, str]:
        return {**super().environ, "CHAT_SECRET": CHAT_SECRET}

    def open_talks(self, company: Company) -> None:
        """What the vendor's support does with the channel."""
        self.control("channel", {"hook_url": f"{company.url}/hooks/crm/chats"})

    def talks(self) -> dict[str, Shown]:
        """Every talk, by channel and chat."""
        store, found = self.sandbox.amocrm.store, {}
        with store.lock:
            for chat in self._chats():
                lines = [m.content.get("text") or m.content["type"] for m in chat.messages if m.is_incoming]
                answers = {
                    m.content["text"]: m.error["text"] if m.error else "" for m in chat.messages if not m.is_incoming
                }
                owners = {str(one.entity_id) for one in store.talks.values() if one.chat_id == chat.id}
                found[str(chat.client_id)] = Shown(lines, answers, owners)
        return found

    def answers_in(self, chat: str, text: str) -> None:
        """Anna writes in the card of this talk."""
        store = self.sandbox.amocrm.store
        with store.lock:
            inner = next(one.id for one in self._chats() if one.client_id == chat)
            talk = next(one.id for one in store.talks.values() if one.chat_id == inner)
        self.control("chats/say", {"talk_id": talk, "text": text, "user": "anna@krovlya.ru"})

    def _chats(self) -> list[Any]:
        return list(self.sandbox.amocrm.store.chats.values())

    def lines(self) -> list[tuple[str, bool]]:
        """All that was said, by whom: (text or the kind of media, whether the client wrote it)."""
        with self.sandbox.amocrm.store.lock:
            return [
                (m.content.get("text") or m.content["type"], m.is_incoming) for c in self._chats() for m in c.messages
            ]

    def pictures(self) -> list[str]:
        """Addresses of the pictures in the talks."""
        return [m.content["media"] for c in self._chats() for m in c.messages if m.content.get("media")]

    def owners(self) -> set[str]:
        """The leads that the talks belong to."""
        return {str(one.entity_id) for one in self.sandbox.amocrm.store.talks.values()}

    def answers(self, text: str, picture: str = "") -> None:
        """Anna writes in the card."""
        talk = next(iter(self.sandbox.amocrm.store.talks.values()))
        wish = {"talk_id": talk.id, "text": text, "user": "anna@krovlya.ru", "picture": picture}
        self.control("chats/say", wish)

    def complaints(self) -> str:
        """What the staff were told of answers that did not arrive."""
        return "; ".join(m.error["text"] for c in self._chats() for m in c.messages if m.error)

    def marks(self) -> list[str]:
        """What stands beside the answers of the staff."""
        words = {None: "", 1: "delivered", 2: "read", -1: "failed"}
        return [words[m.delivery] for c in self._chats() for m in c.messages if not m.is_incoming]


class TalkingBitrix(BitrixDeals):
    """An application with an open line."""

    section = BitrixDeals.section + "  talks: {title: Переписка}\n"
    chat: ClassVar[str] = "bot:77"

    def open_talks(self, company: Company) -> None:
        """The application binds its event by itself."""

    def _dialogs(self) -> list[Json]:
        return list(self.sandbox.bitrix24.store.table("dialogs").values())

    def lines(self) -> list[tuple[str, bool]]:
        rows = [m for dialog in self._dialogs() for m in dialog["messages"]]
        return [(m["text"] or "picture", not m["out"]) for m in rows]

    def pictures(self) -> list[str]:
        return [url for dialog in self._dialogs() for m in dialog["messages"] for url in m.get("files", ())]

    def owners(self) -> set[str]:
        """The open leads of the contact that the portal finds by the open line."""
        return set().union(*map(self._owners, self._dialogs()))

    def _owners(self, dialog: Json) -> set[str]:
        store, found = self.sandbox.bitrix24.store, set()
        line = f"imol|{dialog['id'].rpartition('|')[0]}|{dialog['user']}"
        for card in store.table(TYPES[CONTACT].table).values():
            if line in [row["VALUE"] for row in card.get("FM", ())]:
                found |= {
                    str(d["ID"]) for d in store.table(TYPES[DEAL].table).values() if card["ID"] in d["CONTACT_IDS"]
                }
        return found

    def talks(self) -> dict[str, Shown]:
        """Every talk, by channel and chat."""
        store, found = self.sandbox.bitrix24.store, {}
        with store.lock:
            rows = [row for row in store.table("notifications").values() if "|failed|" in row["tag"]]
            told = {row["tag"].split("/")[1]: row["text"] for row in rows}
            for dialog in self._dialogs():
                lines = [m["text"] or "picture" for m in dialog["messages"] if not m["out"]]
                answers = {m["text"]: told.get(str(m.get("id")), "") for m in dialog["messages"] if m["out"]}
                found[dialog["id"].split("|")[2]] = Shown(lines, answers, self._owners(dialog))
        return found

    def answers_in(self, chat: str, text: str) -> None:
        """Anna writes in the card of this talk."""
        self.control("reply", {"connector": "provodka", "line": 1, "chat": chat, "text": text, "user_id": 5})

    def answers(self, text: str, picture: str = "") -> None:
        wish = {"connector": "provodka", "line": 1, "chat": self.chat, "text": text, "user_id": 5}
        self.control("reply", {**wish, "files": [picture] if picture else []})

    def complaints(self) -> str:
        return "; ".join(row["text"] for row in self.sandbox.bitrix24.store.table("notifications").values())

    def marks(self) -> list[str]:
        return [row["word"] for row in self.sandbox.bitrix24.store.table("ticks").values()]


TALKING: dict[str, type[TalkingAmocrm] | type[TalkingBitrix]] = {"amocrm": TalkingAmocrm, "bitrix24": TalkingBitrix}
