"""What stands in the config beside the rules, as far as they use it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from provodka.veil import Veil
from rules.dictionaries import Dictionary


@dataclass(frozen=True, slots=True)
class Beside:
    """`dictionaries`, and `plans` (figures to be reached), by their names; `crm` as people call it, and the operations
    that it `lacks`, each with what that is; whether there is an `accounting`, whether the CRM shows `talks`, and
    whether others can reach us at a `public` address. `allowed_hosts` may be internal, `veil` hides what the rules took
    of the environment. `diallers` are the channels that make calls, `readers` those of them that can read a text to
    whoever answers; `lacking` names the settings that others need for that. `cashiers` are those that take payments,
    `pages` those that have personal links, None where that is not known."""

    dictionaries: Mapping[str, Dictionary] = field(default_factory=dict)
    plans: Mapping[str, Decimal] = field(default_factory=dict)
    crm: str = ""
    lacks: Mapping[str, str] = field(default_factory=dict)
    accounting: bool = False
    talks: bool = False
    public: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    veil: Veil = field(default_factory=Veil)
    diallers: Set[str] = frozenset()
    readers: Set[str] = frozenset()
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cashiers: Set[str] = frozenset()
    pages: Set[str] | None = None


ALONE: Final = Beside()
"""Rules with nothing beside them."""
