"""From the pieces of a file to its event: all of it sound, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from zoneinfo import ZoneInfo

from connectors.onec.commerceml.archive import Unpacked, is_archive, unpacked
from connectors.onec.commerceml.node import BrokenOffError, UnreadableFileError
from connectors.onec.commerceml.reader import SentFile, read
from connectors.onec.commerceml.uploads import NotSentError, Uploads
from provodka.channel import Delivery, Part
from provodka.event import Event, new_event_id
from provodka.payloads import AccountingHint, EventType, Person, Unreadable


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a piece or of the word to import: what is to be stored, and the text of a failure, if it is one."""

    events: tuple[Event, ...] = ()
    parts: tuple[Part, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Sound:
    """A file that can be taken as it is."""

    name: str
    body: bytes
    sent: SentFile


@dataclass(frozen=True, slots=True)
class Taking:
    """The files of one session, as one request finds them. `zone` is that of the 1C server."""

    channel: str
    session: str
    uploads: Uploads
    delivery: Delivery
    zone: ZoneInfo

    def piece(self, name: str, *, last: bool) -> Taken:
        """One more piece: a file that is whole by it is taken at once, as some 1C never ask for the import.

        `last`: none can follow, so that a file which is not whole now will never be.
        """
        if not self.delivery.body:
            return Taken(failure=f"Пришла пустая часть файла {name}.")
        stored = self.uploads.add(name, self.delivery.body)
        if not last and not _may_end(self.delivery.body):
            return Taken(parts=stored)
        try:
            files = self._whole(name)
        except UnreadableFileError as error:
            if isinstance(error, BrokenOffError) and not last:
                return Taken(parts=stored)
            return Taken(self._kept(name, error), (*stored, self.uploads.close(name)), str(error))
        return Taken(self._events(files), (*stored, self.uploads.close(name)))

    def import_(self, name: str) -> Taken:
        """What `import` names: a file as it was sent, or one inside an archive; taken already, it is the same event."""
        sent = [name] if name in self.uploads.names else self.uploads.names
        trouble: UnreadableFileError = NotSentError(f"Файл не найден: {name}")
        for one in sent:
            try:
                files = [file for file in self._whole(one) if name in (one, file.name)]
            except UnreadableFileError as error:
                trouble = error
                continue
            if files:
                return Taken(self._events(files), (self.uploads.close(one),))
        closed = tuple(self.uploads.close(one) for one in sent)
        return Taken(self._kept(name, trouble), closed, str(trouble))

    def _whole(self, name: str) -> list[_Sound]:
        def opened(body: bytes) -> list[_Sound]:
            files = unpacked(body) if is_archive(body) else [Unpacked(name, body)]
            return [_Sound(one.name, one.body, read(one.body, self.zone)) for one in files]

        return self.uploads.whole(name, opened)

    def _events(self, files: list[_Sound]) -> tuple[Event, ...]:
        """One for each file that tells of orders. The same bytes are the same event within a session only: what is
        paid, taken back and paid again may be written in the same words."""
        return tuple(
            event_of(
                self.channel,
                self.delivery,
                AccountingHint((f"file:{one.name}",)),
                f"file:{self.session}:{sha256(one.body).hexdigest()}",
                one.body,
            )
            for one in files
            if one.sent.orders
        )

    def _kept(self, name: str, why: UnreadableFileError) -> tuple[Event, ...]:
        """What could not be read, as it came, so that support can see it."""
        raw = self.uploads.raw(name)
        if not raw:
            return ()
        payload = Unreadable(why=str(why))
        return (event_of(self.channel, self.delivery, payload, f"unreadable:{sha256(raw).hexdigest()}", raw),)


def event_of(
    channel: str, delivery: Delivery, payload: AccountingHint | Unreadable, external_id: str, raw: bytes = b""
) -> Event:
    """An event of this exchange, as of now."""
    return Event(
        id=new_event_id(delivery.received_at),
        type=EventType.UNREADABLE if isinstance(payload, Unreadable) else EventType.ACCOUNTING_HINT,
        channel=channel,
        external_id=external_id,
        occurred_at=delivery.received_at,
        received_at=delivery.received_at,
        person=Person(),
        payload=payload,
        raw=raw,
    )


def _may_end(piece: bytes) -> bool:
    """Whether a file may end with this piece: it is worth looking."""
    return piece.rstrip(b"\r\n\t \0").endswith(b">") or b"PK\x05\x06" in piece[-66_000:]
