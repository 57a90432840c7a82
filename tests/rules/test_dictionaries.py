"""What somebody wrote, in the words of the CRM: the client's dictionaries."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.config import parse
from rules.dictionaries import Dictionary
from rules.faults import RuleError
from rules.templates import Templates
from rules.text import fold
from tests.docs.configs import loaded, rule_tests, whole
from tests.rules.world import MOSCOW

CITIES = Dictionary.of({"мск": "Москва", "СПб": "Санкт-Петербург", "Орёл": "Орел", "else": "Другой"})
PLAIN = Dictionary.of({"да": "1", "нет": "0"})
TEMPLATES = Templates(MOSCOW, {"Города": CITIES, "Флаги": PLAIN})
CONFIG = """
dictionaries:
  Города: {мск: Москва, спб: Санкт-Петербург, else: Другой}
  Этажи: {первый: 1, 2: второй}
rules:
  - name: Заявка
    on: form.submitted
    when: form.fields.city | lookup('Города') == 'Москва'
    do:
      - intake:
          title: "Сайт: {{ form.fields.city | lookup('Города') }}"
          fields: {Этаж: "{{ 'первый' | lookup('Этажи') }}"}
tests:
  - name: город
    given: {type: form.submitted, form: {fields: {city: М С К}}}
    expect: {actions: [{intake: {title: "Сайт: Москва", fields: {Этаж: "1"}}}]}
"""


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("МСК", "Москва"),
        (" м с к ", "Москва"),
        ("спб", "Санкт-Петербург"),
        ("орел", "Орел"),
        ("Омск", "Другой"),
        ("", ""),
    ],
)
def test_a_value_is_found_without_regard_to_case_yo_and_blanks(written: str, found: str) -> None:
    assert CITIES.look_up(written) == found


@given(st.text())
def test_without_else_what_is_not_known_stays_as_it_is(text: str) -> None:
    bare = "".join(fold(text).split())
    assert PLAIN.look_up(text) == {"да": "1", "нет": "0"}.get(bare, text)


def test_an_unknown_dictionary_is_told_with_the_nearest_name() -> None:
    with pytest.raises(RuleError, match=r'there is no dictionary «Город» [(]did you mean "Города"'):
        TEMPLATES.text("{{ x | lookup('Город') }}")
    with pytest.raises(RuleError, match="there is no dictionary «Цвета»"):
        TEMPLATES.expression("x | lookup(dictionary='Цвета') == 'красный'")


def test_a_dictionary_is_used_in_texts_and_expressions(tmp_path: Path) -> None:
    config = loaded(whole(CONFIG), tmp_path)
    code, words = rule_tests(config)
    assert code == 0, words


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "config.yaml"
    path.write_text(whole(text), encoding="utf-8")
    return [f"{problem.path}: {problem.text} ({problem.hint})" for problem in parse(path, {}).problems]


def test_check_finds_an_unknown_dictionary_in_a_text_and_in_a_condition(tmp_path: Path) -> None:
    found = problems(tmp_path, CONFIG.replace("lookup('Города')", "lookup('Городa')"))
    assert len(found) == 2
    assert all('did you mean "Города"?' in problem for problem in found)


def test_two_spellings_of_one_word_must_mean_the_same(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, CONFIG.replace("{мск: Москва,", "{мск: Москва, М СК: Минск,"))
    assert found.startswith('dictionaries.Города["М СК"]: «М СК» is compared like «мск»')


def test_a_dictionary_that_could_not_be_read_is_no_unknown_one_besides(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, CONFIG.replace("{мск: Москва, спб: Санкт-Петербург, else: Другой}", "Москва"))
    assert found.startswith("dictionaries.Города")


GOODS = Dictionary.of({"подшипник": "Подшипники", "RAL 7024": "Лист графитовый", "лист": "Листы", "else": "Прочее"})


@pytest.mark.shows("S3-19")
@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("Нужны ПОДШИПНИКИ, 40 шт.", "Подшипники"),
        ("Цвет ral-7024?", "Лист графитовый"),
        ("Листы и подшипники", "Подшипники"),
        ("Наш каталист", "Прочее"),
        ("Здравствуйте", "Прочее"),
        ("  ", ""),
    ],
)
def test_a_word_of_a_text_is_found_where_it_begins_one(text, means):
    assert GOODS.mentioned_in(text) == means


def test_a_text_that_mentions_nothing_means_nothing_without_else():
    assert Dictionary.of({"лист": "Листы"}).mentioned_in("Здравствуйте") == ""


def test_the_dictionary_of_mentioned_is_checked_as_that_of_lookup():
    with pytest.raises(RuleError, match="there is no dictionary «Товар»"):
        TEMPLATES.text("{{ x | mentioned('Товар') }}")
