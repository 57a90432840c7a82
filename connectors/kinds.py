"""What the registry says of a channel, a CRM and accounting: where their parts are, and what makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from provodka.accounting import AccountingAccount
from provodka.channel import Around, Receiver
from provodka.crm import CrmAccount
from provodka.payloads import EventType
from provodka.settings import Strict
from provodka.stores import ConnectorStore

PARTS: Final = ("receiver", "watcher", "messenger", "dialler", "recordings", "subscriber", "cashier", "page")
"""The parts that a channel may have."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of channel: its settings model, the event types that it yields, and its parts, each as `module:name`.

    A part is made by `function(name, settings, around)`, which gives None where these settings do not ask for it: a
    `receiver` is called by HTTP, a `watcher` looks by itself, a `messenger` writes to people, a `dialler` makes calls,
    `recordings` fetches what was said in them, a `subscriber` tells the service where its notices go, a `cashier` makes
    links for payments, and a `page` shows people a page of ours. `medium` is
    what rules call all channels of its sort that can write to clients; `reads_texts` whether its dialler can read a
    text to whoever answers, `personal` whether its page may be given out as the personal link of a lead. `wants`
    names, by part, the settings without which there is none.
    """

    settings: str
    events: frozenset[EventType] = frozenset()
    receiver: str = ""
    watcher: str = ""
    messenger: str = ""
    dialler: str = ""
    recordings: str = ""
    subscriber: str = ""
    cashier: str = ""
    page: str = ""
    medium: str = ""
    reads_texts: bool = False
    personal: bool = False
    wants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def model(self) -> type[Strict]:
        """The settings model, imported when a config first names the kind: all of them would slow the start down."""
        return _model(self.settings)

    def told(self, settings: Strict) -> frozenset[EventType]:
        """The event types of a channel with these settings: beside an exchange, call tracking tells of no calls."""
        if getattr(settings, "receive", "") == "off":
            return frozenset()
        return frozenset({EventType.CALL_TRACKED}) if getattr(settings, "beside", ()) else self.events

    def lacking(self, part: str, settings: Strict) -> tuple[str, ...]:
        """The settings that are still to be written for this part; empty where it is there, or never will be."""
        return tuple(name for name in self.wants.get(part, ()) if not getattr(settings, name))

    def has(self, part: str, settings: Strict) -> bool:
        """Whether a channel with these settings has the part."""
        return bool(getattr(self, part)) and not self.lacking(part, settings)

    def open(self, part: str, name: str, settings: Strict, around: Around) -> Any:  # noqa: ANN401 -- of that part
        """The part `receiver`, `watcher`, … of the channel `name`; None where it has none."""
        place: str = getattr(self, part)
        return _at(place)(name, settings, around) if self.has(part, settings) else None


@dataclass(frozen=True, slots=True)
class CrmKind:
    """A kind of CRM: its settings model, the class of its account, and what makes the receiver of its hints.

    The receiver is made without the account, so that a process which only receives does not load the rest of the room.
    `title` is what people call it; `lacks` the operations that none of its accounts offers, each with what that is.
    """

    settings: str
    place: str
    hooks: str
    title: str
    lacks: Mapping[str, str] = field(default_factory=dict)

    def model(self) -> type[Strict]:
        """As of a channel."""
        return _model(self.settings)

    def open(self, settings: Strict, store: ConnectorStore) -> CrmAccount:
        """An account by its settings; nothing is asked of it yet. Close it at the end."""
        account: CrmAccount = _at(self.place)(settings, store)
        return account

    def receiver(self, name: str, settings: Strict, store: ConnectorStore) -> Receiver | None:
        """The receiver of the account's hints as the channel `name`; None where the settings ask for none."""
        receiver: Receiver | None = _at(self.hooks)(name, settings, store)
        return receiver


@dataclass(frozen=True, slots=True)
class AccountingKind:
    """A road to accounting: its settings model, what opens an account, and what makes the receiver of its calls, where
    accounting calls us. `title` is what people call it."""

    settings: str
    place: str
    title: str
    hooks: str = ""

    def model(self) -> type[Strict]:
        """As of a channel."""
        return _model(self.settings)

    def open(self, settings: Strict, store: ConnectorStore) -> AccountingAccount:
        """An account by its settings; nothing is asked of it yet. Close it at the end."""
        account: AccountingAccount = _at(self.place)(settings, store)
        return account

    def receiver(self, name: str, settings: Strict, store: ConnectorStore) -> Receiver | None:
        """The receiver of its calls as the channel `name`; None where it never calls."""
        receiver: Receiver | None = _at(self.hooks)(name, settings, store) if self.hooks else None
        return receiver


def _model(place: str) -> type[Strict]:
    model: type[Strict] = _at(place)
    return model


def _at(place: str) -> Any:  # noqa: ANN401 -- whatever is at `module:name`
    module, name = place.split(":")
    return getattr(import_module(module), name)
