"""What can be wrong with a rule: at load time a mistake of the config, at run time a value it cannot use."""

from __future__ import annotations

from typing import Final

from jinja2 import TemplateError

from provodka.errors import ProvodkaError


class RuleError(ProvodkaError):
    """A rule that cannot be read, or that met a value it cannot use. Concerns this rule alone."""


class NotOnRecordError(RuleError):
    """A fact out of a record (`PlanTrace.facts`) that was not asked when the record was made."""

    def __init__(self, fact: str) -> None:
        super().__init__(f"{fact} was not asked when the event was planned, so it is not on record")
        self.fact = fact


RULE_FAULTS: Final = (
    RuleError,
    TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)
"""What a text or an expression of the config can raise on values that its writer did not think of."""
