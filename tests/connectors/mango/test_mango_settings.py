"""What the settings of an exchange refuse."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.mango.settings import MangoSettings

KEY, SALT = "ключ-1", "соль-1"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lines": {"сто один": "x"}}, "not a telephone number"),
        ({"api_url": "http://a.example"}, "https://"),
        ({"recording_url": "https://a.example/{salt}"}, "salt"),
        ({"recording_url": "https://a.example/{expires.real}"}, "expires.real"),
        ({"recording_url": "https://a.example/{"}, "recording_url"),
        ({"min_talk": -1}, "min_talk"),
        ({"salt": ""}, "salt"),
    ],
)
def test_a_mistake_in_the_settings_is_told(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        MangoSettings.model_validate({"api_key": KEY, "salt": SALT, **settings})
    assert KEY not in str(caught.value)
    assert SALT not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8907/vpbx/", "http://localhost:1", "https://app.mango-office.ru/vpbx"]
)
def test_the_address_of_the_exchange_is_encrypted_or_this_machine(url: str) -> None:
    assert MangoSettings.model_validate({"api_key": KEY, "salt": SALT, "api_url": url}).api_url == url.rstrip("/")
