"""The query of a request: its options by name, percent-decoded as 1C does it, and the format asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, unquote_plus

from flask import Request

from sandbox.onec.odata.errors import ODataError, bad_option

Form = Literal["atom", "nometadata", "minimalmetadata", "fullmetadata"]
FORMS: tuple[Form, ...] = ("nometadata", "minimalmetadata", "fullmetadata")


@dataclass(frozen=True, slots=True)
class Options:
    """Options by name, with or without the dollar sign as they came; `form` is how the answer is written."""

    values: dict[str, str]
    form: Form

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def number(self, name: str) -> int | None:
        """A whole number, 0 or more; ODataError code 14 if it is none."""
        if name not in self.values:
            return None
        if not self.values[name].isascii() or not self.values[name].isdigit():
            raise bad_option(name)
        return int(self.values[name])

    @property
    def allowed_only(self) -> bool:
        return "true" in (self.get("allowedOnly").lower(), self.get("$allowedOnly").lower())


def read_options(request: Request, *, plus_is_space: bool) -> Options:
    """The options of a request. A plus stays a plus unless told otherwise: 1C takes it literally."""
    decode = unquote_plus if plus_is_space else unquote
    pairs = (part.partition("=") for part in request.query_string.decode("latin-1").split("&") if part)
    values = {decode(name): decode(value) for name, _, value in pairs}
    return Options(values, form_of(values.get("$format", ""), request.headers.get("Accept", "")))


def form_of(wanted: str, accept: str) -> Form:
    """What `$format` says, else what `Accept` does; Atom where neither speaks of JSON."""
    said = wanted.lower() or accept.lower()
    if "json" not in said:
        if wanted and "atom" not in said and "xml" not in said:
            raise ODataError(400, 3, f"Представление {wanted} не поддерживается")
        return "atom"
    first = said.split(",")[0] if not wanted else said
    return next((form for form in FORMS if form in first), "minimalmetadata")
