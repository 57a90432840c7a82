"""The page of each partner, and the receiver of their requests: from the page, or from a program of theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from connectors.bodies import body_hash, fields_of
from connectors.pages.answers import Answers, form_of, marks_of, person_of, read
from connectors.pages.fields import FieldSettings
from connectors.pages.form import FormPage
from connectors.partner.settings import PartnerSettings, PartnersSettings
from connectors.secrecy import cutter, same_secret
from provodka.channel import (
    Around,
    Delivery,
    Part,
    PartsReader,
    Received,
    RefusedError,
    Reply,
    SentRequest,
    UnreadableError,
)
from provodka.event import Event
from provodka.own_pages import Signer
from provodka.payloads import EventType, FormSubmitted, Person
from provodka.russian import noun

SHOWN: Final = 50
_STATES: Final = {"open": "в работе", "won": "успешно", "lost": "отказ"}
_JSON: Final = "application/json; charset=utf-8"
_FOREIGN: Final = (
    "Ссылка старая или ключ чужой: дайте партнёру новые. Ссылки показывает provodka partners, а ключи лежат в .env "
    "вместе с остальными секретами"
)
_OVER: Final = "Партнёр прислал больше, чем договорились: если так и надо, увеличьте его per_day"
_WRONG: Final = "Названных полей нет или они заполнены не так: что именно, программа партнёра получила в ответ"


@dataclass(frozen=True, slots=True)
class Line:
    """A request in the partner's list."""

    at: datetime
    client: str
    state: str
    tone: str


def link_path(signer: Signer, channel: str, key: str, revision: int) -> str:
    """What stands behind `/f/<channel>/` in a partner's link."""
    return f"{key}-{signer.sign(channel, key, str(revision))}"


