"""Notices of a sender whose fields the settings name: one reading for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from connectors.bodies import body_hash
from connectors.calls.fields import DIRECTIONS, OUTCOMES, Fields, Names, plain_word
from connectors.calls.notice import CallNotice, Told
from connectors.marks import utm_from_fields
from provodka import identity
from provodka.channel import UnreadableError
from provodka.payloads import CallOutcome, Direction, Utm
from provodka.settings import Strict

_NAMELESS: Final = 15  # minutes within which two notices of a sender without ids are about one call


class CallMap(Strict):
    """Where the sender's notices have what a call is made of: a field's name (`call.from`), or several, of which the
    first that is filled counts.

    `caller` and `callee` are the two ends as the sender tells them; `phone` is the customer's and `line` ours, where it
    sorts them itself. `call` is its key of the whole call. `event` says what the notice is about; where it tells
    nothing, a notice with a length, an end or an outcome ends the call, and any other begins it. Marks (`utm_…`) and
    click ids are found by their own names; `page` is the address of the site's page with them.
    """

    model_config = ConfigDict(populate_by_name=True)

    call: Names = ()
    event: Names = ()
    direction: Names = ()
    phone: Names = ()
    line: Names = ()
    caller: Names = ()
    callee: Names = ()
    employee: Names = ()
    group: Names = ()
    started: Names = ()
    answered: Names = ()
    ended: Names = ()
    talk: Names = ()
    outcome: Names = ()
    reason: Names = ()
    recording: Names = ()
    tag: Names = ()
    page: Names = ()
    visit: Names = ()


Word = Literal["started", "answered", "ended", "recorded", "other"]
_TOLD: Final[Mapping[str, Told]] = {
    "started": Told.RANG,
    "answered": Told.ANSWERED,
    "ended": Told.ENDED,
    "recorded": Told.RECORDED,
    "other": Told.NOTED,
}


class CallWords(Strict):
    """What the sender's words mean, beside those that are known by themselves: `events: {hangup: ended}`,
    `directions: {mobile: out}`, `outcomes: {voicemail: missed}`. `direction` is that of a notice which tells none."""

    direction: Direction = Direction.IN
    directions: dict[str, Direction] = Field(default_factory=dict)
    events: dict[str, Word] = Field(default_factory=dict)
    outcomes: dict[str, CallOutcome] = Field(default_factory=dict)


@dataclass(frozen=True)
class Mapped:
    """Reads the notices of one sender. `visit_name` is what a visit's id is called among the click ids."""

    fields: CallMap
    words: CallWords
    zone: tzinfo
    visit_name: str = "visit"

    def read(self, sent: Mapping[str, Any], now: datetime) -> CallNotice:
        """One notice; UnreadableError where it names neither a call nor anybody."""
        fields = Fields(sent, self.zone)
        names = self.fields
        phone, line, direction = self._ends(fields)
        started = fields.moment(names.started)
        call = fields.text(names.call) or _nameless(phone, line, started, now)
        if not call:
            wanted = ", ".join((*names.call, *names.phone, *names.caller)) or "map names no field for it"
            raise UnreadableError(f"neither the call's id nor a phone is in it (looked for: {wanted})")
        notice = CallNotice(
            call=call,
            id="",
            told=Told.NOTED,
            direction=direction,
            phone=phone,
            line=line,
            employee=fields.text(names.employee),
            group=fields.text(names.group),
            started_at=started,
            answered_at=fields.moment(names.answered),
            ended_at=fields.moment(names.ended),
            talk_seconds=fields.seconds(names.talk),
            outcome=self._outcome(fields.text(names.outcome)),
            reason=fields.text(names.reason) or fields.text(names.outcome),
            recording=fields.text(names.recording),
            tags=tuple(filter(None, (fields.text((name,)) for name in names.tag))),
            utm=self._utm(fields),
        )
        notice = replace(notice, told=self._told(fields, notice))
        at = (notice.ended_at if notice.told is Told.ENDED else None) or started or now
        if notice.told is Told.ENDED and notice.talk_seconds is None and notice.outcome is not CallOutcome.TALKED:
            notice = replace(notice, talk_seconds=0 if notice.outcome else None)
        return replace(notice, id=f"{notice.told}:{body_hash(sent)[:24]}", at=at)

    def _ends(self, fields: Fields) -> tuple[str, str, Direction]:
        names, word = self.fields, plain_word(fields.text(self.fields.direction))
        own = {plain_word(name): meaning for name, meaning in self.words.directions.items()}
        direction = own.get(word) or DIRECTIONS.get(word) or self.words.direction
        caller, callee = fields.text(names.caller), fields.text(names.callee)
        theirs, ours = (callee, caller) if direction is Direction.OUT else (caller, callee)
        return fields.text(names.phone) or theirs, fields.text(names.line) or ours, direction

    def _told(self, fields: Fields, notice: CallNotice) -> Told:
        said = fields.text(self.fields.event)
        own = {plain_word(name): word for name, word in self.words.events.items()}
        if (word := own.get(plain_word(said))) is not None:
            return _TOLD[word]
        if said and own:
            return Told.NOTED  # kept with the call, but nothing is made of it
        over = notice.talk_seconds is not None or notice.outcome is not None or notice.ended_at is not None
        return Told.ENDED if over else Told.RANG

    def _outcome(self, word: str) -> CallOutcome | None:
        own = {plain_word(name): meaning for name, meaning in self.words.outcomes.items()}
        return own.get(plain_word(word)) or OUTCOMES.get(plain_word(word))

    def _utm(self, fields: Fields) -> Utm:
        utm = utm_from_fields(dict(fields.texts), fields.text(self.fields.page))
        visit = fields.text(self.fields.visit)
        return replace(utm, clicks={**utm.clicks, self.visit_name: visit}) if visit else utm


def _nameless(phone: str, line: str, started: datetime | None, now: datetime) -> str:
    """A key for a call of a sender that has none: its end comes with the same phone, line and start. Without a start it
    is a call of the quarter of an hour."""
    if not identity.phone(phone):
        return ""
    slot = started.isoformat() if started else f"{now.timestamp() // (_NAMELESS * 60):.0f}"
    return sha256(json.dumps([identity.phone(phone), line, slot]).encode()).hexdigest()[:32]


def merged(usual: CallMap, own: Sequence[tuple[str, Any]]) -> CallMap:
    """The usual places, with those that the settings name instead."""
    return usual.model_copy(update=dict(own))
