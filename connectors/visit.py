"""What a visit to a site leaves behind: who filled in a form, what they wrote and where they came from.

Senders name the same thing in many ways; here the names of all of them meet. `form_submitted` sorts the fields of a
form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal

from connectors.marks import CLICK_IDS, MARKS, mark_name, utm_from_fields
from provodka import identity
from provodka.own_pages import LEAD_FIELD, LeadMarks
from provodka.payloads import Form, FormSubmitted, Person

Target = Literal[
    "name", "surname", "phone", "email", "comment", "page", "form", "form_id", "id", "cookies", "lead",
    "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term",
]  # fmt: skip
"""What a field of a form can mean."""

ALIASES: Final[Mapping[Target, str]] = {
    "name": "name firstname fullname fio clientname customername contactname имя фио имяклиента имяифамилия фамилияимя "
    "фамилияимяотчество контактноелицо каквасзовут каквамобращаться представьтесь",
    "surname": "surname lastname familyname фамилия",
    "phone": "phone phones phonenumber tel telephone mobile mobilephone cellphone contactphone телефон телефоны тел "
    "номертелефона контактныйтелефон мобильный мобильныйтелефон телефондлясвязи",
    "email": "email emails mail emailaddress useremail почта электроннаяпочта электронныйадрес элпочта адреспочты "
    "адресэлектроннойпочты имейл емейл",
    "comment": "comment comments message msg text textarea question note сообщение комментарий комментарии "
    "комментарийкзаказу вопрос текст текстсообщения пожелания примечание",
    "page": "page pageurl url href sourceurl страница адресстраницы urlстраницы ссылканастраницу",
    "form": "form formname formtitle form.name form.title quiz.name форма названиеформы имяформы",
    "form_id": "formid form.id quiz.id",
    "cookies": "cookies cookie",
    "lead": "prvlead",
}
"""Names by which a field is recognised, without case, separators, «your» and «ваш». `id` is never guessed: on many
sites it is the form's own id, the same in every delivery, and all but the first would be taken for repeats."""


_CONTAINERS: Final = (
    "contact", "contacts", "client", "customer", "person", "user", "lead", "data", "fields", "meta", "body", "extra",
    "answers", "results", "namedvalues",
)  # fmt: skip
_YOUR: Final = re.compile(r"(?:your|ваше|ваша|ваш)(?=.)")

_LAYOUTS: Final = 64  # kept by a reader: a table has as many as there are sets of cells that are left empty
_ALL_MARKS: Final = (*(f"utm_{mark}" for mark in MARKS), *CLICK_IDS)

