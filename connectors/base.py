"""What every outgoing connector reports of its calls: status and time, with people and secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

SUMMARY_LENGTH: Final = 2048
_SLACK: Final = 256  # masked before the final cut, so that the cut cannot leave half a phone number

_PHONE: Final = re.compile(
    r"(?:\+|%2B)\d(?:[ ()\-\u00a0]{0,3}\d){9,13}(?!\d)"
    r"|(?<![\w.+-])(?:[78][ ()-]{0,3})?[3489]\d{2}[ ()-]{0,3}\d{3}[ -]{0,2}\d{2}[ -]{0,2}\d{2}(?!\w)"
)
_EMAIL: Final = re.compile(r"([\w+-])[\w.+-]*(@|%40)([\w-]+(?:\.[\w-]+)+)")
_SECRET: Final = re.compile(
    r"((?:\bauth|access_token|refresh_token|client_secret|authorization|api_?key|secret|password|token)[\"']?\s*[:=]\s*[\"']?)[^\"'&\s,}]+",
    re.IGNORECASE,
)
_OUR_FILE: Final = re.compile(r"(/files/[0-9a-f]{1,16}-[0-9a-f]{8})[0-9a-f]{56}-[0-9a-f]{64}")
_QUOTED: Final = re.compile(r"%[0-9A-F]{2}")  # commands that travel as query strings inside a body
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True)
class CallTrace:
    """One call to an outside system, fit for the journal: no secret in it, phones and emails masked.

    `status` is None when no answer came; `error_kind` is the `ConnectorError.kind`, or empty when all went well;
    `system` is the type of the system that was called (`amocrm`, `1c`, `telegram`, …).
    """

    method: str
    path: str
    status: int | None
    milliseconds: float
    request_summary: str = ""
    answer_summary: str = ""
    error_kind: str = ""
    system: str = ""


_calls: ContextVar[list[CallTrace] | None] = ContextVar("connector_calls", default=None)


@contextmanager
def collect_calls() -> Iterator[list[CallTrace]]:
    """Gather the calls that connectors make in this thread inside the block, in their order."""
    calls: list[CallTrace] = []
    token = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(token)


def collecting() -> bool:
    """Whether anybody gathers calls here: without that the summaries need not be made."""
    return _calls.get() is not None


def report(trace: CallTrace) -> None:
    """Hand a call to the collector around it, if there is one."""
    calls = _calls.get()
    if calls is not None:
        path = _OUR_FILE.sub(r"\1•••", trace.path)
        calls.append(trace if path == trace.path else replace(trace, path=path))


def mask(text: str) -> str:
    """The text with phones as `+7916•••1122`, emails as `m•••@example.ru` and named secrets as `•••`; without what
    opens files of ours."""
    text = _OUR_FILE.sub(r"\1•••", _SECRET.sub(r"\1•••", text))
    text = _EMAIL.sub(r"\1•••\2\3", text)
    return _PHONE.sub(_mask_phone, text)


def summarize(body: bytes) -> str:
    """The beginning of a body, readable and masked; of a PDF only its size."""
    if body.startswith(b"%PDF"):
        return f"PDF, {len(body)} bytes"
    text = body[: 6 * (SUMMARY_LENGTH + _SLACK)].decode("utf-8", "replace")
    if "\\u" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if _QUOTED.search(text):
        text = unquote(text, errors="replace")
    masked = mask(text[: SUMMARY_LENGTH + _SLACK])
    return masked if len(masked) <= SUMMARY_LENGTH else masked[: SUMMARY_LENGTH - 1] + "…"


def _mask_phone(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0].replace("%2B", "+"))
    plus = "+" if found[0][0] in "+%" else ""
    return f"{plus}{digits[:-7]}•••{digits[-4:]}"
