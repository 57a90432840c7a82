"""A Telegram bot that writes to the staff, and to clients who have written to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from connectors.base import CallTrace, collecting, report, summarize
from connectors.telegram.loop import LoopThread
from connectors.telegram.settings import TelegramSettings
from provodka.channel import Around
from provodka.crm import StaffMessage
from provodka.errors import Ambiguous, ConnectorError, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.stores import Pace

if TYPE_CHECKING:
    from connectors.telegram.wire import Exchange, Wire

LONGEST_TEXT: Final = 4096  # UTF-16 units, as Telegram counts
LONGEST_WAIT: Final = 5.0  # seconds
SPARE: Final = 5.0  # seconds beyond the library's own timeouts
WHOLE_BOT: Final = (30.0, 30)  # messages a second, of which so many at once
PERSON: Final = (1.0, 1)
GROUP: Final = (20 / 60, 2)
NOT_A_CLIENT: Final = "Клиент ещё не писал этому боту или заблокировал его: напишите ему другим каналом."


class Telegram:
    """`notify` repeats a message whose outcome is unknown: to the staff a double is better than silence. A message to a
    client (`write`) that may have arrived is for a person to judge: a bot cannot read what it has sent."""

    medium = "telegram"
    reaches = ("telegram",)
    carries_files = False

    def __init__(
        self,
        settings: TelegramSettings,
        pace: Pace,
        *,
        name: str = "telegram",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name
        self._settings = settings
        self._pace = pace
        self._sleep = sleep
        self._loop = LoopThread(f"{name}-loop")
        self._wire: Wire | None = None
        self._guard = threading.Lock()
        self._account = f"telegram:{settings.token.get_secret_value().partition(':')[0]}"

    @operation(repeat=Repeat.SAFE)
    def notify(self, requests: Sequence[Request[StaffMessage]]) -> list[Outcome]:
        """One message to one chat; a text that is too long is cut."""
        return [self._notify(request.params) for request in requests]

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """As `notify`, to a client."""
        return [_of_client(self._notify(StaffMessage(r.params.to, r.params.text))) for r in requests]

    def check(self) -> list[str]:
        """Try the token; what is wrong in one sentence, nothing when all is well."""
        return self._tried("getMe", lambda wire: wire.name())

    def check_chat(self, chat: str) -> list[str]:
        """Whether the bot knows the chat; what is wrong in one sentence. Who has blocked it shows only by a message."""
        return self._tried("getChat", lambda wire: wire.chat(chat))

    def close(self) -> None:
        """Close the connections and end the thread; the object can be used again."""
        with self._guard:
            wire, self._wire = self._wire, None
        if wire is not None:
            self._loop.run(wire.close(), SPARE)
        self._loop.stop()

    def _notify(self, message: StaffMessage) -> Outcome:
        chat = f"{self._account}:{message.to}"
        text = shorten(message.text)
        try:
            self._take_place(self._account, *WHOLE_BOT)
            self._take_place(chat, *(GROUP if message.to.startswith("-") else PERSON))
            return Done(self._call("sendMessage", text.encode(), lambda wire: wire.send(message.to, text)))
        except RateLimited as error:
            if error.status is not None and error.wait:
                self._pace.hold(chat, error.wait, error.reason)
            return error
        except ConnectorError as error:
            return error

    def _tried(self, method: str, work: Callable[[Wire], Coroutine[Any, Any, Exchange]]) -> list[str]:
        try:
            self._call(method, b"", work)
        except ConnectorError as error:
            return [f"Telegram: {error.reason}. {error.hint}".strip()]
        return []

    def _take_place(self, account: str, per_second: float, burst: int) -> None:
        wait = self._pace.reserve(account, per_second, burst)
        if wait > LONGEST_WAIT:
            raise RateLimited(f"the chat is held back for {wait:.0f} s", wait=wait)
        if wait > 0:
            self._sleep(wait)

    def _call(self, method: str, shown: bytes, work: Callable[[Wire], Coroutine[Any, Any, Exchange]]) -> str:
        """Run in the loop's thread and report in the caller's; raises ConnectorError."""
        wire = self._ready()
        started = time.perf_counter()
        seconds = self._settings.connect_timeout * 2 + self._settings.read_timeout * 2 + SPARE
        answer = None
        try:
            exchange = self._loop.run(work(wire), seconds)
            error, answer = exchange.error, exchange.answer
        except TimeoutError:
            error = Ambiguous("no answer in time")
        if collecting():
            report(
                CallTrace(
                    method="POST",
                    path=f"/{method}",
                    status=answer.status if answer else None,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                    request_summary=summarize(shown),
                    answer_summary=summarize(answer.body) if answer else "",
                    error_kind=error.kind if error else "",
                )
            )
        if error is not None:
            raise error
        return exchange.result

    def _ready(self) -> Wire:
        from connectors.telegram.wire import Wire

        with self._guard:
            if self._wire is None:
                self._wire = Wire(self._settings)
            return self._wire


def _of_client(outcome: Outcome) -> Outcome:
    """The cure of a refusal that comes of the person is another one than with the staff."""
    if isinstance(outcome, Rejected) and outcome.hint:
        return Rejected(outcome.reason, hint=NOT_A_CLIENT, status=outcome.status, code=outcome.code)
    return outcome


def shorten(text: str) -> str:
    """At most 4096 UTF-16 units, with an ellipsis where something is missing."""
    units = text.encode("utf-16-le")
    if len(units) <= LONGEST_TEXT * 2:
        return text
    return units[: (LONGEST_TEXT - 1) * 2].decode("utf-16-le", "ignore") + "…"


def messenger(name: str, settings: TelegramSettings, around: Around) -> Telegram:
    """The messenger of the channel `name`."""
    return Telegram(settings, around.store, name=name)
