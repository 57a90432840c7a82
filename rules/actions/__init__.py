"""What a rule can do: one class per action, and the registry of them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.actions.assign import Assign
from rules.actions.attach import Attach
from rules.actions.base import Action
from rules.actions.bot import Bot
from rules.actions.company import CompanyAction
from rules.actions.customer import CustomerAction
from rules.actions.http import HttpAction
from rules.actions.intake import Intake
from rules.actions.invoice import InvoiceAction
from rules.actions.log_call import LogCall
from rules.actions.move import Move
from rules.actions.note import Note
from rules.actions.notify import Notify
from rules.actions.participant import Participant
from rules.actions.products import Products
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
        CompanyAction(),
        Participant(),
        Products(),
        InvoiceAction(),
        CustomerAction(),
        Bot(),
        HttpAction(),
        Attach(),
    )
}
