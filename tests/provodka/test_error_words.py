"""What the journal keeps of an error can be taken apart again."""

from __future__ import annotations

import pytest

from provodka.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Retryable, taken_apart


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Rejected("нет этапа", status=400, code="NotSupportedChoice"), "нет этапа [400 NotSupportedChoice]"),
        (Rejected("no such card", code="gone"), "no such card [gone]"),
        (AuthFailed("HTTP 401", status=401), "HTTP 401 [401]"),
        (Retryable("no connection (ConnectTimeout)"), "no connection (ConnectTimeout)"),
    ],
)
def test_words_hold_the_status_and_the_code_and_give_them_back(error: ConnectorError, words: str) -> None:
    assert error.words == words
    assert taken_apart(words) == (error.reason, error.status, error.code)


def test_a_trouble_tells_its_kind_where_nothing_else_does() -> None:
    assert AuthFailed("the login is refused").trouble == "the login is refused [auth_failed]"
    assert RateLimited("too many", status=429).trouble == "too many [429]"
    assert Retryable("no connection").trouble == "no connection"


def test_a_bracket_within_the_words_is_no_code() -> None:
    assert taken_apart("refused: [AUTHENTICATIONFAILED] try again").code == ""
