"""What the config says of a provider."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Client:
    """How the provider knows us. `claim` names those of its claims in which it tells groups; empty for none."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    claim: str = ""