class PartnerChannel:
    """The requests of all partners of one channel."""

    def __init__(self, name: str, settings: PartnersSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._around = around
        self._page = FormPage(name, settings, around)
        self._signer = Signer(around.key, "links of partners")
        secrets = [one.secret.get_secret_value() for one in settings.partners.values() if one.secret]
        self._cut = cutter(secrets)

    def links(self) -> dict[str, str]:
        """By partner, the address of the page; only its path where nobody outside can see it."""
        base = self._around.pages or "/f"
        made = self._settings.partners.items()
        return {key: f"{base}/{self.name}/{self._path(key, one)}" for key, one in made}

    def show(self, delivery: Delivery) -> Reply:
        """See `provodka.channel.Page`."""
        if (style := self._page.style(delivery)) is not None:
            return style
        key, partner = self._by_link(delivery)
        return self._page.show(
            delivery, self._fields(partner), partner=partner.title, **self._own_requests(key, partner)
        )

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One `form.submitted` with its `partner`. What is sent twice within a day is one event."""
        if (known := self._by_secret(delivery)) is not None:
            return self._from_program(delivery, *known, parts)
        key, partner = self._by_link(delivery)
        if delivery.method != "POST":
            return Received(reply=Reply(405, b"post the request\n"))
        fields = self._fields(partner)
        told = {"partner": partner.title, **self._own_requests(key, partner)}
        taken = self._page.take(delivery, fields, known=True, **told)
        if isinstance(taken, Received):
            return taken
        event, part = self._event(delivery, key, partner, taken)
        if self._over(partner, part, parts):
            many = f"{partner.per_day} {noun(partner.per_day, 'заявка', 'заявки', 'заявок')}"
            text = (
                f"Сегодня от вас уже {many}: больше за день мы не обещали разобрать. "
                "Пришлите остальные завтра или договоритесь с нами о большем числе."
            )
            reply = self._page.look.words(429, "На сегодня всё", text)
            refused = f"partner {key} is over {partner.per_day} requests a day"
            return Received(reply=reply, refused=refused, cure=_OVER)
        return Received((event,), (part,), self._page.look.thanks(again=delivery.path))

    def _from_program(self, delivery: Delivery, key: str, partner: PartnerSettings, parts: PartsReader) -> Received:
        """JSON or a form; the answer is JSON with the id of the request, or what is wrong with it."""
        unread = _json(200, id="", error="the body could not be read; it is kept for support")
        try:
            posted = fields_of(delivery)
        except UnreadableError as error:
            raise UnreadableError(str(error), unread) from error
        if not posted:
            raise UnreadableError("the request is empty", unread)
        fields = self._fields(partner)
        answers = read(fields, posted, consent=False)
        if answers.errors:
            wrong = ", ".join(answers.errors)
            refused = f"partner {key} sent wrong fields: {wrong}"
            return Received(reply=_json(422, errors=answers.errors), refused=refused, cure=_WRONG)
        own = posted.get("id")
        event, part = self._event(delivery, key, partner, answers, str(own) if isinstance(own, str | int) else "")
        if self._over(partner, part, parts):
            refused = f"partner {key} is over {partner.per_day} requests a day"
            reply = _json(429, error=f"more than {partner.per_day} requests a day")
            return Received(reply=reply, refused=refused, cure=_OVER)
        return Received((event,), (part,), _json(201, id=event.external_id))

    def _event(
        self, delivery: Delivery, key: str, partner: PartnerSettings, answers: Answers, own_id: str = ""
    ) -> tuple[Event, Part]:
        """The event, and what counts it for the day. Its key begins with the partner and the day."""
        fields, named = self._fields(partner), replace(partner.named(key), request=own_id)
        day = delivery.received_at.astimezone(self._around.zone).strftime("%Y%m%d")
        digest = body_hash({"id": own_id} if own_id else answers.values)[:24]
        payload = FormSubmitted(
            form=form_of(fields, answers.values, self._settings.title, self._page.address),
            utm=marks_of(delivery.query),
            partner=named,
        )
        event = self._page.event(
            delivery,
            EventType.FORM_SUBMITTED,
            f"{key}:{'id' if own_id else day}:{digest}",
            payload,
            self._cut(delivery.body),
            person_of(fields, answers.values),
        )
        return event, Part(f"day:{key}:{day}", event.external_id, "")

    def _over(self, partner: PartnerSettings, part: Part, parts: PartsReader) -> bool:
        taken = {one.id for one in parts(part.key)}
        return part.id not in taken and len(taken) >= partner.per_day

    def _fields(self, partner: PartnerSettings) -> Sequence[FieldSettings]:
        return [one for one in self._settings.fields if not partner.fields or one.key in partner.fields]

    def _path(self, key: str, partner: PartnerSettings) -> str:
        return link_path(self._signer, self.name, key, partner.revision)

    def _by_link(self, delivery: Delivery) -> tuple[str, PartnerSettings]:
        """Whose link it is. Raises RefusedError."""
        key, _, signature = delivery.path.partition("-")
        partner = self._settings.partners.get(key)
        right = self._signer.signed(signature, self.name, key, str(partner.revision if partner else 0))
        if partner is None or not right:
            raise RefusedError("the link is no partner's of ours", _FOREIGN)
        return key, partner

    def _by_secret(self, delivery: Delivery) -> tuple[str, PartnerSettings] | None:
        """Whose program it is: `Authorization: Bearer …`, or `X-Api-Key: …`. Raises RefusedError for a wrong key."""
        scheme, _, bearer = delivery.headers.get("authorization", "").partition(" ")
        given = delivery.headers.get("x-api-key", "") or (bearer if scheme.lower() == "bearer" else "")
        if not given:
            return None
        found = None
        for key, partner in self._settings.partners.items():
            if partner.secret is not None and same_secret(given, partner.secret.get_secret_value()):
                found = key, partner
        if found is None or delivery.method != "POST":
            raise RefusedError("the key is no partner's of ours", _FOREIGN)
        return found

    def _own_requests(self, key: str, partner: PartnerSettings) -> dict[str, Any]:
        """What the page says of the partner's requests."""
        if not self._settings.shows or self._around.sent_in is None:
            return {}
        sent = self._around.sent_in.of(self.name, f"{key}:", SHOWN, partner.mail)
        return {"requests": [self._line(one) for one in sent], "most": SHOWN}

    def _line(self, one: SentRequest) -> Line:
        return Line(
            one.at.astimezone(self._around.zone), masked(one.person), _STATES.get(one.state, "принято"), one.state
        )


def masked(person: Person) -> str:
    """The client so that the partner knows whom they meant, and a glance over the shoulder tells little."""
    phone = f"{person.phone[:2]} ••• ••-{person.phone[-2:]}" if person.phone else ""
    before, at, domain = person.email.partition("@")
    email = f"{before[:1]}•••{at}{domain}" if person.email and not phone else ""
    first, *others = person.name.split() or [""]
    name = " ".join((first, *(f"{other[:1]}." for other in others[:2])))
    return ", ".join(filter(None, (name, phone or email))) or "без имени"


def _json(status: int, **said: str | Mapping[str, str]) -> Reply:
    return Reply(status, json.dumps(said, ensure_ascii=False).encode(), _JSON)


def receiver(name: str, settings: PartnersSettings, around: Around) -> PartnerChannel:
    """The receiver of the channel `name`."""
    return PartnerChannel(name, settings, around)


def page(name: str, settings: PartnersSettings, around: Around) -> PartnerChannel:
    """The pages of the channel `name`."""
    return PartnerChannel(name, settings, around)
