"""What a rule can do: one class per action, and the registry of them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.actions.assign import Assign
from rules.actions.base import Action
from rules.actions.complete_tasks import CompleteTasks
from rules.actions.hand_over import HandOver
from rules.actions.intake import Intake
from rules.actions.log_call import LogCall
from rules.actions.message import Message
from rules.actions.move import Move
from rules.actions.move_tasks import MoveTasks
from rules.actions.note import Note
from rules.actions.notify import Notify
from rules.actions.reopen_task import ReopenTask
from rules.actions.tag import Tag
from rules.actions.task import Task

Registry = Mapping[str, Action[Any]]
"""The actions by the name that the config uses."""

REGISTRY: Final[Registry] = {
    action.name: action
    for action in (
        Intake(),
        Task(),
        Note(),
        Tag(),
        Assign(),
        Move(),
        LogCall(),
        Notify(),
        Message(),
        HandOver(),
        CompleteTasks(),
        MoveTasks(),
        ReopenTask(),
    )
}
