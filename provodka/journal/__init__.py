"""The durable journal: everything that arrived, what the rules made of it, what was done and what was answered."""

from provodka.journal.journal import Journal
from provodka.journal.outbox import MAKERS
from provodka.journal.records import (
    ActionState,
    DeadReason,
    EventState,
    Finished,
    NewAction,
    PlanRecord,
    StoredAction,
    StoredEvent,
    Trouble,
)

__all__ = [
    "MAKERS",
    "ActionState",
    "DeadReason",
    "EventState",
    "Finished",
    "Journal",
    "NewAction",
    "PlanRecord",
    "StoredAction",
    "StoredEvent",
    "Trouble",
]
