"""One form page: it is shown, and what comes of it is judged and read. What it means is its channel's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from connectors.bodies import fields_of, plain_body
from connectors.pages.answers import Answers, marks_of, read
from connectors.pages.fields import STAMP, FieldSettings, FormSettings
from connectors.pages.guard import Guard
from connectors.pages.html import STYLE, Look
from provodka.channel import Around, Delivery, Received, Reply, UnreadableError
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, Form, FormSpam, Payload, Person

_FLOOD: Final = (
    "С одного адреса шлют слишком часто. Если это ваши люди за одним адресом или прокси без X-Forwarded-For, увеличьте "
    "per_address или настройте прокси"
)


class FormPage:
    """The form of one channel."""

    def __init__(self, name: str, settings: FormSettings, around: Around) -> None:
        self.name = name
        self.settings = settings
        self.look = Look.of(settings, name, around.pages)
        self.address = f"{around.pages}/{name}" if around.pages else ""
        self._guard = Guard(around.key, name, settings.at_least, settings.per_address)

    def style(self, delivery: Delivery) -> Reply | None:
        """The style sheet, where it is what was asked for."""
        return self.look.sheet() if delivery.path == STYLE else None

    def show(self, delivery: Delivery, fields: Sequence[FieldSettings], **more: Any) -> Reply:  # noqa: ANN401
        """The empty form; what the address says of a field stands in it already (`?Город=Тверь`)."""
        typed = {one.key: [delivery.query[one.key]] for one in fields if delivery.query.get(one.key)}
        return self.look.form(fields, Answers(typed), self._guard.stamp(delivery.path, delivery.received_at), **more)

    def take(
        self,
        delivery: Delivery,
        fields: Sequence[FieldSettings],
        *,
        known: bool = False,
        **more: Any,  # noqa: ANN401 -- of the template
    ) -> Answers | Received:
        """The answers, where all of them are right; else what there is to say to it.

        `known`: the link is signed. Raises UnreadableError for what no form of ours sends.
        """
        thanks = self.look.thanks()
        try:
            posted = fields_of(delivery)
        except UnreadableError as error:
            raise UnreadableError(str(error), thanks) from error
        verdict = self._guard.judge(posted, delivery.path, delivery.sender, delivery.received_at, known=known)
        if verdict.flood:
            text = "С вашего адреса пришло слишком много ответов. Попробуйте через час."
            reply = self.look.words(429, "Слишком много", text)
            return Received(reply=reply, refused="a flood of posts of one address", cure=_FLOOD)
        if verdict.spam:
            return Received((self._spam(delivery, fields, posted, verdict.spam),), reply=thanks)
        answers = read(fields, posted, consent=self.settings.consent is not None)
        stamp = str(posted.get(STAMP, ""))
        if not answers.errors and not verdict.late:
            return replace(answers, stamp=stamp)
        if verdict.late:
            stamp = self._guard.stamp(delivery.path, delivery.received_at)
        return Received(reply=self.look.form(fields, answers, stamp, 422, late=verdict.late, **more))

    def _spam(self, delivery: Delivery, fields: Sequence[FieldSettings], posted: Mapping[str, Any], why: str) -> Event:
        """What a robot has sent, where support can see it. It is about nobody: no phone of it joins anybody's lane."""
        typed = {name: ", ".join(texts) for name, texts in read(fields, posted, consent=False).typed.items() if texts}
        form = Form(name=self.settings.title, page=self.address, fields=typed)
        raw = plain_body(delivery)
        payload = FormSpam(form=form, utm=marks_of(delivery.query), why=why)
        return self.event(delivery, EventType.FORM_SPAM, f"spam:{sha256(raw).hexdigest()}", payload, raw)

    def event(
        self,
        delivery: Delivery,
        kind: EventType,
        external_id: str,
        payload: Payload,
        raw: bytes,
        person: Person = Person(),  # noqa: B008  # immutable
    ) -> Event:
        """An event of this channel, of the moment at which the form was sent."""
        return Event(
            id=new_event_id(delivery.received_at),
            type=kind,
            channel=self.name,
            external_id=external_id,
            occurred_at=delivery.received_at,
            received_at=delivery.received_at,
            person=person,
            payload=payload,
            raw=raw,
        )
