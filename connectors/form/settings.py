"""How a site's own form is received."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.submissions import FormsSettings
from connectors.visit import Target
from provodka.settings import Strict


class SignatureSettings(Strict):
    """A header with an HMAC of the whole body: `<prefix><digest>`."""

    key: SecretStr = Field(min_length=1)
    header: str = Field("X-Signature", min_length=1)
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"


class FormSettings(FormsSettings):
    """A form of any site that can POST JSON, XML or form data.

    `secret` stands in the address, `/hooks/<channel>/<secret>` or `?token=`; `hmac` is a signature in a header. With
    both set both must be right. `map` says where a field stands in the body (`phone: contacts.phones.0`), where its
    name does not tell; Elementor's fields stand under their ids, a quiz's answers under the questions
    (`answers.Ваш город`). `defaults` fill what the body leaves empty (`form: Обратный звонок`). Map `id` only to a key
    that differs with every submission.
    """

    sample: ClassVar[Mapping[str, Any]] = {"secret": None}

    type: Literal["form"] = "form"
    secret: SecretStr | None = Field(None, min_length=1)
    hmac: SignatureSettings | None = None
    map: dict[Target, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    defaults: dict[Target, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.secret is None and self.hmac is None:
            raise ValueError("set secret, hmac or both: without them anybody could send leads")
        if "id" in self.defaults:
            raise ValueError("defaults.id would give every form the same key, and only the first would be kept")
        return self
