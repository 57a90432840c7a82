"""The receiver of events of Carrot quest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors.bodies import fields_of
from connectors.carrotquest.settings import CarrotQuestSettings
from connectors.marks import mark_name
from connectors.secrecy import same_secret, without_secret
from connectors.submissions import OK, Submissions
from connectors.visit import Submitted, form_submitted
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, UnreadableError
from provodka.own_pages import NO_MARKS, LeadMarks

_KINDS: Final = frozenset({"event", "message_webhook"})
_VISITS: Final = ("$last_", "$initial_")  # marks of the last visit go before those of the first


class CarrotQuestChannel:
    """Makes `form.submitted` of an event, or of a message that somebody has reacted to.

    A notice is a form whose `user` and `event` are JSON texts. What `events` does not name, and kinds that are not
    known, are answered and leave nothing behind.
    """

    def __init__(self, name: str, settings: CarrotQuestSettings, marks: LeadMarks = NO_MARKS) -> None:
        self.name = name
        self._token = settings.token.get_secret_value()
        self._events = frozenset(one.casefold() for one in settings.events)
        self._make = Submissions(name, settings, [self._token], marks)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One event whose key is `event_id`. Carrot quest repeats what is not answered by 200."""
        fields = self._authentic_fields(delivery)
        if str(fields.get("type") or "event") not in _KINDS:
            return Received(reply=OK)
        user, event = _json(fields, "user"), _json(fields, "event")
        name = str(fields.get("event_name") or _inner(event, "type").get("name") or fields.get("message_name") or "")
        if self._events and name.casefold() not in self._events:
            return Received(reply=OK)
        key = str(fields.get("event_id") or event.get("id") or "")
        form = _understood(user, event, fields, name)
        return self._make.received(delivery, fields, replace(form, id=key), parts, at=_moment(event.get("created")))

    def _authentic_fields(self, delivery: Delivery) -> dict[str, Any]:
        """The fields without the token, which is one of them."""
        try:
            fields = fields_of(delivery)
        except UnreadableError as error:
            if same_secret(delivery.query.get("token", ""), self._token):
                raise
            raise RefusedError("no token can be read in the body") from error
        given = fields.get("token", delivery.query.get("token", ""))
        if not isinstance(given, str) or not same_secret(given, self._token):
            raise RefusedError("the token is wrong or absent")
        return without_secret(fields, self._token)


def _understood(user: Mapping[str, Any], event: Mapping[str, Any], fields: Mapping[str, Any], name: str) -> Submitted:
    about = {**_inner(user, "props"), **_inner(user, "props_custom")}
    marks = _marks(about)
    answers = {key: value for key, value in about.items() if not _is_mark(key)}
    said = {key.removeprefix("$"): value for key, value in answers.items()}
    told = {key.removeprefix("$"): value for key, value in _inner(event, "props").items()}
    message = {"message": str(fields["message_name"])} if fields.get("message_name") else {}
    every = {**said, **{key: value for key, value in told.items() if key not in said or value}, **marks}
    form = form_submitted(every, defaults={"form": name})
    shown = {key: text for key, text in {**message, **form.payload.form.fields}.items() if text}
    return replace(form, payload=replace(form.payload, form=replace(form.payload.form, fields=shown)))


def _marks(about: Mapping[str, Any]) -> dict[str, Any]:
    """`$last_utm_source` as `utm_source`; where the last visit had no mark at all, those of the first."""
    for visit in _VISITS:
        found = {key.removeprefix(visit): value for key, value in about.items() if key.startswith(f"{visit}utm_")}
        if any(found.values()):
            return {key: value for key, value in found.items() if mark_name(key)}
    return {}


def _is_mark(name: str) -> bool:
    return any(name.startswith(f"{visit}utm_") for visit in _VISITS)


def _json(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A field that is a JSON text, or has been taken apart already."""
    value = fields.get(name)
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise UnreadableError(f"{name} is no JSON") from error
    return value if isinstance(value, dict) else {}


def _inner(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _moment(created: object) -> datetime | None:
    """ISO text, or Unix seconds."""
    try:
        if isinstance(created, int | float):
            return datetime.fromtimestamp(created, UTC)
        at = datetime.fromisoformat(str(created))
    except (ValueError, OverflowError, OSError):
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def receiver(name: str, settings: CarrotQuestSettings, around: Around) -> CarrotQuestChannel:
    """The receiver of the channel `name`."""
    return CarrotQuestChannel(name, settings, LeadMarks(around.key))
