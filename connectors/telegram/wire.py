"""The one place that imports python-telegram-bot: it costs a second and 20 MB, so it waits for the first message."""

from __future__ import annotations

import logging
import os
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

# Periods as timedelta: what later versions do anyway, and without a warning at every RetryAfter.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import Bot, error
from telegram.request import HTTPXRequest

from connectors.telegram.problems import read_error
from connectors.telegram.settings import TelegramSettings
from provodka.errors import ConnectorError

T = TypeVar("T")

POOL: Final = 8
# The names of methods know no case. Written so, the library gives the JSON as it came: an update that its own classes
# cannot read would stop all that come after it.
UPDATES: Final = "getupdates"
WEBHOOK: Final = "getwebhookinfo"
GONE: Final = "the link of the file does not work: it is temporarily unavailable"

# They write addresses and texts into their logs, and the address of the Bot API holds the token.
for _talker in ("httpx", "httpcore", "telegram"):
    logging.getLogger(_talker).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over the wire: the HTTP status and the body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Exchange(Generic[T]):
    """How a call of the Bot API went: its result or the error, and the answer where one came."""

    result: T | None = None
    error: ConnectorError | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A chat of ours, or one of the business account behind a connection."""

    chat: str
    connection: str | None = None


last_answer: ContextVar[Answer | None] = ContextVar("telegram_answer", default=None)


class _Watched(HTTPXRequest):
    """Remembers the answer of the current task, for the trace of the call."""

    async def do_request(self, *args: Any, **more: Any) -> tuple[int, bytes]:  # noqa: ANN401  # as the parent
        status, body = await super().do_request(*args, **more)
        last_answer.set(Answer(status, body))
        return status, body


class Wire:
    """A bot inside the loop that it was made in."""

    def __init__(self, settings: TelegramSettings) -> None:
        self._request = _Watched(
            connection_pool_size=POOL,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            write_timeout=settings.read_timeout,
            pool_timeout=settings.connect_timeout,
            media_write_timeout=settings.upload_timeout,
        )
        self._reading = settings.read_timeout
        self._bot = Bot(
            settings.token.get_secret_value(),
            base_url=f"{settings.api_url}/bot",
            base_file_url=f"{settings.api_url}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )

    async def send(self, to: Place, text: str) -> Exchange[str]:
        """The id of the new message."""
        return await _exchange(self._send(to, text), write=True)

    async def send_file(self, to: Place, file: tuple[str, bytes], caption: str, *, picture: bool) -> Exchange[str]:
        """The id of the new message. `file` is a name and the bytes."""
        return await _exchange(self._send_file(to, file, caption, picture=picture), write=True)

    async def me(self) -> Exchange[dict[str, Any]]:
        """Who the bot is."""
        return await _exchange(self._me(), write=False)

    async def chat(self, chat: str) -> Exchange[str]:
        """The id of a chat that the bot knows."""
        return await _exchange(self._chat(chat), write=False)

    async def answer(self, query: str) -> Exchange[bool]:
        """Let the button of this query stop turning."""
        return await _exchange(self._bot.answer_callback_query(query), write=False)

    async def file(self, ref: str) -> Exchange[tuple[str, bytes]]:
        """The name on Telegram's side, and the bytes. The link between holds the token, and goes nowhere."""
        return await _exchange(self._file(ref), write=False)

    async def updates(self, offset: int, seconds: int, kinds: Sequence[str]) -> Exchange[list[dict[str, Any]]]:
        """As they came. `offset` confirms what lies below it; 0 confirms nothing."""
        return await _exchange(self._updates(offset, seconds, kinds), write=False)

    async def webhook(self) -> Exchange[dict[str, Any]]:
        """`url`, `pending_update_count`, `last_error_message`, … as Telegram tells them."""
        return await _exchange(self._webhook(), write=False)

    async def set_webhook(self, url: str, secret: str, kinds: Sequence[str]) -> Exchange[bool]:
        """What is waiting is kept and comes to the new address. Again with the same is harmless."""
        return await _exchange(self._bot.set_webhook(url, secret_token=secret, allowed_updates=kinds), write=False)

    async def close(self) -> None:
        await self._request.shutdown()

    async def _send(self, to: Place, text: str) -> str:
        sent = await self._bot.send_message(to.chat, text, business_connection_id=to.connection)
        return str(sent.message_id)

    async def _send_file(self, to: Place, file: tuple[str, bytes], caption: str, *, picture: bool) -> str:
        send = self._bot.send_photo if picture else self._bot.send_document
        name, body = file
        sent = await send(to.chat, body, caption=caption or None, filename=name, business_connection_id=to.connection)
        return str(sent.message_id)

    async def _me(self) -> dict[str, Any]:
        return (await self._bot.get_me()).to_dict()

    async def _chat(self, chat: str) -> str:
        return str((await self._bot.get_chat(chat)).id)

    async def _file(self, ref: str) -> tuple[str, bytes]:
        file = await self._bot.get_file(ref)
        told = last_answer.get()
        if not file.file_path:
            raise error.BadRequest(GONE)
        try:
            body = bytes(await file.download_as_bytearray())
        except error.InvalidToken as fault:  # so the library reads a 404: the token was good a moment ago
            raise error.BadRequest(GONE) from fault
        last_answer.set(told)  # the bytes of a file are no text for a trace
        return file.file_path.rpartition("/")[2], body

    async def _updates(self, offset: int, seconds: int, kinds: Sequence[str]) -> list[dict[str, Any]]:
        asked: dict[str, Any] = {"timeout": seconds, "allowed_updates": list(kinds), "limit": 100}
        if offset:
            asked["offset"] = offset
        found = await self._bot.do_api_request(UPDATES, asked, read_timeout=seconds + self._reading)
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    async def _webhook(self) -> dict[str, Any]:
        found = await self._bot.do_api_request(WEBHOOK)
        return found if isinstance(found, dict) else {}


async def _exchange(call: Coroutine[Any, Any, T], *, write: bool) -> Exchange[T]:
    last_answer.set(None)
    try:
        return Exchange(await call, answer=last_answer.get())
    except (error.TelegramError, OSError) as fault:
        answer = last_answer.get()
        return Exchange(error=read_error(fault, answer.status if answer else None, write=write), answer=answer)