_Path = tuple[str | int, ...]
_OwnNames = tuple[tuple[Target, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Submitted:
    """A form as understood. `id` is the sender's own key of this submission, `lead` the mark of a lead of ours that the
    form was given; empty where there is none."""

    person: Person
    payload: FormSubmitted
    id: str
    lead: str = ""

    def about(self, marks: LeadMarks, now: datetime) -> FormSubmitted:
        """The payload with the lead that the mark names; a mark that is not ours, or is over, stays a field."""
        if not self.lead:
            return self.payload
        if lead := marks.lead(self.lead, now):
            return replace(self.payload, lead_id=lead)
        form = self.payload.form
        return replace(self.payload, form=replace(form, fields={**form.fields, LEAD_FIELD: self.lead}))


def form_submitted(
    fields: Mapping[str, Any],
    *,
    mapping: Mapping[Target, str] | None = None,
    aliases: Mapping[Target, Sequence[str]] | None = None,
    defaults: Mapping[Target, str] | None = None,
) -> Submitted:
    """Sort the (nested) fields of a form; see `FormReader`, which is for many forms that look alike."""
    return FormReader(mapping, aliases, defaults).read(fields)


class FormReader:
    """Reads forms of one kind, or the rows of one table: what a set of fields stands for is found out once.

    `mapping` says where a target stands (`{"name": "contact.name", "phone": "phones.0"}`); what it does not find is
    recognised by `aliases`, then by ALIASES; `defaults` fill what is still empty. Everything else, also what was
    taken for a phone or an email but holds none, stays in `form.fields` as text under its own dotted name.
    """

    def __init__(
        self,
        mapping: Mapping[Target, str] | None = None,
        aliases: Mapping[Target, Sequence[str]] | None = None,
        defaults: Mapping[Target, str] | None = None,
    ) -> None:
        self._mapping = {str(target): where for target, where in (mapping or {}).items()}
        self._names = _own_names(aliases)
        self._defaults = {str(target): text for target, text in (defaults or {}).items()}
        self._layouts: dict[tuple[_Path, ...], _Layout] = {}

    def read(self, fields: Mapping[str, Any]) -> Submitted:
        """Sort the (nested) fields of one form."""
        answers = self.answers(fields)
        name, surname = answers.text("name"), answers.text("surname")
        person = Person(
            name=name if surname in name else f"{name} {surname}".strip(),
            phones=answers.many("phone", _phones),
            emails=answers.many("email", identity.emails_in),
        )
        page = answers.text("page")
        marks = {mark: text for mark in _ALL_MARKS if (text := answers.text(mark))}
        utm = utm_from_fields(marks, page, answers.text("cookies"))
        form_name, form_id, comment = answers.text("form"), answers.text("form_id"), answers.text("comment")
        natural_id, lead = answers.text("id"), answers.text("lead")
        form = Form(name=form_name, id=form_id, page=page, comment=comment, fields=answers.rest())
        return Submitted(person, FormSubmitted(form=form, utm=utm), natural_id, lead)

    def answers(self, fields: Mapping[str, Any]) -> _Answers:
        """The texts of one form, and what they mean."""
        texts = dict(_leaves(fields))
        paths = tuple(texts)
        layout = self._layouts.get(paths)
        if layout is None:
            layout = _layout(paths, self._mapping, self._names)
            if len(self._layouts) < _LAYOUTS:
                self._layouts[paths] = layout
        return _Answers(texts, layout, self._defaults)


def places_of(fields: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Of the targets, marks and click ids that are recognised by the names of fields alone: the dotted path of the
    first answer that is not empty, and the answer."""
    answers = FormReader().answers(fields)
    return {meaning: found for meaning in answers.meanings() if (found := answers.first(meaning)) is not None}


def answers_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """Every answer that is not empty by the dotted path that a mapping would name; of a list the first one."""
    found: dict[str, str] = {}
    for path, text in _leaves(fields):
        if text:
            found.setdefault(_dotted(_without_numbers(path)), text)
    return found


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the paths of a form stand for: where a `mapped` target may stand, the `places` of what is known by its name,
    and under which name each path is shown."""

    mapped: Mapping[str, tuple[_Path, ...]]
    places: Mapping[str, tuple[_Path, ...]]
    shown: Mapping[_Path, str]


def _layout(paths: Sequence[_Path], mapping: Mapping[str, str], names: _OwnNames) -> _Layout:
    mapped = {target: tuple(path for path in paths if _leads_to(where, path)) for target, where in mapping.items()}
    places: dict[str, tuple[_Path, ...]] = {}
    for path in paths:
        if meaning := _meaning(path, names):
            places[meaning] = (*places.get(meaning, ()), path)
    return _Layout(mapped, places, {path: _dotted(_without_numbers(path)) for path in paths})


class _Answers:
    """The texts of a form by path, what each path means, and which of them have been used."""

    def __init__(self, texts: Mapping[_Path, str], layout: _Layout, defaults: Mapping[str, str]) -> None:
        self._texts = texts
        self._layout = layout
        self._defaults = defaults
        self._used: set[_Path] = set()
        self._places = layout.places
        for target, paths in layout.mapped.items():
            if found := tuple(path for path in paths if texts[path]):
                self._places = {**self._places, target: found}

    def meanings(self) -> Iterable[str]:
        """What has been found at all."""
        return tuple(self._places)

    def first(self, target: str) -> tuple[str, str] | None:
        """Where the first answer that is not empty stands, and what it is."""
        filled = (path for path in self._places[target] if self._texts[path])
        return next(((self._layout.shown[path], self._texts[path]) for path in filled), None)

    def text(self, target: str) -> str:
        """The first answer that is not empty."""
        for path in self._places.get(target, ()):
            self._used.add(path)
            if self._texts[path]:
                return self._texts[path]
        return self._defaults.get(target, "")

    def many(self, target: str, read: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
        """All that can be read from the answers, once each."""
        found: dict[str, None] = {}
        for path in self._places.get(target, ()):
            values = read(self._texts[path])
            if values or not self._texts[path]:
                self._used.add(path)
            found.update(dict.fromkeys(values))
        return tuple(found) or read(self._defaults.get(target, ""))

    def rest(self) -> dict[str, str]:
        """What was not used; the members of a list of answers stand in one text."""
        left: dict[str, list[str]] = {}
        for path, text in self._texts.items():
            if path not in self._used:
                left.setdefault(self._layout.shown[path], []).append(text)
        return {name: ", ".join(texts) for name, texts in left.items()}


def _leaves(value: object, path: _Path = ()) -> Iterator[tuple[_Path, str]]:
    if isinstance(value, str):
        yield path, value.strip()
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, str):  # nearly all are
                yield ((*path, name) if name else path), item.strip()
            else:
                yield from _leaves(item, (*path, name) if name else path)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    else:
        yield path, _as_text(value)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value).strip()


def _dotted(path: _Path) -> str:
    return ".".join(map(str, path))


def _without_numbers(path: _Path) -> _Path:
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _leads_to(where: str, path: _Path) -> bool:
    return f"{_dotted(path)}.".lower().startswith(f"{where}.".lower())


@lru_cache(maxsize=8192)  # a site sends the same names every day, a table in every row
def _meaning(path: _Path, own: _OwnNames) -> str:
    """The target, mark or click id that the name of a field stands for, or nothing."""
    names = _targets_by_name(own)
    steps = [str(step) for step in _without_numbers(path)]
    if mark := mark_name(".".join(steps)):
        return mark
    while len(steps) > 1 and steps[0].lower() in _CONTAINERS:
        steps = steps[1:]
    name = ".".join(_plain(step) for step in steps)
    numbered = names.get(name.rstrip("0123456789"), "")  # tel-456 of Contact Form 7, phone2
    return names.get(name) or (numbered if numbered in ("phone", "email") else "")


def meaning_of(name: str, aliases: Mapping[Target, Sequence[str]] | None = None) -> str:
    """The target, mark or click id that `form_submitted` takes a field of this name for; empty where for none."""
    return _meaning((name,), _own_names(aliases))


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    name = re.sub(r"[\W_]+", "", name.lower()).replace("ё", "е")
    your = _YOUR.match(name)
    return name[your.end() :] if your else name


def _own_names(aliases: Mapping[Target, Sequence[str]] | None) -> _OwnNames:
    return tuple((target, tuple(names)) for target, names in (aliases or {}).items())


@lru_cache(maxsize=64)
def _targets_by_name(own: _OwnNames) -> Mapping[str, str]:
    nested = {".".join(map(_plain, name.split("."))): target for target, names in own for name in names}
    whole = {_plain(name): target for target, names in own for name in names}  # «Моб.» is a name with a point
    return {**_BY_NAME, **nested, **whole}


def _phones(text: str) -> tuple[str, ...]:
    one = identity.phone(text)
    return (one,) if one else identity.phones_in(text)


_BY_NAME: Final[Mapping[str, str]] = {name: target for target, names in ALIASES.items() for name in names.split()}
