"""What is paid in the demo: a deal gets a link, its client pays by it, and the deal moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import requests

from sandbox.server import Sandbox

MARIA: Final = "79160001122"
BILLED, PAID, TAG = "Счёт выставлен", "Успешно реализовано", "Оплачено"
SERVICE: Final = "robokassa"


@dataclass(frozen=True, slots=True)
class Till:
    """The scenes; the second needs the link of the first. What an earlier run has paid is not paid again."""

    product: str
    sandbox: Sandbox

    def prepare(self) -> None:
        """Tell the shop where its notices go."""
        self.sandbox.senders.point(SERVICE, url=f"{self.product}/hooks/pay")

    def stage(self) -> None:
        """The seller drags Maria's card to the stage of bills."""
        if self._is_over():
            return
        store = self.sandbox.amocrm.store
        pipeline = next(one for one in store.pipelines.values() if one.name == "Кровля")
        status = next(one for one in pipeline.statuses.values() if one.name == BILLED)
        url = f"{self.sandbox.amocrm.url}/board/leads/{self._lead()['id']}/move"
        requests.post(url, json={"status_id": status.id}, timeout=10).raise_for_status()

    def pay(self) -> None:
        """Maria opens the link that stands in the card, and pays; where there is none `differences` tells."""
        for link in [] if self._is_over() else self._links():
            page = requests.get(link, timeout=10)
            page.raise_for_status()
            requests.post(f"{page.url}/pay", timeout=10).raise_for_status()

    def differences(self) -> Iterator[str]:
        """What is not as the scenes should have left it."""
        lead = self._lead()
        if lead["status"] != PAID:
            yield f"Мария: the lead that was paid for stands on {lead['status']}"
        if TAG not in lead["tags"]:
            yield f"Мария: the lead has the tags {lead['tags']}"
        if len(self._links()) != 1:
            yield f"Мария: {len(self._links())} links for payment instead of one"

    def _links(self) -> list[str]:
        words = [word for note in self._lead()["notes"] for word in str(note.get("text") or "").split()]
        return [word for word in words if f"/{SERVICE}/" in word]

    def _is_over(self) -> bool:
        over: bool = self._lead()["status"] == PAID
        return over

    def _lead(self) -> dict[str, Any]:
        answer = requests.get(f"{self.sandbox.amocrm.url}/_sandbox/dump", timeout=10)
        answer.raise_for_status()
        leads: list[dict[str, Any]] = answer.json()["leads"]
        return next(one for one in leads if any(MARIA in _digits(c["phones"]) for c in one["contacts"]))


def _digits(phones: list[str]) -> str:
    return " ".join("".join(sign for sign in str(phone) if sign.isdigit()) for phone in phones)
