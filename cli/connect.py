"""`provodka connect`: have the CRM tell us of changes, and prove that it does."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

import requests
from rich.console import Console

from cli.hooks import CRM_CHANNEL, destination, has_hints, warn
from cli.house import House
from provodka.crm import CrmAccount
from provodka.errors import ConnectorError
from provodka.journal import queries
from provodka.payloads import CrmHint, EventType
from provodka.readiness import AccountSetup, Hooks, HookState, patient

T = TypeVar("T")

GLANCE: Final = 0.2  # seconds between two looks into the journal
_BY_HAND_AWAY: Final = (
    "Удалите исходящий вебхук руками: Разработчикам → Интеграции, вебхук с адресом {address}; входящим вебхуком это "
    "не делается."
)
_SAME_ADDRESS: Final = (
    "Проверьте, что адрес виден из интернета: DNS, сертификат, обратный прокси и разрешённые адреса. Без вебхука "
    "Provodka работает, но об изменениях узнаёт раз в минуту."
)
_ANSWERS: Final = {
    200: "the address answers from this machine, so the CRM does not reach it, or has not sent yet",
    403: "the address answers, but refuses: it has another secret, or crm.application_token is not the portal's",
    404: "another program answers at the address, or its reverse proxy does not hand on /hooks/",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: only to be told, and how long to wait for the probe."""

    dry_run: bool
    wait: float


class Connecting:
    """One house, its CRM and the address."""

    def __init__(self, house: House, crm: CrmAccount, address: str, out: Console, wish: Wish) -> None:
        self._house, self._crm, self._address, self._out, self._wish = house, crm, address, out, wish
        self._setup: AccountSetup = crm.setup()

    def connect(self) -> int:
        """Whatever is missing is made; what is there stays. 1 where no event came back."""
        for field in _asked(self._setup.lacking_fields):
            self._do("make", "made", f"the service field «{field}»", lambda: self._crm.check([], create=True))
        hooks = _asked(lambda: self._setup.hooks(self._address))
        self._end_former(hooks)
        self._register(hooks)
        return 0 if self._wish.dry_run else self._prove(hooks)

    def remove(self) -> int:
        """Take back what `connect` has registered. The service field stays: leads carry it."""
        hooks, place = _asked(lambda: self._setup.hooks(self._address)), _shown(self._address)
        self._end_former(hooks)
        if hooks.state is HookState.UNKNOWN:
            self._say("·", _BY_HAND_AWAY.format(address=place))
        elif hooks.state is HookState.MISSING:
            self._say("✓", f"nothing is registered for {place}")
        else:
            self._take_back(self._address, f"the registration of {place}")
        if not self._wish.dry_run:
            self._remember()
        return 0

    def _end_former(self, hooks: Hooks) -> None:
        for one in hooks.former:
            self._take_back(one, f"the registration of the former address {_shown(one)}")

    def _take_back(self, address: str, what: str) -> None:
        self._do("take back", "took back", what, lambda: self._setup.unsubscribe(address))

    def _register(self, hooks: Hooks) -> None:
        place = _shown(self._address)
        if hooks.state is HookState.REGISTERED:
            self._say("✓", f"the CRM sends its hints to {place} already")
        elif hooks.state is not HookState.UNKNOWN:
            what = f"{place} for {', '.join(hooks.lacking) or 'all events'}"
            self._do("register", "registered", what, lambda: self._crm.subscribe(self._address))
        elif not has_hints(self._house.journal):
            self._say("·", hooks.by_hand)

    def _prove(self, hooks: Hooks) -> int:
        began, seen = time.monotonic(), self._last_seq()
        sign = _asked(lambda: self._setup.probe(self._address))
        try:
            came = self._comes(sign, seen)
        finally:
            _asked(lambda: self._setup.end_probe(self._address, sign))
        self._remember()
        if came:
            self._say("✓", f"an event of the CRM came back in {time.monotonic() - began:.1f} s")
            return 0
        self._say("✗", f"no event came back within {self._wish.wait:g} s: {_diagnosis(self._address)}. {_SAME_ADDRESS}")
        if hooks.state is HookState.UNKNOWN:
            self._say("·", "Если исходящего вебхука ещё нет или он на другой адрес, исправьте это и повторите.")
        return 1

    def _remember(self) -> None:
        config = self._house.config
        warn(config.crm, _public(self._address), self._setup, self._house.journal)

    def _last_seq(self) -> int:
        newest = self._house.journal.read(lambda c: queries.list_events(c, limit=1))
        return newest[0].event.seq if newest else 0

    def _comes(self, sign: str, seen: int) -> bool:
        until = time.monotonic() + self._wish.wait
        while True:
            if sign in self._told(seen):
                return True
            if time.monotonic() > until:
                return False
            time.sleep(GLANCE)

    def _told(self, seen: int) -> set[str]:
        """The entities that hints have named since."""
        journal, kind = self._house.journal, EventType.CRM_HINT
        lines = journal.read(
            lambda c: queries.list_events(c, kind=kind, channel=CRM_CHANNEL, after_seq=seen, limit=1000)
        )
        hints = (line.event.event.payload for line in lines)
        return {one for hint in hints if isinstance(hint, CrmHint) for one in hint.entities}

    def _do(self, verb: str, past: str, what: str, work: Callable[[], object]) -> None:
        """Do it and say so; with `--dry-run` only say that it would be done."""
        if self._wish.dry_run:
            self._say("·", f"would {verb} {what}")
        else:
            _asked(work)
            self._say("✓", f"{past} {what}")

    def _say(self, mark: str, text: str) -> None:
        self._out.print(f"{mark} {text}", markup=False, highlight=False, soft_wrap=True)


