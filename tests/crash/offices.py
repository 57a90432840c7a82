"""The CRMs of the crash tests: each alone, without the product's own connector to set it up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from sandbox.amocrm import AmoCrm
from sandbox.bitrix24 import Bitrix24
from tests.end_to_end.crms import Amocrm, Bitrix, Office

AUTHORIZED = {"Authorization": "Bearer sandbox"}
HINTS = ["add_lead", "update_lead", "status_lead", "responsible_lead"]


class _Alone:
    """A sandbox that has one emulator."""

    def __init__(self, **emulators: Any) -> None:
        self.__dict__.update(emulators)


class CrashAmocrm(Amocrm):
    """Tells of its changes, and tells again soon."""

    section = f"{Amocrm.section}  batch: 10\n"

    def announce(self, house: object, address: str) -> None:
        body = {"destination": address, "settings": HINTS}
        url = f"{self.emulator.url}/api/v4/webhooks"
        requests.post(url, json=body, headers=AUTHORIZED, timeout=30).raise_for_status()

    def unlimited(self) -> None:
        super().unlimited()
        self.sandbox.amocrm.sender.scale = 0.0005

    def changes(self) -> int:
        calls: dict[str, int] = self.control("stats", method="GET")["calls"]
        return sum(times for route, times in calls.items() if not route.startswith("GET "))


class CrashBitrix(Bitrix):
    """Tells of a change once, and never again. Everything is a POST to it: changes are counted by what there is."""

    section = f"{Bitrix.section}  batch: 10\n"

    def changes(self) -> int:
        objects: dict[str, int] = self.control("stats", method="GET")["objects"]
        return sum(objects.values())


CRMS = {"amocrm": CrashAmocrm, "bitrix24": CrashBitrix}


@contextmanager
def running(name: str) -> Iterator[Office]:
    """One CRM with its emulator, stopped at the end."""
    with AmoCrm() if name == "amocrm" else Bitrix24() as emulator:
        yield CRMS[name](_Alone(**{name: emulator}))  # type: ignore[arg-type]
