"""How a form of ours is described in the config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from provodka.settings import Duration, Finding, Mistakes, Strict

FieldKind = Literal["text", "phone", "email", "long", "choice", "several", "date", "number", "consent"]
Meaning = Literal["name", "surname", "phone", "email", "comment"]

OURS: Final = "prv_"
"""How the names of our own hidden fields begin."""
TRAP: Final = f"{OURS}website"
STAMP: Final = f"{OURS}stamp"
CONSENT: Final = f"{OURS}consent"
_WITH_OPTIONS: Final = ("choice", "several")
_MEANS_ITSELF: Final[dict[str, Meaning]] = {"phone": "phone", "email": "email"}
_NO_NAME: Final = re.compile(r"[\[\]\x00-\x1f]")


class FieldSettings(Strict):
    """One field. `label` is what people read; `name` what rules call it (`form.fields.Бюджет`), by default the label.

    `means` makes it the person's name, phone, email or the comment instead; a phone and an email are that anyway.
    `options` are what can be chosen in a `choice` or `several`. A `consent` is a box to tick.
    """

    label: str = Field(min_length=1, max_length=300)
    name: str = Field("", max_length=100)
    kind: FieldKind = "text"
    required: bool = False
    options: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    hint: str = Field("", max_length=300)
    means: Meaning | None = None

    @property
    def key(self) -> str:
        """Its name in a post and in `form.fields`."""
        return self.name or self.label

    @property
    def meaning(self) -> Meaning | None:
        """What it is, where it is more than a plain answer."""
        return self.means or _MEANS_ITSELF.get(self.kind)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind in _WITH_OPTIONS) is not bool(self.options):
            what = "needs options" if not self.options else f"has no options: only {' and '.join(_WITH_OPTIONS)} have"
            raise Mistakes(Finding(("options",) if self.options else (), f"a {self.kind} {what}"))
        if len(set(self.options)) < len(self.options):
            raise Mistakes(Finding(("options",), "two options are the same"))
        if self.key.startswith(OURS) or _NO_NAME.search(self.key):
            raise Mistakes(Finding(("name",), f"no name of a field: «{self.key}»", f"leave out {OURS} and brackets"))
        return self


def _told_apart(fields: tuple[FieldSettings, ...]) -> tuple[FieldSettings, ...]:
    """By their names; and a form asks for something besides a consent."""
    seen: dict[str, int] = {}
    for at, field in enumerate(fields):
        if seen.setdefault(field.key, at) != at:
            raise Mistakes(Finding((at,), f"field {seen[field.key] + 1} is called «{field.key}» already", "set name"))
    if all(field.kind == "consent" for field in fields):
        raise Mistakes(Finding((), "a form needs a field besides a consent"))
    return fields


Fields = Annotated[tuple[FieldSettings, ...], Field(min_length=1, max_length=60), AfterValidator(_told_apart)]


class Consent(Strict):
    """The consent to the processing of personal data (152-ФЗ): a box that must be ticked, with a link to the policy."""

    text: str = Field("Согласен на обработку персональных данных", min_length=1, max_length=500)
    link: str = Field(pattern=r"^https?://\S+$")


class FormSettings(Strict):
    """What every form page has.

    `accent` colours buttons and links; where its contrast is too low it is made darker or lighter. `frames` are the
    sites that may show the page inside theirs. What is sent sooner than `at_least` after the page was opened is a
    robot's, and so is what comes from one address after `per_address` posts an hour; not so where the link is signed.
    """

    sample: ClassVar[Mapping[str, Any]] = {
        "fields": [
            {"label": "Имя", "means": "name"},
            {"label": "Телефон", "kind": "phone", "required": True},
            {"label": "Комментарий", "kind": "long", "means": "comment"},
        ]
    }

    title: str = Field(min_length=1, max_length=200)
    intro: str = Field("", max_length=3000)
    fields: Fields
    button: str = Field("Отправить", min_length=1, max_length=60)
    thanks: str = Field("Спасибо! Мы получили ваши ответы и скоро свяжемся с вами.", min_length=1, max_length=2000)
    redirect: str = Field("", pattern=r"^(https?://\S+)?$")
    consent: Consent | None = None
    accent: str = Field("#1f5fd0", pattern=r"^#[0-9a-fA-F]{6}$")
    frames: tuple[Annotated[str, Field(pattern=r"^https?://[\w.*-]+(:\d+)?$")], ...] = ()
    at_least: Duration = timedelta(seconds=2)
    per_address: int = Field(20, ge=1, le=10_000)
