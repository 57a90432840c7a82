"""A Telegram bot that writes to the staff, and to clients who have written to it."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from connectors.enclosed import File, files_of
from connectors.talks.files import keep
from connectors.talks.keeper import complaints
from connectors.talks.parcel import Piece, pieces_of, send_all
from connectors.telegram.account import BotAccount
from connectors.telegram.cures import TOO_LARGE, Code, client_cure
from connectors.telegram.parcel import ROOM, is_picture, shorten
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.updates import SERVICE
from provodka.channel import Around
from provodka.crm import StaffMessage
from provodka.errors import ConnectorError, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.stores import Blobs, Pace
from provodka.talks import MessageFile

if TYPE_CHECKING:
    from connectors.telegram.wire import Place

LONGEST_WAIT: Final = 5.0  # seconds
WHOLE_BOT: Final = (30.0, 30)  # messages a second, of which so many at once
PERSON: Final = (1.0, 1)
GROUP: Final = (20 / 60, 2)
LARGEST_FETCHED: Final = 20 * 1024 * 1024
PRIVATE: Final = (
    "Telegram: у бота включён режим приватности, и в группах он слышит только команды и ответы ему: @BotFather → "
    "/setprivacy → Disable, затем удалите бота из группы и добавьте снова. Или уберите groups."
)


class Store(Pace, Blobs, Protocol):
    """What a messenger is given of the journal."""


class Telegram:
    """`notify` repeats a message whose outcome is unknown: to the staff a double is better than silence. A message to a
    client (`write`) that may have arrived is for a person to judge: a bot cannot read what it has sent.

    An address of a client is the id of their chat, which is their own id, or `connection/chat` in a business account.
    """

    medium = "telegram"
    reaches = (SERVICE,)
    carries_files = True

    def __init__(
        self,
        settings: TelegramSettings,
        store: Store,
        *,
        name: str = "telegram",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self.account = settings.bot_id
        self._settings = settings
        self._store = store
        self._sleep = sleep
        self._bot = BotAccount(settings, name)
        self._limits = f"telegram:{settings.bot_id}"

    @operation(repeat=Repeat.SAFE)
    def notify(self, requests: Sequence[Request[StaffMessage]]) -> list[Outcome]:
        """One message to one chat; a text that is too long is cut."""
        return [self._notify(request.params) for request in requests]

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """To a client, whole: a long text as several messages, files after it or with it for their caption.

        `remote_id` is `chat:message` of the first of them. A group that has become a supergroup is followed there.
        """
        return [self._write(request.params) for request in requests]

    def fetch_file(self, file: MessageFile) -> Attachment:
        """Up to 20 MB; Telegram's link to it never leaves this room, for it holds the token."""
        if file.size > LARGEST_FETCHED:
            raise Rejected(f"the file has {file.size} bytes", hint=TOO_LARGE, code=Code.FILE_TOO_BIG)
        more = self._settings.upload_timeout
        path, body = self._bot.call("getFile", file.ref.encode(), lambda wire: wire.file(file.ref), more=more)
        kind = mimetypes.guess_type(path)[0] or ""
        return keep(body, kind, replace(file, name=file.name or path), self._store, LARGEST_FETCHED)

    def check(self) -> list[str]:
        """Try the token; what is wrong, in sentences."""
        return complaints("Telegram", self._looked)

    def check_chat(self, chat: str) -> list[str]:
        """Whether the bot knows the chat; what is wrong in one sentence. Who has blocked it shows only by a message."""

        def look() -> tuple[str, ...]:
            self._bot.call("getChat", b"", lambda wire: wire.chat(chat))
            return ()

        return complaints("Telegram", look)

    def close(self) -> None:
        """Close the connections and end the thread; the object can be used again."""
        self._bot.close()

    def _looked(self) -> Iterator[str]:
        me = self._bot.call("getMe", b"", lambda wire: wire.me())
        if self._settings.groups and not me.get("can_read_all_group_messages"):
            yield PRIVATE

    def _notify(self, message: StaffMessage) -> Outcome:
        try:
            return Done(self._send(message.to, Piece(shorten(message.text))))
        except ConnectorError as error:
            return error

    def _write(self, message: ClientMessage) -> Outcome:
        try:
            pieces = pieces_of(message.text, files_of(message, self._settings.files, self._store), ROOM)
            return send_all(pieces, lambda piece: f"{message.to}:{self._send(message.to, piece)}")
        except ConnectorError as error:
            code, _, chat = error.code.partition(":")
            if code == Code.MOVED and chat and chat != message.to:
                return self._write(replace(message, to=chat))
            return _of_client(error)

    def _send(self, to: str, piece: Piece) -> str:
        """The message's number within its chat."""
        chat = f"{self._limits}:{to}"
        try:
            self._take_place(self._limits, *WHOLE_BOT)
            self._take_place(chat, *(GROUP if to.startswith("-") else PERSON))
            return self._call(_place(to), piece)
        except RateLimited as error:
            if error.status is not None and error.wait:
                self._store.hold(chat, error.wait, error.reason)
            raise

    def _call(self, to: Place, piece: Piece) -> str:
        """What Telegram does not take for a picture (too long and narrow, damaged) goes as a file."""
        file = piece.file
        if file is None:
            return self._bot.call("sendMessage", piece.text.encode(), lambda wire: wire.send(to, piece.text))
        if is_picture(file):
            try:
                return self._call_with(to, piece.text, file, picture=True)
            except Rejected as error:
                if error.code != Code.BAD_PICTURE:
                    raise
        return self._call_with(to, piece.text, file, picture=False)

    def _call_with(self, to: Place, caption: str, file: File, *, picture: bool) -> str:
        name, _, body = file
        return self._bot.call(
            "sendPhoto" if picture else "sendDocument",
            caption.encode(),
            lambda wire: wire.send_file(to, (name, body), caption, picture=picture),
            more=self._settings.upload_timeout,
        )

    def _take_place(self, account: str, per_second: float, burst: int) -> None:
        wait = self._store.reserve(account, per_second, burst)
        if wait > LONGEST_WAIT:
            raise RateLimited(f"the chat is held back for {wait:.0f} s", wait=wait)
        if wait > 0:
            self._sleep(wait)


def _place(to: str) -> Place:
    from connectors.telegram.wire import Place

    connection, _, chat = to.rpartition("/")
    return Place(chat, connection or None)


def _of_client(error: ConnectorError) -> ConnectorError:
    """The cure of a refusal that comes of the person is another one than with the staff."""
    if isinstance(error, Rejected) and (hint := client_cure(error.code)):
        return Rejected(error.reason, hint=hint, status=error.status, code=error.code)
    return error


def messenger(name: str, settings: TelegramSettings, around: Around) -> Telegram:
    """The messenger of the channel `name`."""
    return Telegram(settings, around.store, name=name)
