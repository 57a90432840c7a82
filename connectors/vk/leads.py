"""Answers of VK's lead forms: as the notice brings them, and as `leadForms.getLeads` lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.talks.reading import Fields, moment, parts_of, word
from provodka import identity
from provodka.event import Event, new_event_id
from provodka.payloads import EventType, Form, FormSubmitted, Person, Utm

_NAMES: Final = ("first_name", "last_name")
_PHONE: Final = ("phone_number", "phone")
_EMAIL: Final = "email"
_LABELS: Final = {"age": "Возраст", "location": "Город", "patronymic_name": "Отчество"}
AD: Final = "vk_ad_id"


@dataclass(frozen=True, slots=True)
class LeadForm:
    """A form: its number and name, and what each of its questions says, by key."""

    id: str
    name: str
    questions: Mapping[str, str]

    @classmethod
    def of(cls, body: Fields) -> LeadForm:
        """Out of the answer of `leadForms.get`."""
        asked = parts_of(body.get("questions"))
        return cls(
            word(body.get("form_id")),
            word(body.get("name")) or word(body.get("title")),
            {word(one.get("key")): word(one.get("label")) for one in asked},
        )


@dataclass(frozen=True, slots=True)
class Leads:
    """Makes `form.submitted` of the channel `name`. The same answer has the same key, whichever way it came."""

    name: str
    now: datetime
    raw: bytes = b""

    def of_notice(self, body: Fields) -> Event:
        """Of `lead_forms_new`, which tells no time."""
        form = LeadForm(word(body.get("form_id")), word(body.get("form_name")), {})
        return self._event(body, form, self.now)

    def of_list(self, body: Fields, form: LeadForm) -> Event:
        """Of one lead of `leadForms.getLeads`."""
        return self._event(body, form, moment(body.get("date")) or self.now)

    def _event(self, body: Fields, form: LeadForm, at: datetime) -> Event:
        answers = list(_answers(body, form))
        person = _person(answers, word(body.get("user_id")))
        rest = {label: text for key, label, text in answers if not _is_of_person(key, text, person)}
        ad = word(body.get("ad_id"))
        return Event(
            id=new_event_id(self.now),
            type=EventType.FORM_SUBMITTED,
            channel=self.name,
            external_id=f"lead:{form.id}:{word(body.get('lead_id'))}",
            occurred_at=min(at, self.now),
            received_at=self.now,
            person=person,
            payload=FormSubmitted(Form(name=form.name, id=form.id, fields=rest), Utm(clicks={AD: ad} if ad else {})),
            raw=self.raw,
        )


def _answers(body: Fields, form: LeadForm) -> Iterator[tuple[str, str, str]]:
    """Key, question and answer of each; questions that say the same are told apart by their key."""
    seen: set[str] = set()
    for one in parts_of(body.get("answers")):
        key = word(one.get("key"))
        label = word(one.get("question")) or form.questions.get(key, "") or _LABELS.get(key, key)
        label = f"{label} ({key})" if label in seen else label
        seen.add(label)
        yield key, label, _text(one.get("answer"))


def _text(answer: object) -> str:
    """A text; in the list an object with `value`, or a list of them where several were chosen."""
    if isinstance(answer, list):
        return ", ".join(filter(None, map(_text, answer)))
    return word(answer.get("value") if isinstance(answer, Mapping) else answer)


def _person(answers: list[tuple[str, str, str]], user: str) -> Person:
    texts = {key: text for key, _, text in answers}
    phones = (identity.phone(texts[key]) for key in _PHONE if key in texts)
    email = identity.email(texts.get(_EMAIL, ""))
    return Person(
        name=" ".join(filter(None, (texts.get(name, "") for name in _NAMES))),
        phones=tuple(dict.fromkeys(filter(None, phones))),
        emails=(email,) if email else (),
        messengers=(f"vk:{user}",) if user.strip("0") else (),
    )


def _is_of_person(key: str, text: str, person: Person) -> bool:
    """Whether the answer has gone into the person; a phone or an address that is none stays among the fields."""
    if key in _NAMES:
        return True
    return bool((key in _PHONE and identity.phone(text)) or (key == _EMAIL and person.email))
