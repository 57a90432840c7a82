"""What actions share that find or make a card and hang it on the lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provodka.crm import CardLink, Crm
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Retryable
from provodka.operation import Done, Outcome, Request


def linked(crm: Crm, outcomes: Mapping[str, Outcome], links: Mapping[str, Sequence[CardLink]]) -> dict[str, Outcome]:
    """Link the cards that are there, by action key; what goes wrong with a link is the outcome of the whole."""
    wanted = [(key, link) for key, some in links.items() if isinstance(outcomes[key], Done) for link in some]
    told = crm.link_cards([Request(f"{key}:link", link) for key, link in wanted]) if wanted else []
    found = dict(outcomes)
    for (key, _), outcome in zip(wanted, told, strict=True):
        if isinstance(found[key], Done) and not isinstance(outcome, Done):
            found[key] = unfinished(outcome)
    return found


def unfinished(outcome: Outcome) -> Outcome:
    """How a step behind the making ended: what may still succeed must find what was made, and not make it again."""
    if isinstance(outcome, Retryable | RateLimited | AuthFailed):
        return Ambiguous(f"made, but not finished: {outcome.reason}", hint=outcome.hint, status=outcome.status)
    return outcome
