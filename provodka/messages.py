"""Messages to clients, and what a channel offers that can send them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from provodka.crm import Write
from provodka.payloads import Attachment
from provodka.talks import MessageFile


class LetterKind(StrEnum):
    """Why a letter goes out: mail programs and list servers ask (RFC 3834)."""

    NOTICE = "notice"
    ANSWER = "answer"  # a rule answers a letter that came
    MAILING = "mailing"  # to many: whoever gets it can unsubscribe


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """A message to one person; `to` is their address in the channel.

    Only letters have a `subject`, a `thread` (Message-IDs that they answer, oldest first), a `kind`, and a `stamp`, the
    left half of the Message-ID (`provodka.mail_thread`; without one the mailer makes it). `files` came with events,
    their bytes are the journal's blobs; `attach` are names in the folder that the channel's settings tell. `template`
    names an approved text of the service, for where it allows no free one; `values` fill its places.
    """

    to: str
    text: str
    subject: str = ""
    thread: tuple[str, ...] = ()
    files: tuple[Attachment, ...] = ()
    attach: tuple[str, ...] = ()
    template: str = ""
    values: tuple[str, ...] = ()
    stamp: str = ""
    kind: LetterKind = LetterKind.NOTICE


class ClientMessenger(Protocol):
    """A channel that can write to clients. What `write` declares as `repeat` decides what a lost answer means.

    `medium` is what a config calls all channels of its sort (`telegram`, `email`); `reaches` are the kinds of identity
    that are addresses here (`email` for `email:maria@example.ru`), `carries_files` whether files go along.
    """

    name: str
    medium: str
    reaches: tuple[str, ...]
    carries_files: bool

    @property
    def write(self) -> Write[ClientMessage]:
        """`Done.remote_id` is the channel's id of the message. `Rejected` where this person cannot be reached here."""


@runtime_checkable
class Talker(ClientMessenger, Protocol):
    """A messenger in which people write to us, too. `account` names our bot, number or group, as events do."""

    account: str

    def fetch_file(self, file: MessageFile) -> Attachment:
        """The bytes of a file of a message, into the journal's blobs. Raises Retryable while it cannot be had,
        Rejected where it is gone, too large, or not what it is said to be."""


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """What a service tells of a talk only when it is asked: who it is with, and what it is about. Empty where it does
    not know."""

    name: str = ""
    about: str = ""
    about_url: str = ""


@runtime_checkable
class Introducer(Protocol):
    """A messenger whose notices hold no name: whoever is about to show a message asks for it. Receivers never do."""

    def who(self, chat: str) -> ChatFacts:
        """Of the talk that an event calls `message.chat`. Raises ConnectorError: then the name can wait."""
