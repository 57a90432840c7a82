"""Whatever an accountant does, in whatever order: what we tell of a sale is what 1C's own books say."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.onec.errors import OnecError
from tests.connectors.onec.odata.conftest import every_configuration

ACTS = st.tuples(
    st.sampled_from(
        ["pay", "cash", "unlinked", "refund", "ship", "edit", "unpost", "post", "delete", "undelete", "poll"]
    ),
    st.integers(0, 30),
)


def act(world, name: str, number: int) -> None:
    accountant, papers = world.accountant, world.onec.base.papers
    invoice = papers.all("invoice")[0]
    others = [one for one in papers.all() if one.kind not in ("invoice", "order")]
    chosen = others[number % len(others)].ref if others else invoice.ref
    amount = Decimal(number + 1) * 100
    match name:
        case "pay":
            accountant.pay(invoice.ref, amount)
        case "cash":
            accountant.pay(invoice.ref, amount, cash=True)
        case "unlinked":
            accountant.pay(invoice.ref, amount, linked=False)
        case "refund":
            accountant.refund(invoice.ref, amount)
        case "ship":
            accountant.ship(invoice.ref, {1 + number % 3: Decimal(1)})
        case "edit":
            accountant.edit_lines(invoice.ref, {1: {"quantity": Decimal(100 + number)}})
        case "poll":
            world.poll(full=number % 5 == 0)
        case _:
            getattr(accountant, name)(chosen)


@every_configuration
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=12))
def test_our_sums_are_those_of_the_books(world, acts):
    world.onec.base.clear()
    world.store = type(world.store)()
    world.opened = None
    world.invoice()
    for name, number in acts:
        try:
            act(world, name, number)
        except OnecError:
            continue  # 1C does not let the accountant do everything either

    world.poll()

    papers = world.onec.base.papers
    [invoice] = papers.all("invoice")
    sale = world.sale()
    shipments = [one for one in papers.all("shipment") if one.counts]
    assert sale.amount == invoice.sum
    assert sale.vat_amount == papers.goods(invoice).vat
    assert [(line.quantity, line.amount) for line in sale.lines] == [
        (one.quantity, one.sum) for one in papers.goods(invoice).lines
    ]
    assert sale.paid == papers.paid(invoice.ref)
    assert sale.shipped == sum((one.sum for one in shipments), Decimal(0))
    assert world.poll(full=True) == []
