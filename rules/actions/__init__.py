"""What a rule can do: one class per action, and the registry of them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.actions.assign import Assign
from rules.actions.attach import Attach
from rules.actions.base import Action
from rules.actions.bot import Bot
from rules.actions.call import CallAction
from rules.actions.close import Close
from rules.actions.company import CompanyAction
from rules.actions.complete_tasks import CompleteTasks
from rules.actions.convert import Convert
from rules.actions.counterparty import CounterpartyAction
from rules.actions.create import Create
from rules.actions.customer import CustomerAction
from rules.actions.find import Find
from rules.actions.hand_over import HandOver
from rules.actions.http import HttpAction
from rules.actions.intake import Intake
from rules.actions.invoice import InvoiceAction
from rules.actions.issue_invoice import IssueInvoice
from rules.actions.log_call import LogCall
from rules.actions.log_message import LogMessage
from rules.actions.message import Message
from rules.actions.move import Move
from rules.actions.move_tasks import MoveTasks
from rules.actions.note import Note
from rules.actions.notify import Notify
from rules.actions.participant import Participant
from rules.actions.pay_invoice import PayInvoice
from rules.actions.payment_link import PaymentLink
from rules.actions.print_form import PrintForm
from rules.actions.products import Products
from rules.actions.put_back import PutBack
from rules.actions.reopen import Reopen
from rules.actions.reopen_task import ReopenTask
from rules.actions.reply import Reply
from rules.actions.report import Report
from rules.actions.sale_actions import CancelInvoice, PlaceOrder
from rules.actions.tag import Tag
from rules.actions.task import Task
from rules.actions.undo import Undo
from rules.actions.update import Update

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
        LogMessage(),
        Notify(),
        Message(),
        CallAction(),
        HandOver(),
        CompleteTasks(),
        MoveTasks(),
        ReopenTask(),
        Find(),
        Create(),
        Update(),
        Close(),
        Reopen(),
        Convert(),
        PutBack(),
        CompanyAction(),
        Participant(),
        Products(),
        InvoiceAction(),
        PayInvoice(),
        PaymentLink(),
        CounterpartyAction(),
        IssueInvoice(),
        PlaceOrder(),
        CancelInvoice(),
        PrintForm(),
        CustomerAction(),
        Bot(),
        HttpAction(),
        Attach(),
    )
}

UNDO: Final = Undo()
DELIVERED: Final[Registry] = {**REGISTRY, **{one.name: one for one in (UNDO, Reply(), Report())}}
"""What the worker carries out: also what no rule can write."""
