"""The page of a form, and the receiver of what people send from it."""

from __future__ import annotations

from typing import Final

from connectors.bodies import hashed_id
from connectors.page.settings import PageSettings
from connectors.pages.answers import Answers, form_of, marks_of, person_of
from connectors.pages.form import FormPage
from provodka.channel import Around, Delivery, Part, PartsReader, Received, RefusedError, Reply
from provodka.event import Event
from provodka.own_pages import LeadMarks
from provodka.payloads import EventType, FormSubmitted

_CURE: Final = (
    "Человек открыл ссылку, чей срок вышел или которая скопирована не целиком: пришлите ему новую. Если таких много, "
    "увеличьте valid канала"
)


class PageChannel:
    """A form for all, and for the deal whose mark stands in the address."""

    def __init__(self, name: str, settings: PageSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._page = FormPage(name, settings, around)
        self._marks = LeadMarks(around.key)

    def show(self, delivery: Delivery) -> Reply:
        """See `provodka.channel.Page`."""
        if (style := self._page.style(delivery)) is not None:
            return style
        self._lead(delivery)
        return self._page.show(delivery, self._settings.fields)

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One `form.submitted`. The same answers within ten minutes, as a double press sends them, are one event; of
        people who say nothing of themselves only those of one opened page."""
        lead = self._lead(delivery)
        if delivery.method != "POST":
            return Received(reply=Reply(405, b"post the form\n"))
        taken = self._page.take(delivery, self._settings.fields, known=bool(lead))
        if isinstance(taken, Received):
            return taken
        event, kept = self._event(delivery, taken, lead, parts)
        return Received((event,), (kept,), self._page.look.thanks())

    def _lead(self, delivery: Delivery) -> str:
        """The lead that the address names; empty for the plain address. Raises RefusedError."""
        if not delivery.path and not self._settings.personal:
            return ""
        lead = self._marks.lead(delivery.path, delivery.received_at, self.name)
        if not lead:
            raise RefusedError(
                "the personal link is not ours, or is over" if delivery.path else "no personal link", _CURE
            )
        return lead

    def _event(self, delivery: Delivery, answers: Answers, lead: str, parts: PartsReader) -> tuple[Event, Part]:
        settings, values = self._settings, answers.values
        person = person_of(settings.fields, values)
        told = {"lead": lead, "values": values} | ({} if lead or person.identities else {"stamp": answers.stamp})
        external_id, kept = hashed_id(told, delivery.received_at, parts)
        payload = FormSubmitted(
            form=form_of(settings.fields, values, settings.title, self._page.address),
            utm=marks_of(delivery.query),
            lead_id=lead,
        )
        event = self._page.event(delivery, EventType.FORM_SUBMITTED, external_id, payload, delivery.body, person)
        return event, kept


def receiver(name: str, settings: PageSettings, around: Around) -> PageChannel:
    """The receiver of the channel `name`."""
    return PageChannel(name, settings, around)


def page(name: str, settings: PageSettings, around: Around) -> PageChannel:
    """The page of the channel `name`."""
    return PageChannel(name, settings, around)
