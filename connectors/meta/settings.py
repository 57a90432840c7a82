"""Settings of a page of Meta (`channels: ads: {type: meta, …}`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from connectors.graph import GraphSettings
from provodka.settings import Duration


class MetaSettings(GraphSettings):
    """One page. Nothing works unless it is turned on, and unless `accept_legal_risk` says that the client has read the
    legal note in docs/ru/channels/meta.md: in Russia Meta is an organization whose activity is forbidden.

    `lead_forms` takes the leads of the page's forms (`forms`: only of these ids), `instagram` the messages and comments
    of its Instagram account `instagram_id`, and lets rules write there. By `app_id` our own messages are known, and the
    app can be told our address. `poll` is how often forms are asked for leads that no notice told of;
    `first_sync_days` how far back that goes at the first start.
    """

    sample: ClassVar[Mapping[str, Any]] = {"lead_forms": True, "accept_legal_risk": False}

    type: Literal["meta"] = "meta"
    page_id: str = Field(pattern=r"\d+")
    instagram_id: str = Field("", pattern=r"\d*")
    app_id: str = Field("", pattern=r"\d*")
    lead_forms: bool = False
    instagram: bool = False
    accept_legal_risk: bool = False
    forms: tuple[str, ...] = ()
    poll: Duration = Field(timedelta(minutes=15), ge=timedelta(minutes=1))
    first_sync_days: int = Field(0, ge=0, le=90)
    per_second: float = Field(5.0, gt=0)

    @model_validator(mode="after")
    def _is_wanted(self) -> Self:
        if not (self.lead_forms or self.instagram):
            raise ValueError("this channel would do nothing: turn on lead_forms or instagram")
        if self.instagram and not self.instagram_id:
            raise ValueError("instagram needs instagram_id, the id of the page's Instagram account")
        if not self.accept_legal_risk:
            raise ValueError(
                "Meta is forbidden in Russia as an extremist organization: read the legal note in "
                "docs/ru/channels/meta.md, then write accept_legal_risk: true, or leave this channel out"
            )
        return self
