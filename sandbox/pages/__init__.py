"""What the pages of all emulators share: their look, their words in two languages, and the way from one to another.

Everything they need is served by the emulator itself, below `/_sandbox/page/`; nothing in them is inline.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from flask import Flask, Response, render_template, request, send_from_directory
from jinja2 import FileSystemLoader

from sandbox.pages.words import COOKIE, LANGUAGES, counted, gettext, language

POLICY: Final = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
PLACES: Final[Mapping[str, str]] = {
    "amocrm": "amoCRM",
    "bitrix24": "Битрикс24",
    "onec": "1С",
    "telegram": "Telegram",
    "senders": "Отправители",
    "console": "Где моя заявка?",
}
"""The pages that one can go on to, as the bar above every page calls them."""

_HERE: Final = Path(__file__).parent
_YEAR: Final = 365 * 24 * 3600


class Host(Protocol):
    """An emulator with pages. `places` are the addresses of all by name, asked at every page; `room` is a folder with
    `templates/` of its own."""

    name: str
    room: Path | None
    places: dict[str, str]


def furnish(app: Flask, host: Host) -> None:
    """Give an emulator the shared pages."""
    folders = (_HERE,) if host.room is None else (host.room, _HERE)
    app.jinja_loader = FileSystemLoader([one / "templates" for one in folders])
    app.add_url_rule("/_sandbox/page/<path:file>", "page_file", _file)

    @app.context_processor
    def words() -> dict[str, Any]:
        known = [(key, title, host.places[key]) for key, title in PLACES.items() if key in host.places]
        shared = {"place": host.name, "places": host.places, "known_places": known}
        return {"_": gettext, "language": language(), **shared}


def page(template: str, values: Mapping[str, Any]) -> Response:
    """A page, or a part of one, in the language of whoever asks."""
    response = Response(render_template(template, **values), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-store"
    if request.args.get("lang") in LANGUAGES:  # one choice for all emulators: cookies do not look at the port
        response.set_cookie(COOKIE, request.args["lang"], _YEAR, samesite="Lax", httponly=True)
    return response


def _file(file: str) -> Response:
    return send_from_directory(_HERE / "static", file)


__all__ = ["PLACES", "POLICY", "counted", "furnish", "gettext", "language", "page"]
