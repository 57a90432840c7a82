"""The states of a message of ours: notices of them overtake one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from connectors.talks.reading import Fields
from connectors.talks.telling import Telling
from provodka.channel import Part, PartsReader
from provodka.event import Event
from provodka.talks import DeliveryState

_RANK: Final = {DeliveryState.FAILED: 1, DeliveryState.DELIVERED: 2, DeliveryState.READ: 3}


def state_told(
    piece: Fields,
    message_id: str,
    status: str,
    states: Mapping[str, DeliveryState],
    telling: Telling,
    parts: PartsReader,
    event: Callable[[DeliveryState], Event],
) -> Iterator[Event | Part]:
    """What a notice of a state comes to, by the words of the service that mean one to us: what is older than what is
    known by now makes no `event`."""
    if not message_id or not status:
        yield telling.unreadable(piece, "a status without an id or a name")
    elif (state := states.get(status)) is not None:
        kept, is_new = news(message_id, state, parts)
        yield kept
        if is_new:
            yield event(state)


def news(message_id: str, state: DeliveryState, parts: PartsReader) -> tuple[Part, bool]:
    """What to keep of a notice, and whether it tells more than is known by now: after «read», «delivered» is old."""
    key = f"state:{message_id}"
    known = max((_RANK[DeliveryState(one.id)] for one in parts(key) if one.id in set(DeliveryState)), default=0)
    return Part(key, state.value, ""), _RANK[state] >= known
