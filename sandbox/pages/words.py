"""What the pages say. Their texts are written in Russian; English is a catalogue in `locale/en/*.po`, which is read as
it is, and `locale/ru/*.po` holds the Russian plural forms alone. What stands in a CRM is the client's own and stays.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

from flask import g, has_request_context, request

LANGUAGES: Final = ("ru", "en")
COOKIE: Final = "sandbox_language"


def language() -> str:
    """Of whoever asks: `?lang=`, else what was chosen before, else what the browser prefers."""
    if not has_request_context():
        return LANGUAGES[0]
    if "language" not in g:
        chosen = (request.args.get("lang"), request.cookies.get(COOKIE), request.accept_languages.best_match(LANGUAGES))
        g.language = next((one for one in chosen if one in LANGUAGES), LANGUAGES[0])
    return str(g.language)


def gettext(text: str) -> str:
    """A text in the reader's language."""
    return str(_catalogue(language()).ugettext(text)) if text else ""


def counted(one: str, many: str, number: int) -> str:
    """A number of things in the reader's language; `%(num)s` in the texts stands for the number."""
    return str(_catalogue(language()).ungettext(one, many, number)) % {"num": number}


@cache
def _catalogue(language: str) -> Any:  # noqa: ANN401  # babel's Translations
    from babel.messages import Catalog  # only where a page is shown: most emulators of a test show none
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import Translations

    merged = Catalog(locale=language)
    for file in sorted(files(__package__).joinpath("locale", language).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".po"):
            for message in read_po(BytesIO(file.read_bytes()), locale=language):
                if message.id:
                    merged[message.id] = message
    binary = BytesIO()
    write_mo(binary, merged)
    binary.seek(0)
    return Translations(binary)
