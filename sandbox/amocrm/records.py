"""What the account stores besides cards: list-like things, files, chats. Times are unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.amocrm.model import Json


@dataclass(slots=True)
class Record:
    """One row of a plain list of the account (a role, a source, a catalog…); `values` are its members by name."""

    id: int
    values: Json
    created_by: int
    created_at: int
    updated_at: int
    owner: str = ""


@dataclass(slots=True)
class Setting:
    """A switch of the account by its name."""

    id: str
    value: Json


@dataclass(slots=True)
class Transaction:
    """A purchase of a customer; `elements` are `{id, metadata}` as they came."""

    id: int
    customer_id: int
    price: int
    comment: str | None
    external_id: str | None
    completed_at: int
    created_by: int
    created_at: int
    updated_at: int
    elements: list[Json] = field(default_factory=list)
    is_deleted: bool = False


@dataclass(slots=True)
class FileVersion:
    """One upload of a file; `data` is base64."""

    uuid: str
    name: str
    size: int
    content_type: str
    created_at: int
    created_by: int
    data: str


@dataclass(slots=True)
class StoredFile:
    """A file of the drive, the version in use last."""

    id: str
    name: str
    versions: list[FileVersion]
    created_by: int
    created_at: int
    updated_at: int
    updated_by: int
    deleted_at: int | None = None
    source_id: int | None = None

    @property
    def newest(self) -> FileVersion:
        return self.versions[-1]


@dataclass(slots=True)
class Message:
    """One line of a chat. `msgid` is the channel's own id; `delivery` 0 sent, 1 delivered, 2 read, -1 failed."""

    id: str
    msgid: str | None
    author: Json
    is_incoming: bool
    content: Json
    sent_at: int
    msec: int
    delivery: int = 0
    error: Json | None = None
    reactions: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Chat:
    """A conversation of a channel; `client_id` and the `client`'s are the channel's own ids, `id` is the service's."""

    id: str
    scope_id: str
    client_id: str | None
    client: Json
    source_id: str | None
    contact_id: int | None
    created_at: int
    messages: list[Message] = field(default_factory=list)


@dataclass(slots=True)
class Talk:
    """The work on a chat from its first message until somebody closes it."""

    id: int
    chat_id: str
    contact_id: int | None
    entity_type: str | None
    entity_id: int | None
    origin: str
    source_id: int | None
    created_at: int
    updated_at: int
    status: str = "in_work"
    is_read: bool = False
    rate: int = 0
    missed_at: int | None = None
