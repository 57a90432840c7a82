"""`server.public_url`: an address that a CRM could call, or a mistake with its cure."""

import pytest
from pydantic import ValidationError

from provodka.settings import Server


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://hooks.krovlya.ru/", "https://hooks.krovlya.ru"),
        ("https://krovlya.ru/provodka/", "https://krovlya.ru/provodka"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(written, read):
    assert Server(public_url=written).public_url == read


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("http://hooks.krovlya.ru", "without https"),
        ("hooks.krovlya.ru", "no address"),
        ("https://user:secret@hooks.krovlya.ru", "no address"),
        ("https://hooks.krovlya.ru/?key=1", "no address"),
        ("ftp://hooks.krovlya.ru", "no address"),
        ("https://", "no address"),
    ],
)
def test_what_no_crm_could_call_is_a_mistake(written, words):
    with pytest.raises(ValidationError, match=words):
        Server(public_url=written)
