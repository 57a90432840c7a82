"""Secrets, however a sender writes them, are cut out of what is kept."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.secrecy import cutter, same_secret, secret_in_url, without_secret
from provodka.channel import Delivery
from tests.contract.case import NOW

WRITINGS: list[Callable[[str], bytes]] = [
    str.encode,
    lambda text: json.dumps(text)[1:-1].encode(),
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1].encode(),
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/").encode(),
    lambda text: quote(text, safe="").encode(),
    lambda text: quote_plus(text).encode(),
    lambda text: quote_plus(json.dumps(text)[1:-1]).encode(),
    lambda text: html.escape(text).encode(),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()).encode(),
]
SECRETS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=4, max_size=20)


@given(SECRETS, st.sampled_from(WRITINGS))
def test_a_secret_is_cut_out_however_it_is_written(secret: str, write: Callable[[str], bytes]) -> None:
    assert cutter([secret])(b"<" + write(secret) + b">") == b"<***>"


@given(SECRETS, st.binary(max_size=200))
def test_nothing_else_is_cut(secret: str, body: bytes) -> None:
    other = body.replace(b"%", b"").replace(b"\\", b"").replace(b"&", b"")
    if secret.isascii() and secret.encode() not in other.replace(b"+", b" "):
        assert cutter([secret])(other) == other


def test_a_cyrillic_secret_is_found_in_windows_1251_too() -> None:
    cut = cutter(["тайна-1"])
    assert cut("token=тайна-1&a=1".encode("cp1251")) == b"token=***&a=1"
    assert cut(b"token=%f2%e0%E9%ed%E0-1&a=1") == b"token=***&a=1"


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert cutter(["secret", "secret-long"])(b"secret-long secret") == b"*** ***"


@pytest.mark.parametrize(("body", "left"), [(b"ab=1", b"ab=1"), (b'{"k": "b"}', b'{"k": "***"}')])
def test_a_short_secret_is_cut_only_where_it_stands_alone(body: bytes, left: bytes) -> None:
    assert cutter(["b"])(body) == left


def test_no_secret_cuts_nothing() -> None:
    assert cutter(["", ""])(b"anything") == cutter([])(b"anything") == b"anything"


def test_fields_that_hold_the_secret_are_left_out_in_any_depth() -> None:
    sent = {"secret": "s3cret", "a": {"secret": "s3cret", "b": 1}, "list": ["s3cret", {"k": "s3cret"}, 2]}
    assert without_secret(sent, "s3cret") == {"a": {"b": 1}, "list": [{}, 2]}
    assert without_secret(sent, "") == sent


def sent(path: str, query: dict[str, str]) -> Delivery:
    return Delivery("POST", path, {}, query, b"", NOW)


@pytest.mark.parametrize("given", ["тайна", "тайна ", "", "\ud800", b"\xff"])
def test_a_secret_of_any_letters_is_compared(given: str | bytes) -> None:
    assert same_secret(given, "тайна") is (given == "тайна")


def test_an_empty_secret_matches_nothing() -> None:
    assert not same_secret("", "")


@pytest.mark.parametrize(
    ("path", "query"),
    [("тайна", {}), ("a/тайна/", {}), ("", {"token": "тайна"}), ("x", {"key": "тайна", "token": "x"})],
)
def test_the_secret_may_stand_at_the_end_of_the_path_or_in_the_query(path: str, query: dict[str, str]) -> None:
    assert secret_in_url(sent(path, query), "тайна")
    assert not secret_in_url(sent(path, query), "другая")


@pytest.mark.parametrize(("path", "query"), [("", {}), ("тайна/x", {}), ("", {"secret": "тайна"}), ("тайн", {})])
def test_the_secret_elsewhere_does_not_count(path: str, query: dict[str, str]) -> None:
    assert not secret_in_url(sent(path, query), "тайна")