def connect(house: House, out: Console, *, remove: bool, wish: Wish) -> int:
    """Exit code 2 where the config lacks what is needed, 1 where the CRM refuses or no event comes back."""
    settings, server = house.config.crm, house.config.server
    for lacks, words in (
        (settings is None, "there is no crm in the config"),
        (settings is not None and settings.hook_secret is None, "crm.hook_secret is missing: any long random text"),
        (server.public_url is None, "server.public_url is missing: where the product is seen, or give --public-url"),
    ):
        if lacks:
            out.print(f"✗ {house.config.path}: {words}", markup=False, highlight=False, soft_wrap=True)
            return 2
    assert house.crm is not None  # noqa: S101 -- there are settings
    work = Connecting(house, house.crm, destination(settings, server.public_url), out, wish)
    try:
        if remove or wish.dry_run:
            return work.remove() if remove else work.connect()
        with _door(house):
            return work.connect()
    except ConnectorError as error:
        hint = f" ({error.hint})" if error.hint else ""
        words = house.redactor.text(f"{error.reason}{hint}")  # a CRM may repeat the address with its secret
        out.print(f"✗ crm: {words}", markup=False, highlight=False, soft_wrap=True)
        return 1


@contextmanager
def _door(house: House) -> Iterator[None]:
    """Somebody must open when the CRM knocks: the product, where it runs already, or we ourselves."""
    server = house.config.server
    if opens(server.host, server.port):
        yield
        return
    web = house.web()
    web.start()
    try:
        yield
    finally:
        web.stop()


def opens(host: str, port: int) -> bool:
    """Whether somebody answers there."""
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def _asked(work: Callable[[], T]) -> T:
    return patient(lambda: [work()])[0]


def _public(address: str) -> str:
    return address.partition(f"/hooks/{CRM_CHANNEL}/")[0]


def _shown(address: str) -> str:
    """Without the secret."""
    return f"{address.rpartition('/')[0]}/…"


def _diagnosis(address: str) -> str:
    """What the address says from here."""
    try:
        status = requests.get(address, timeout=10, allow_redirects=False).status_code
    except requests.RequestException as error:
        return f"{urlsplit(address).netloc} does not answer from this machine either ({type(error).__name__})"
    return _ANSWERS.get(status, f"the address answers with {status}")
