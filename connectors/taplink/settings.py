"""How the forms of a Taplink page are received."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from connectors.submissions import FormsSettings


class TaplinkSettings(FormsSettings):
    """A page of Taplink. `secret` is the secret phrase of its webhook; the address is `/hooks/<channel>`."""

    type: Literal["taplink"] = "taplink"
    secret: SecretStr = Field(min_length=1)
