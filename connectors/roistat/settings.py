"""How notices of Roistat are received."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from connectors.calls.tracking import TrackingSettings


class RoistatSettings(TrackingSettings):
    """JSON at the beginning of a call and after it, to `/hooks/<channel>/<secret>`: Roistat signs nothing."""

    type: Literal["roistat"] = "roistat"
    secret: SecretStr = Field(min_length=1)
