"""One notice of MANGO: a leg's change of state, a summary, a recording. Types vary and empty fields are absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from connectors.bodies import json_fields
from provodka.channel import Part, UnreadableError

_LAST_MOMENT: Final = 4_102_444_800  # the year 2100: milliseconds or rubbish, not seconds


class Kind(StrEnum):
    """What a notice is about."""

    CALL = "call"
    SUMMARY = "summary"
    RECORDING = "recording"
    ADDED = "added"
    OTHER = "other"


_BY_PATH: Final = {
    "events/call": (Kind.CALL, ("call_id", "seq")),
    "events/summary": (Kind.SUMMARY, ()),
    "events/recording": (Kind.RECORDING, ("recording_id", "seq")),
    "events/record/added": (Kind.ADDED, ("recording_id",)),
}
_REQUIRED: Final = {Kind.CALL: ("entry_id",), Kind.SUMMARY: ("entry_id",), Kind.ADDED: ("entry_id", "recording_id")}


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice and the part as which the journal keeps it; `entry_id` is the whole conversation."""

    kind: Kind
    fields: Mapping[str, Any]
    part: Part

    @property
    def entry_id(self) -> str:
        return self.text("entry_id")

    @property
    def recording_id(self) -> str:
        return self.text("recording_id")

    @property
    def at(self) -> datetime | None:
        return self.moment("timestamp")

    def text(self, *path: str) -> str:
        """The text or number under these names, as text; empty where there is none."""
        value = self._value(path)
        return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

    def flag(self, *path: str) -> bool:
        """Whether the value under these names says yes."""
        return str(self._value(path)).lower() in ("true", "1")

    def moment(self, name: str) -> datetime | None:
        """Unix seconds, which come as numbers or as texts; 0 is "never"."""
        try:
            seconds = int(self.text(name) or 0)
        except ValueError:
            return None
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LAST_MOMENT else None

    def _value(self, path: tuple[str, ...]) -> object:
        value: object = self.fields
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value


def read_notice(path: str, text: bytes) -> Notice:
    """The notice that came to this path below the channel's address. Raises UnreadableError."""
    path = path.strip("/")
    kind, names = _BY_PATH.get(path, (Kind.OTHER, ()))
    fields = json_fields(text)
    notice = Notice(kind, fields, Part("", "", text.decode("utf-8-sig")))
    for name in _REQUIRED.get(kind, ()):
        if not notice.text(name):
            raise UnreadableError(f"{path} came without {name}")
    identity = [notice.text(name) for name in names]
    if kind is Kind.OTHER:
        identity = [path]
    if kind is Kind.OTHER or not all(identity):
        identity.append(sha256(text).hexdigest()[:16])
    key = notice.entry_id or notice.text("command_id") or path
    return Notice(kind, fields, Part(key, ":".join((kind, *identity)), notice.part.body))


def stored_notice(part: Part) -> Notice:
    """The notice that the journal kept as this part."""
    return Notice(Kind(part.id.partition(":")[0]), json_fields(part.body.encode()), part)
