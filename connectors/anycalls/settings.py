"""How calls of any exchange, operator or service are received (`channels: mobile: {type: calls, …}`)."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.calls.mapped import CallMap, CallWords
from connectors.calls.tracking import TrackingSettings


class AnyCallsSettings(TrackingSettings):
    """Calls of whatever can call an address with JSON, a form or a query: `/hooks/<channel>/<secret>`.

    `map` says where its notices have what a call is made of, `words` what its words mean. `senders` limits the
    addresses that notices may come from.
    """

    sample: ClassVar[Mapping[str, Any]] = {
        "map": {"call": "id", "event": "event", "direction": "direction", "phone": "phone", "employee": "extension"}
    }

    type: Literal["calls"] = "calls"
    secret: SecretStr = Field(min_length=1)
    map: CallMap
    words: CallWords = CallWords()
    senders: tuple[IPv4Network | IPv6Network, ...] = ()

    @model_validator(mode="after")
    def _finds_people(self) -> Self:
        if not self.map.phone and not self.map.caller:
            raise ValueError("map names no phone and no caller, so that nobody could be known")
        if self.words.events and not self.map.event:
            raise ValueError("words.events means nothing without map.event")
        return self
