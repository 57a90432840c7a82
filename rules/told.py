"""What was told before: the event by which rules have learned it, and which of them then leave it alone.

A call may be told of by several channels, a form sent twice, a letter lie in several mailboxes. Traces and rule tests
call the first who told `call.told`, `form.told` and `message.told`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provodka.payloads import EventType

_CALL, _FORM, _LETTER = "call.told", "form.told", "message.told"
_NAMES: Final = {
    EventType.CALL_STARTED: _CALL,
    EventType.CALL_FINISHED: _CALL,
    EventType.CALL_MISSED: _CALL,
    EventType.FORM_SUBMITTED: _FORM,
    EventType.EMAIL_RECEIVED: _LETTER,
    EventType.EMAIL_SENT: _LETTER,
}
_WHY: Final = {
    _CALL: "the same call was told of before: {type} of {channel} (event {event})",
    _FORM: "the same person sent the same form just before: counted as a repeat of event {event}",
    _LETTER: "has acted on the same letter before: {type} of {channel} (event {event})",
}

MAY_REPEAT: Final = frozenset(_NAMES)
"""The events that may tell what was told before."""

TOLD: Final = {_CALL: EventType.CALL_FINISHED, _FORM: EventType.FORM_SUBMITTED, _LETTER: EventType.EMAIL_RECEIVED}
"""How traces and rule tests call the first who told, and of what type it is where a test does not say."""


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """The first event that told the same: its id, type and channel.

    Of a letter, `rules` are those that have acted on it; the others may find something to do in another mailbox.
    """

    event: str
    type: str
    channel: str
    rules: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What traces call it."""
        return _NAMES[EventType(self.type)]

    def stops(self, rule: str) -> str:
        """Why this rule acts no more; empty where it may."""
        if self.name == _LETTER and rule not in self.rules:
            return ""
        return _WHY[self.name].format_map(dataclasses.asdict(self))

    def dump(self) -> dict[str, Any]:
        """As traces have it."""
        said = {"event": self.event, "type": self.type, "channel": self.channel}
        return {**said, "rules": list(self.rules)} if self.name == _LETTER else said


def told_of_record(record: Mapping[str, Any]) -> ToldBefore | None:
    """Out of the facts of a trace."""
    said = next((record[name] for name in TOLD if record.get(name)), None)
    return ToldBefore(**{**said, "rules": tuple(said.get("rules", ()))}) if said else None
