"""The receiver of quizzes of Marquiz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors.bodies import body_hash, fields_of
from connectors.marquiz.settings import MarquizSettings
from connectors.secrecy import secret_in_url, without_secret
from connectors.shapes import plain_fields
from connectors.submissions import OK, Submissions
from connectors.visit import Submitted, Target, form_submitted
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, UnreadableError
from provodka.own_pages import NO_MARKS, LeadMarks

_ALIASES: Final[Mapping[Target, tuple[str, ...]]] = {
    "phone": ("whatsapp", "telegram", "viber", "max"),  # what holds no phone stays an answer
    "page": ("href",),
}
_PREFIXES: Final = ("answers.", "results.", "contacts.", "extra.")


class MarquizChannel:
    """Makes `form.submitted` of a finished quiz, as JSON or as a form, of today's shape or of the older one.

    Today's has contacts, answers (`q`, `a`), quiz, result, created and extra; the older one the phone and the name on
    top and `results` (`name`, `value`). The answers stand in `form.fields` under their questions.
    """

    def __init__(self, name: str, settings: MarquizSettings, marks: LeadMarks = NO_MARKS) -> None:
        self.name = name
        self._secret = settings.secret.get_secret_value()
        self._make = Submissions(name, settings, [self._secret], marks)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One event. Its key is the hash of the quiz, the moment and the contacts, as Marquiz tells no number of its
        own; without the moment that of the whole body within a window."""
        if not secret_in_url(delivery, self._secret):
            raise RefusedError("the secret in the address is wrong or absent")
        fields = without_secret(fields_of(delivery), self._secret)
        if not fields and delivery.method != "POST":
            return Received(reply=OK)
        if not fields:
            raise UnreadableError("the quiz is empty")
        form = _understood(fields)
        return self._make.received(delivery, fields, form, parts, at=_moment(fields.get("created")))


def _understood(fields: Mapping[str, Any]) -> Submitted:
    plain = plain_fields(_phone_first(fields))
    plain.pop("created", None)
    form = form_submitted(plain, aliases=_ALIASES)
    answers: dict[str, str] = {}
    for name, text in form.payload.form.fields.items():
        if text:
            short = next((name.removeprefix(one) for one in _PREFIXES if name.startswith(one)), name)
            answers[name if short in answers else short] = text
    payload = replace(form.payload, form=replace(form.payload.form, fields=answers))
    return Submitted(form.person, payload, _key(fields))


def _phone_first(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The contacts with the phone before the messengers, so that it is the one to be called."""
    contacts = fields.get("contacts")
    if not isinstance(contacts, Mapping):
        return dict(fields)
    phone = {"phone": contacts["phone"]} if "phone" in contacts else {}
    return {**fields, "contacts": {**phone, **contacts}}


def _key(fields: Mapping[str, Any]) -> str:
    quiz, created = fields.get("quiz"), fields.get("created")
    contacts = fields.get("contacts") or {name: fields.get(name) for name in ("name", "phone", "email")}
    if not created:
        return ""
    return f"sha256:{body_hash({'quiz': quiz, 'created': created, 'contacts': contacts})}"


def _moment(created: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(created))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def receiver(name: str, settings: MarquizSettings, around: Around) -> MarquizChannel:
    """The receiver of the channel `name`."""
    return MarquizChannel(name, settings, LeadMarks(around.key))
