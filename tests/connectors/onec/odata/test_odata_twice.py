"""Nothing is in 1C twice: whatever breaks off is looked for before it is made again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.onec.account import key_of
from provodka.accounting import BankAccount, Cancellation, OrderRequest
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done
from sandbox.faults import Fault
from tests.connectors.onec.odata.conftest import BUYER, every_configuration

ROOT = "/base/odata/standard.odata"


@pytest.fixture(params=["takes our keys", "makes its own keys"])
def keyed(request, world):
    world.onec.turn(own_key=request.param == "takes our keys")
    return world


@pytest.mark.parametrize("world", ["bp", "ut", "unf"], indirect=True)
@pytest.mark.parametrize("broken", range(1, 6))
def test_an_invoice_that_broke_off_anywhere_is_made_once(keyed, broken):
    """The Nth writing call breaks after the work was done, and the attempt is made again, as the worker does it."""
    world = keyed
    party = world.buyer()
    asked = world.asked(counterparty=party.remote_id)
    posts = [Fault(kind="delay", seconds=0, method="POST") for _ in range(broken - 1)]
    for fault in [*posts, Fault(kind="cut_after", method="POST")]:
        world.onec.faults.arm(fault)

    outcome = world.do("create_invoices", asked)
    if not isinstance(outcome, Done):
        assert isinstance(outcome, Ambiguous)
        outcome = world.do("create_invoices", asked, since=world.now() - timedelta(seconds=1))

    assert isinstance(outcome, Done), outcome.hint
    invoices = world.onec.base.papers.all("invoice")
    assert [paper.posted for paper in invoices] == [True]
    assert len(world.onec.base.papers.all("order")) == (1 if world.onec.base.configuration.name == "ut" else 0)
    assert not any(world.onec.doubles().values())


def test_a_counterparty_that_broke_off_is_found_and_its_bank_account_made_with_the_invoice(keyed):
    world = keyed
    buyer = replace(BUYER, account=BankAccount("40702810400000012345", "044599991", "Банк"))
    world.onec.faults.arm(Fault(kind="cut_after", method="POST"))

    first = world.buyer(buyer)
    party = world.do("create_counterparties", buyer, since=world.now())
    world.do("create_invoices", world.asked(buyer=buyer, counterparty=party.remote_id), account=world.open())

    assert isinstance(first, Ambiguous)
    assert party.found
    assert len([one for one in world.onec.base.all("Catalog_Контрагенты") if one["ИНН"] == BUYER.inn]) == 1
    accounts = world.onec.base.find("Catalog_БанковскиеСчета", Owner=party.remote_id)
    assert [one["НомерСчета"] for one in accounts] == ["40702810400000012345"]


def test_an_invoice_whose_answer_comes_too_late_is_found(world):
    world.opened = world.open(write_timeout=1.0)
    asked = world.asked(counterparty=world.buyer().remote_id)
    world.onec.faults.arm(Fault(kind="delay", seconds=2.0, method="POST"))

    first = world.do("create_invoices", asked)
    until = world.now() + timedelta(seconds=30)
    while not world.onec.base.papers.all("invoice") and world.now() < until:
        pass
    second = world.do("create_invoices", asked, since=world.now())

    assert isinstance(first, Ambiguous)
    assert isinstance(second, Done), second.hint
    assert second.found
    assert [paper.posted for paper in world.onec.base.papers.all("invoice")] == [True]


@every_configuration
def test_two_cards_of_one_firm_that_want_it_at_once_come_to_one_counterparty(world):
    road = world.account._road
    cards = [replace(BUYER, mark=f"amocrm:company:{number}") for number in (47, 48)]
    assert [list(road.find_counterparties(card)) for card in cards] == [[], []]

    refs = {road.create_counterparty(card, key_of(card.mark)) for card in cards}

    assert len(refs) == 1
    assert not any(world.onec.doubles().values())


@every_configuration
def test_an_invoice_asked_for_twice_is_the_same(world):
    asked, first = world.invoice()
    second = world.do("create_invoices", asked)

    assert second.remote_id == first.remote_id
    assert first.remote_id == key_of(asked.mark)


def test_a_look_up_just_after_the_break_is_not_believed(world):
    account = world.open(settle_seconds=60)
    asked = world.asked(counterparty=world.buyer().remote_id)

    outcome = world.do("create_invoices", asked, since=world.now(), account=account)

    assert isinstance(outcome, Retryable)
    assert 50 < outcome.wait <= 60
    assert world.onec.base.papers.all("invoice") == []


@pytest.mark.parametrize("duplicate", ["400", "500"])
def test_a_used_key_is_known_in_both_ways_that_1c_has_of_saying_it(world, duplicate):
    asked, first = world.invoice()
    world.onec.turn(duplicate_key=duplicate)

    again = world.do("create_invoices", asked)

    assert isinstance(again, Done)
    assert again.remote_id == first.remote_id


def test_what_an_accountant_has_changed_is_not_written_over_by_a_repeat(world):
    asked, first = world.invoice()
    world.accountant.edit_lines(first.remote_id, {2: None})
    version = world.onec.base.papers.of(first.remote_id).version

    again = world.do("create_invoices", asked)

    assert again.remote_id == first.remote_id
    assert world.onec.base.papers.of(first.remote_id).version == version


def test_an_invoice_marked_for_deletion_is_not_made_anew_behind_the_accountants_back(world):
    asked, first = world.invoice()
    world.accountant.delete(first.remote_id)

    again = world.do("create_invoices", asked)

    assert isinstance(again, Rejected)
    assert "пометк" in again.hint or "помечен" in again.hint
    assert len(world.onec.base.papers.all("invoice")) == 1


@pytest.mark.parametrize("world", ["unf"], indirect=True)
def test_an_order_that_the_manager_has_made_in_1c_is_the_order_of_the_sale(world):
    _, invoice = world.invoice()
    order = world.accountant.order(invoice.remote_id)

    outcome = world.do("create_orders", OrderRequest("amocrm:lead:17:order:1", "17:1"))

    assert outcome.remote_id == order.ref
    assert len(world.onec.base.papers.all("order")) == 1


@pytest.mark.parametrize("world", ["ut", "unf"], indirect=True)
def test_an_order_that_broke_off_is_made_once(keyed):
    world = keyed
    world.invoice()
    world.onec.faults.arm(Fault(kind="cut_after", method="POST"))
    request = OrderRequest("amocrm:lead:17:order:1", "17:1")

    first = world.do("create_orders", request)
    second = world.do("create_orders", request, since=world.now())

    assert isinstance(first, Done | Ambiguous)
    assert isinstance(second, Done), second.hint
    assert [paper.posted for paper in world.onec.base.papers.all("order")] == [True]


def test_a_configuration_without_orders_says_so(world):
    world.invoice()

    outcome = world.do("create_orders", OrderRequest("amocrm:lead:17:order:1", "17:1"))

    assert isinstance(outcome, Rejected)
    assert "Бухгалтерия" in outcome.hint


@every_configuration
def test_a_cancelled_invoice_is_unposted_and_marked_and_twice_is_once(world):
    world.invoice()
    world.poll()

    outcomes = [world.do("cancel_invoices", Cancellation("17:1")) for _ in range(2)]

    assert all(isinstance(one, Done) for one in outcomes)
    assert [(paper.posted, paper.deleted) for paper in world.onec.base.papers.all("invoice")] == [(False, True)]
    assert all(paper.deleted for paper in world.onec.base.papers.all("order"))
    assert world.poll() == ["invoice.cancelled"]


def test_an_invoice_that_a_person_has_changed_since_is_not_cancelled_over_his_head(world):
    _, invoice = world.invoice()
    world.poll()
    world.accountant.edit_lines(invoice.remote_id, {1: {"quantity": 5}})

    outcome = world.do("cancel_invoices", Cancellation("17:1"))

    assert isinstance(outcome, Rejected)
    assert "изменили в 1С" in outcome.hint
    assert not world.onec.base.papers.of(invoice.remote_id).deleted


def test_a_buyer_who_was_merged_into_another_is_followed_by_inn(world):
    party = world.buyer()
    other = world.onec.base.write("Catalog_Контрагенты", {"Description": "Ромашка", "ИНН": BUYER.inn, "КПП": BUYER.kpp})
    world.accountant.merge_counterparties(other["Ref_Key"], party.remote_id)

    outcome = world.do("create_invoices", world.asked(counterparty=party.remote_id), account=world.open())

    assert isinstance(outcome, Done), outcome.hint
    assert world.onec.base.papers.of(outcome.remote_id).counterparty.ref == other["Ref_Key"]
