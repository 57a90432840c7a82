"""The durable journal: everything that arrived, what the rules made of it, what was done and what was answered."""

from provodka.journal.journal import Journal
from provodka.journal.records import (
    ActionState,
    DeadReason,
    EventState,
    Finished,
    Held,
    Limit,
    NewAction,
    PlanRecord,
    StoredAction,
    StoredEvent,
    Trouble,
)
from provodka.journal.timers import SettledTimer, Waiting

__all__ = [
    "ActionState",
    "DeadReason",
    "EventState",
    "Finished",
    "Held",
    "Journal",
    "Limit",
    "NewAction",
    "PlanRecord",
    "SettledTimer",
    "StoredAction",
    "StoredEvent",
    "Trouble",
    "Waiting",
]
