"""What rules learn once, though it is told twice: a call by several channels, a form by the same person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from provodka.event import Event
from provodka.filled import DOUBLE_WITHIN
from provodka.journal import Journal
from provodka.payloads import EventType
from rules.fact import ToldBefore
from worker.same_call import told_by
from worker.same_form import sent_before


@dataclass(frozen=True, slots=True)
class Repeats:
    """`windows`: how long the same form of the same person counts once, by the channels that say so."""

    windows: Mapping[str, timedelta] = field(default_factory=dict)

    def told(self, event: Event, journal: Journal) -> ToldBefore | None:
        """The event by which rules have learned already what this one says; None where it is news."""
        if event.type is EventType.FORM_SUBMITTED:
            return sent_before(event, self.windows.get(event.channel, DOUBLE_WITHIN), journal)
        return told_by(event, journal)
