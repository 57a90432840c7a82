"""The folder of sent letters: whether a letter of ours is there, and putting it there where the server does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from imapclient import SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError
from pydantic import Field

from connectors.mail.connection import Server, logged_in, words
from connectors.mail.settings import MailAccount
from connectors.oauth import Auth
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.mail_thread import OURS
from provodka.settings import Strict

FLAG: Final = b"\\Sent"
NAMES: Final = ("Sent", "Sent Items", "Sent Messages", "Отправленные", "INBOX.Sent", "INBOX/Sent")
"""How servers call it that do not mark it (RFC 6154)."""
IMAPS: Final = 993

_NO_FOLDER: Final = "В ящике не нашлась папка отправленных: напишите её имя в sent.folder. Есть: {there}."


class SentFolder(Strict):
    """Where the sent letters of the mailbox lie (IMAP, with the login of the channel). With a provider its host need
    not be written; `folder` is found by its mark. `copy`: we put our letters there, since the server does not."""

    host: str = ""
    port: int = Field(default=IMAPS, ge=1, le=65535)
    tls: bool | Literal["starttls"] = True
    folder: str = ""
    copy_there: bool = Field(default=False, alias="copy")


@dataclass(frozen=True, slots=True)
class Sent:
    """The folder of one account. Every method opens a connection of its own and raises ConnectorError."""

    account: MailAccount
    settings: SentFolder
    connect_timeout: float
    read_timeout: float
    auth: Auth | None

    def find(self, ids: Sequence[str]) -> tuple[frozenset[str], bool]:
        """Which letters with these Message-IDs are there; and whether any other of ours is, so that the absence of
        one tells something."""
        with self._open() as client:
            client.select_folder(self._folder(client), readonly=True)
            there = frozenset(one for one in ids if client.search(["HEADER", "Message-ID", one]))
            ours = client.search(["HEADER", "Message-ID", f"<{OURS}"])
            return there, len(ours) > len(there)

    def put(self, letters: Sequence[bytes], at: datetime) -> None:
        """Put these letters there, as read ones."""
        with self._open() as client:
            folder = self._folder(client)
            for letter in letters:
                client.append(folder, letter, flags=(SEEN,), msg_time=at)

    def check(self) -> list[str]:
        """Log in and look for the folder; what is wrong in one sentence."""
        try:
            with self._open() as client:
                self._folder(client)
        except ConnectorError as error:
            return [error.sentence("sent")]
        return []

    def _folder(self, client: IMAPClient) -> str:
        listed = [(flags, str(name)) for flags, _, name in client.list_folders()]
        names = [name for _, name in listed]
        wanted = self.settings.folder
        marked = [name for flags, name in listed if FLAG in flags]
        found = [name for name in names if name == wanted] if wanted else [*marked, *(n for n in NAMES if n in names)]
        if not found:
            hint = _NO_FOLDER.format(there=", ".join(names))
            raise Rejected(f"there is no folder {wanted or 'of sent letters'}", hint=hint)
        return found[0]

    @contextmanager
    def _open(self) -> Iterator[IMAPClient]:
        given = self.settings
        server = Server(
            self.account, given.host, given.port, given.tls, self.connect_timeout, self.read_timeout, "sent."
        )
        try:
            with logged_in(server, self.auth) as client:
                yield client
        except (OSError, IMAPClientError) as error:
            raise Retryable(f"{server.where}: {words(error)}") from error
