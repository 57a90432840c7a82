"""Settings of a VK community (`channels: vk: {type: vk, …}`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.talks.settings import TalkSettings
from provodka.settings import Duration, Finding, Mistakes


class VkSettings(TalkSettings):
    """A community of VK. `group` is its number.

    `receive: webhook` (VK calls it Callback API): it posts to `/hooks/<channel>`; `confirmation` is the string that its
    settings show, `secret` the key that stands there. `receive: polling`: we ask by a long poll, which needs no address
    of ours. `token` is a key of the community: without it nothing can be sent, and nobody looks for what was missed.
    `lead_forms` are the numbers of the forms whose answers are also asked for, every `poll`; `lead_token` is a key of
    an administrator for that, where the community's own is not let in.
    """

    sample: ClassVar[Mapping[str, Any]] = {"secret": None, "confirmation": None}

    type: Literal["vk"] = "vk"
    group: int = Field(gt=0)
    token: SecretStr | None = Field(None, min_length=1)
    receive: Literal["webhook", "polling"] = "webhook"
    secret: SecretStr | None = Field(None, min_length=1)
    confirmation: str = ""
    lead_forms: tuple[int, ...] = ()
    lead_token: SecretStr | None = Field(None, min_length=1)
    poll: Duration = Field(timedelta(minutes=5), ge=timedelta(seconds=1))
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.vk.com"
    api_version: str = "5.199"
    per_second: float = Field(20.0, gt=0)

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.receive == "webhook":
            missing = [name for name in ("secret", "confirmation") if not getattr(self, name)]
            hint = "both stand in VK: Управление → Работа с API → Callback API"
            if missing:
                raise Mistakes(*(Finding((name,), "needed for receive: webhook", hint) for name in missing))
        elif self.token is None:
            raise Mistakes(Finding(("token",), "needed for receive: polling", "a key of the community"))
        if self.lead_forms and self.token is None and self.lead_token is None:
            raise Mistakes(Finding(("lead_forms",), "answers are asked for with a key", "add token or lead_token"))
        return self

    @property
    def account(self) -> str:
        """How events name the community."""
        return str(self.group)
