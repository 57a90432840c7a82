"""What the console says in two languages."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask, g

from webhooks.console import words

ROOM = Path(words.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "counted": (1, 2)}


def told(language: str) -> dict[str | tuple[str, ...], str | tuple[str, ...]]:
    found: dict[str | tuple[str, ...], str | tuple[str, ...]] = {}
    for file in (ROOM / "locale" / language).glob("*.po"):
        for message in read_po(BytesIO(file.read_bytes()), locale=language):
            if message.id:
                key = message.id[0] if isinstance(message.id, tuple | list) else message.id
                found[key] = message.string
    return found


def said() -> list[tuple[str, int, str | tuple[str, ...]]]:
    """Whatever the pages and their code say, with its place."""
    options = {"templates/**.html": {"extensions": "jinja2.ext.i18n", "trimmed": "true"}}
    extracted = extract_from_dir(ROOM, METHODS, options, KEYWORDS)
    return [(file, line, message) for file, line, message, *_ in extracted]


def test_every_text_has_its_english() -> None:
    english = told("en")
    keys = [(file, line, one if isinstance(one, str) else one[0]) for file, line, one in said()]
    assert len(keys) > 20
    missing = [
        f"{file}:{line}: {key}" for file, line, key in keys if not all(english.get(key, "")) or not english.get(key)
    ]
    assert missing == []


def test_every_number_of_things_has_its_three_russian_forms() -> None:
    russian = told("ru")
    many = [(file, line, one[0]) for file, line, one in said() if not isinstance(one, str)]
    missing = [f"{file}:{line}: {key}" for file, line, key in many if len(russian.get(key, ())) != 3]
    assert missing == []


def test_what_others_say_tells_its_language_where_it_is_not_the_reader_s() -> None:
    assert words.theirs("no task type «Звонок» in the account") == (
        '<span lang="en">no task type «Звонок» in the account</span>'
    )
    assert words.theirs("Проверьте login и <пароль>") == "Проверьте login и <пароль>"
    assert words.theirs("<b>") == "<b>"
    assert words.theirs("no <b>tag</b>") == '<span lang="en">no &lt;b&gt;tag&lt;/b&gt;</span>'
    with Flask(__name__).test_request_context():
        g.language = "en"
        assert words.theirs("no entry") == "no entry"
        assert words.theirs("Сверьте пароль") == '<span lang="ru">Сверьте пароль</span>'


def test_lengths_and_numbers_are_said_as_people_say_them() -> None:
    assert words.span(0.84) == "0,8 с"
    assert words.span(125 * 60) == "2 ч 5 мин"
    assert words.whole(1234567) == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"
    assert [words.counted("%(num)s событие", "%(num)s событий", n) for n in (1, 3, 11, 1000)] == [
        "1 событие",
        "3 события",
        "11 событий",
        "1\N{NO-BREAK SPACE}000 событий",
    ]
