"""What a fault of python-telegram-bot means for us, and the cure: one for the staff, another for clients."""

from __future__ import annotations

from typing import Any, Final

import httpx
from telegram import error

from connectors.telegram.cures import CURES, WRONG_TOKEN, Code
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_WORDS: Final = (
    ("blocked by the user", Code.BLOCKED),
    ("user is deactivated", Code.DEACTIVATED),
    ("can't initiate conversation", Code.NEVER_WROTE),
    ("chat not found", Code.NEVER_WROTE),
    ("peer_id_invalid", Code.NEVER_WROTE),
    ("bot was kicked", Code.NOT_LET_IN),
    ("bot is not a member", Code.NOT_LET_IN),
    ("not enough rights", Code.NOT_LET_IN),
    ("have no rights", Code.NOT_LET_IN),
    ("chat_write_forbidden", Code.NOT_LET_IN),
    ("file is too big", Code.FILE_TOO_BIG),
    ("request entity too large", Code.FILE_TOO_BIG),
    ("photo_invalid_dimensions", Code.BAD_PICTURE),
    ("image_process_failed", Code.BAD_PICTURE),
    ("photo_save_file_invalid", Code.BAD_PICTURE),
    ("business connection", Code.NO_BUSINESS),
    ("business_connection", Code.NO_BUSINESS),
    ("bad webhook", Code.BAD_WEBHOOK),
)
_UNAVAILABLE: Final = "temporarily unavailable"  # Telegram says so also of a file that is gone for good


def read_error(fault: Exception, status: int | None, *, write: bool) -> ConnectorError:
    """`status` is that of the answer, None where none came."""
    unclear = Ambiguous if write else Retryable
    words = str(fault)
    match fault:
        case error.RetryAfter():
            return RateLimited(words, status=429, wait=_seconds(fault.retry_after))
        case error.InvalidToken():
            # the library's own words name the method that was called, and so differ from part to part
            return AuthFailed("Telegram does not know this token", hint=WRONG_TOKEN, status=status)
        case error.Conflict():
            code = Code.WEBHOOK_SET if "webhook" in words.lower() else Code.RIVAL
            return Rejected(words, hint=CURES[code][0], status=status, code=code)
        case error.ChatMigrated():
            hint = CURES[Code.MOVED][0].format(chat=fault.new_chat_id)
            return Rejected(words, hint=hint, status=status, code=f"{Code.MOVED}:{fault.new_chat_id}")
        case error.BadRequest() if _UNAVAILABLE in words:
            return Retryable(words, status=status)
        case error.Forbidden() | error.BadRequest():
            return _refusal(words, status)
        case error.NetworkError() if isinstance(fault.__cause__, _NOT_SENT):
            return Retryable(f"no connection ({type(fault.__cause__).__name__})")
        case error.TimedOut():
            return unclear("no answer in time")
        case error.NetworkError() if status == 429:
            return RateLimited(words, status=status, wait=1.0)
        case error.NetworkError() if status is not None and 300 <= status < 500:
            return _refusal(words, status)
    if status is not None:
        return unclear(words, status=status)
    return unclear(f"the connection broke off ({type(fault.__cause__ or fault).__name__})")


def _refusal(words: str, status: int | None) -> Rejected:
    code = next((code for part, code in _WORDS if part in words.lower()), Code.REFUSED)
    return Rejected(words, hint=CURES[code][0], status=status, code=code)


def _seconds(period: Any) -> float:  # noqa: ANN401  # a number or a timedelta, as the library is set
    return float(period.total_seconds()) if hasattr(period, "total_seconds") else float(period)
