"""How the forms of a Tilda site are received."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from connectors.submissions import FormsSettings
from connectors.visit import Target
from provodka.settings import Strict


class ApiKeySettings(Strict):
    """The API key of Tilda's webhook, sent as a header or as a field of that name. Without `value`: the secret."""

    name: str = Field(min_length=1)
    value: SecretStr | None = Field(None, min_length=1)


class TildaSettings(FormsSettings):
    """A Tilda site. Its webhook is `/hooks/<channel>/<secret>`, or has the API key that `api_key` describes.

    `aliases` adds names of fields to those that are known anyway: `{phone: [Номер для связи]}`.
    """

    type: Literal["tilda"] = "tilda"
    secret: SecretStr = Field(min_length=1)
    api_key: ApiKeySettings | None = None
    aliases: dict[Target, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def api_key_value(self) -> str:
        """What Tilda sends as the API key; empty where none is agreed."""
        if self.api_key is None:
            return ""
        return (self.api_key.value or self.secret).get_secret_value()
