"""What the settings of every service that we call by HTTP have in common."""

from __future__ import annotations

from pydantic import Field

from provodka.settings import Strict


class ApiSettings(Strict):
    """How long, in seconds, we wait for a connection and for the next bytes of an answer."""

    connect_timeout: float = Field(5.0, gt=0)
    read_timeout: float = Field(20.0, gt=0)
