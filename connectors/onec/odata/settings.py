"""Settings of 1C's OData road (`accounting: {type: odata, …}`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, ValidationInfo, field_validator, model_validator

from connectors.addresses import check_near_url
from connectors.onec.odata.profile import Profile
from connectors.onec.odata.profiles import read_profile
from connectors.onec.published import User
from connectors.onec.settings import BooksSettings
from provodka.config import DIRECTORY, is_confined
from provodka.settings import Finding, Mistakes, Strict

ODATA: Final = "/odata/standard.odata"


def _base(url: str) -> str:
    """The address of the publication, whether it was given with the tail of OData or without."""
    return check_near_url(url.strip().rstrip("/").removesuffix(ODATA))


class Publication(Strict):
    """Where a base is published, who enters, and what it calls things.

    `profile` is the configuration: `bp` (Бухгалтерия 3.0), `ut` (Управление торговлей 11), `unf` (УНФ), `erp`.
    `overrides` is what this client's configuration has otherwise: a part of a profile, or the path of its YAML file.
    At most `parallel` requests go at once: each takes a session of 1C, and a hosted base stands no more than one.
    """

    url: Annotated[str, AfterValidator(_base)]
    user: User
    password: SecretStr = SecretStr("")
    profile: Literal["bp", "ut", "unf", "erp"]
    overrides: dict[str, Any] | str = Field(default_factory=dict)
    parallel: int = Field(default=1, ge=1, le=8)
    connect_timeout: float = Field(default=10.0, gt=0)
    read_timeout: float = Field(default=60.0, gt=0)
    write_timeout: float = Field(default=120.0, gt=0)
    per_second: float = Field(default=20.0, gt=0)
    _profile: Profile = PrivateAttr()

    @field_validator("overrides")
    @classmethod
    def _beside_the_config(cls, value: dict[str, Any] | str, info: ValidationInfo) -> dict[str, Any] | str:
        if is_confined(info) and isinstance(value, str):
            return {}
        folder = (info.context or {}).get(DIRECTORY, Path.cwd())
        return str(Path(folder) / value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """The profile is read at once, so that a wrong name in it is a mistake of the config."""
        try:
            self._profile = read_profile(self.profile, self.overrides)
        except Mistakes as error:
            raise Mistakes(*(Finding(("overrides", *f.path), f.text, f.hint, f.key) for f in error.findings)) from error
        return self

    @property
    def names(self) -> Profile:
        """The names of this base."""
        return self._profile


class ODataSettings(BooksSettings, Publication):
    """A base of 1C with its standard OData interface published at `<url>/odata/standard.odata`. With `post` documents
    are posted."""

    type: Literal["odata"]
    post: bool = True
