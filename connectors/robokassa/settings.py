"""Settings of a shop of Robokassa (`channels: pay: {type: robokassa, …}`)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.addresses import check_base_url
from connectors.payments.settings import PaymentSettings

Algorithm = Literal["md5", "sha1", "sha256", "sha384", "sha512"]


class RobokassaSettings(PaymentSettings):
    """A shop. In its technical settings ResultURL is `…/hooks/<channel>`, and `algorithm` is the one of the shop.

    `password1` signs links, `password2` notices; the shop's trial pair is `test_password1` and `test_password2`: with
    `test` links are made by it, and without `test` notices of trial payments are known by it all the same. `culture` is
    the language of the page.
    """

    type: Literal["robokassa"] = "robokassa"
    login: str = Field(min_length=1, pattern=r"[^:\s]+")
    password1: SecretStr = Field(min_length=1)
    password2: SecretStr = Field(min_length=1)
    test_password1: SecretStr | None = Field(None, min_length=1)
    test_password2: SecretStr | None = Field(None, min_length=1)
    algorithm: Algorithm = "md5"
    culture: Literal["ru", "en"] = "ru"
    pay_url: Annotated[str, AfterValidator(check_base_url)] = "https://auth.robokassa.ru/Merchant/Index.aspx"
    api_url: Annotated[str, AfterValidator(check_base_url)] = (
        "https://auth.robokassa.ru/Merchant/WebService/Service.asmx"
    )

    @model_validator(mode="after")
    def _trial_pair(self) -> Self:
        if self.test and (self.test_password1 is None or self.test_password2 is None):
            raise ValueError("test needs the shop's trial pair: test_password1 and test_password2")
        return self
