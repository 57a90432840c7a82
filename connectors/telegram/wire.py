"""The one place that imports python-telegram-bot: it costs a second and 20 MB, so it waits for the first message."""

from __future__ import annotations

import logging
import os
from collections.abc import Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

# Periods as timedelta: what later versions do anyway, and without a warning at every RetryAfter.
os.environ.setdefault("PTB_TIMEDELTA", "true")

import httpx
from telegram import Bot, error
from telegram.request import HTTPXRequest

from connectors.telegram.settings import TelegramSettings
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

POOL: Final = 8
_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

# They write addresses and texts into their logs, and the address of the Bot API holds the token.
for _talker in ("httpx", "httpcore", "telegram"):
    logging.getLogger(_talker).setLevel(logging.WARNING)

WRONG_TOKEN: Final = "Telegram не принял токен бота: возьмите действующий у @BotFather."  # noqa: S105  # a sentence
BLOCKED: Final = "Сотрудник заблокировал бота или ещё не нажал «Запустить»: пусть откроет бота и нажмёт её."
NO_CHAT: Final = "Telegram не знает такого чата: проверьте номер в staff; человек должен один раз написать боту."
MOVED: Final = "Группа стала супергруппой с новым номером {chat}: поставьте его в staff."


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over the wire: the HTTP status and the body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """How a call of the Bot API went: its result or the error, and the answer where one came."""

    result: str = ""
    error: ConnectorError | None = None
    answer: Answer | None = None


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
        )
        base = f"{settings.api_url}/bot"
        token = settings.token.get_secret_value()
        self._bot = Bot(token, base_url=base, request=self._request, get_updates_request=self._request)

    async def send(self, chat: str, text: str) -> Exchange:
        """The id of the new message."""
        return await self._exchange(self._send(chat, text), write=True)

    async def name(self) -> Exchange:
        """Who the bot is."""
        return await self._exchange(self._name(), write=False)

    async def chat(self, chat: str) -> Exchange:
        """The id of a chat that the bot knows."""
        return await self._exchange(self._chat(chat), write=False)

    async def _send(self, chat: str, text: str) -> str:
        return str((await self._bot.send_message(chat_id=chat, text=text)).message_id)

    async def _name(self) -> str:
        return str((await self._bot.get_me()).username)

    async def _chat(self, chat: str) -> str:
        return str((await self._bot.get_chat(chat)).id)

    async def _exchange(self, call: Coroutine[Any, Any, str], *, write: bool) -> Exchange:
        last_answer.set(None)
        try:
            return Exchange(await call, answer=last_answer.get())
        except (error.TelegramError, OSError) as fault:
            return Exchange(error=read_error(fault, write=write), answer=last_answer.get())

    async def close(self) -> None:
        await self._request.shutdown()


def read_error(fault: Exception, *, write: bool) -> ConnectorError:
    """What a fault of the library means for us."""
    answer = last_answer.get()
    status = answer.status if answer else None
    unclear = Ambiguous if write else Retryable
    match fault:
        case error.RetryAfter():
            return RateLimited(str(fault), status=429, wait=_seconds(fault.retry_after))
        case error.InvalidToken():
            return AuthFailed(str(fault), hint=WRONG_TOKEN, status=status)
        case error.Forbidden():
            return Rejected(str(fault), hint=BLOCKED, status=status)
        case error.ChatMigrated():
            return Rejected(str(fault), hint=MOVED.format(chat=fault.new_chat_id), status=status)
        case error.BadRequest():
            return Rejected(str(fault), hint=NO_CHAT if "chat not found" in str(fault).lower() else "", status=status)
        case error.NetworkError() if isinstance(fault.__cause__, _NOT_SENT):
            return Retryable(f"no connection ({type(fault.__cause__).__name__})")
        case error.TimedOut():
            return unclear("no answer in time")
        case error.NetworkError() if status is not None and status < 500:
            return (
                RateLimited(str(fault), status=status, wait=1.0)
                if status == 429
                else Rejected(str(fault), status=status)
            )
    return unclear(
        str(fault) if status else f"the connection broke off ({type(fault.__cause__ or fault).__name__})", status=status
    )


def _seconds(period: Any) -> float:  # noqa: ANN401  # a number or a timedelta, as the library is set
    return float(period.total_seconds()) if hasattr(period, "total_seconds") else float(period)
