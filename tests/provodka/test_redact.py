"""Nothing that is secret or personal passes the redactor, and what support needs to read stays readable."""

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretBytes, SecretStr

from provodka.redact import Redactor, secrets_of
from provodka.secret_names import is_phone_name, is_secret_name

SECRET = 'amo-t0ken"with/odd&signs'
REDACTOR = Redactor(b"journal key", [SECRET, "pw1"])
QUICK = settings(max_examples=200, deadline=None, database=None)


def digits(text):
    return re.sub(r"\D", "", text)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps({"x": SECRET}),
        repr([SECRET]),
        "<pw1>",
    ],
)
def test_a_known_secret_is_masked_however_it_is_written(form):
    masked = REDACTOR.text(f"GET /{form}/x")
    assert "t0ken" not in masked
    assert "pw1" not in masked
    assert "***" in masked


def test_a_short_secret_is_masked_only_as_a_word_of_its_own():
    assert REDACTOR.text("pw1 pw12 xpw1 /pw1/") == "*** pw12 xpw1 /***/"


def test_an_empty_secret_changes_nothing():
    assert Redactor(b"k", [""]).text("abc") == "abc"


def test_a_secret_inside_another_leaves_no_rest():
    assert Redactor(b"k", ["secret-1", "secret-1-long"]).text("a secret-1-long b") == "a *** b"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer HIDDEN",
        "'Authorization': 'Basic HIDDENHIDDEN'",
        "retry with bearer HIDDEN-1234",
        "Cookie: a=HIDDEN; b=HIDDEN",
        "GET /x?access_token=HIDDEN&id=1",
        "auth%5Baccess_token%5D=HIDDEN&x=1",
        "auth[application_token]=HIDDEN",
        '{"refresh_token":"HIDDEN HIDDEN","expires":5}',
        '{\\"client_secret\\": \\"HIDDEN\\", \\"x\\": 1}',
        "{'password': 'HIDDEN', 'x': 1}",
        "X-Api-Key: HIDDEN",
        "vpbx_api_key=HIDDEN&sign=HIDDEN",
        "postgresql://provodka:HIDDEN@db/provodka",
        "eyJhbGciOiHIDDEN.eyJzdWIiOiHIDDEN.sigHIDDEN",
        "пароль: HIDDEN",
        "SALT=HIDDEN",
    ],
)
def test_an_unknown_secret_is_masked_by_what_stands_beside_it(text):
    assert "HIDDEN" not in REDACTOR.text(text)
    assert "***" in REDACTOR.text(text)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("Set-Cookie", True),
        ("accessToken", True),
        ("X-Api-Key", True),
        ("vpbx_api_salt", True),
        ("AMOCRM_TOKEN", True),
        ("auth[access_token]", True),
        ("APIKey", True),
        ("idempotency_key", False),
        ("design", False),
        ("assigned_to", False),
        ("token_expires_at", False),
        ("lane", False),
        ("", False),
    ],
)
def test_names_of_secrets_are_known_by_their_words(name, secret):
    assert is_secret_name(name) is secret


def test_names_of_phones_are_known_by_their_words():
    assert is_phone_name("contactPhone")
    assert is_phone_name("caller_number")
    assert not is_phone_name("hotel")


class Kind(StrEnum):
    CALL = "from +79160001122"


@dataclass
class Login:
    user: str
    password: str


class Account(BaseModel):
    url: str
    token: SecretStr


def test_a_structure_is_masked_in_every_depth_and_becomes_plain_data():
    value = {
        "event": {"person": {"phones": ["+79160001122"], "emails": ("anna@krovlya.ru",)}, "raw": b"tel=89160001122"},
        "+79160001122": 1,
        "headers": [("Authorization", "Bearer x"), ("Accept", "*/*")],
        "token": ["a", "b"],
        "has_token": True,
        "secret": None,
        "login": Login("anna", "x y"),
        "account": Account(url="https://u:pass1@h/", token=SecretStr("abc")),
        "plain": SecretBytes(b"abc"),
        "error": ValueError("no anna@krovlya.ru"),
        "kind": Kind.CALL,
        "at": datetime(2025, 11, 22, 10, tzinfo=UTC),
        "day": date(2025, 11, 22),
        "took": timedelta(seconds=5),
        "file": Path("/calls/89160001122.mp3"),
        "set": {"+79160001122"},
        "ratio": 0.5,
        "nothing": None,
    }
    shown = REDACTOR.value(value)
    text = json.dumps(shown, ensure_ascii=False)
    assert "0001122" not in digits(text.replace(REDACTOR.tag("phone:+79160001122"), ""))
    for hidden in ("anna@", "Bearer", "x y", "pass1", "abc"):
        assert hidden not in text
    assert shown["headers"] == [["Authorization", "***"], ["Accept", "*/*"]]
    assert (shown["token"], shown["has_token"], shown["secret"]) == ("***", True, None)
    assert (shown["at"], shown["day"]) == ("2025-11-22T10:00:00+00:00", "2025-11-22")
    assert shown["login"] == {"user": "anna", "password": "***"}
    assert shown["error"].startswith("ValueError: no a•••@")


def test_a_structure_that_contains_itself_ends():
    loop: list[object] = [1]
    loop.append(loop)
    assert "…" in json.dumps(REDACTOR.value(loop), ensure_ascii=False)


def test_the_secrets_of_settings_are_found_in_every_depth():
    class Inner(BaseModel):
        keys: dict[str, SecretStr]

    class Outer(BaseModel):
        inner: list[Inner]
        proxy: str
        raw: SecretBytes

    outer = Outer(inner=[Inner(keys={"a": SecretStr("one")})], proxy="http://u:p%40ss@h:1/", raw=SecretBytes(b"two"))
    assert secrets_of({"x": (outer, Login("u", "plain"))}) == {"one", "two", "p%40ss", "p@ss"}


texts = st.text(alphabet=st.sampled_from(list("+78901- ()@.aяё•#&=%:\"'/\\n{}[],")) | st.characters(), max_size=200)


@QUICK
@given(texts)
def test_masking_twice_is_masking_once(text):
    once = REDACTOR.text(text)
    assert REDACTOR.text(once) == once


HARD = [
    "a",
    "9",
    "8 ",
    "8-",
    "8((((",
    "+",
    "+7",
    "%20",
    "8%20",
    "@a.b",
    "a@",
    ".",
    "\\",
    " ",
    "token=",
    'token="',
    "token='\n",
    "token=\"a' ",
    "bearer ",
    "basic aaaaaaaa ",
    "eyJaaaaaaaa.",
    "://a:",
    "authorization:a ",
    "0123456789abcdef",
    "0" * 127 + "a ",
    "1.1.",
    "20-1-",
    "фыва ",
]


def seconds(text):
    best = 1e9
    for _ in range(2):
        start = time.process_time()
        REDACTOR.text(text)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("piece", HARD)
def test_the_work_grows_with_the_length_and_not_with_its_square(piece):
    size = 20_000
    short, long = (piece * (length // len(piece)) for length in (size, size * 8))
    assert seconds(long) < 30 * max(seconds(short), 0.002)


@settings(max_examples=25, deadline=None, database=None)
@given(st.text(alphabet="+78(-) @.ab%20\\\"':=/eyJtoken", min_size=1, max_size=12))
def test_no_repeated_piece_makes_the_work_grow_with_the_square(piece):
    size = 8_000
    short, long = (piece * (length // len(piece)) for length in (size, size * 8))
    assert seconds(long) < 30 * max(seconds(short), 0.002)
