"""What Asterisk's codes and words mean."""

from __future__ import annotations

from typing import Final

from provodka.payloads import CallOutcome

REASONS: Final = {
    "1": "номер не существует",
    "16": "звонок завершён",
    "17": "занято",
    "18": "не ответили",
    "19": "не ответили",
    "20": "абонент недоступен",
    "21": "вызов отклонён",
    "27": "абонент недоступен",
    "28": "неверный номер",
    "34": "линии заняты",
    "38": "сбой сети",
}
"""Causes of a hangup (ITU-T Q.850)."""

FAILURES: Final = frozenset({"1", "28", "34", "38", "41", "42", "44", "47", "58"})
"""Causes by which the network or the exchange refuses a call."""

DIAL_FAILURES: Final = frozenset({"CONGESTION", "CHANUNAVAIL"})

DISPOSITIONS: Final = {
    "ANSWERED": CallOutcome.TALKED,
    "NO ANSWER": CallOutcome.MISSED,
    "BUSY": CallOutcome.MISSED,
    "FAILED": CallOutcome.FAILED,
    "CONGESTION": CallOutcome.FAILED,
}
"""Of the CDR."""


CDR_REASONS: Final = {
    "NO ANSWER": "не ответили",
    "BUSY": "занято",
    "FAILED": "вызов не удался",
    "CONGESTION": "линии заняты",
    "ANSWERED": "завершён в голосовом меню",
}


def reason(cause: str, text: str = "") -> str:
    """Why a call ended; Asterisk's own words where the cause is not known here, nothing for no cause."""
    return REASONS.get(cause) or text
