"""How the events of Carrot quest are received."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from connectors.submissions import FormsSettings


class CarrotQuestSettings(FormsSettings):
    """Events of Carrot quest. `token` stands in the webhook's settings there and comes with each notice.

    `events`: the names of the events that are requests; without them all are that the webhook sends.
    """

    type: Literal["carrotquest"] = "carrotquest"
    token: SecretStr = Field(min_length=1)
    events: tuple[str, ...] = ()
