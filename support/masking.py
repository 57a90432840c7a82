"""What of a person may be shown. Masked unless opened: names, phones, emails, messenger ids; secrets always."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic_core import to_jsonable_python

from provodka.payloads import Person
from provodka.redact import Redactor
from provodka.secret_names import hide_named
from rules.plan import ConditionTrace

_DOTS: Final = "•••"
_ENCODED: Final = b"content-transfer-encoding:"
_NAMED: Final = re.compile(r'("(?:[a-z]+_)?name"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.IGNORECASE)
_BODIES: Final = ("request_summary", "answer_summary")


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

    `names` are hidden wherever they stand whole.
    """

    def __init__(self, key: bytes, *, opened: bool, names: Iterable[str] = ()) -> None:
        self.opened = opened
        self._redactor = Redactor(key, [n for n in names if len(n) > 1 and any(c.isalpha() for c in n)])

    def text(self, text: str) -> str:
        """A running text."""
        return text if self.opened else self._redactor.text(text)

    def value(self, value: object) -> Any:  # noqa: ANN401 -- JSON
        """Plain data of any shape."""
        return to_jsonable_python(value) if self.opened else self._redactor.value(value)

    def person(self, person: Person) -> ShownPerson:
        """Who it is about, still recognisable by the first letter of the name and by the tags."""
        if self.opened:
            return ShownPerson(person.name, person.phones, person.emails, person.messengers)
        return ShownPerson(
            name=f"{person.name[0]}{_DOTS}" if person.name else "",
            phones=tuple(self.value({"phone": list(person.phones)})["phone"]),
            emails=tuple(self.text(email) for email in person.emails),
            messengers=tuple(f"{m.partition(':')[0]}:{_DOTS}{self._redactor.tag(m)}" for m in person.messengers),
        )

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

    def _of(self, path: str, value: object) -> Any:  # noqa: ANN401 -- JSON
        (shown,) = self.value({path: value}).values()
        return shown


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
        """What hides these people's names, and all phones and emails, unless it is open."""
        return Mask(self.key, opened=self.opened, names=(*(one.name for one in people), *names))
