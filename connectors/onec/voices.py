"""In what shapes 1C tells that something went wrong, read into one: a service's own JSON, the platform's JSON, a SOAP
fault, the bare text of an exception; and what a web page that stands in for all of them says."""

from __future__ import annotations

import html
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from connectors.answers import Reply

_FAULT: Final = re.compile(
    r"<(?:[\w-]+:)?faultstring[^>]*>(.*?)</|<(?:[\w-]+:)?Reason>\s*<(?:[\w-]+:)?Text[^>]*>(.*?)</", re.DOTALL
)
_PAGE: Final = re.compile(r"\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)
_UNSEEN: Final = re.compile(r"<(script|style|title)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_TEXTS: Final = ("message", "description", "text", "ОписаниеОшибки", "Сообщение", "Текст")


@dataclass(frozen=True, slots=True)
class Said:
    """A refusal in 1C's words. `code` and `field` are the service's own, empty where it has none."""

    text: str
    code: str = ""
    field: str = ""


def said_by(reply: Reply) -> Said | None:
    """What 1C itself says is wrong; None where it says nothing, or where somebody else answered."""
    if isinstance(reply.data, dict):
        return _of_json(reply.data, failed=reply.status >= 400)
    if reply.body.startswith(b"%PDF"):
        return None
    text = decoded(reply.body)
    if found := _FAULT.search(text):
        return Said(html.unescape(found[1] or found[2] or "").strip())
    if reply.status < 400 or not text.strip() or text.lstrip().startswith("<"):
        return None
    return Said(reply.data if isinstance(reply.data, str) else text.strip())


def page_text(reply: Reply) -> str:
    """What a web page in place of an answer says, in one line; empty for any other body."""
    text = decoded(reply.body)
    return " ".join(html.unescape(_UNSEEN.sub(" ", text)).split()) if _PAGE.match(text) else ""


def decoded(body: bytes) -> str:
    """A text of 1C: UTF-8, with or without its mark, else what Windows in Russia writes."""
    body = body.removeprefix(BOM_UTF8)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1251", "replace")


def _of_json(data: dict[str, Any], *, failed: bool) -> Said | None:
    if "#exception" in data:
        return Said("\n".join(_descriptions(data.get("exception"))))
    error = data.get("error", data.get("ошибка", data.get("Ошибка")))
    if isinstance(error, dict):
        code, field = (str(error.get(name) or "") for name in ("code", "field"))
        return Said(_text_of(error) or code, code, field)
    if isinstance(error, str) and error:
        return Said(_text_of(data) or error, str(data.get("code") or ""))
    return Said(_text_of(data)) if failed and _text_of(data) else None


def _descriptions(exception: object) -> Iterator[str]:
    """The platform nests the cause in what it caused."""
    while isinstance(exception, dict):
        if text := str(exception.get("descr") or ""):
            yield text
        exception = exception.get("inner")


def _text_of(data: dict[str, Any]) -> str:
    return next((str(data[name]) for name in _TEXTS if data.get(name)), "")
