"""What of a person may be shown. Masked unless opened: names, phones, emails, messenger ids; secrets always."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic_core import to_jsonable_python

from provodka.payloads import (
    CompanyEvent,
    ContactEvent,
    EmailReceived,
    EmailSent,
    MessageEvent,
    Payload,
    Person,
    ReplyWritten,
)
from provodka.redact import Redactor
from provodka.secret_names import MASK, hide_named, is_secret_name
from rules.plan import ConditionTrace

_DOTS: Final = "•••"
_ENCODED: Final = b"content-transfer-encoding:"
_NAMED: Final = re.compile(r'("(?:[a-z]+_)?name"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.IGNORECASE)
_BODIES: Final = ("request_summary", "answer_summary")
_CARDS: Final = ("lead", "contact", "company", "staff")
_SHORTEST_ID: Final = 5  # a shorter number stands for too much else


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """A person as lists and stories show them."""

    name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    messengers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join(part for part in (self.name, *self.phones, *self.emails, *self.messengers) if part)


class Mask:
    """Masks by the key of a journal, so that the same phone carries the same tag everywhere (`+7916•••1122#ahbicjdk`).

    `names` are hidden wherever they stand whole, and so are the ids of `messengers` (`telegram:1234567`).
    """

    def __init__(self, key: bytes, *, opened: bool, names: Iterable[str] = (), messengers: Iterable[str] = ()) -> None:
        self.opened = opened
        self._redactor = Redactor(key, [n for n in names if len(n) > 1 and any(c.isalpha() for c in n)])
        ids = {one.partition(":")[2]: one for one in messengers}
        self._ids = {number: one for number, one in ids.items() if len(number) >= _SHORTEST_ID}
        found = sorted(map(re.escape, self._ids), key=len, reverse=True)
        self._id = re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)") if found else None

    def text(self, text: str) -> str:
        """A running text."""
        return hide_named(text) if self.opened else self._redactor.text(self._without_ids(text))

    def value(self, value: object) -> Any:  # noqa: ANN401 -- JSON
        """Plain data of any shape."""
        if self.opened:
            return _without_secrets(to_jsonable_python(value))
        return self._redactor.value(self._without_ids(to_jsonable_python(value)) if self._ids else value)

    def person(self, person: Person) -> ShownPerson:
        """Who it is about, still recognisable by the first letter of the name and by the tags."""
        if self.opened:
            return ShownPerson(person.name, person.phones, person.emails, person.messengers)
        return ShownPerson(
            name=f"{person.name[0]}{_DOTS}" if person.name else "",
            phones=tuple(self.value({"phone": list(person.phones)})["phone"]),
            emails=tuple(self.text(email) for email in person.emails),
            messengers=tuple(map(self.identity, person.messengers)),
        )

    def identity(self, identity: str) -> str:
        """`phone:+7…`, `email:…`, `telegram:…` as a lane knows its person; the cards of the CRM are no secret."""
        kind, _, value = identity.partition(":")
        if self.opened or kind in _CARDS:
            return identity
        if kind in ("phone", "email"):
            return f"{kind}:{self.text(value)}"
        return f"{kind}:{_DOTS}{self._redactor.tag(identity)}"

    def condition(self, trace: ConditionTrace) -> ConditionTrace:
        """A condition with its two values; the name of the path tells what they are."""
        return replace(
            trace,
            path=self.text(trace.path),
            expected=self._of(trace.path, trace.expected),
            actual=self._of(trace.path, trace.actual),
            note=self.text(trace.note),
            parts=tuple(self.condition(part) for part in trace.parts),
        )

    def call(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """A call of an attempt. Its bodies may name others than the person of the event: no name in them is shown."""
        shown: dict[str, Any] = self.value(call)
        return shown if self.opened else {k: _nameless(v) if k in _BODIES else v for k, v in shown.items()}

    def raw(self, body: bytes) -> str | None:
        """A body as received, without secrets; None where it is encoded as letters are, so that it cannot be masked."""
        if not self.opened and _ENCODED in body.lower():
            return None
        text = body.decode("utf-8", "replace")
        return hide_named(text) if self.opened else self._redactor.text(text)

    def _without_ids(self, value: Any) -> Any:  # noqa: ANN401 -- JSON
        """Plain data with the ids of messengers as dots and the tag that the person carries, numbers too."""
        if self._id is None or value is None or isinstance(value, bool):
            return value
        if isinstance(value, dict):
            return {name: self._without_ids(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._without_ids(one) for one in value]
        text = str(value)
        hidden = self._id.sub(lambda found: f"{_DOTS}{self._redactor.tag(self._ids[found[0]])}", text)
        return value if hidden == text else hidden

    def _of(self, path: str, value: object) -> Any:  # noqa: ANN401 -- JSON
        (shown,) = self.value({path: value}).values()
        return shown


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """Plain data as it is, but for what stands under a secret's name or beside one in a text."""
    if isinstance(value, str):
        return hide_named(value)
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: MASK if _is_secret(name, one) else _without_secrets(one) for name, one in value.items()}


def _is_secret(name: str, value: Any) -> bool:  # noqa: ANN401 -- JSON
    return is_secret_name(name) and value not in (None, "") and not isinstance(value, bool)


def names_told(payload: Payload) -> Iterator[str]:
    """The names of people and firms besides the person's that an event tells, and those of its files."""
    match payload:
        case EmailReceived(message=mail) | EmailSent(message=mail):
            yield from (one.name for one in mail.participants)
            yield from (one.name for one in mail.attachments)
        case MessageEvent(message=message):
            yield from (one.name for one in message.files)
        case ReplyWritten(reply=reply) if reply.media is not None:
            yield reply.media.name
        case ContactEvent(contact=card, change=change) | CompanyEvent(company=card, change=change):
            yield card.name
            yield from (change.old, change.new) if change.field == "name" else ()


def _nameless(body: Any) -> Any:  # noqa: ANN401 -- JSON
    """A body without the values of its names, be it cut JSON as text or a structure."""
    if isinstance(body, str):
        return _NAMED.sub(rf'\1"{_DOTS}"', body)
    return json.loads(_NAMED.sub(rf'\1"{_DOTS}"', json.dumps(body, ensure_ascii=False)))


@dataclass(frozen=True, slots=True)
class Masks:
    """Makes masks for one reader: `key` is the journal's, `opened` whether the reader may see personal data now."""

    key: bytes
    opened: bool

    def of(self, people: Iterable[Person] = (), names: Iterable[str] = ()) -> Mask:
        """What hides these people's names and messenger ids, and all phones and emails, unless it is open."""
        known = tuple(people)
        ids = (one for person in known for one in person.messengers)
        return Mask(self.key, opened=self.opened, names=(*(one.name for one in known), *names), messengers=ids)
