"""A changed config, how a visitor tries it, and a fence without a process."""

from __future__ import annotations

import importlib
import re
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue

from provodka.fence import Fence, Limits, Steps
from tests.cli.past import RULES, Client
from tests.webhooks.console.desk import Visitor

CHANGED = RULES.replace("utm.source: yandex", "utm.source: google").replace(
    "text: Перезвонить, due: 1h", "text: Набрать, due: 2h"
)


def config(client: Client, rules: str) -> str:
    return client.config(rules, "new.yaml").read_text("utf-8")


def tried(visitor: Visitor, text: str, **fields: str) -> str:
    """What the page says once it is over."""
    visitor.post("/what-if", "/rules", text=text, **({"days": "30"} | fields))
    return over(visitor)


def over(visitor: Visitor) -> str:
    return plain(visitor.until(lambda page: 'id="progress"' not in page, "/what-if"))


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


class Unfenced(Fence):
    """Lets all happen in a thread of the tests: what a process of its own would cost, without what it is for."""

    def said(self, module: str, asked: bytes) -> Generator[bytes, None, None]:
        spoken: Queue[str] = Queue()
        with ThreadPoolExecutor() as thread:
            work = thread.submit(importlib.import_module(module).main, _Unhurried(self.limits, asked, spoken))
            while not (work.done() and spoken.empty()):
                try:
                    yield spoken.get(timeout=0.02).encode()
                except Empty:
                    yield b""
            work.result()


class _Unhurried(Steps):
    def __init__(self, limits: Limits, asked: bytes, spoken: Queue[str]) -> None:
        self.limits, self.asked, self.say = limits, asked, spoken.put  # type: ignore[method-assign]

    def begin(self, steps: int = 1) -> None:
        pass

    def end(self) -> None:
        pass


UNFENCED = Unfenced(Limits(300, 512 * 1024 * 1024))
