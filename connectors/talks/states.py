"""The states of a message of ours: notices of them overtake one another."""

from __future__ import annotations

from typing import Final

from provodka.channel import Part, PartsReader
from provodka.talks import DeliveryState

_RANK: Final = {DeliveryState.FAILED: 1, DeliveryState.DELIVERED: 2, DeliveryState.READ: 3}


def news(message_id: str, state: DeliveryState, parts: PartsReader) -> tuple[Part, bool]:
    """What to keep of a notice, and whether it tells more than is known by now: after «read», «delivered» is old."""
    key = f"state:{message_id}"
    known = max((_RANK[DeliveryState(one.id)] for one in parts(key) if one.id in set(DeliveryState)), default=0)
    return Part(key, state.value, ""), _RANK[state] >= known
