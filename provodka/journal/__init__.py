"""The durable journal: everything that arrived, what the rules made of it, what was done and what was answered."""

from provodka.journal.journal import Journal
from provodka.journal.outbox import MAKERS
from provodka.journal.records import (
    ActionState,
    DeadReason,
    EventState,
    Finished,
    Held,
    Limit,
    NewAction,
    NewViolation,
    PlanRecord,
    StoredAction,
    StoredEvent,
    Trouble,
)
from provodka.journal.timers import SettledTimer, Waiting

__all__ = [
    "MAKERS",
    "ActionState",
    "DeadReason",
    "EventState",
    "Finished",
    "Held",
    "Journal",
    "Limit",
    "NewAction",
    "NewViolation",
    "PlanRecord",
    "SettledTimer",
    "StoredAction",
    "StoredEvent",
    "Trouble",
    "Waiting",
]
