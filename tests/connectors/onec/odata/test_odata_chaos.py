"""Many sales at once while everything breaks: nothing twice, nothing lost, no sum that is not the asked one."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from provodka.accounting import OrderRequest
from provodka.crm.sales import ProductLine
from provodka.errors import AuthFailed, OutcomeUnknownError, Rejected
from provodka.operation import Done
from sandbox.faults import Fault, FaultKind
from tests.connectors.onec.odata.conftest import BUYER, LINES

FIRMS = ("7701999111", "7707083893", "7728168971", "7736050003")
LOCKED = '{"odata.error":{"code":"-1","message":{"lang":"ru","value":"Конфликт блокировок при выполнении транзакции"}}}'
KINDS = (
    FaultKind(kind="cut_before"),
    FaultKind(kind="cut_after"),
    FaultKind(kind="cut_after"),
    FaultKind(status=502, body="<html>Bad Gateway</html>"),
    FaultKind(status=500, body="<html><h2>1C:Enterprise 8 application error</h2></html>"),
    FaultKind(status=500, body=LOCKED, headers={"Content-Type": "application/json"}),
    FaultKind(status=406, body=""),
    FaultKind(status=200, body="<!DOCTYPE html><html>Вход</html>"),
)


def settled(world, operation, params):
    """Try until it is settled, as the worker does: what is in doubt stays in doubt until an attempt tells."""
    doubt = None
    for _ in range(60):
        outcome = world.do(operation, params, since=doubt)
        if isinstance(outcome, Done | Rejected | AuthFailed | OutcomeUnknownError):
            return outcome
        doubt = doubt or (world.now() if outcome.kind == "ambiguous" else None)
    raise AssertionError(outcome)


@pytest.mark.parametrize("own_key", [True, False], ids=["our keys", "keys of its own"])
@pytest.mark.parametrize("world", ["bp", "ut", "unf"], indirect=True)
def test_a_day_of_broken_connections_makes_no_double_and_loses_nothing(world, own_key):
    world.onec.turn(own_key=own_key)
    world.opened = world.open(products={"create": True})
    world.onec.faults.arm(Fault(share=0.25, seed=17, kinds=KINDS))
    world.store.hold = lambda *_: None  # nobody has the time to wait here
    dice = random.Random(5)
    asked = {}
    for lead in range(20):
        buyer = replace(BUYER, mark=f"amocrm:company:{lead % 4}", inn=FIRMS[lead % 4], kpp="770101001")
        new = ProductLine(f"Щит {lead % 3}", Decimal(dice.randint(1, 9)), Decimal(dice.randint(100, 99999)) / 100)
        party = settled(world, "create_counterparties", buyer)
        one = world.asked(str(lead), 1, (*LINES, new), buyer, party.remote_id)
        assert isinstance(settled(world, "create_invoices", one), Done)
        asked[f"{lead}:1"] = one
    for sale in list(asked)[:6] if world.onec.base.configuration.name != "bp" else ():
        assert isinstance(settled(world, "create_orders", OrderRequest(f"order:{sale}", sale)), Done)

    world.onec.faults.clear()
    world.poll()

    invoices = world.onec.base.papers.all("invoice")
    assert len(invoices) == len(asked)
    assert all(paper.posted and not paper.deleted for paper in invoices)
    assert not any(world.onec.doubles().values())
    for sale, one in asked.items():
        told = world.sale(sale.partition(":")[0])
        assert (told.amount, [line.amount for line in told.lines]) == (one.amount, [line.amount for line in one.lines])
    base = world.onec.base
    assert len(base.find("Catalog_Номенклатура", Артикул="")) <= 4
    assert len([one for one in base.all(base.configuration.roles.counterparty) if one["ИНН"]]) == len(FIRMS)
    if "Catalog_Партнеры" in base.state.tables:
        assert len(base.all("Catalog_Партнеры")) == len(FIRMS)
