"""How the quizzes of Marquiz are received."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from connectors.submissions import FormsSettings


class MarquizSettings(FormsSettings):
    """Quizzes of Marquiz. Their webhook is `/hooks/<channel>/<secret>`: Marquiz signs nothing."""

    type: Literal["marquiz"] = "marquiz"
    secret: SecretStr = Field(min_length=1)
