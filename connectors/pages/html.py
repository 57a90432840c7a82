"""Our pages as HTML: Jinja2 that escapes everything, one style sheet, no script."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from connectors.pages.answers import Answers
from connectors.pages.colour import DARK, LIGHT, on, readable
from connectors.pages.fields import CONSENT, STAMP, TRAP, FieldSettings, FormSettings
from provodka.channel import Reply

STYLE: Final = "page.css"
_OURS: Final = "#1f5fd0"
_TYPE: Final = "text/html; charset=utf-8"
_INPUTS: Final = {"phone": "tel", "email": "email", "date": "date", "number": "text"}
_MODES: Final = {"phone": "tel", "email": "email", "number": "decimal"}
_FILLED_BY: Final = {"name": "name", "surname": "family-name", "phone": "tel", "email": "email"}


def policy(frames: Sequence[str] = (), also: str = "") -> str:
    """The Content-Security-Policy: our style, our address to post to (and that which a redirect leads to)."""
    ancestors, target = " ".join(frames) or "'none'", f" {also}" if also else ""
    return (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
        f"form-action 'self'{target}; frame-ancestors {ancestors}"
    )


HEADERS: Final = {
    "Content-Security-Policy": policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What every answer below `/f` has, unless it says otherwise itself."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one channel's pages look: where its style sheet is, and what its form is like."""

    settings: FormSettings
    style: str

    @classmethod
    def of(cls, settings: FormSettings, name: str, pages: str) -> Look:
        """`pages` is the address below which pages are seen; it tells what a proxy has put before `/f`."""
        sheet = stylesheet(settings.accent)
        return cls(settings, f"{urlsplit(pages).path or '/f'}/{name}/{STYLE}?{sha256(sheet).hexdigest()[:8]}")

    def reply(self, template: str, status: int = 200, **values: Any) -> Reply:  # noqa: ANN401 -- of the template
        """A page of this look."""
        redirect = urlsplit(self.settings.redirect)
        also = f"{redirect.scheme}://{redirect.netloc}" if redirect.netloc else ""
        body = _templates().get_template(template).render(style=self.style, sheet="", look=self.settings, **values)
        headers = {"Content-Security-Policy": policy(self.settings.frames, also)}
        return Reply(status, body.encode(), _TYPE, headers)

    def form(
        self,
        fields: Sequence[FieldSettings],
        answers: Answers,
        stamp: str,
        status: int = 200,
        **more: Any,  # noqa: ANN401
    ) -> Reply:
        """The form with what was typed and what is wrong with it; `more`: `late`, `partner`, `requests`."""
        shown = [_Shown(one, at, answers) for at, one in enumerate(fields)]
        given = {"late": False, "partner": "", "requests": None, **more}
        return self.reply(
            "form.html",
            status,
            fields=shown,
            consent=_consent(self.settings, answers),
            stamp=stamp,
            names={"trap": TRAP, "stamp": STAMP, "consent": CONSENT},
            **given,
        )

    def thanks(self, **more: Any) -> Reply:  # noqa: ANN401
        """What is said to whoever has sent the form, or where they are sent on to."""
        if self.settings.redirect:
            return Reply(303, b"", _TYPE, {"Location": self.settings.redirect})
        return self.reply("thanks.html", **{"again": "", **more})

    def words(self, status: int, title: str, text: str) -> Reply:
        """A page that says one thing."""
        return self.reply("notice.html", status, title=title, text=text)

    def sheet(self) -> Reply:
        """The style sheet; its address changes with it."""
        return Reply(
            200,
            stylesheet(self.settings.accent),
            "text/css; charset=utf-8",
            {"Cache-Control": "public, max-age=604800, immutable"},
        )


class _Shown:
    """A field as the template sees it."""

    def __init__(self, field: FieldSettings, at: int, answers: Answers) -> None:
        self.field, self.id = field, f"f{at}"
        self.typed = answers.typed.get(field.key, [])
        self.error = answers.errors.get(field.key, "")
        self.value = self.typed[0] if self.typed else ""
        self.input = _INPUTS.get(field.kind, "text")
        self.mode = _MODES.get(field.kind, "")
        self.filled_by = _FILLED_BY.get(field.meaning or "", "off" if field.kind == "date" else "")
        self.first = f"{self.id}-0" if self.is_group else self.id
        described = [f"{self.id}-hint"] * bool(field.hint) + [f"{self.id}-error"] * bool(self.error)
        self.described_by = " ".join(described)

    @property
    def is_group(self) -> bool:
        return self.field.kind == "several" or (self.field.kind == "choice" and len(self.field.options) <= 6)


def _consent(settings: FormSettings, answers: Answers) -> dict[str, Any] | None:
    if settings.consent is None:
        return None
    error = answers.errors.get(CONSENT, "")
    return {**settings.consent.model_dump(), "ticked": bool(answers.typed.get(CONSENT)), "error": error}


def notice(status: int, title: str, text: str) -> Reply:
    """A page of nobody's look, for what no channel answers: its style is within it, known by its hash."""
    sheet = stylesheet(_OURS).decode()
    body = _templates().get_template("notice.html").render(style="", sheet=Markup(sheet), title=title, text=text)  # noqa: S704 -- a file of ours
    digest = b64encode(sha256(sheet.encode()).digest()).decode()
    allowed = policy().replace("style-src 'self'", f"style-src 'sha256-{digest}'")
    return Reply(status, body.encode(), _TYPE, {"Content-Security-Policy": allowed})


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("connectors.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def stylesheet(accent: str) -> bytes:
    """The style sheet with this accent, made readable on light and dark ground."""
    dark = readable(accent, DARK)
    texts = {
        "__ACCENT__": readable(accent, LIGHT),
        "__ON_ACCENT__": on(readable(accent, LIGHT)),
        "__ACCENT_DARK__": dark,
        "__ON_ACCENT_DARK__": on(dark),
    }
    sheet = files("connectors.pages").joinpath("templates", STYLE).read_text(encoding="utf-8")
    for mark, colour in texts.items():
        sheet = sheet.replace(mark, colour)
    return sheet.encode()
