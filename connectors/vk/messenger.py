"""What a VK community writes to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from connectors.addresses import own_host
from connectors.enclosed import File, files_of
from connectors.talks.files import fetched
from connectors.talks.known import Known
from connectors.talks.reading import Fields, part, parts_of, word
from connectors.vk.api import VkApi
from connectors.vk.channel import book_of
from connectors.vk.message import GROUP_CHATS
from connectors.vk.settings import VkSettings
from provodka.channel import Around
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.messages import ChatFacts, ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MessageFile

MOST_FILES: Final = 10
_NOBODY: Final = "Адресат VK — число: номер человека или беседы."
_MANY: Final = f"VK берёт не больше {MOST_FILES} файлов в одном сообщении."
_PICTURES: Final = ("image/jpeg", "image/png")  # a GIF would stand still
_OF_PICTURE: Final = ("photo", "server", "hash")
_OTHER_STRING: Final = "VK: confirmation в настройках — не та строка, что сейчас показывает VK: скопируйте её заново."


class VkMessenger:
    """VK drops a message whose `random_id` it has seen: it is made of the action's key, so a repeat makes no second
    one."""

    medium = "vk"
    reaches = ("vk",)
    carries_files = True

    def __init__(self, name: str, settings: VkSettings, around: Around) -> None:
        self.name = name
        self.account = settings.account
        self._settings = settings
        self._store = around.store
        self._book = book_of(settings, around)
        self._api = VkApi(settings, around.store)
        self._known = Known(self._asked, around.now)

    @operation(repeat=Repeat.KEY)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """One message to one peer, its files first."""
        return [self._write(request.key, request.params) for request in requests]

    def _write(self, key: str, message: ClientMessage) -> Outcome:
        try:
            if not message.to.lstrip("-").isdecimal():
                raise Rejected(f"no peer of VK: {message.to!r}", hint=_NOBODY)
            files = files_of(message, self._settings.files, self._store)
            if len(files) > MOST_FILES:
                raise Rejected(f"{len(files)} files", hint=_MANY)
            hung = ",".join(self._hung(message.to, file) for file in files)
            number = random_id(key)
            self._book.mark(str(number))  # before it goes: VK tells us of it, maybe sooner than it answers
            send = {"peer_id": message.to, "message": message.text, "attachment": hung, "random_id": number}
            return Done(word(self._api.call("messages.send", send, write=True)))
        except ConnectorError as error:
            return error

    def _hung(self, peer: str, file: File) -> str:
        """How a message names a file, which is uploaded first."""
        name, kind, _ = file
        if kind in _PICTURES:
            server = self._api.ask("photos.getMessagesUploadServer", peer_id=peer)
            taken = self._api.upload(word(server.get("upload_url")), "photo", file)
            saved = self._api.rows("photos.saveMessagesPhoto", **{one: taken.get(one) for one in _OF_PICTURE})
            return _named("photo", saved[0] if saved else {})
        server = self._api.ask("docs.getMessagesUploadServer", peer_id=peer, type="doc")
        taken = self._api.upload(word(server.get("upload_url")), "file", file)
        answer = self._api.ask("docs.save", file=taken.get("file"), title=name)
        return _named("doc", part(answer, "doc"))

    def fetch_file(self, file: MessageFile) -> Attachment:
        """By the address that came with the message; VK's addresses hold no key of ours."""
        allow = own_host(self._settings.api_url)
        return fetched(file.ref, file, self._store, allow=allow, most=self._settings.file_limit)

    def who(self, chat: str) -> ChatFacts:
        """The name of a person; a chat of several and a community have none that we could ask for."""
        return self._known.of(chat) if chat.isdecimal() and int(chat) < GROUP_CHATS else ChatFacts()

    def _asked(self, person: str) -> ChatFacts:
        found = self._api.rows("users.get", user_ids=person)
        name = " ".join(word(found[0].get(one)) for one in ("first_name", "last_name")) if found else ""
        return ChatFacts(name=name.strip())

    def check(self) -> list[str]:
        """Try the key: whose it is, and whether it may write messages."""
        try:
            return list(self._wrong())
        except ConnectorError as error:
            return [error.sentence("VK")]

    def _wrong(self) -> Iterator[str]:
        rights = parts_of(self._api.ask("groups.getTokenPermissions").get("permissions"))
        if not any(one.get("name") == "messages" for one in rights):
            yield "VK: у ключа нет права «Сообщения сообщества»: создайте ключ с ним."
        if not _knows(self._api.call("groups.getById", {"group_id": self.account}), self.account):
            yield f"VK: ключ token не от сообщества {self.account}: возьмите ключ из его настроек."
        if self._settings.receive == "webhook":
            shown = self._api.ask("groups.getCallbackConfirmationCode", group_id=self.account)
            if word(shown.get("code")) != self._settings.confirmation:
                yield _OTHER_STRING

    def close(self) -> None:
        self._api.close()


def random_id(key: str) -> int:
    """31 bits of the action's key, never 0: for VK 0 is none."""
    return int.from_bytes(sha256(key.encode()).digest()[:4]) & 0x7FFFFFFF or 1


def _named(kind: str, saved: Fields) -> str:
    owner, number, key = (word(saved.get(name)) for name in ("owner_id", "id", "access_key"))
    if not number:
        raise Retryable(f"VK has not saved the {kind}")
    return f"{kind}{owner}_{number}" + (f"_{key}" if key else "")


def _knows(answer: object, account: str) -> bool:
    """The communities stand in a list up to version 5.138, later in `groups`."""
    found = parts_of(answer) or parts_of(part(answer).get("groups"))
    return any(word(one.get("id")) == account for one in found)


def messenger(name: str, settings: VkSettings, around: Around) -> VkMessenger | None:
    """The messenger of the channel `name`; None without a key."""
    if settings.token is None:
        return None
    return VkMessenger(name, settings, around)
