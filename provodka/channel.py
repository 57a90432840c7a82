"""What arrives: the two kinds of channel (a webhook receiver, a watcher that polls) and the intake they fill."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final, Protocol, Self, runtime_checkable

from provodka.calls import Callers, NobodyCalls
from provodka.errors import ProvodkaError
from provodka.event import Event, utc_now
from provodka.payloads import Person
from provodka.stores import ConnectorStore


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request to `/hooks/<channel>[/<path>]`, untouched. Header names are lower-case.

    `sender` is the address that it came from, as a reverse proxy on this machine tells it; empty where nobody does.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime
    sender: str = ""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class Reply:
    """The sender's own success reply. `headers` are those besides its type."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A notice that is only a piece of something (a leg of a call). `id` tells a repeated notice from a new one."""

    key: str
    id: str
    body: str


AGAIN: Final = "again:"


def came_again(external_id: str) -> str:
    """The key of the pieces that tell when the delivery of an event came once more; their ids are the moments."""
    return f"{AGAIN}{external_id}"


@dataclass(frozen=True, slots=True)
class Received:
    """What a delivery holds: whole events, pieces to be joined later, and the reply that the sender expects.

    `refused`: why nothing of it was taken, for the log, where the sender's protocol has words of its own for that;
    `cure` what then to do about it, in Russian. Empty for the usual cure: look at the secret.
    """

    events: tuple[Event, ...] = ()
    parts: tuple[Part, ...] = ()
    reply: Reply = field(default_factory=Reply)
    refused: str = ""
    cure: str = ""

    @classmethod
    def of(cls, found: Iterable[Event | Part]) -> Self:
        """Events and pieces as a parser has found them, one among the other."""
        told = tuple(found)
        events = tuple(one for one in told if isinstance(one, Event))
        return cls(events, tuple(one for one in told if isinstance(one, Part)))


class RefusedError(ProvodkaError):
    """The delivery is not authentic: 403, nothing stored. The text names no secret; `cure` as of Received."""

    def __init__(self, why: str, cure: str = "") -> None:
        super().__init__(why)
        self.cure = cure


class UnreadableError(ProvodkaError):
    """The delivery is authentic but cannot be parsed: it is stored raw as an event of type `unreadable`.

    `reply` is what the sender gets, where only words of its own are a success to it; `raw` what is kept in place of the
    body, where that holds what nobody is to keep.
    """

    def __init__(self, why: str, reply: Reply = Reply(body=b"ok"), raw: bytes = b"") -> None:
        super().__init__(why)
        self.reply = reply
        self.raw = raw


class PartsReader(Protocol):
    """The pieces stored so far for a key of this channel, oldest first."""

    def __call__(self, key: str) -> Sequence[Part]: ...


class Receiver(Protocol):
    """A channel that is called by HTTP. Nothing of the outside is asked here: the sender waits."""

    name: str

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """Verify, then parse. Raises RefusedError or UnreadableError; touches nothing else."""


@runtime_checkable
class TakesTurns(Protocol):
    """A receiver for which it matters what was stored before: which of two payments of one order was the first. What
    brings pieces is read once more and stored while the turn is held, so that of two deliveries of the same moment, in
    whatever process, one knows the other."""

    def turn(self) -> AbstractContextManager[None]:
        """One holder among all processes; waits for it."""


class Page(Protocol):
    """A channel that shows people a page of ours, at `/f/<channel>[/<path>]`. What they send from there is a delivery
    to its receiver, which answers with a page, too."""

    name: str

    def show(self, delivery: Delivery) -> Reply:
        """The page as HTML, or 404 for a path that is nobody's. Raises RefusedError for a link that is not ours."""


class Subscriber(Protocol):
    """A channel whose service is told by us where its notices go."""

    def subscribe(self, address: str) -> bool:
        """Have them sent to `<server.public_url>/hooks/<channel>`, with whatever secret the channel puts behind it;
        whether anything had to be changed. Raises ConnectorError."""


class Intake(Protocol):
    """The door of the journal for everything that arrives."""

    def accept(
        self,
        events: Sequence[Event],
        *,
        channel: str = "",
        parts: Sequence[Part] = (),
        cursors: Mapping[str, str] | None = None,
        blobs: Sequence[bytes] = (),
    ) -> None:
        """Store all of it durably, in one transaction, before returning. Known (channel, external_id) are left out.

        `channel` owns the parts; `blobs` are attachments, kept under their SHA-256. Raises JournalUnavailableError.
        """

    def cursor(self, name: str) -> str | None:
        """Where a poller stood, as it was last accepted."""

    def parts(self, channel: str, key: str) -> Sequence[Part]:
        """The pieces stored so far for a key of a channel, oldest first."""

    def unfinished(self, channel: str, prefix: str, before: datetime) -> Sequence[str]:
        """The keys of this channel that begin so, whose last piece came before that moment, and of which no event
        has the key for its `external_id`: what began and was never ended."""


class Status(Protocol):
    """Where a channel or connector tells how it fares; shown by `provodka status` and sent as one alert each."""

    def trouble(self, name: str, cause: str, cure: str) -> None:
        """Something holds `name` back. Said again and again it stays one alert. Cause in English, cure in Russian."""

    def well(self, name: str) -> bool:
        """`name` works; ends its trouble, and tells whether there was one."""


class Watcher(Protocol):
    """A channel that looks by itself (a mailbox). Runs in a thread of its own until `stop` is set."""

    name: str

    def watch(self, stop: threading.Event, intake: Intake, status: Status) -> None:
        """Return soon after `stop`; survive every outside fault, reporting it to `status`."""

    def check(self) -> list[str]:
        """Try the settings against the real service; sentences of what is wrong, empty when all is well."""


class PublicFiles(Protocol):
    """Gives files of the journal an address of ours that others can open for a while."""

    def url(self, sha256: str, name: str, content_type: str) -> str:
        """Signed, under `server.public_url`. Raises Rejected where the config names none."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that a partner has sent: when, about whom, and how the newest lead of it stands; `state` is empty while
    there is no lead of it, or nothing is known of the lead."""

    at: datetime
    person: Person
    state: str = ""


class SentIn(Protocol):
    """The requests of a partner, out of the journal and the mirror of the CRM: nothing outside is asked."""

    def of(self, channel: str, prefix: str, most: int, senders: Sequence[str] = ()) -> Sequence[SentRequest]:
        """Those of the channel whose `external_id` begins so, and letters from these addresses (`@domain` for all of
        it), the newest first."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a channel is given of the house. `zone` is the client's: for times that a service tells without one.

    `files` is None where nothing is served to others (a check of the config). `hooks` is the address below which others
    reach the receivers (`https://…/hooks`), and `pages` that below which they see our pages (`https://…/f`); both empty
    where nobody outside can. `key` comes of the journal's, for signatures of ours; empty where nothing is served.
    `sent_in` is what has become of the requests of partners, `None` as `files`.
    """

    store: ConnectorStore
    zone: tzinfo
    callers: Callers = field(default_factory=NobodyCalls)
    files: PublicFiles | None = None
    now: Callable[[], datetime] = utc_now
    hooks: str = ""
    pages: str = ""
    key: bytes = field(default=b"", repr=False)
    sent_in: SentIn | None = None
