"""By what a letter is known to belong to a talk: ids, Outlook's index, its subject, a number that we gave with it."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from connectors.imap.headers import Headers
from connectors.imap.settings import ImapSettings

_ANSWER: Final = r"re|aw|отв|отвт|ответ|на|ha"  # «НА» is what Outlook in Russian writes, in either alphabet
_FORWARD: Final = r"fwd?|wg|вл|пер|пересл\w{0,10}"
_COUNT: Final = r"\s*(?:[\[(]\d{1,3}[\])]|\^\d{1,3}|\*\d{1,3})?\s*"
_MARK: Final = r"\[\s*(?:spam|ext|external|внешн\w{0,10}|спам)\s*\]|\*{3,5}\s*(?:spam|спам)\s*\*{3,5}"

_ANSWERED = re.compile(rf"\s*(?:{_ANSWER}){_COUNT}:", re.IGNORECASE)
_FORWARDED = re.compile(rf"\s*(?:{_FORWARD}){_COUNT}:", re.IGNORECASE)
_BEFORE_TOPIC = re.compile(rf"\A(?:\s*(?:(?:{_ANSWER}|{_FORWARD}){_COUNT}:|{_MARK}))+", re.IGNORECASE)
_TAG = re.compile(r"\[\s*#\s*(\d{1,18})\s*\]")
_PLUS = re.compile(r"[^+@]+\+(\d{1,18})@[^@]+")

_INDEX_HEAD: Final = 22  # bytes of the first letter's block: 1 of version, 5 of time, 16 of the conversation
_INDEX_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Talk:
    """The keys of a talk, each empty where the letter has none. Shapes: see `provodka.mail.Mail`."""

    thread: tuple[str, ...]
    conversation: str
    topic: str
    tag: str


def is_answer(subject: str) -> bool:
    """«Re:», «Отв:», «Re[2]:» stand first: what is below is quoted."""
    return _ANSWERED.match(subject) is not None


def is_forward(subject: str) -> bool:
    """«Fwd:», «Пересл:» stand first: what is below is what the letter is about."""
    return _FORWARDED.match(subject) is not None


def read_talk(headers: Headers, subject: str, original: str, sent_to: Iterable[str], settings: ImapSettings) -> Talk:
    """The keys of a letter; `original` is the Message-ID of the letter that a report is about."""
    answered = headers.ids("In-Reply-To")
    older = [one for one in headers.ids("References") if one not in answered]
    ids = [*older, *answered, original]
    topic = topic_of(subject) or topic_of(headers.text("Thread-Topic"))
    return Talk(
        thread=tuple(dict.fromkeys(one for one in ids if one)),
        conversation=conversation_of(headers.raw("Thread-Index")),
        topic=topic,
        tag=_tag(subject, sent_to, settings),
    )


def topic_of(subject: str) -> str:
    """The subject without the marks of answering and forwarding, of spam filters, and without our number."""
    return " ".join(_BEFORE_TOPIC.sub("", _TAG.sub(" ", subject)).split())


def conversation_of(index: str) -> str:
    """The conversation within a Thread-Index ([MS-OXOMSG] 2.2.1.3): 32 hex digits, the same in all its letters."""
    try:
        block = b64decode(re.sub(r"\s", "", index), validate=True)
    except (BinasciiError, ValueError):
        return ""
    return block[6:_INDEX_HEAD].hex() if len(block) >= _INDEX_HEAD and block[0] == _INDEX_VERSION else ""


def _tag(subject: str, sent_to: Iterable[str], settings: ImapSettings) -> str:
    """The number of «[#17]» in the subject, else of an address of ours, `sales+17@…`."""
    if found := _TAG.search(subject):
        return found.group(1)
    plus = (_PLUS.fullmatch(address) for address in sent_to if settings.is_own(address))
    return next((one.group(1) for one in plus if one), "")
