"""What a config needs of a CRM by name, and how a CRM says that it lacks a capability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provodka.errors import Rejected

NOT_OFFERED: Final = "not_offered"
CARD_GONE: Final = "card_gone"
"""The code of the Rejected that answers a write to what was deleted or merged."""
PLACE_FOR: Final = "place_in_companies_for"


@dataclass(frozen=True, slots=True)
class Need:
    """A name of the CRM that the config uses: what kind it is, the name, and for a stage its pipeline, for an option
    its field. A stage whose `within` is empty may be of any pipeline.

    Kinds: `pipeline`, `stage`, `user`, `field` (of leads), `contact_field`, `company_field`, `option` (of a field of
    leads), `contact_option`, `company_option`, `task_type`, `loss_reason`, `bot`; `deal_pipeline` and `deal_stage` are
    where converted leads go; `PLACE_FOR` is a number of companies (`ИНН`) for which there must be a place.
    """

    kind: str
    name: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A need that the account does not meet, with the names that it has. `dismissed`: the user is switched off."""

    need: Need
    known: tuple[str, ...] = ()
    dismissed: bool = False


def not_offered(crm: str, what: str) -> Rejected:
    """The answer of a CRM (as people call it) that lacks a capability; `what` is Russian, in the genitive."""
    return Rejected(f"{crm} has no such thing", hint=f"В {crm} нет {what}: уберите это действие.", code=NOT_OFFERED)
