"""What every channel of forms does alike: its event, what tells repeats apart, and what a robot has filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import Field

from connectors.bodies import hashed_id, plain_body
from connectors.secrecy import cutter
from connectors.visit import Submitted
from provodka.channel import Delivery, Part, PartsReader, Received, Reply, came_again
from provodka.event import Event, new_event_id
from provodka.filled import DOUBLE_WITHIN
from provodka.own_pages import NO_MARKS, LeadMarks
from provodka.payloads import EventType, FormSpam, Order, Payload, Person
from provodka.settings import Strict
from provodka.units import Duration

OK: Final = Reply(body=b"ok")

_LINK: Final = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_MARKUP: Final = re.compile(r"<a\s[^>]*href|\[(?:url|link)[=\]]", re.IGNORECASE)


class SpamSettings(Strict):
    """What no person fills in. `honeypot`: the name of a field that people do not see; `max_links`: how many links all
    answers together may hold; `markup`: whether a link written as HTML or BBCode tells a robot.

    Such a form is kept as an event `form.spam`, so that it can be seen and sent again by hand.
    """

    honeypot: str = ""
    max_links: int | None = Field(None, ge=0)
    markup: bool = True


class FormsSettings(Strict):
    """What the settings of every channel of forms have. `double_within`: how long the same answers of the same person
    count once; `0s` counts each."""

    double_within: Duration = Field(DOUBLE_WITHIN, ge=timedelta(0))
    spam: SpamSettings = SpamSettings()


class Submissions:
    """Makes the events of one channel. `secrets` are cut out of what is kept for support; by `marks` a form names the
    lead that it is about."""

    def __init__(
        self, channel: str, settings: FormsSettings, secrets: Iterable[str], marks: LeadMarks = NO_MARKS
    ) -> None:
        self._channel = channel
        self._spam = settings.spam
        self._cut = cutter(secrets)
        self._marks = marks

    def received(
        self,
        delivery: Delivery,
        fields: Mapping[str, Any],
        form: Submitted,
        parts: PartsReader,
        *,
        order: Order | None = None,
        at: datetime | None = None,
    ) -> Received:
        """One form. Its key is the sender's own, else the hash of the `fields` within a window; `at`: when the sender
        says it was filled in, which is not believed of the future."""
        external_id, kept = (form.id, ()) if form.id else _hashed(fields, delivery, parts)
        payload: Payload = replace(form.about(self._marks, delivery.received_at), order=order)
        kind, person = EventType.FORM_SUBMITTED, form.person
        if why := self._robot(fields, form):
            kind, payload, person = EventType.FORM_SPAM, _spam(form, why), Person(form.person.name)
        event = self.event(delivery, fields, kind, external_id, person, payload, at=at)
        return Received(events=(event,), parts=kept, reply=OK)

    def event(
        self,
        delivery: Delivery,
        fields: Mapping[str, Any],
        kind: EventType,
        external_id: str,
        person: Person,
        payload: Payload,
        *,
        at: datetime | None = None,
    ) -> Event:
        """An event of this channel out of a delivery, with the body for support."""
        came = delivery.received_at
        return Event(
            id=new_event_id(came),
            type=kind,
            channel=self._channel,
            external_id=external_id,
            occurred_at=came if at is None or at > came else at,
            received_at=came,
            person=person,
            payload=payload,
            raw=self._cut(plain_body(delivery) or json.dumps(fields, ensure_ascii=False).encode()),
        )

    def _robot(self, fields: Mapping[str, Any], form: Submitted) -> str:
        """Why a robot has filled this in; empty where nothing says so."""
        trap = self._spam.honeypot.casefold()
        if trap and any(text for name, text in _named(fields) if name.casefold() == trap):
            return f"the hidden field {self._spam.honeypot} is filled in"
        filled = form.payload.form
        answers = [form.person.name, filled.comment, *filled.fields.values()]
        if self._spam.markup and any(_MARKUP.search(answer) for answer in answers):
            return "an answer holds a link as HTML or BBCode"
        links = sum(len(_LINK.findall(answer)) for answer in answers)
        if self._spam.max_links is not None and links > self._spam.max_links:
            return f"{links} links, more than {self._spam.max_links}"
        return ""


def _hashed(fields: Mapping[str, Any], delivery: Delivery, parts: PartsReader) -> tuple[str, tuple[Part, ...]]:
    """The key of the body, and the pieces to be kept: one more for each time that the same body comes again."""
    external_id, first = hashed_id(fields, delivery.received_at, parts)
    if first.body == delivery.received_at.isoformat():
        return external_id, (first,)
    return external_id, (first, Part(came_again(external_id), delivery.received_at.isoformat(), ""))


def _spam(form: Submitted, why: str) -> FormSpam:
    """What a robot says of a person joins nobody: it is no person's phone, only an answer."""
    filled, person = form.payload.form, form.person
    said = {"phone": ", ".join(person.phones), "email": ", ".join(person.emails)}
    fields = {**{name: text for name, text in said.items() if text}, **filled.fields}
    return FormSpam(form=replace(filled, fields=fields), utm=form.payload.utm, why=why)


def _named(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the name that stands nearest to it."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named(item, str(key) or name)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, name)
    elif value is not None:
        yield name, str(value).strip()
