"""Settings of a chat channel (`crm: {type: amocrm, chats: {…}}`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from provodka.settings import Strict


class ChatSettings(Strict):
    """A channel that the vendor's support has registered: its id and secret. `title` is what the staff see."""

    channel_id: str
    secret: SecretStr
    title: str = "Provodka"
    url: Annotated[str, AfterValidator(check_base_url)] = "https://amojo.amocrm.ru"
    per_second: float = Field(default=5.0, gt=0)
