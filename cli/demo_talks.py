"""What is spoken in the demo: a call that nobody answers, and a talk in a messenger, answered from the board."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests

from sandbox.senders import MangoSender
from sandbox.server import Sandbox

OLGA: Final = "79160003344"
SERGEY: Final = 700100
LINE: Final = "74950003344"
LINES: Final = ("Здравствуйте!", "Сколько стоит крыша из профнастила?", "Дом 9 на 12")
ANSWER: Final = "Добрый день! Пришлите, пожалуйста, план дома: посчитаем за час."
CHANNEL_ID: Final = "11111111-2222-4333-8444-555555555555"
CHANNEL_SECRET: Final = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 -- the sandbox's published secret


@dataclass(frozen=True, slots=True)
class Talks:
    """The scenes; the answer needs the talk before it. `known`: amoCRM has kept the talk of an earlier run, which is
    not to be had a second time."""

    product: str
    sandbox: Sandbox
    known: bool

    @classmethod
    def of(cls, product: str, sandbox: Sandbox) -> Talks:
        return cls(product, sandbox, bool(sandbox.amocrm.store.chats))

    def prepare(self) -> None:
        """What amoCRM's support does for a channel of chats: it learns where the answers of the staff go."""
        self._control("channel", {"hook_url": f"{self.product}/hooks/crm/chats"})

    def missed(self) -> None:
        """Olga rings up, both telephones ring, nobody answers."""
        mango = MangoSender(f"{self.product}/hooks/phone", "sandbox", "sandbox")
        started = datetime.now(UTC) - timedelta(minutes=2)
        for answer in mango.missed(OLGA, LINE, ("101", "102"), started=started, entry_id="ZGVtby1jYWxsLTI="):
            answer.raise_for_status()

    def write(self) -> None:
        """Sergey writes to the bot, in three lines as people do."""
        for line in () if self.known else LINES:
            self.sandbox.telegram.say(SERGEY, line, first_name="Сергей")

    def answer(self) -> None:
        """Anna answers in the card; where there is no talk `differences` tells."""
        for talk in [] if self.known else list(self.sandbox.amocrm.store.talks.values())[:1]:
            self._control("chats/say", {"talk_id": talk.id, "text": ANSWER, "user": "anna@krovlya.ru"})

    def differences(self) -> Iterator[str]:
        """What is not as the scenes should have left it."""
        with self.sandbox.amocrm.store.lock:
            chats = list(self.sandbox.amocrm.store.chats.values())
            told = [str(one.content.get("text")) for chat in chats for one in chat.messages]
        if sorted(told) != sorted((*LINES, ANSWER)):
            yield f"Сергей: the card shows {told}"
        came = [str(one.get("text")) for one in self.sandbox.telegram.messages(SERGEY)]
        if came != [ANSWER] and not self.known:  # the chats of the bot are not kept
            yield f"Сергей: the bot wrote {came}"

    def _control(self, path: str, body: dict[str, Any]) -> None:
        url = f"{self.sandbox.amocrm.url}/_sandbox/{path}"
        requests.post(url, json=body, timeout=10).raise_for_status()
