"""`provodka check --online --channel X`: connect one channel, and wait for the first event that proves it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console

from cli.connect import GLANCE, opens
from cli.house import House
from connectors.registry import CHANNELS
from provodka.channel import Received, Watcher
from provodka.errors import ConnectorError
from provodka.event import Event
from provodka.journal import Journal, queries
from provodka.settings import did_you_mean

NO_ADDRESS: Final = "server.public_url is missing, so that nobody outside can be told where to send"
PASTE: Final = "Paste this address in the service's cabinet, with the channel's secret at its end if it has one:"
OPEN: Final = "Open our page: {page}"
OPEN_PERSONAL: Final = "Open the link of a lead, as a rule writes it by {{{{ pages.{name} }}}}: {page}/…"
OPEN_PARTNERS: Final = (
    "Open the link of a partner (provodka partners shows them), or post with a partner's key to {where}"
)
PROVE: Final = "Now make it happen: write a message, call, or send the form. Waiting {wait:g} s for the first event …"
NOTHING: Final = (
    "no event of «{name}» came within {wait:g} s. Проверьте адрес в кабинете сервиса, обратный прокси и что адрес "
    "виден из интернета; страница канала: docs/ru/channels."
)
NOTHING_FOUND: Final = (
    "no event of «{name}» came within {wait:g} s. Этот канал Provodka опрашивает сама: проверьте, что событие было "
    "именно в этом аккаунте и что выше не сказано о помехе; страница канала: docs/ru/channels."
)


@dataclass
class Ear:
    """Tells, once each, why nothing comes: deliveries that were refused (the service does reach us, but with another
    key), and what a watcher meets."""

    name: str
    out: Console
    told: set[str] = field(default_factory=set)

    def heard(self, channel: str, received: Received) -> None:
        if channel == self.name and received.refused and received.refused not in self.told:
            self.told.add(received.refused)
            _say(self.out, "✗", f"a delivery came and was refused: {received.refused}")

    def trouble(self, name: str, cause: str, cure: str) -> None:
        """What a watcher meets."""
        if cause not in self.told:
            self.told.add(cause)
            _say(self.out, "✗", f"{name}: {cause} ({cure})")

    def well(self, name: str) -> bool:
        """A look that brings nothing proves nothing."""
        del name
        return False


def first_event(house: House, name: str, out: Console, *, wait: float) -> int:
    """2 where there is no such channel, 1 where it does not work or nothing comes, 0 with the event's name."""
    channels = house.config.channels
    if name not in channels:
        _say(out, "✗", f"there is no channel «{name}»: {did_you_mean(name, list(channels))}")
        return 2
    if not _brings(channels[name]):
        _say(out, "✗", f"the channel «{name}» only sends, or is filled by a command: no event comes by itself")
        return 2
    seen = _last(house.journal)
    try:
        with _open(house, name, out):  # first: VK and Viber call the address before they answer
            _connect(house, name, out)
            _say(out, "·", PROVE.format(wait=wait))
            event = _wait(house.journal, name, seen, wait)
    except ConnectorError as error:
        hint = f" ({error.hint})" if error.hint else ""
        _say(out, "✗", house.redactor.text(f"{name}: {error.reason}{hint}"))
        return 1
    if event is None:
        _say(out, "✗", (NOTHING if name in house.receivers else NOTHING_FOUND).format(name=name, wait=wait))
        return 1
    _say(out, "✓", f"{event.type.value} came by «{name}»: provodka explain {event.id}")
    return 0


def _brings(settings: Any) -> bool:  # noqa: ANN401  # of whatever channel
    """Whether events come by the channel without anybody's doing."""
    kind = CHANNELS[settings.type]
    return bool(kind.told(settings)) and (kind.has("receiver", settings) or kind.has("watcher", settings))


def _connect(house: House, name: str, out: Console) -> None:
    address = house.config.server.public_url
    if name not in house.receivers:
        return
    if not address:
        _say(out, "✗", NO_ADDRESS)
        return
    where = f"{address}/hooks/{name}"
    if name in house.pages:
        _say(out, "·", _page(house.config.channels[name]).format(name=name, page=f"{address}/f/{name}", where=where))
        return
    subscriber = house.subscribers.get(name)
    if subscriber is None:
        _say(out, "·", f"{PASTE} {where}")
    else:
        changed = subscriber.subscribe(where)
        _say(out, "✓", f"{'registered' if changed else 'the service sends to us already:'} {where}")


def _page(settings: Any) -> str:  # noqa: ANN401  # of whatever channel with a page
    if settings.type == "partner":
        return OPEN_PARTNERS
    return OPEN_PERSONAL if getattr(settings, "personal", False) else OPEN


@contextmanager
def _open(house: House, name: str, out: Console) -> Iterator[None]:
    """Somebody must listen: the product, where it runs already, or we ourselves."""
    server = house.config.server
    if opens(server.host, server.port):
        yield
        return
    with ExitStack() as parts:
        ear = Ear(name, out)
        web = house.web(heard=ear.heard)
        web.start()
        parts.callback(web.stop)
        watcher = next((one for one in house.watchers if one.name == name), None)
        if watcher is not None:
            parts.callback(_watching(watcher, house.journal, ear))
        yield


def _watching(watcher: Watcher, journal: Journal, ear: Ear) -> Stop:
    stop = threading.Event()
    thread = threading.Thread(target=watcher.watch, args=(stop, journal, ear), daemon=True)
    thread.start()
    return Stop(stop, thread)


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends a watch and waits for it."""

    stop: threading.Event
    thread: threading.Thread

    def __call__(self) -> None:
        self.stop.set()
        self.thread.join(timeout=10)


def _wait(journal: Journal, name: str, seen: int, seconds: float) -> Event | None:
    until = time.monotonic() + seconds
    while True:
        lines = journal.read(lambda c: queries.list_events(c, channel=name, after_seq=seen, limit=1))
        if lines:
            return lines[0].event.event
        if time.monotonic() > until:
            return None
        time.sleep(GLANCE)


def _last(journal: Journal) -> int:
    newest = journal.read(lambda c: queries.list_events(c, limit=1))
    return newest[0].event.seq if newest else 0


def _say(out: Console, mark: str, text: str) -> None:
    out.print(f"{mark} {text}", markup=False, highlight=False, soft_wrap=True)
