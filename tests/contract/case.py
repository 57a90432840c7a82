"""What the contract asks of a service: one entry per way of being called by it, one per thing that we have it do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from provodka.calls import Callers, NobodyCalls
from provodka.channel import Around, Delivery, Part, Receiver
from provodka.errors import ConnectorError
from provodka.operation import Outcome, Repeat
from provodka.settings import Strict
from provodka.stores import ConnectorStore
from sandbox.base import Emulator
from sandbox.faults import Fault
from tests.connectors.memory_store import MemoryStore

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)
RIGHT, WRONG, KEY = "верный-секрет", "чужой-секрет", "ключ-счёта"
ASCII = "right-secret-0123456789"
MOSCOW = ZoneInfo("Europe/Moscow")


def around(store: ConnectorStore | None = None, callers: Callers | None = None) -> Around:
    """What a channel is given here: Moscow, nobody who is known."""
    return Around(store or MemoryStore(), MOSCOW, callers or NobodyCalls(), None, lambda: NOW)


@dataclass(frozen=True)
class Probe:
    """Traffic that is no event: what the sender asks, and the reply that it expects, literally."""

    delivery: Delivery
    status: int = 200
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True)
class Case:
    """One way of being called. `deliver` makes the request as the sender does, with this secret or with none.

    `good` holds one event of the person `identity`. `scene` are deliveries about one thing, in the order in which they
    happen: whatever order they come in, `keys` are the (type, external_id) of all events of it in the end.
    `signs_body`: the signature covers the body. `secret` is the right one, `secrets` those that may show nowhere.
    """

    name: str
    settings: Strict
    build: Callable[[], Receiver]
    deliver: Callable[[bytes, str | None], Delivery]
    good: bytes
    with_extra_fields: bytes
    unreadable: bytes
    signs_body: bool
    secret: str = RIGHT
    secrets: tuple[str, ...] = (RIGHT,)
    identity: str = "phone:+79161112233"
    probes: tuple[Probe, ...] = ()
    scene: tuple[Delivery, ...] = ()
    keys: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Writer:
    """Something that we have a service do (a message, a call), against its emulator.

    `start` opens the emulator; `connect(url, key, store)` a connector of it with this key, `right_key` being the good
    one; `write` does the thing once, `done` says how often it was done. `path` is the beginning of the API's address.
    `faults` are answers of the service with what each means; `limited` is its word for too many calls, if it has one.
    `text` is what the person is sent, and must be masked in traces: it holds +79160001122 and maria@example.ru.
    """

    name: str
    start: Callable[[], AbstractContextManager[Emulator]]
    connect: Callable[[str, str, ConnectorStore], Any]
    write: Callable[[Any, datetime | None], Outcome]
    done: Callable[[Emulator], int]
    path: str
    right_key: str
    repeat: Repeat
    check: Callable[[Any], Sequence[str]]
    faults: tuple[tuple[Fault, type[ConnectorError]], ...] = field(default=())
    limited: Fault | None = None


def nothing(_key: str) -> Sequence[Part]:
    return ()
