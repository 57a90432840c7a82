"""A provider's keys: which of them proves a token that names none."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from connectors.openid.tokens import Keys
from provodka.errors import Rejected
from tests.cli.playing import Clock

OURS, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")


@pytest.mark.parametrize("told", [[], {"keys": 5}, {"keys": {}}, {"keys": [5, None, {"kty": "EC"}]}])
def test_an_answer_without_keys_proves_nothing(told: object) -> None:
    token = jwt.encode({"alg": "ES256"}, {"sub": "1"}, OURS)
    with pytest.raises(Rejected, match="no key that could be read"):
        Keys(lambda: told, Clock()).proven(token, ("ES256",))


@pytest.mark.parametrize(
    "other",
    [
        ECKey.generate_key("P-384").as_dict(private=False),
        OTHER.as_dict(private=False) | {"alg": "ES384"},
        OTHER.as_dict(private=False) | {"key_ops": ["encrypt"]},
        OTHER.as_dict(private=False),
    ],
    ids=["another curve", "another algorithm", "another use", "another key"],
)
def test_a_key_that_is_for_something_else_does_not_hide_the_right_one(other: dict[str, Any]) -> None:
    token = jwt.encode({"alg": "ES256"}, {"sub": "1"}, OURS)
    both = Keys(lambda: {"keys": [other, OURS.as_dict(private=False)]}, Clock())
    assert both.proven(token, ("ES256",)).claims == {"sub": "1"}
    with pytest.raises(Rejected, match="no key"):
        Keys(lambda: {"keys": [other]}, Clock()).proven(token, ("ES256",))
