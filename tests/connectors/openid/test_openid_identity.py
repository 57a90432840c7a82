"""Who somebody is by a provider's word, however odd it is."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.openid.identity import Identity, told_by
from provodka.errors import Rejected


def told(claims: dict[str, Any], claim: str = "groups") -> Identity:
    return told_by({"sub": "1", **claims}, {}, claim, "")


@pytest.mark.parametrize("subject", ["", " ", "a\0b", "\ud800"])
def test_who_has_no_name_that_could_be_written_down_is_nobody(subject: str) -> None:
    with pytest.raises(Rejected, match="does not say who it is"):
        told({"sub": subject})


@pytest.mark.parametrize("email", ["boss", "@krovlya.ru", "i van@krovlya.ru", "iv\0an@krovlya.ru", 5, ["a@b.ru"]])
def test_what_is_no_email_is_none_be_it_verified(email: object) -> None:
    assert told({"email": email, "email_verified": True}).email == ""


def test_a_name_is_one_line_that_can_be_kept_and_shown() -> None:
    assert told({"name": " Ольга\n\0\ud800\u202eПетрова "}).name == "Ольга Петрова"


def test_an_object_tells_groups_by_its_names() -> None:
    claim = "urn:zitadel:iam:org:project:roles"
    assert told({claim: {"support": {"178": "krovlya.zitadel.cloud"}}}, claim).groups == ("support",)
