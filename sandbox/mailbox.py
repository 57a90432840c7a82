"""The folders of the sandbox's one mailbox: pymap's in-memory ones, written through to SQLite.

With a file behind it a restart brings back the same letters under the same UIDs and UIDVALIDITY, as a real server does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message, _ContentCache, _ThreadCache
from pymap.concurrent import Event
from pymap.flags import FlagOp
from pymap.interfaces.message import CachedMessage
from pymap.listtree import ListEntry, ListTree
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import ObjectId
from pymap.parsing.specials.flag import Flag
from pymap.selected import SelectedMailbox
from sqlite_utils import Database

INBOX = "INBOX"
SPECIAL_USE: Mapping[str, bytes] = {"Sent": b"Sent", "Junk": b"Junk"}
FIRST_UID_VALIDITY = 1_700_000_000


class LetterStore:
    """Letters by folder and UID, in a file or in memory. Belongs to the thread that made it."""

    def __init__(self, path: Path | None) -> None:
        self._db = Database(path, execute_plugins=False) if path else Database(memory=True, execute_plugins=False)
        if path:
            self._db.enable_wal()
        with self._db.atomic():
            self._db.table("folders").create(
                {"name": str, "uid_validity": int, "last_uid": int}, pk="name", if_not_exists=True
            )
            self._db.table("letters").create(
                {"folder": str, "uid": int, "received_at": str, "flags": str, "raw": bytes},
                pk=("folder", "uid"),
                if_not_exists=True,
            )

    def folder_names(self) -> list[str]:
        return [name for (name,) in self._db.execute("select name from folders order by rowid")]

    def open_folder(self, name: str) -> tuple[int, int]:
        """(UIDVALIDITY, last UID given) of a folder, which is added if it is new."""
        self._write("insert or ignore into folders values (?, ?, 0)", name, FIRST_UID_VALIDITY)
        row = self._db.execute("select uid_validity, last_uid from folders where name = ?", [name]).fetchone()
        return int(row[0]), int(row[1])

    def letters(self, folder: str) -> Iterator[tuple[int, AppendMessage]]:
        rows = self._db.execute(
            "select uid, received_at, flags, raw from letters where folder = ? order by uid", [folder]
        ).fetchall()
        for uid, received_at, flags, raw in rows:
            flag_set = frozenset(Flag(flag.encode()) for flag in flags.split())
            yield uid, AppendMessage(raw, datetime.fromisoformat(received_at), flag_set)

    def add(self, folder: str, uid: int, letter: AppendMessage) -> None:
        when = (letter.when or datetime.now(UTC)).isoformat()
        with self._db.atomic():
            row = [folder, uid, when, _flags_text(letter.flag_set), bytes(letter.literal)]
            self._db.execute("insert into letters values (?, ?, ?, ?, ?)", row)
            self._count_up(folder, uid)

    def copy(self, folder: str, uid: int, to_folder: str, to_uid: int) -> None:
        with self._db.atomic():
            self._db.execute(
                "insert into letters select ?, ?, received_at, flags, raw from letters where folder = ? and uid = ?",
                [to_folder, to_uid, folder, uid],
            )
            self._count_up(to_folder, to_uid)

    def remove(self, folder: str, uids: Iterable[int]) -> None:
        with self._db.atomic():
            for uid in uids:
                self._db.execute("delete from letters where folder = ? and uid = ?", [folder, uid])

    def set_flags(self, folder: str, uid: int, flags: Iterable[Flag]) -> None:
        self._write("update letters set flags = ? where folder = ? and uid = ?", _flags_text(flags), folder, uid)

    def forget_folder(self, name: str) -> None:
        with self._db.atomic():
            self._db.execute("delete from letters where folder = ?", [name])
            self._db.execute("delete from folders where name = ?", [name])

    def renumber(self, folder: str) -> None:
        """Give the folder the next UIDVALIDITY and its letters new UIDs from 1, in the old order."""
        letters = list(self.letters(folder))
        with self._db.atomic():
            self._db.execute("delete from letters where folder = ?", [folder])
            sql = "update folders set uid_validity = uid_validity + 1, last_uid = 0 where name = ?"
            self._db.execute(sql, [folder])
        for uid, (_, letter) in enumerate(letters, start=1):
            self.add(folder, uid, letter)

    def close(self) -> None:
        self._db.close()

    def _count_up(self, folder: str, uid: int) -> None:
        self._db.execute("update folders set last_uid = ? where name = ?", [uid, folder])

    def _write(self, sql: str, *values: object) -> None:
        with self._db.atomic():
            self._db.execute(sql, list(values))


def _flags_text(flags: Iterable[Flag]) -> str:
    return " ".join(sorted(bytes(flag).decode("ascii") for flag in flags))


class Folder(MailboxData):
    """One folder. Every change goes to the store before the client is told."""

    def __init__(self, name: str, store: LetterStore, contents: _ContentCache, threads: _ThreadCache) -> None:
        super().__init__(contents, threads)
        self._name, self._store = name, store

    async def load(self) -> Self:
        """Take up the stored letters under their UIDs."""
        self._uid_validity, last_uid = self._store.open_folder(self._name)
        for uid, letter in self._store.letters(self._name):
            self._max_uid = uid - 1
            await super().append(letter)
        self._max_uid = last_uid
        return self

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:
        letter = dataclasses.replace(append_msg, when=append_msg.when or datetime.now(UTC))
        message = await super().append(letter, recent=recent)
        self._store.add(self._name, message.uid, letter)
        return message

    async def copy(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        to_uid = await super().copy(uid, destination, recent=recent)
        if to_uid is not None and isinstance(destination, Folder):
            self._store.copy(self._name, uid, destination._name, to_uid)
        return to_uid

    async def move(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        to_uid = await super().move(uid, destination, recent=recent)
        if to_uid is not None and isinstance(destination, Folder):
            self._store.copy(self._name, uid, destination._name, to_uid)
            self._store.remove(self._name, [uid])
        return to_uid

    async def get(self, uid: int, cached_msg: CachedMessage) -> Message:
        # pymap would still show an expunged letter from its cache; other servers leave it out of the answer.
        message = await super().get(uid, cached_msg)
        return None if message.expunged else message  # type: ignore[return-value]  # every caller looks for None

    async def update(self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp) -> Message:
        if uid not in self._messages:
            return await super().get(uid, cached_msg)
        message = await super().update(uid, cached_msg, flag_set, mode)
        self._store.set_flags(self._name, uid, message.permanent_flags)
        return message

    async def delete(self, uids: Iterable[int]) -> None:
        gone = list(uids)
        await super().delete(gone)
        self._store.remove(self._name, gone)

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        # pymap waits for the next change even if one came while it was writing the last, so IDLE could miss a letter.
        if selected.mod_sequence != self._mod_sequences.highest:
            wait_on = None
        return await super().update_selected(selected, wait_on=wait_on)


@dataclasses.dataclass(frozen=True)
class _Entry(ListEntry):
    @property
    def attributes(self) -> Sequence[bytes]:
        special = SPECIAL_USE.get(self.name)
        return [*super().attributes, *([special] if special else [])]


class _Tree(ListTree):
    __slots__ = ()

    def list_matching(self, ref_name: str, filter_: str) -> Iterable[ListEntry]:
        for entry in super().list_matching(ref_name, filter_):
            yield _Entry(entry.name, entry.exists, entry.marked, entry.has_children)


class FolderSet(MailboxSet):
    """All folders of the mailbox: INBOX, Sent and Junk, and what clients create. Folders cannot be renamed."""

    _store: LetterStore

    @classmethod
    async def load(cls, store: LetterStore) -> FolderSet:
        folders = cls()
        folders._store = store
        folders._inbox = await folders._open(INBOX)
        for name in dict.fromkeys((*SPECIAL_USE, *store.folder_names())):
            if name != INBOX:
                folders._set[name] = await folders._open(name)
        return folders

    async def list_mailboxes(self) -> ListTree:
        return _Tree(self.delimiter).update(INBOX, *self._set)

    async def add_mailbox(self, name: str) -> ObjectId:
        if name in self._set:
            raise ValueError(name)
        self._set[name] = folder = await self._open(name)
        return folder.mailbox_id

    async def delete_mailbox(self, name: str) -> None:
        await super().delete_mailbox(name)
        self._store.forget_folder(name)

    async def rename_mailbox(self, before: str, after: str) -> None:
        raise ValueError(f"{before} cannot become {after}: the sandbox renames no folders")

    async def renumber_inbox(self) -> None:
        """Another UIDVALIDITY and other UIDs for the same letters; open connections must be dropped by the caller."""
        self._store.renumber(INBOX)
        self._inbox = await self._open(INBOX)

    async def clear(self) -> None:
        """Expunge every letter. UIDs go on from where they were, as a server's would."""
        for folder in (self._inbox, *self._set.values()):
            await folder.delete(list(folder._messages))

    async def _open(self, name: str) -> Folder:
        return await Folder(name, self._store, self._content_cache, self._thread_cache).load()
